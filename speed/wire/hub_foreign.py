"""A hub of somebody else's, over HTTPS. Its address comes from the operator alone; nothing it says is believed unseen.

It must be the hub whose id the operator trusts: what it says of itself is signed by that hub's key over a nonce of
ours.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from speed.wire.hub_port import HubAway, decided
from speed.wire.hub_transport import QUIET_S, WHOLE_ANSWER_S, HubTransport
from wallet.domain import hub_json
from wallet.domain.hub import (
    PAGE_ENTRIES,
    HubAccount,
    HubChannel,
    HubInfo,
    HubRefused,
    HubStatement,
    Offer,
    Redeemed,
    Refusal,
    SignedVoucher,
)
from wallet.domain.json_fields import BadJson, Json, octets, rows, text, whole
from wallet.domain.language import said as _
from wallet.domain.money import Asset
from wallet.domain.speed1 import hub_info
from wallet.domain.speed1.hub_request import HubRequest
from wallet.domain.speed1.receipt import SpeedNetwork
from wallet.domain.speed1.signing import NONCE_BYTES, BadKey, BadSignature, hub_id_of
from wallet.domain.tron.keys import public_key_of

MAX_ROWS = 1_000  # of any list in an answer


class ForeignHub:
    """A `Hub` at an address, for one Speed key."""

    is_own = False

    def __init__(
        self,
        url: str,
        *,
        hub_id: bytes,
        network: int,
        asset: int,
        speed_private_key: bytes,
        clock: Callable[[], datetime],
        way_out: Callable[[], str],  # see HubTransport
        quiet_s: float = QUIET_S,
        whole_answer_s: float = WHOLE_ANSWER_S,
    ) -> None:
        self._transport = HubTransport(url, way_out=way_out, quiet_s=quiet_s, whole_answer_s=whole_answer_s)
        self._hub_id = hub_id
        self._kind = (network, asset)
        self._private_key = speed_private_key
        self._speed_key = public_key_of(speed_private_key).hex()
        self._clock = clock
        self._ahead_s: int | None = None  # the hub's clock before ours; None: it was never asked

    @property
    def hub_id(self) -> bytes:
        return self._hub_id

    def info(self) -> HubInfo:
        nonce = secrets.token_bytes(NONCE_BYTES)
        before_s = self._clock().timestamp()
        try:
            with _believed():
                info = self._read_info(self._transport.ask("GET", f"/hub/1/info?nonce={nonce.hex()}", b"", {}), nonce)
        except HubRefused as refusal:
            raise decided(refusal) from None
        self._ahead_s = round(info.time_s - (before_s + self._clock().timestamp()) / 2)
        return info

    def now(self) -> int:
        return int(self._clock().timestamp()) + self._learned_ahead_s()

    def bind(self, *, pairing: str, daily_limit_ubtt: int, earns: bool, key: str) -> str:
        body = {"key": key, "pairing": pairing, "daily_limit_ubtt": daily_limit_ubtt, "earns": earns}
        with _believed():
            return text(self._call("POST", "keys", body), "account")

    def unbind(self) -> None:
        self._call("DELETE", f"keys/{self._speed_key}")

    def accounts(self) -> list[HubAccount]:
        with _believed():
            found = self._call("GET", "account")
            return [hub_json.read_account(row) for row in rows(found, "accounts", most=MAX_ROWS)]

    def open_channel(self, *, key: str, account: str, payee_key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        body: Json = {"key": key, "account": account, "payee": payee_key}
        return self._channel("POST", "channels", body | {"amount_ubtt": amount_ubtt, "expires_s": expires_s})

    def channel(self, channel_id: str, *, wait_s: int = 0) -> HubChannel:
        return self._channel("GET", f"channels/{channel_id}" + (f"?wait={wait_s}" if wait_s else ""))

    def top_up(self, channel_id: str, *, key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        body = {"key": key, "amount_ubtt": amount_ubtt, "expires_s": expires_s}
        return self._channel("POST", f"channels/{channel_id}/topup", body)

    def close(self, channel_id: str, *, key: str, last: SignedVoucher | None = None) -> HubChannel:
        body = {"key": key, "voucher": hub_json.voucher_json(last) if last else None}
        return self._channel("POST", f"channels/{channel_id}/close", body)

    def redeem(self, vouchers: Sequence[SignedVoucher], *, key: str) -> list[Redeemed]:
        body = {"key": key, "vouchers": [hub_json.voucher_json(one) for one in vouchers]}
        with _believed():
            found = rows(self._call("POST", "vouchers", body), "vouchers", most=len(vouchers))
            redeemed = [hub_json.read_redeemed(row) for row in found]
            if [one.channel for one in redeemed] != [one.channel for one in vouchers]:
                raise BadJson("vouchers", "one answer for each")
            return redeemed

    def statement(self, *, after: int = 0) -> HubStatement:
        with _believed():
            return hub_json.read_statement(self._call("GET", f"statement?after={after}"), most=PAGE_ENTRIES)

    def put_offers(self, offer_keys: Sequence[bytes], *, port: int, key: str) -> None:
        self._call("PUT", "offers", {"key": key, "port": port, "keys": [one.hex() for one in offer_keys]})

    def offers(self, offer_key: bytes) -> list[Offer]:
        with _believed():
            found = rows(self._call("GET", f"offers?key={offer_key.hex()}"), "offers", most=MAX_ROWS)
            return [hub_json.read_offer(row) for row in found]

    def shut(self) -> None:
        """Let go of the connections; the next call opens new ones."""
        self._transport.shut()

    # --- asking

    def _channel(self, method: str, path: str, body: Json | None = None) -> HubChannel:
        with _believed():
            return hub_json.read_channel(self._call(method, path, body))

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask, signed; once more if the hub's clock was another one than it had said."""
        raw = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        self._learned_ahead_s()
        try:
            return self._ask_signed(method, f"/hub/1/{path}", raw)
        except HubRefused as refusal:
            if refusal.code is not Refusal.STALE:
                raise decided(refusal) from None
        self.info()
        try:
            return self._ask_signed(method, f"/hub/1/{path}", raw)
        except HubRefused as refusal:
            raise decided(refusal) from None

    def _ask_signed(self, method: str, path: str, raw: bytes) -> Json:
        nonce, time_s = secrets.token_bytes(NONCE_BYTES), self.now()
        request = HubRequest(self._hub_id, method, path, raw, time_s, nonce)
        headers = {
            "Speed-Key": self._speed_key,
            "Speed-Time": str(time_s),
            "Speed-Nonce": nonce.hex(),
            "Speed-Sig": request.sign(self._private_key).hex(),
        }
        if raw:
            headers["Content-Type"] = "application/json"
        with _believed():
            return self._transport.ask(method, path, raw, headers)

    def _read_info(self, given: Json, nonce: bytes) -> HubInfo:
        key = octets(given, "key", exactly=33)
        network, asset = whole(given, "network"), whole(given, "asset")
        fee_ppm, time_s = whole(given, "fee_ppm", most=1_000_000), whole(given, "time")
        try:
            if hub_id_of(key) != self._hub_id:
                raise HubAway(_("another hub answers there than the one that is trusted"))
            said = hub_info.HubInfo(self._hub_id, nonce, SpeedNetwork(network), Asset(asset), fee_ppm, time_s)
            said.check(key, octets(given, "sig", exactly=65))
        except (BadKey, BadSignature, ValueError):
            raise HubAway(_("what the hub says of itself does not bear its signature")) from None
        if (network, asset) != self._kind:
            raise HubAway(_("the hub is one of another network or asset"))
        return HubInfo(self._hub_id, key, network, asset, fee_ppm, time_s)

    def _learned_ahead_s(self) -> int:
        if self._ahead_s is None:
            self.info()
        assert self._ahead_s is not None
        return self._ahead_s


@contextmanager
def _believed() -> Iterator[None]:
    """Take an answer that does not have the shape it must have for none."""
    try:
        yield
    except BadJson as problem:
        raise HubAway(_("the hub's answer can't be read: %(why)s") % {"why": problem}) from None
