"""The round that a seller holds every ten seconds: who may have how much at which price, told to everybody."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from speed.agent.sale import Sale, ms
from speed.agent.shop import Shop, fresh_salt
from speed.domain import deals
from speed.domain.clearing import Terms as BidTerms
from speed.domain.clearing import clear
from speed.domain.credit import GAP_ROUNDS
from speed.domain.messages import MAX_ROUND_ROWS, Audit, Error, ErrorCode, Grant, Grants, Refuse, Round
from speed.domain.meters import granted
from speed.domain.refusals import Reason
from speed.domain.rounds import ROUND_S, PublishedBid, RoundRecord, bids_hash, leaf_of, round_at, rows_after
from speed.domain.selling import Chance, chance
from speed.services import rounds
from speed.services.rounds import RoundRow
from speed.wire.port import Link

FORGET_EVERY = 360  # rounds: once an hour


@dataclass(frozen=True)
class _Entry:
    """One bid in a round."""

    sale: Sale
    terms: BidTerms
    reason: Reason | None  # for which it can't take part
    salt: bytes


class Rounds:
    """Holds rounds. `share` is called with the lanes as they are wanted, before anybody is told of its lane."""

    def __init__(self, shop: Shop, *, share: Callable[[datetime], None]) -> None:
        self.held = 0
        self._shop = shop
        self._share = share
        self._number = 0
        self._audits: set[Link] = set()  # connections for which a round is being read

    def go_on_after(self, number: int) -> None:
        """Hold no round that was held before the node stopped: whoever was in it then has its hash."""
        self._number = number

    def is_due(self, now: datetime) -> bool:
        """Say whether a round has begun that was not held; a clock that was set back far begins anew."""
        number = round_at(now.timestamp())
        return number > self._number or self._number - number > FORGET_EVERY

    def hold(self, now: datetime) -> None:
        """Hold the round that runs now."""
        self._number = round_at(now.timestamp())
        self._hold(self._number, now)
        if self._number % FORGET_EVERY == 0:
            self._shop.floor.write(partial(rounds.forget_old, self._shop.floor.node_name, now=now))

    # --- one round

    def _hold(self, number: int, now: datetime) -> None:
        self._end_what_can_not_go_on(now)
        entries = self._entries(now)
        if not entries:
            self._share(now)
            return
        terms = self._shop.floor.terms
        clearing = clear(
            ask_ubtt_per_gib=terms.ask_ubtt_per_gib,
            for_sale_bytes_per_s=terms.for_sale_bytes_per_s,
            bids=[entry.terms for entry in entries],
        )
        price = clearing.price_ubtt_per_gib
        rows = []
        for entry, speed, lost_by in zip(entries, clearing.granted_bytes_per_s, clearing.lost_by, strict=True):
            reason = (entry.reason or lost_by) if speed == 0 else None
            rows.append(RoundRow(_published(entry, speed), entry.sale.deal, entry.salt, str(reason or "")))
            self._settle(entry.sale, number, speed, price, reason, now)
        record = RoundRecord(
            number,
            terms.ask_ubtt_per_gib,
            terms.for_sale_bytes_per_s,
            price,
            tuple(sorted(row.published for row in rows)),
        )
        self.held += 1
        self._shop.last_price_ubtt_per_gib = price
        digest = bids_hash(record)
        self._share(now)
        self._tell(entries, record, digest)
        self._shop.floor.write(
            partial(rounds.store, self._shop.floor.node_name, record, rows, bids_hash=digest, now=now)
        )

    def _settle(self, sale: Sale, number: int, speed: int, price: int, reason: Reason | None, now: datetime) -> None:
        if reason is not None:
            sale.refuse(reason, now)
            return
        before = sale.span.ended(ms(now)) if sale.span else None
        span = granted(before, round_number=number, speed_bytes_per_s=speed, price_ubtt_per_gib=price, now_ms=ms(now))
        sale.grant(span)

    def _entries(self, now: datetime) -> list[_Entry]:
        credit = self._shop.book.credit(self._shop.floor.terms)
        entries = []
        for sale in self._shop.book.live:
            if sale.bid.is_paused:
                continue
            wish = sale.bid
            found = chance(credit.prospect(sale, now), now_s=self._hub_time(sale, now))
            if not sale.is_checked or self._shop.checks(sale.goods.key):
                found = Chance(0, Reason.BUSY)  # its hub was not heard yet, or its files are being read
            terms = BidTerms(
                wish.max_price_ubtt_per_gib, wish.spend_ubtt_per_s, wish.useful_bytes_per_s, found.cap_bytes_per_s
            )
            entries.append(_Entry(sale, terms, found.reason, fresh_salt()))
        return entries

    def _hub_time(self, sale: Sale, now: datetime) -> int:
        hub = self._shop.hub_of(sale)
        return hub.time_s(now) if hub else int(now.timestamp())

    # --- what ends

    def _end_what_can_not_go_on(self, now: datetime) -> None:
        trusted = {hub.hub_id for hub in self._shop.floor.terms.hubs}
        for sale in self._shop.book.live:
            if self._shop.hub_id_of(sale).hex() not in trusted:
                self._shop.refuse_sale(sale, Reason.BAD_RECEIPT, now)
            elif not self._shop.sells(sale.goods.key) and not self._shop.checks(sale.goods.key):
                self._shop.refuse_sale(sale, Reason.NOT_SELLING, now)
            elif sale.disagreeing_rounds >= GAP_ROUNDS:
                self._shop.refuse_sale(sale, Reason.METERS_DISAGREE, now)
            elif sale.starved_rounds >= deals.SHARED_ROUNDS:
                self._shop.refuse_sale(sale, Reason.SHARED_ADDRESS, now)

    # --- telling

    def _tell(self, entries: Sequence[_Entry], record: RoundRecord, digest: bytes) -> None:
        grants: dict[Link, list[Grant]] = defaultdict(list)
        price, until = record.price_ubtt_per_gib, (record.round + 1) * ROUND_S
        for entry in entries:
            sale = entry.sale
            if sale.link is None:
                continue
            if sale.span is not None:
                grant = Grant(sale.deal, record.round, sale.span.speed_bytes_per_s, price, entry.salt, until)
                grants[sale.link].append(grant)
            elif sale.refusal is not None:
                sale.link.send(Refuse(sale.deal, record.round, price, sale.refusal, entry.salt, digest))
        for link, given in grants.items():
            link.send(Grants(tuple(given), digest))

    def audit(self, link: Link, audit: Audit, now: datetime) -> None:
        """Show the rows of a round to whoever asks, when it is old enough; one page after another."""
        if link in self._audits:
            link.send(Error(ErrorCode.TOO_MANY, "Another page of a round is being looked up for this connection."))
            return

        def tell(record: RoundRecord | None, _now: datetime) -> None:
            self._audits.discard(link)
            if record is None:
                link.send(Error(ErrorCode.UNKNOWN_ROUND, "This round is not kept, or not to be shown now."))
                return
            page, more = rows_after(record, audit.after, MAX_ROUND_ROWS)
            asks = (record.ask_ubtt_per_gib, record.for_sale_bytes_per_s, record.price_ubtt_per_gib)
            link.send(Round(record.round, *asks, tuple(page), more))

        self._audits.add(link)
        self._shop.floor.write(
            partial(rounds.served, self._shop.floor.node_name, audit.round, now=now), tell, partial(tell, None)
        )

    def forget_link(self, link: Link) -> None:
        self._audits.discard(link)


def _published(entry: _Entry, speed: int) -> PublishedBid:
    bid = entry.terms
    return PublishedBid(
        leaf_of(salt=entry.salt, deal=entry.sale.deal),
        bid.max_price_ubtt_per_gib,
        bid.spend_ubtt_per_s,
        bid.useful_bytes_per_s,
        bid.cap_bytes_per_s,
        speed,
    )
