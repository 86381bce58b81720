"""A hub in memory, for tests: it answers as the real ones do, for all keys that come, by a clock that the test sets.

One `FakeBooks` stands for the hub, a `FakeHub` for one Speed key's calls of it. Receipts are signed at once, with a
real key, unless the test holds them back.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from speed.wire.hub_fake_books import Bound, FakeBooks
from speed.wire.hub_port import HubAway
from wallet.domain.channels import GRACE, MAX_LIFE, MAX_VOUCHERS, MIN_LIFE, parts_of
from wallet.domain.hub import (
    OFFER_LIFE_S,
    ChannelState,
    HubAccount,
    HubChannel,
    HubInfo,
    HubRefused,
    HubStatement,
    Offer,
    Redeemed,
    Redemption,
    Refusal,
    SignedVoucher,
)
from wallet.domain.speed1.signing import BadSignature
from wallet.domain.speed1.voucher import Voucher

__all__ = ["FakeBooks", "FakeHub"]
DAY_S = 86_400


class FakeHub:
    """A `Hub` for one Speed key."""

    def __init__(self, books: FakeBooks, speed_key: str, *, is_own: bool = False, address: str = "192.0.2.7") -> None:
        self._books = books
        self._key = speed_key
        self._is_own = is_own
        self._address = address

    @property
    def hub_id(self) -> bytes:
        return self._books.hub_id

    @property
    def is_own(self) -> bool:
        return self._is_own

    def info(self) -> HubInfo:
        books = self._reached()
        return HubInfo(books.hub_id, books.key, books.network, books.asset, books.fee_ppm, books.clock())

    def now(self) -> int:
        return self._books.clock()

    def bind(self, *, pairing: str, daily_limit_ubtt: int, key: str) -> str:
        books = self._reached()

        def work() -> str:
            if pairing not in books.pairings:
                raise HubRefused(Refusal.BAD_PAIRING, "There is no such pairing code.")
            account, most_ubtt, earns = books.pairings[pairing]
            if daily_limit_ubtt > most_ubtt:
                raise HubRefused(Refusal.OVER_DAILY_LIMIT, "The account's owner allows less.")
            if earns and any(one.key == self._key and one.earns and one.account != account for one in books.bound):
                raise HubRefused(Refusal.EARNS_ELSEWHERE, "This key earns elsewhere.")
            del books.pairings[pairing]
            books.bind(account, self._key, daily_limit_ubtt=daily_limit_ubtt, earns=earns)
            return account

        return self._once(key, ("keys", pairing, daily_limit_ubtt), work)

    def unbind(self) -> None:
        books = self._reached()
        books.bound = [one for one in books.bound if one.key != self._key]

    def accounts(self) -> list[HubAccount]:
        return [self._account(one) for one in self._reached().bound if one.key == self._key]

    def open_channel(self, *, key: str, account: str, payee_key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        books = self._reached()

        def work() -> str:
            expires_at_s = self._expiry(expires_s)
            if amount_ubtt < 1:
                raise HubRefused(Refusal.BAD_REQUEST, "There is nothing to put in.")
            binding = self._spending(account)
            earning = next((one.account for one in books.bound if one.key == payee_key and one.earns), None)
            if earning is None:
                raise HubRefused(Refusal.UNKNOWN_PAYEE, "No account earns by this payee's key.")
            if earning == account:
                raise HubRefused(Refusal.OWN_PAYEE, "Payer and payee are one account.")
            self._take(binding, amount_ubtt)
            channel = HubChannel(
                id=f"{len(books.channels) + 1:032x}",
                state=ChannelState.OPENING,
                account=account,
                payer=self._key,
                payee=payee_key,
                amount_ubtt=amount_ubtt,
                redeemed_ubtt=0,
                fee_ppm=books.fee_ppm,
                opened_at_s=books.clock(),
                expires_at_s=expires_at_s,
                receipt=b"",
                is_signed=False,
            )
            books.put(channel)
            books.note(channel.id, "channel opened", amount_ubtt, is_in=True)
            return channel.id

        return self._seen(self._once(key, ("channels", account, payee_key, amount_ubtt, expires_s), work))

    def channel(self, channel_id: str, *, wait_s: int = 0) -> HubChannel:
        self._reached()
        return self._seen(channel_id)

    def top_up(self, channel_id: str, *, key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        books = self._reached()

        def work() -> str:
            channel = self._own(channel_id)
            if channel.payer != self._key:
                raise HubRefused(Refusal.NOT_THE_PAYER, "Only the payer tops a channel up.")
            binding, expires_at_s = self._spending(channel.account), self._expiry(expires_s)
            self._check_open(channel, grace_s=0)
            self._take(binding, amount_ubtt)
            changed = replace(
                channel,
                amount_ubtt=channel.amount_ubtt + amount_ubtt,
                expires_at_s=max(channel.expires_at_s, expires_at_s),
            )
            if changed != channel:
                books.put(changed)
            if amount_ubtt:
                books.note(channel_id, "channel topped up", amount_ubtt, is_in=True)
            return channel_id

        return self._seen(self._once(key, ("topup", channel_id, amount_ubtt, expires_s), work))

    def close(self, channel_id: str, *, key: str, last: SignedVoucher | None = None) -> HubChannel:
        books = self._reached()

        def work() -> str:
            channel = self._own(channel_id)
            if channel.payee != self._key:
                raise HubRefused(Refusal.NOT_THE_PAYEE, "Only the payee closes a channel.")
            if channel.state is ChannelState.CLOSED:
                return channel_id
            self._check_open(channel)
            if last is not None:
                redeemed = self._redeem(last)
                if redeemed.code is not None:
                    raise HubRefused(redeemed.code, redeemed.text)
            books.end(books.channels[channel_id], ChannelState.CLOSED)
            return channel_id

        return self._seen(self._once(key, ("close", channel_id, last and last.cumulative_ubtt), work))

    def redeem(self, vouchers: Sequence[SignedVoucher], *, key: str) -> list[Redeemed]:
        self._reached()
        if not 1 <= len(vouchers) <= MAX_VOUCHERS:
            raise HubRefused(Refusal.BAD_REQUEST, f"vouchers: bring 1 to {MAX_VOUCHERS:,}.")
        self._once(key, ("vouchers", tuple(vouchers)), lambda: "")
        # The highest first: of several for one channel it counts, and the others are unchanged.
        order = sorted(range(len(vouchers)), key=lambda place: -vouchers[place].cumulative_ubtt)
        answers = {place: self._redeem(vouchers[place]) for place in order}
        return [answers[place] for place in range(len(vouchers))]

    def statement(self, *, after: int = 0) -> HubStatement:
        books = self._reached()
        own = [one for one in books.entries if one.sequence > after and self._is_own_channel(one.channel)]
        return HubStatement(tuple(own), more=False)

    def put_offers(self, offer_keys: Sequence[bytes], *, port: int, key: str) -> None:
        books = self._reached()
        self._check_bound()
        self._once(key, ("offers", tuple(offer_keys), port), lambda: "")
        books.offered = {place: one for place, one in books.offered.items() if place[0] != self._key}
        until_s = books.clock() + OFFER_LIFE_S
        books.offered |= {(self._key, one): (Offer(self._address, port), until_s) for one in offer_keys}

    def offers(self, offer_key: bytes) -> list[Offer]:
        books = self._reached()
        self._check_bound()
        return [
            offer
            for (caller, key), (offer, until_s) in books.offered.items()
            if key == offer_key and caller != self._key and until_s > books.clock()
        ]

    # --- what stands in the books

    def _reached(self) -> FakeBooks:
        if self._books.is_away:
            raise HubAway("the hub is away, as the test wants it")
        return self._books

    def _once(self, key: str, body: object, work: Callable[[], str]) -> str:
        calls = self._books.calls
        if (self._key, key) not in calls:
            try:
                calls[self._key, key] = body, work()
            except HubRefused as refusal:
                if refusal.code is Refusal.BAD_REQUEST:
                    raise
                calls[self._key, key] = body, refusal
        earlier, answer = calls[self._key, key]
        if earlier != body:
            raise HubRefused(Refusal.CONFLICT, "This key was used for something else.")
        if isinstance(answer, HubRefused):
            raise answer
        return answer

    def _account(self, bound: Bound) -> HubAccount:
        books = self._books
        ours = [one for one in books.channels.values() if (one.account, one.payer) == (bound.account, self._key)]
        open_ones = [one for one in ours if one.state in (ChannelState.OPENING, ChannelState.OPEN)]
        return HubAccount(
            account=bound.account,
            available_ubtt=books.money[bound.account],
            in_channels_ubtt=sum(one.amount_ubtt - one.redeemed_ubtt for one in open_ones),
            daily_limit_ubtt=bound.daily_limit_ubtt,
            left_today_ubtt=max(bound.daily_limit_ubtt - self._spent(bound), 0),
            earns=bound.earns,
        )

    def _spent(self, bound: Bound) -> int:
        return sum(ubtt for at_s, ubtt in bound.spent if at_s > self._books.clock() - DAY_S)

    def _spending(self, account: str) -> Bound:
        for one in self._books.bound:
            if (one.account, one.key) == (account, self._key) and one.daily_limit_ubtt:
                return one
        raise HubRefused(Refusal.NOT_BOUND, "This account does not let this Speed key spend.")

    def _take(self, bound: Bound, amount_ubtt: int) -> None:
        if self._spent(bound) + amount_ubtt > bound.daily_limit_ubtt:
            raise HubRefused(Refusal.OVER_DAILY_LIMIT, "That is more than the key may spend in a day.")
        if amount_ubtt > self._books.money[bound.account]:
            raise HubRefused(Refusal.INSUFFICIENT, "The account does not have that much available.")
        self._books.money[bound.account] -= amount_ubtt
        bound.spent.append((self._books.clock(), amount_ubtt))

    def _expiry(self, expires_s: int) -> int:
        if not MIN_LIFE.total_seconds() <= expires_s <= MAX_LIFE.total_seconds():
            raise HubRefused(Refusal.BAD_REQUEST, "expires_s is out of bounds.")
        return self._books.clock() + expires_s

    def _is_own_channel(self, channel_id: str) -> bool:
        channel = self._books.channels.get(channel_id)
        return channel is not None and self._key in (channel.payer, channel.payee)

    def _own(self, channel_id: str) -> HubChannel:
        if not self._is_own_channel(channel_id):
            raise HubRefused(Refusal.NOT_FOUND, "There is no such channel, or it is somebody else's.")
        return self._books.channels[channel_id]

    def _seen(self, channel_id: str) -> HubChannel:
        channel = self._own(channel_id)
        is_over = channel.state is not ChannelState.CLOSED and channel.expires_at_s <= self._books.clock()
        return replace(
            channel,
            state=ChannelState.EXPIRED if is_over else channel.state,
            account=channel.account if self._key == channel.payer else "",
        )

    def _check_open(self, channel: HubChannel, *, grace_s: int = int(GRACE.total_seconds())) -> None:
        if channel.state is ChannelState.CLOSED:
            raise HubRefused(Refusal.CLOSED, "The channel is closed.")
        if channel.state is ChannelState.EXPIRED or channel.expires_at_s + grace_s <= self._books.clock():
            raise HubRefused(Refusal.EXPIRED, "The channel's time is over.")

    def _check_bound(self) -> None:
        if not any(one.key == self._key for one in self._books.bound):
            raise HubRefused(Refusal.NOT_BOUND, "The directory is for nodes with an account here.")

    def _redeem(self, brought: SignedVoucher) -> Redeemed:
        books = self._books
        channel = books.channels.get(brought.channel)
        if channel is None or channel.payee != self._key:
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
        earning = next(one.account for one in books.bound if one.key == self._key and one.earns)
        books.money[earning] += payee_ubtt
        books.fees_ubtt += fee_ubtt
        books.channels[channel.id] = replace(channel, redeemed_ubtt=brought.cumulative_ubtt)
        books.note(channel.id, "voucher", payee_ubtt, is_in=False)
        return Redeemed(channel.id, Redemption.PAID, paid_ubtt, brought.cumulative_ubtt)

    def _why_not(self, channel: HubChannel, brought: SignedVoucher) -> tuple[Refusal | None, str]:
        promise = Voucher(
            self._books.hub_id, bytes.fromhex(channel.id), bytes.fromhex(channel.payee), brought.cumulative_ubtt
        )
        try:
            promise.check(bytes.fromhex(channel.payer), brought.signature)
            self._check_open(channel)
        except BadSignature:
            return Refusal.BAD_SIGNATURE, "It does not bear the payer's signature."
        except HubRefused as refusal:
            return refusal.code, refusal.text
        if brought.cumulative_ubtt > channel.amount_ubtt:
            return Refusal.OVER_AMOUNT, "It promises more than the channel holds."
        return None, ""
