"""One deal in which we buy, as the agent has it in mind; its row in the database follows behind."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from speed.agent import tallies
from speed.agent.sale import ms
from speed.domain import deals
from speed.domain.claims import UNKNOWN, Claims, Count
from speed.domain.credit import BLOCK_BYTES, money_room
from speed.domain.deals import LIVE, DealState, Wish
from speed.domain.messages import MIN_PRICE_UBTT_PER_GIB
from speed.domain.meters import Span, Tally
from speed.domain.refusals import Reason
from speed.domain.rounds import ROUND_S
from speed.models import BuyingDeal
from speed.wire.port import Link
from wallet.domain.speed1.receipt import RECEIPT_BYTES, decode_receipt

NO_WISH = Wish(MIN_PRICE_UBTT_PER_GIB, 0, 0)
LATE = timedelta(seconds=5)  # the first word of a round may have come so much later than others do
EARLIER_BID_LIFE = timedelta(seconds=22)  # the round in which the new one is said, and a grant of it
MOST_EARLIER_BIDS = 16


@dataclass(frozen=True)
class Bought:
    """What is bought, and with whose money."""

    bid_id: int
    user_id: int
    torrent_id: int
    torrent_key: str
    name: str
    size_bytes: int


@dataclass(frozen=True)
class Source:
    """Who sells, and where the money for it is."""

    peer_key: bytes
    place: str
    endpoint: str  # where it was called; "" if it has called us
    hub_id: bytes
    account: str


@dataclass(eq=False)
class Purchase:
    """Everything the agent knows of one deal."""

    deal: bytes
    bought: Bought
    source: Source
    channel: bytes
    amount_ubtt: int  # of the channel
    expires_at_s: int
    opened_at: datetime
    linked_at: datetime  # when there was last a connection
    link: Link | None = None
    state: DealState = DealState.OPEN
    end_reason: str = ""
    ended_at: datetime | None = None
    refusal: Reason | None = None

    receipt: bytes = b""  # signed; b"" while the hub has not signed any
    receipt_amount_ubtt: int = 0  # no voucher may be above it
    receipt_expires_at_s: int = 0
    bid: Wish = NO_WISH  # as it was last sent
    # Those before, the newest last: a grant may still answer them until then.
    earlier_bids: deque[tuple[Wish, datetime]] = field(default_factory=lambda: deque(maxlen=MOST_EARLIER_BIDS))
    is_bid_sent: bool = False  # on this link
    first_round: int | None = None  # that we heard of since we started
    first_round_at: datetime | None = None

    span: Span | None = None
    tally: Tally = field(default_factory=Tally)
    unsaid_round: int = 0  # the oldest round that has more than its seller was told
    covered_bytes: int = 0
    cumulative_ubtt: int = 0  # written down
    voucher_sig: bytes = b""
    voucher_at: datetime | None = None
    redeemed_ubtt: int | None = None  # as the hub said last; None until it has
    is_signing: bool = False
    is_waited_for: bool = False  # the seller has stopped for want of a voucher
    sellers_sent_bytes: int = 0
    sellers_owed_ubtt: int = 0
    claims: Claims = field(default_factory=Claims)  # these two, over this link
    # What came over each connection with the seller, by endpoint and peer id, when they were last seen.
    connections: Mapping[tuple[str, bytes], int] = field(default_factory=dict)
    came_bytes: int = 0  # for money or not, good or bad
    failed_pieces: int = 0
    is_bounced: bool = False  # on this link: its lane carries our connections
    is_low: bool = False  # the seller wants to see more money or time in the channel
    bid_again_at: datetime | None = None  # it was too busy to look at it
    is_dirty: bool = False  # the row is behind

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def owed_ubtt(self) -> int:
        return self.tally.owed_ubtt

    @property
    def is_unredeemed(self) -> bool:
        """Whether the deal is over and its seller has not got from the hub all that was signed."""
        return not self.is_live and self.redeemed_ubtt is not None and self.redeemed_ubtt < self.cumulative_ubtt

    @property
    def unpaid_bytes(self) -> int:
        return max(self.tally.total_bytes - self.covered_bytes, 0)

    @property
    def has_money(self) -> bool:
        """Whether the channel can pay for one more block."""
        price = self.bid.max_price_ubtt_per_gib
        room = money_room(amount_ubtt=self.amount_ubtt, owed_ubtt=self.owed_ubtt, price_ubtt_per_gib=price)
        return room >= BLOCK_BYTES

    @property
    def payable_ubtt(self) -> int:
        """Return what can be signed: all that is owed, as far as the channel holds it by a receipt."""
        return min(self.owed_ubtt, self.receipt_amount_ubtt)

    def wishes_at(self, now: datetime) -> tuple[Wish, ...]:
        """Return the bids that a grant can be an answer to."""
        return (self.bid, *self.recent_bids(now)[-1:])

    def recent_bids(self, now: datetime) -> list[Wish]:
        """Return the bids before the standing one that a round of now may have gone by, the newest last."""
        return [wish for wish, until in self.earlier_bids if now < until]

    def is_timely(self, round_number: int, now: datetime) -> bool:
        """Whether so many rounds can have begun since the first: each one is billed a mebibyte beyond its speed."""
        if self.first_round is None or self.first_round_at is None:
            self.first_round, self.first_round_at = round_number, now
        rounds = (now - self.first_round_at + LATE) // timedelta(seconds=ROUND_S)
        return round_number <= self.first_round + rounds + 1

    def grant(self, span: Span) -> None:
        self.end_span(span.began_at_ms)
        self.span = span
        self.state = deals.after_grant(self.state)
        self.refusal = None
        self.is_waited_for = False
        self.tally = self.tally.opened(span.round, span.price_ubtt_per_gib)
        self.is_dirty = True

    def refuse(self, reason: Reason, now: datetime) -> None:
        self.end_span(ms(now))  # it is kept: a second grant of its round goes on from there
        self.refusal = reason
        self.state = deals.after_refusal(self.state, reason)
        if self.state is DealState.ENDING:
            self.end_reason, self.ended_at = str(reason), now
        self.is_dirty = True

    def end(self, reason: str, now: datetime) -> None:
        """The deal is over; what is owed is still paid."""
        if self.is_live:
            self.end_span(ms(now))
            self.span = None
            self.state = DealState.ENDING
            self.end_reason, self.ended_at = reason, now
            self.is_dirty = True

    def take_claim(self, said: Count, now_ms: int) -> None:
        """Keep what the seller says of its meter: it is shown, and judged with the next rounds."""
        self.sellers_sent_bytes, self.sellers_owed_ubtt = said.size_bytes, said.owed_ubtt
        self.claims = self.claims.after(said, came=self.came, now_ms=now_ms)
        self.is_dirty = True

    @property
    def came(self) -> Count:
        return Count(self.came_bytes, self.owed_ubtt)

    def judge_claims(self, span: Span, now_ms: int) -> bool:
        """Say whether the seller claims far more than what came, and has done so for long enough to end the deal."""
        self.claims = self.claims.judged(
            span.round,
            price_ubtt_per_gib=span.price_ubtt_per_gib,
            came=self.came,
            free_bytes=max(self.came_bytes - self.tally.total_bytes, 0),
            now_ms=now_ms,
        )
        return self.claims.are_wrong

    def see_connections(self, connections: Mapping[tuple[str, bytes], int]) -> None:
        """These are there now; whatever was under way on one that is gone, or was made anew, has not come."""
        if any(connections.get(one, 0) < size_bytes for one, size_bytes in self.connections.items()):
            self.claims = self.claims.after_loss()
        self.connections = connections

    def take_bid(self, wish: Wish, now: datetime) -> None:
        """This is what we have bid now."""
        self.earlier_bids.append((self.bid, now + EARLIER_BID_LIFE))
        self.bid, self.is_bid_sent = wish, True
        self.state = deals.after_bid(
            self.state, spend_ubtt_per_s=wish.spend_ubtt_per_s, useful_bytes_per_s=wish.useful_bytes_per_s
        )
        if wish.is_paused:
            self.end_span(ms(now))
        self.is_dirty = True

    def take_receipt(self, signed: bytes, *, amount_ubtt: int, expires_at_s: int) -> None:
        """The hub has signed for so much; the seller has to see it before a voucher above the old amount."""
        self.receipt, self.receipt_amount_ubtt, self.receipt_expires_at_s = signed, amount_ubtt, expires_at_s
        self.amount_ubtt = max(self.amount_ubtt, amount_ubtt)
        self.expires_at_s = max(self.expires_at_s, expires_at_s)
        self.is_bid_sent = self.is_low = False
        self.is_dirty = True

    def join(self, link: Link, now: datetime) -> None:
        self.link, self.linked_at, self.is_bid_sent = link, now, False
        self.is_bounced, self.bid_again_at = False, None
        self.unsaid_round = 0  # it may have lost what was said last
        self.is_dirty = True

    def lose_link(self, now: datetime) -> None:
        self.end_span(ms(now))
        self.span = None
        self.link, self.linked_at, self.is_bid_sent, self.claims = None, now, False, UNKNOWN
        self.state = deals.after_loss(self.state)
        self.is_dirty = True

    def end_span(self, now_ms: int) -> None:
        if self.span is not None:
            self.span = self.span.ended(now_ms)

    def bill(self, size_bytes: int, now_ms: int) -> int:
        """Return how many of these bytes are for money: as far as the grant that runs goes."""
        if self.span is None:
            return 0
        before = self.span.billed_bytes
        self.span = self.span.after(size_bytes, now_ms)
        return self.span.billed_bytes - before

    def count(self, round_number: int, size_bytes: int) -> None:
        """Owe these bytes, in the round in which they came."""
        received = self.tally.received(round_number) + size_bytes
        self.tally = self.tally.counted(round_number, received)
        self.unsaid_round = min(self.unsaid_round, round_number)
        self.is_dirty = True

    def signed(self, cumulative_ubtt: int, signature: bytes, covered: Tally, now: datetime) -> None:
        """This total stands in the database, for these bytes."""
        self.cumulative_ubtt, self.voucher_sig, self.voucher_at = cumulative_ubtt, signature, now
        self.covered_bytes = max(self.covered_bytes, covered.total_bytes)


def columns_of(purchase: Purchase) -> dict[str, Any]:
    """Return what of a row changes while a deal runs."""
    span, wish, accrual = purchase.span, purchase.bid, purchase.tally.accrual
    runs = span if purchase.state is DealState.IN_LANE else None
    return {
        "deal_id": purchase.deal.hex(),
        "place": purchase.source.place,
        "endpoint": purchase.source.endpoint,
        "state": str(purchase.state),
        "end_reason": purchase.end_reason[:24],
        "refusal": str(purchase.refusal or ""),
        "linked_at": purchase.linked_at,
        "ended_at": purchase.ended_at,
        **asdict(wish),
        "receipt": purchase.receipt.hex(),
        "amount_ubtt": purchase.amount_ubtt,
        "expires_at": datetime.fromtimestamp(purchase.expires_at_s, UTC),
        "cumulative_ubtt": purchase.cumulative_ubtt,
        "voucher_at": purchase.voucher_at,
        "voucher_sig": purchase.voucher_sig.hex(),
        "round_number": span.round if span else purchase.tally.newest_round if purchase.tally.rounds else 0,
        "price_ubtt_per_gib": purchase.tally.rounds[-1].price_ubtt_per_gib if purchase.tally.rounds else 0,
        "speed_bytes_per_s": runs.speed_bytes_per_s if runs else 0,
        "sent_bytes": purchase.sellers_sent_bytes,
        "accepted_bytes": purchase.tally.total_bytes,
        "owed_ubtt": accrual.owed_ubtt,
        "owed_rem": accrual.carried,
        "tally": tallies.written(purchase.tally),
        "covered_bytes": purchase.covered_bytes,
        "sellers_owed_ubtt": purchase.sellers_owed_ubtt,
        "failed_pieces": purchase.failed_pieces,
    }


def row_of(purchase: Purchase, node_name: str) -> dict[str, Any]:
    """Return all of a row."""
    return columns_of(purchase) | {
        "node_name": node_name,
        "torrent_id": purchase.bought.torrent_id,
        "torrent_key": purchase.bought.torrent_key,
        "torrent_name": purchase.bought.name,
        "size_bytes": purchase.bought.size_bytes,
        "peer_key": purchase.source.peer_key.hex(),
        "opened_at": purchase.opened_at,
        "hub_id": purchase.source.hub_id.hex(),
        "channel_id": purchase.channel.hex(),
        "bid_id": purchase.bought.bid_id,
        "user_id": purchase.bought.user_id,
        "account": purchase.source.account,
    }


def purchase_of(row: BuyingDeal) -> Purchase:
    """Return a deal as it was left, without a connection."""
    signed = bytes.fromhex(row.receipt)
    receipt = decode_receipt(signed[:RECEIPT_BYTES]) if signed else None
    tally = tallies.read(row.tally)
    return Purchase(
        deal=bytes.fromhex(row.deal_id),
        bought=Bought(row.bid_id, row.user_id, row.torrent_id, row.torrent_key, row.torrent_name, row.size_bytes),
        source=Source(bytes.fromhex(row.peer_key), row.place, row.endpoint, bytes.fromhex(row.hub_id), row.account),
        channel=bytes.fromhex(row.channel_id),
        amount_ubtt=row.amount_ubtt,
        expires_at_s=int(row.expires_at.timestamp()),
        opened_at=row.opened_at,
        linked_at=row.linked_at,
        state=deals.after_loss(DealState(row.state)),
        end_reason=row.end_reason,
        ended_at=row.ended_at,
        refusal=Reason(row.refusal) if row.refusal else None,
        bid=row.wish,
        receipt=signed,
        receipt_amount_ubtt=receipt.amount_ubtt if receipt else 0,
        receipt_expires_at_s=receipt.expires_at_s if receipt else 0,
        tally=tally,
        covered_bytes=row.covered_bytes,
        cumulative_ubtt=row.cumulative_ubtt,
        voucher_sig=bytes.fromhex(row.voucher_sig),
        voucher_at=row.voucher_at,
        sellers_sent_bytes=row.sent_bytes,
        sellers_owed_ubtt=row.sellers_owed_ubtt,
        claims=UNKNOWN,
        came_bytes=tally.total_bytes,
        failed_pieces=row.failed_pieces,
    )
