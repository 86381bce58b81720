"""A hub in memory, for tests: it answers as the real ones do, for all keys that come, by a clock that the test sets.

One `FakeBooks` stands for the hub, a `FakeHub` for one Speed key's calls of it. Receipts are signed at once, with a
real key, unless the test holds them back.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from speed.wire.hub_fake_books import Bound, FakeBooks
from speed.wire.hub_port import HubAway
from wallet.domain.channels import LEAST_LONGER, LEAST_UBTT, MAX_VOUCHERS
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
    Refusal,
    SignedVoucher,
)

__all__ = ["FakeBooks", "FakeHub"]


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

    def bind(self, *, pairing: str, daily_limit_ubtt: int, earns: bool, key: str) -> str:
        books = self._reached()

        def work() -> str:
            if not daily_limit_ubtt and not earns:
                raise HubRefused(Refusal.BAD_REQUEST, "It would neither spend nor earn.")
            if pairing not in books.pairings:
                raise HubRefused(Refusal.BAD_PAIRING, "There is no such pairing code.")
            account, most_ubtt, may_earn = books.pairings[pairing]
            if daily_limit_ubtt > most_ubtt:
                raise HubRefused(Refusal.OVER_DAILY_LIMIT, "The account's owner allows less.")
            if earns and not may_earn:
                raise HubRefused(Refusal.MAY_NOT_EARN, "The code does not let it earn.")
            if earns and any(one.key == self._key and one.earns and one.account != account for one in books.bound):
                raise HubRefused(Refusal.EARNS_ELSEWHERE, "This key earns elsewhere.")
            del books.pairings[pairing]
            books.bind(account, self._key, daily_limit_ubtt=daily_limit_ubtt, earns=earns)
            return account

        return self._once(key, ("keys", pairing, daily_limit_ubtt, earns), work)

    def unbind(self) -> None:
        books = self._reached()
        books.bound = [one for one in books.bound if one.key != self._key]

    def accounts(self) -> list[HubAccount]:
        return [self._books.account_of(one) for one in self._reached().bound if one.key == self._key]

    def open_channel(self, *, key: str, account: str, payee_key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        books = self._reached()

        def work() -> str:
            expires_at_s = books.expiry(expires_s)
            if amount_ubtt < LEAST_UBTT:
                raise HubRefused(Refusal.BAD_REQUEST, "That is too little for a channel.")
            binding = self._spending(account)
            earning = next((one.account for one in books.bound if one.key == payee_key and one.earns), None)
            if earning is None:
                raise HubRefused(Refusal.UNKNOWN_PAYEE, "No account earns by this payee's key.")
            if earning == account:
                raise HubRefused(Refusal.OWN_PAYEE, "Payer and payee are one account.")
            books.take(binding, amount_ubtt)
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
            binding, expires_at_s = self._spending(channel.account), books.expiry(expires_s)
            books.check_open(channel, grace_s=0)
            books.take(binding, amount_ubtt)
            changed = replace(
                channel,
                amount_ubtt=channel.amount_ubtt + amount_ubtt,
                expires_at_s=max(channel.expires_at_s, expires_at_s),
            )
            if amount_ubtt or expires_at_s - channel.expires_at_s >= LEAST_LONGER.total_seconds():
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
            books.check_open(channel)
            if last is not None:
                redeemed = books.redeem(last, self._key)
                if redeemed.code is not None:
                    raise HubRefused(redeemed.code, redeemed.text)
            books.end(books.channels[channel_id], ChannelState.CLOSED)
            return channel_id

        return self._seen(self._once(key, ("close", channel_id, last), work))

    def redeem(self, vouchers: Sequence[SignedVoucher], *, key: str) -> list[Redeemed]:
        books = self._reached()
        if not 1 <= len(vouchers) <= MAX_VOUCHERS:
            raise HubRefused(Refusal.BAD_REQUEST, f"vouchers: bring 1 to {MAX_VOUCHERS:,}.")
        self._check_key(key, ("vouchers", tuple(vouchers)))
        # The highest first: of several for one channel it counts, and the others are unchanged.
        order = sorted(range(len(vouchers)), key=lambda place: -vouchers[place].cumulative_ubtt)
        answers = {place: books.redeem(vouchers[place], self._key) for place in order}
        if any(one.code not in (Refusal.UNKNOWN_CHANNEL, Refusal.BAD_SIGNATURE) for one in answers.values()):
            self._once(key, ("vouchers", tuple(vouchers)), lambda: "")
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
                if refusal.code is Refusal.BAD_REQUEST or not self._has_to_do_with_it():
                    raise
                calls[self._key, key] = body, refusal
        self._check_key(key, body)
        _, answer = calls[self._key, key]
        if isinstance(answer, HubRefused):
            raise answer
        return answer

    def _check_key(self, key: str, body: object) -> None:
        earlier, _ = self._books.calls.get((self._key, key), (body, ""))
        if earlier != body:
            raise HubRefused(Refusal.CONFLICT, "This key was used for something else.")

    def _has_to_do_with_it(self) -> bool:
        return any(one.key == self._key for one in self._books.bound) or any(
            map(self._is_own_channel, self._books.channels)
        )

    def _spending(self, account: str) -> Bound:
        for one in self._books.bound:
            if (one.account, one.key) == (account, self._key) and one.daily_limit_ubtt:
                return one
        raise HubRefused(Refusal.NOT_BOUND, "This account does not let this Speed key spend.")

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

    def _check_bound(self) -> None:
        if not any(one.key == self._key for one in self._books.bound):
            raise HubRefused(Refusal.NOT_BOUND, "The directory is for nodes with an account here.")
