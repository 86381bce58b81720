"""One deal in which we sell, as the agent has it in mind; its row in the database follows behind."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from speed.domain import deals
from speed.domain.credit import FRESH_MS, Delays
from speed.domain.deals import LIVE, DealState, Wish
from speed.domain.meters import KEPT_ROUNDS, Span, Tally
from speed.domain.refusals import Reason
from speed.domain.selling import newest_receipt
from speed.domain.trust import Account
from speed.wire.port import Link
from wallet.domain.hub import HubChannel
from wallet.domain.rounding import Accrual
from wallet.domain.speed1.receipt import Receipt


def ms(now: datetime) -> int:
    return int(now.timestamp() * 1_000)


@dataclass(frozen=True)
class Goods:
    """What is sold."""

    torrent_id: int
    key: str
    name: str
    size_bytes: int


@dataclass(eq=False)
class Sale:
    """Everything the agent knows of one deal. Its figures only grow, but for what is written off."""

    deal: bytes
    goods: Goods
    receipt: Receipt
    signed_receipt: bytes
    on_own_hub: bool  # its channel is in our own books, whatever key our hub has by now
    fee_ppm: int
    places: tuple[str, ...]  # the newest last
    opened_at: datetime
    linked_at: datetime  # when there was last a connection, as of the last round: its debts are as old
    bid: Wish
    link: Link | None = None
    alone_since: datetime | None = None  # without a connection, while we were there to take one
    state: DealState = DealState.OPEN
    end_reason: str = ""
    ended_at: datetime | None = None
    refusal: Reason | None = None
    is_checked: bool = False  # the hub was asked since we started
    is_closed: bool = False  # at the hub

    cumulative_ubtt: int = 0
    voucher_sig: bytes = b""
    voucher_at: datetime | None = None
    redeemed_ubtt: int = 0

    span: Span | None = None
    allowed: dict[int, int] = field(default_factory=dict)  # round -> bytes that may be acknowledged in it
    sent_bytes: int = 0
    billed: Accrual = field(default_factory=Accrual)  # what all that was sent comes to
    tally: Tally = field(default_factory=Tally)  # what vouchers cover
    written_off_bytes: int = 0
    recent: deque[tuple[int, int]] = field(default_factory=deque)  # ms and sent_bytes, of the last seconds
    has_large_gap: bool = False  # as the last voucher left it
    disagreeing_rounds: int = 0
    starved_rounds: int = 0
    rounds_in_lane: int = 0  # since its place has a class of its own connections
    delays: Delays = field(default_factory=Delays)
    unpaid_since_ms: int | None = None  # since then a voucher has been due, or its lane has lain still
    had_lane: bool = False
    is_lane_open: bool = False  # it has its speed; false: the window or the channel is used up
    is_dirty: bool = True  # the row is behind

    @property
    def place(self) -> str:
        return self.places[-1]

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def granted_bytes_per_s(self) -> int:
        return self.span.speed_bytes_per_s if self.span else 0

    @property
    def payer(self) -> str:
        return self.receipt.payer_ref.hex()

    @property
    def account(self) -> Account:
        return Account(self.payer, self.places, self.sent_bytes, self.tally.total_bytes, self.written_off_bytes)

    @property
    def unredeemed_ubtt(self) -> int:
        return max(self.cumulative_ubtt - self.redeemed_ubtt, 0)

    def sent(self, size_bytes: int, now_ms: int) -> None:
        """Bill what was sent while a grant runs, as far as the grant goes."""
        if self.span is None:
            return
        before = self.span.billed_bytes
        self.span = self.span.after(size_bytes, now_ms)
        billed = self.span.billed_bytes - before
        if billed:
            self.sent_bytes += billed
            self.billed = self.billed.after(size_bytes=billed, price_ubtt_per_gib=self.span.price_ubtt_per_gib)
            self.is_dirty = True
        self.recent.append((now_ms, self.sent_bytes))
        while len(self.recent) > 1 and self.recent[1][0] <= now_ms - FRESH_MS:
            self.recent.popleft()

    def sent_before(self, now_ms: int) -> int:
        """Return what had been sent when that was old enough to be counted by the buyer."""
        old = [total for at_ms, total in self.recent if at_ms <= now_ms - FRESH_MS]
        return old[-1] if old else (self.sent_bytes if not self.recent else 0)

    def grant(self, span: Span) -> None:
        self._close_span(span.began_at_ms)
        self.span = span
        self.state = deals.after_grant(self.state)
        self.refusal = None
        self.tally = self.tally.opened(span.round, span.price_ubtt_per_gib)
        self.had_lane = self.is_dirty = True

    def refuse(self, reason: Reason, now: datetime) -> None:
        """The grant is over; some reasons end the deal."""
        self.end_span(now)
        self.state = deals.after_refusal(self.state, reason)
        self.refusal = reason
        self.is_dirty = True
        if self.state is DealState.ENDING:
            self._ended(str(reason), now)

    def end(self, reason: str, now: datetime) -> None:
        if self.state is not DealState.ENDING:
            deals.check_move(self.state, DealState.ENDING)
            self.end_span(now)
            self.state = DealState.ENDING
            self._ended(reason, now)

    def end_span(self, now: datetime) -> None:
        self._close_span(ms(now))
        self.span = None
        self.is_lane_open = False
        self.is_dirty = True

    def lose_link(self, now: datetime) -> None:
        self.end_span(now)
        self.link = None
        self.linked_at = self.alone_since = now
        self.state = deals.after_loss(self.state)

    def take_bid(self, bid: Wish, now: datetime) -> None:
        self.bid = bid
        self.state = deals.after_bid(
            self.state, spend_ubtt_per_s=bid.spend_ubtt_per_s, useful_bytes_per_s=bid.useful_bytes_per_s
        )
        if bid.is_paused:
            self.end_span(now)
        self.is_dirty = True

    def resume(self, link: Link, now: datetime) -> None:
        """Go on over this connection; debts stay with the places where they were made."""
        if link is not self.link:
            self.end_span(now)
        self.link, self.linked_at, self.alone_since = link, now, None
        if link.place != self.place:
            self.places = (*(place for place in self.places if place != link.place), link.place)
            self.rounds_in_lane = 0
        self.is_dirty = True

    def take_hubs_word(self, channel: HubChannel, hub_key: bytes) -> bool:
        """Go on from what the hub has of the channel; false if by its own newest receipt that can't be.

        We may have been restored from before a top-up, or have been brought an old receipt of it.
        """
        receipt = newest_receipt(self.receipt, channel.receipt, hub_key=hub_key)
        if receipt is not None:
            self.receipt, self.signed_receipt = receipt, channel.receipt
        self.start_at(min(channel.redeemed_ubtt, self.receipt.amount_ubtt))
        return channel.redeemed_ubtt <= self.receipt.amount_ubtt

    def start_at(self, redeemed_ubtt: int) -> None:
        """Owe nothing twice: what the hub has paid out already is no promise for bytes that are still to come."""
        if redeemed_ubtt > self.tally.owed_ubtt:
            missing_ubtt = redeemed_ubtt - self.tally.owed_ubtt
            settled = Accrual(self.tally.settled.owed_ubtt + missing_ubtt, self.tally.settled.carried)
            self.tally = replace(self.tally, settled=settled)
        if redeemed_ubtt > self.billed.owed_ubtt:
            self.billed = Accrual(redeemed_ubtt)
        if redeemed_ubtt > self.cumulative_ubtt:
            self.cumulative_ubtt, self.voucher_sig = redeemed_ubtt, b""
        self.redeemed_ubtt = max(self.redeemed_ubtt, redeemed_ubtt)
        self.is_dirty = True

    def counted(self, acks: Mapping[int, int], now_ms: int) -> Tally:
        """Return the tally with these acknowledgements; none counts for much more than was billed in its round."""
        tally = self.tally
        allowed = self.allowed_at(now_ms)
        for round_number, received_bytes in sorted(acks.items()):
            if round_number in allowed:
                tally = tally.counted(round_number, min(received_bytes, allowed[round_number]))
        return tally

    def cover(self, tally: Tally) -> None:
        """Let these bytes be paid for. Of a deal that is over the last reading came too late: what is paid was sent."""
        self.tally = tally
        if self.state is DealState.ENDING and tally.total_bytes > self.sent_bytes:
            self.sent_bytes = tally.total_bytes
            if tally.owed_ubtt > self.billed.owed_ubtt:
                self.billed = tally.accrual
            self.is_dirty = True

    def allowed_at(self, now_ms: int) -> dict[int, int]:
        """Return what may be acknowledged by now, by round."""
        if self.span is None:
            return self.allowed
        return {**self.allowed, self.span.round: self.span.countable_bytes(now_ms)}

    def _ended(self, reason: str, now: datetime) -> None:
        self.end_reason, self.ended_at = reason, now
        self.is_dirty = True

    def _close_span(self, now_ms: int) -> None:
        if self.span is not None:
            self.span = self.span.ended(now_ms)
            self.allowed[self.span.round] = self.span.countable_bytes(now_ms)
            for old in sorted(self.allowed)[:-KEPT_ROUNDS]:
                del self.allowed[old]
