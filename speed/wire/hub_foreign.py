"""A hub of somebody else's, over HTTPS. Its address comes from the operator alone; nothing it says is believed unseen.

It must be the hub whose id the operator trusts: what it says of itself is signed by that hub's key over a nonce of
ours. Its answers have a limit in size and in time, and it leads us nowhere: redirects are not followed.
"""

import ipaddress
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from speed.wire.hub_port import HubAway, decided
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
from wallet.domain.hub_json import BadJson, Json
from wallet.domain.money import Asset
from wallet.domain.speed1 import hub_info
from wallet.domain.speed1.hub_request import HubRequest
from wallet.domain.speed1.receipt import SpeedNetwork
from wallet.domain.speed1.signing import NONCE_BYTES, BadKey, BadSignature, hub_id_of
from wallet.domain.tron.keys import public_key_of

CONNECT_S = 3.0
QUIET_S = 8.0  # without a byte; a hub may let us wait for a receipt for five
WHOLE_ANSWER_S = 15.0
MAX_ANSWER_BYTES = 1_048_576
MAX_ROWS = 1_000  # of any list in an answer
MAX_WAIT_S = 3_600  # that a hub may tell us to stay away for
_CONNECTIONS = 4


class BadHubAddress(ValueError):
    """This is no address of a hub: write https://HOST, with a path if it has one; plain http only on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "This is no address of a hub: write https://HOST, with a path if it has one; plain http only on this "
            "machine."
        )


def check_address(url: str) -> str:
    """Return the address without a slash at its end; raises BadHubAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadHubAddress from None
    is_plain = parts.scheme == "http" and _is_this_machine(parts.hostname or "")
    has_more = parts.username or parts.password or parts.query or parts.fragment or port == 0
    if not (is_plain or parts.scheme == "https") or not parts.hostname or has_more or not url.isascii():
        raise BadHubAddress
    return url.rstrip("/")


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
        quiet_s: float = QUIET_S,
        whole_answer_s: float = WHOLE_ANSWER_S,
    ) -> None:
        self._url = check_address(url)
        self._hub_id = hub_id
        self._kind = (network, asset)
        self._private_key = speed_private_key
        self._speed_key = public_key_of(speed_private_key).hex()
        self._clock = clock
        self._quiet_s = quiet_s
        self._whole_answer_s = whole_answer_s
        self._ahead_s: int | None = None  # the hub's clock before ours; None: it was never asked
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    @property
    def hub_id(self) -> bytes:
        return self._hub_id

    def info(self) -> HubInfo:
        nonce = secrets.token_bytes(NONCE_BYTES)
        before_s = self._clock().timestamp()
        try:
            with _believed():
                info = self._read_info(self._ask("GET", f"/hub/1/info?nonce={nonce.hex()}", b"", {}), nonce)
        except HubRefused as refusal:
            raise decided(refusal) from None
        self._ahead_s = round(info.time_s - (before_s + self._clock().timestamp()) / 2)
        return info

    def now(self) -> int:
        return int(self._clock().timestamp()) + self._learned_ahead_s()

    def bind(self, *, pairing: str, daily_limit_ubtt: int, key: str) -> str:
        body = {"key": key, "pairing": pairing, "daily_limit_ubtt": daily_limit_ubtt}
        with _believed():
            return hub_json.text(self._call("POST", "keys", body), "account")

    def unbind(self) -> None:
        self._call("DELETE", f"keys/{self._speed_key}")

    def accounts(self) -> list[HubAccount]:
        with _believed():
            found = self._call("GET", "account")
            return [hub_json.read_account(row) for row in hub_json.rows(found, "accounts", most=MAX_ROWS)]

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
            rows = hub_json.rows(self._call("POST", "vouchers", body), "vouchers", most=len(vouchers))
            redeemed = [hub_json.read_redeemed(row) for row in rows]
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
            rows = hub_json.rows(self._call("GET", f"offers?key={offer_key.hex()}"), "offers", most=MAX_ROWS)
            return [hub_json.read_offer(row) for row in rows]

    def shut(self) -> None:
        """Let go of the connections; the next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

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
            return self._ask(method, path, raw, headers)

    def _ask(self, method: str, path: str, raw: bytes, headers: dict[str, str]) -> Json:
        client = self._opened()
        # The client's own timeouts count from byte to byte, so a trickle would never end. Closing it ends the request.
        watch = threading.Timer(self._whole_answer_s, self.shut)
        watch.daemon = True
        watch.start()
        try:
            with client.stream(method, self._url + path, content=raw or None, headers=headers) as response:
                return self._read(response, self._bytes_of(response))
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, RuntimeError, OSError) as problem:
            # A client that the watch has closed raises RuntimeError.
            raise HubAway(f"the hub does not answer ({type(problem).__name__})") from None
        finally:
            watch.cancel()

    def _opened(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    # No compression: a small answer could otherwise become a large one. No proxy of the environment.
                    headers={"Accept-Encoding": "identity", "User-Agent": "seedbox"},
                    timeout=httpx.Timeout(self._quiet_s, connect=CONNECT_S),
                    limits=httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=30),
                    trust_env=False,
                    follow_redirects=False,
                )
            return self._client

    def _bytes_of(self, response: httpx.Response) -> bytes:
        ends_at = time.monotonic() + self._whole_answer_s
        parts: list[bytes] = []
        size = 0
        for part in response.iter_raw():
            parts.append(part)
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise HubAway(f"the hub's answer is larger than {MAX_ANSWER_BYTES} bytes")
            if time.monotonic() > ends_at:
                raise HubAway(f"the hub's answer takes longer than {self._whole_answer_s} s")
        return b"".join(parts)

    def _read(self, response: httpx.Response, raw: bytes) -> Json:
        """Return what the hub answers; raises HubRefused, HubAway, BadJson."""
        status = response.status_code
        if 300 <= status < 400:
            raise HubAway("the hub leads elsewhere, where we do not go: look at its address")
        given = _parsed(raw)
        if status < 300:
            return given
        code, text = given.get("code"), given.get("text")
        if not isinstance(code, str) or not isinstance(text, str):
            raise HubAway(f"the hub answers with status {status} and nothing that can be read")
        if status >= 500 and hub_json.refusal_of(code) is Refusal.REFUSED:
            raise HubAway(f"the hub is out of order (status {status})")
        waits = response.headers.get("Retry-After", "")
        wait_s = min(int(waits), MAX_WAIT_S) if waits.isdecimal() and len(waits) < 6 else 0
        raise HubRefused(hub_json.refusal_of(code), _in_one_line(text), wait_s=wait_s)

    def _read_info(self, given: Json, nonce: bytes) -> HubInfo:
        key = hub_json.octets(given, "key", exactly=33)
        network, asset = hub_json.whole(given, "network"), hub_json.whole(given, "asset")
        fee_ppm, time_s = hub_json.whole(given, "fee_ppm", most=1_000_000), hub_json.whole(given, "time")
        try:
            if hub_id_of(key) != self._hub_id:
                raise HubAway("another hub answers there than the one that is trusted")
            said = hub_info.HubInfo(self._hub_id, nonce, SpeedNetwork(network), Asset(asset), fee_ppm, time_s)
            said.check(key, hub_json.octets(given, "sig", exactly=65))
        except (BadKey, BadSignature, ValueError):
            raise HubAway("what the hub says of itself does not bear its signature") from None
        if (network, asset) != self._kind:
            raise HubAway("the hub is one of another network or asset")
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
        raise HubAway(f"the hub's answer can't be read: {problem}") from None


def _parsed(raw: bytes) -> Json:
    try:
        given: Any = json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise HubAway("the hub's answer is no JSON: look at its address") from None
    return hub_json.obj(given, "answer")


def _in_one_line(text: str) -> str:
    """Return a stranger's words fit to be shown."""
    shown = text[: hub_json.MAX_TEXT_CHARS]
    return "".join(letter if letter.isprintable() else " " for letter in shown)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
