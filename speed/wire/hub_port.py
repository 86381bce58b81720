"""What the market asks of a hub, where its money is: the install's own, in this process, or a foreign one over HTTP.

Calls are synchronous, have a time-out and may be made again: each that changes something has a `key` of its caller's,
and the same again under the same key is answered as before. None holds a lock of the caller's while it waits.
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias, TypeVar

from wallet.domain.hub import (
    UNDECIDED,
    HubAccount,
    HubChannel,
    HubInfo,
    HubRefused,
    HubStatement,
    Offer,
    Redeemed,
    SignedVoucher,
)

__all__ = ["Answer", "Hub", "HubAway", "HubRefused", "decided"]

T = TypeVar("T")


class HubAway(Exception):
    """The hub has decided nothing that can be believed: {why}. It may have been done; ask the same again."""

    def __init__(self, why: str, *, wait_s: int = 0) -> None:
        super().__init__(why)
        self.wait_s = wait_s  # before the same is worth asking again


Answer: TypeAlias = T | HubRefused | HubAway  # what a hub says to a question, or why it does not


class Hub(Protocol):
    """A hub, called with one Speed key. Every method may raise HubRefused or HubAway; threads may share one.

    HubRefused is the hub's last word under that key: nothing was done, nor will be. Whatever is not is HubAway.
    """

    @property
    def hub_id(self) -> bytes:
        """Return the 20 bytes that the operator trusts; b"" on the own hub while its signer was never asked."""

    @property
    def is_own(self) -> bool:
        """Say whether its money is in this install's own books."""

    def info(self) -> HubInfo:
        """Return what the hub says of itself; of a foreign one only if the trusted hub has signed it."""

    def now(self) -> int:
        """Return the hub's time in unix seconds, as of its last `info`: by it channels expire."""

    def bind(self, *, pairing: str, daily_limit_ubtt: int, earns: bool, key: str) -> str:
        """Bind the Speed key to the account of a pairing code, and return what the hub calls that account.

        It earns for that account only with `earns`, and if the code lets it.
        """

    def unbind(self) -> None:
        """Revoke the Speed key on all accounts: it opens no channels any more, open ones run out."""

    def accounts(self) -> list[HubAccount]:
        """Return the accounts that have bound the Speed key."""

    def open_channel(self, *, key: str, account: str, payee_key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        """Put money of an account into a new channel; its receipt comes later: ask `channel`."""

    def channel(self, channel_id: str, *, wait_s: int = 0) -> HubChannel:
        """Return a channel of the Speed key's: at once, or when its newest receipt is signed, within 5 seconds."""

    def top_up(self, channel_id: str, *, key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        """Add money (0 adds time only), and let it run so many seconds from now if that is longer."""

    def close(self, channel_id: str, *, key: str, last: SignedVoucher | None = None) -> HubChannel:
        """Redeem a last voucher, if there is one, and give the payer the rest: the payee's call."""

    def redeem(self, vouchers: Sequence[SignedVoucher], *, key: str) -> list[Redeemed]:
        """Pay out up to 1,000 vouchers, and return what became of each, in their order."""

    def statement(self, *, after: int = 0) -> HubStatement:
        """Return the sealed entries of the Speed key's channels that come after a sequence."""

    def put_offers(self, offer_keys: Sequence[bytes], *, port: int, key: str) -> None:
        """Say that private torrents are for sale here, for half an hour; replaces what was said before."""

    def offers(self, offer_key: bytes) -> list[Offer]:
        """Return who sells a private torrent."""


def decided(refusal: HubRefused) -> HubRefused | HubAway:
    """Return what a caller shall be told of a refusal: one that decides nothing is as good as none."""
    return HubAway(refusal.text, wait_s=refusal.wait_s) if refusal.code in UNDECIDED else refusal
