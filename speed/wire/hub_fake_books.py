"""What the hub in memory keeps: money, keys, channels, and what it has said under which key."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from wallet.domain.accounts import user_account
from wallet.domain.channels import GRACE
from wallet.domain.hub import ChannelState, HubChannel, HubEntry, HubRefused, Offer
from wallet.domain.money import Asset
from wallet.domain.speed1.receipt import Receipt, SpeedNetwork, payer_ref
from wallet.domain.speed1.signing import hub_id_of
from wallet.domain.tron.keys import public_key_of


@dataclass
class Bound:
    """A key at an account."""

    account: str
    key: str
    daily_limit_ubtt: int
    earns: bool
    spent: list[tuple[int, int]] = field(default_factory=list)  # when, how much


@dataclass
class FakeBooks:
    """The hub's books. `clock` gives unix seconds; `is_away` lets every call fail; `signs` off holds receipts back."""

    clock: Callable[[], int]
    private_key: bytes = bytes(31) + b"\x55"
    asset: Asset = Asset.TRC20
    network: SpeedNetwork = SpeedNetwork.DEVNET
    fee_ppm: int = 0
    signs: bool = True
    is_away: bool = False
    money: dict[str, int] = field(default_factory=dict)  # by account, in µBTT
    fees_ubtt: int = 0
    bound: list[Bound] = field(default_factory=list)
    pairings: dict[str, tuple[str, int, bool]] = field(default_factory=dict)  # code: account, most, whether it earns
    channels: dict[str, HubChannel] = field(default_factory=dict)  # with the payer's account in each
    calls: dict[tuple[str, str], tuple[object, str | HubRefused]] = field(default_factory=dict)
    entries: list[HubEntry] = field(default_factory=list)
    offered: dict[tuple[str, bytes], tuple[Offer, int]] = field(default_factory=dict)

    @property
    def key(self) -> bytes:
        return public_key_of(self.private_key)

    @property
    def hub_id(self) -> bytes:
        return hub_id_of(self.key)

    def bind(self, account: str, key: str, *, daily_limit_ubtt: int = 0, earns: bool = False) -> None:
        """Bind a key to an account, in place of what it was bound as before."""
        self.bound = [one for one in self.bound if (one.account, one.key) != (account, key)]
        self.bound.append(Bound(account, key, daily_limit_ubtt, earns))
        self.money.setdefault(account, 0)

    def sign_waiting(self) -> None:
        """Sign the receipts that were held back."""
        for channel in list(self.channels.values()):
            if not channel.is_signed:
                self.channels[channel.id] = self._signed(channel)

    def put(self, channel: HubChannel) -> None:
        """Keep a channel whose amount or expiry is another one now."""
        waiting = replace(channel, is_signed=False)
        self.channels[channel.id] = self._signed(waiting) if self.signs else waiting

    def _signed(self, channel: HubChannel) -> HubChannel:
        payer = user_account(self.asset, int(sha256(channel.account.encode()).hexdigest()[:8], 16) + 1)
        payee = user_account(self.asset, int(channel.payee[2:10], 16) + 1)
        receipt = Receipt(
            hub_id=self.hub_id,
            network=self.network,
            asset=self.asset,
            channel=bytes.fromhex(channel.id),
            payer_ref=payer_ref(hmac.digest(self.private_key, b"payers", "sha256"), payer=payer, payee=payee),
            payer_key=bytes.fromhex(channel.payer),
            payee_key=bytes.fromhex(channel.payee),
            amount_ubtt=channel.amount_ubtt,
            opened_at_s=channel.opened_at_s,
            expires_at_s=channel.expires_at_s,
        )
        signed = receipt.signed(receipt.sign(self.private_key))
        state = ChannelState.OPEN if channel.state is ChannelState.OPENING else channel.state
        return replace(channel, receipt=signed, is_signed=True, state=state)

    def expire_due(self) -> None:
        """Give payers the rest of channels whose time and grace are over."""
        for channel in list(self.channels.values()):
            is_over = channel.expires_at_s + int(GRACE.total_seconds()) <= self.clock()
            if is_over and channel.state not in (ChannelState.CLOSED, ChannelState.EXPIRED):
                self.end(channel, ChannelState.EXPIRED)

    def end(self, channel: HubChannel, state: ChannelState) -> None:
        rest_ubtt = channel.amount_ubtt - channel.redeemed_ubtt
        self.money[channel.account] += rest_ubtt
        self.channels[channel.id] = replace(channel, state=state)
        if rest_ubtt:
            self.note(channel.id, f"channel {state}", rest_ubtt, is_in=False)

    def note(self, channel: str, kind: str, amount_ubtt: int, *, is_in: bool) -> None:
        entry = HubEntry(
            sequence=len(self.entries) + 1,
            channel=channel,
            kind=kind,
            amount_ubtt=amount_ubtt,
            is_in=is_in,
            cause=f"channel/{channel}",
            at_s=self.clock(),
            seal_number=1,
            seal_hash="00" * 32,
            proof={},
        )
        self.entries.append(entry)
