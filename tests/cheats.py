"""Nodes that cheat in the market, on the benches of the honest ones."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from speed.domain.messages import Audit, Bid, Error, ErrorCode, Grant, Grants, Meter, Meters, Round
from speed.domain.rounds import PublishedBid, RoundRecord, bids_hash, leaf_of
from tests.buying import GIB, Stall, Taker
from tests.selling import Buyer

HOUR = timedelta(hours=1)


@dataclass
class NeverPays(Buyer):
    """A buyer that takes what it can get."""

    pays: bool = False


@dataclass
class Mute(Stall):
    """A seller that grants lanes and sends nothing through them."""

    def answer(self, taker: Taker) -> None:
        bid, number = self.bids[-1], int(taker.floor.now.timestamp()) // 10
        if number != self.granted_round:
            self.granted_round = number
            taker.hear(self, self.grants(bid, number))


@dataclass
class Inflater(Stall):
    """A seller that tells every second how much it has sent: so many hundredths of what it really has."""

    percent: int = 150
    told_s: int = 0

    def turn(self, taker: Taker) -> None:
        super().turn(taker)
        second = int(taker.floor.now.timestamp())
        if self.bids and second != self.told_s:
            self.told_s = second
            claimed = self.sent * self.percent // 100
            taker.hear(self, Meters((Meter(self.bids[-1].deal, claimed, claimed * self.price // GIB, 0),)))


@dataclass
class Garbler(Stall):
    """A seller of whose pieces none is what it should be."""

    bad_pieces: frozenset[int] = frozenset(range(10_000))


@dataclass
class Withholder(Stall):
    """A seller that sends no piece to its end, so that nobody sees what it is that it sends."""

    leaves_out_last_blocks: bool = True


@dataclass
class Bookkeeper(Stall):
    """A seller that keeps its rounds, and shows them when they are asked for: ours and one other bid, both in full."""

    records: dict[int, RoundRecord] = field(default_factory=dict)
    audits: int = 0

    def grants(self, bid: Bid, number: int) -> Grants:
        salt = number.to_bytes(16)
        wants = (bid.max_price_ubtt_per_gib, bid.spend_ubtt_per_s, bid.useful_bytes_per_s)
        own = PublishedBid(leaf_of(salt=salt, deal=bid.deal), *wants, cap_bytes_per_s=self.speed, granted_bytes_per_s=0)
        other = replace(own, leaf=leaf_of(salt=salt, deal=bytes(16)))
        rows = [replace(row, granted_bytes_per_s=self.speed) for row in sorted((own, other))]
        self.records[number] = RoundRecord(number, self.price, self.for_sale, self.price, self.shown(rows))
        grant = Grant(bid.deal, number, self.speed, self.price, salt, (number + 1) * 10)
        return Grants((grant,), bids_hash(self.records[number]))

    @property
    def for_sale(self) -> int:
        return 4 * self.speed  # all of it is there for both, at the ask

    def shown(self, rows: list[PublishedBid]) -> tuple[PublishedBid, ...]:
        return tuple(rows)

    def turn(self, taker: Taker) -> None:
        super().turn(taker)
        for audit in self.link.take(Audit):
            self.audits += 1
            self.show(taker, audit)

    def show(self, taker: Taker, audit: Audit) -> None:
        record = self.records[audit.round]
        head = (record.ask_ubtt_per_gib, record.for_sale_bytes_per_s, record.price_ubtt_per_gib)
        rows = [bid for bid in record.bids if audit.after is None or bid.leaf > audit.after]
        taker.hear(self, Round(audit.round, *head, tuple(rows), more=False))


@dataclass
class Nepotist(Bookkeeper):
    """A seller that gives a friend more than its bid buys, and keeps books of it that have the hash it told."""

    def shown(self, rows: list[PublishedBid]) -> tuple[PublishedBid, ...]:
        return (replace(rows[0], granted_bytes_per_s=3 * self.speed), *rows[1:])


@dataclass
class Forger(Bookkeeper):
    """A seller that shows other rows than those whose hash it told."""

    def show(self, taker: Taker, audit: Audit) -> None:
        record = self.records[audit.round]
        self.records[audit.round] = replace(record, for_sale_bytes_per_s=record.for_sale_bytes_per_s + 1)
        super().show(taker, audit)


@dataclass
class Secretive(Bookkeeper):
    """A seller that knows nothing of its rounds any more."""

    def show(self, taker: Taker, audit: Audit) -> None:
        taker.hear(self, Error(ErrorCode.UNKNOWN_ROUND, "This round is not kept."))
