"""The install's own hub, in this process: the same services that answer others over HTTP, without their signatures."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import InterfaceError, OperationalError

from speed.wire.hub_port import HubAway, HubRefused, decided
from wallet.domain.hub import HubAccount, HubChannel, HubInfo, HubStatement, Offer, Redeemed, SignedVoucher
from wallet.services import (
    hub_channels,
    hub_identity,
    hub_offers,
    hub_statement,
    hub_vouchers,
    speed_keys,
)


class OwnHub:
    """A `Hub` for one Speed key of this install's. `address` is where others reach its node, for the directory."""

    is_own = True

    def __init__(self, speed_key: str, *, clock: Callable[[], datetime], address: str = "") -> None:
        self._key = speed_key
        self._clock = clock
        self._address = address

    @property
    def hub_id(self) -> bytes:
        with _database():
            return hub_identity.hub_id()

    def info(self) -> HubInfo:
        with _database():
            return hub_identity.info(now=self._clock())

    def now(self) -> int:
        return int(self._clock().timestamp())

    def bind(self, *, pairing: str, daily_limit_ubtt: int, earns: bool, key: str) -> str:
        with _database():
            return speed_keys.pair(
                caller=self._key,
                code=pairing,
                daily_limit_ubtt=daily_limit_ubtt,
                earns=earns,
                key=key,
                now=self._clock(),
            )

    def unbind(self) -> None:
        with _database():
            speed_keys.revoke_everywhere(self._key, now=self._clock())

    def accounts(self) -> list[HubAccount]:
        with _database():
            return speed_keys.accounts_of(self._key, now=self._clock())

    def open_channel(self, *, key: str, account: str, payee_key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        with _database():
            return hub_channels.open_channel(
                caller=self._key,
                key=key,
                account=account,
                payee_key=payee_key,
                amount_ubtt=amount_ubtt,
                expires_s=expires_s,
                now=self._clock(),
            )

    def channel(self, channel_id: str, *, wait_s: int = 0) -> HubChannel:
        with _database():
            return hub_channels.wait_until_signed(channel_id, self._key, wait_s=wait_s, clock=self._clock)

    def top_up(self, channel_id: str, *, key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        with _database():
            return hub_channels.top_up(
                caller=self._key,
                channel_id=channel_id,
                key=key,
                amount_ubtt=amount_ubtt,
                expires_s=expires_s,
                now=self._clock(),
            )

    def close(self, channel_id: str, *, key: str, last: SignedVoucher | None = None) -> HubChannel:
        with _database():
            return hub_channels.close(caller=self._key, channel_id=channel_id, key=key, last=last, now=self._clock())

    def redeem(self, vouchers: Sequence[SignedVoucher], *, key: str) -> list[Redeemed]:
        with _database():
            return hub_vouchers.redeem(caller=self._key, brought=vouchers, key=key, now=self._clock())

    def statement(self, *, after: int = 0) -> HubStatement:
        with _database():
            return hub_statement.read(caller=self._key, after=after)

    def put_offers(self, offer_keys: Sequence[bytes], *, port: int, key: str) -> None:
        with _database():
            hub_offers.put(
                caller=self._key,
                offer_keys=offer_keys,
                address=self._address,
                port=port,
                key=key,
                now=self._clock(),
            )

    def offers(self, offer_key: bytes) -> list[Offer]:
        with _database():
            return hub_offers.found(offer_key, caller=self._key, now=self._clock())


@contextmanager
def _database() -> Iterator[None]:
    """Say of a database that is away, or busy, what would be said of a foreign hub that is away."""
    try:
        yield
    except HubRefused as refusal:
        raise decided(refusal) from None
    except (OperationalError, InterfaceError) as problem:
        raise HubAway(f"the own hub's database does not answer ({problem})") from problem
