"""What the hub in memory keeps: money, keys, channels, and what it has said under which key."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from wallet.domain.accounts import user_account
from wallet.domain.channels import GRACE, MAX_LIFE, MIN_LIFE, parts_of
from wallet.domain.hub import (
    ChannelState,
    HubAccount,
    HubChannel,
    HubEntry,
    HubRefused,
    Offer,
    Redeemed,
    Redemption,
    Refusal,
    SignedVoucher,
)
from wallet.domain.money import Asset
from wallet.domain.speed1.receipt import Receipt, SpeedNetwork, payer_ref
from wallet.domain.speed1.signing import BadSignature, hub_id_of
from wallet.domain.speed1.voucher import Voucher
from wallet.domain.tron.keys import public_key_of

DAY_S = 86_400


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

    def spent(self, bound: Bound) -> int:
        return sum(ubtt for at_s, ubtt in bound.spent if at_s > self.clock() - DAY_S)

    def take(self, bound: Bound, amount_ubtt: int) -> None:
        if self.spent(bound) + amount_ubtt > bound.daily_limit_ubtt:
            raise HubRefused(Refusal.OVER_DAILY_LIMIT, "That is more than the key may spend in a day.")
        if amount_ubtt > self.money[bound.account]:
            raise HubRefused(Refusal.INSUFFICIENT, "The account does not have that much available.")
        self.money[bound.account] -= amount_ubtt
        bound.spent.append((self.clock(), amount_ubtt))

    def expiry(self, expires_s: int) -> int:
        if not MIN_LIFE.total_seconds() <= expires_s <= MAX_LIFE.total_seconds():
            raise HubRefused(Refusal.BAD_REQUEST, "expires_s is out of bounds.")
        return self.clock() + expires_s

    def check_open(self, channel: HubChannel, *, grace_s: int = int(GRACE.total_seconds())) -> None:
        if channel.state is ChannelState.CLOSED:
            raise HubRefused(Refusal.CLOSED, "The channel is closed.")
        if channel.state is ChannelState.EXPIRED or channel.expires_at_s + grace_s <= self.clock():
            raise HubRefused(Refusal.EXPIRED, "The channel's time is over.")

    def redeem(self, brought: SignedVoucher, caller: str) -> Redeemed:
        channel = self.channels.get(brought.channel)
        if channel is None or channel.payee != caller:
            return Redeemed(brought.channel, Redemption.REFUSED, 0, 0, Refusal.UNKNOWN_CHANNEL, "There is none.")
        code, text = self._why_not(channel, brought)
        if code is not None:
            return Redeemed(channel.id, Redemption.REFUSED, 0, channel.redeemed_ubtt, code, text)
        if brought.cumulative_ubtt <= channel.redeemed_ubtt:
            return Redeemed(channel.id, Redemption.UNCHANGED, 0, channel.redeemed_ubtt)
        paid_ubtt = brought.cumulative_ubtt - channel.redeemed_ubtt
        payee_ubtt, fee_ubtt = parts_of(
            cumulative_ubtt=brought.cumulative_ubtt, redeemed_ubtt=channel.redeemed_ubtt, fee_ppm=channel.fee_ppm
        )
        earning = next(one.account for one in self.bound if one.key == caller and one.earns)
        self.money[earning] += payee_ubtt
        self.fees_ubtt += fee_ubtt
        self.channels[channel.id] = replace(channel, redeemed_ubtt=brought.cumulative_ubtt)
        self.note(channel.id, "voucher", payee_ubtt, is_in=False)
        return Redeemed(channel.id, Redemption.PAID, paid_ubtt, brought.cumulative_ubtt)

    def _why_not(self, channel: HubChannel, brought: SignedVoucher) -> tuple[Refusal | None, str]:
        promise = Voucher(self.hub_id, bytes.fromhex(channel.id), bytes.fromhex(channel.payee), brought.cumulative_ubtt)
        try:
            promise.check(bytes.fromhex(channel.payer), brought.signature)
            self.check_open(channel)
        except BadSignature:
            return Refusal.BAD_SIGNATURE, "It does not bear the payer's signature."
        except HubRefused as refusal:
            return refusal.code, refusal.text
        if brought.cumulative_ubtt > channel.amount_ubtt:
            return Refusal.OVER_AMOUNT, "It promises more than the channel holds."
        return None, ""

    def account_of(self, bound: Bound) -> HubAccount:
        ours = [one for one in self.channels.values() if (one.account, one.payer) == (bound.account, bound.key)]
        open_ones = [one for one in ours if one.state in (ChannelState.OPENING, ChannelState.OPEN)]
        return HubAccount(
            account=bound.account,
            available_ubtt=self.money[bound.account],
            in_channels_ubtt=sum(one.amount_ubtt - one.redeemed_ubtt for one in open_ones),
            daily_limit_ubtt=bound.daily_limit_ubtt,
            left_today_ubtt=max(bound.daily_limit_ubtt - self.spent(bound), 0),
            earns=bound.earns,
        )
