"""Lanes and meters of the selling side: what is sent is billed, and lanes fall when their window is used up."""

from collections import defaultdict
from datetime import datetime

from seedbox.domain.lanes import Lane, LaneKind, LanesStand, LaneStand, Sent, ShareUpload
from speed.agent.meter import SellersMeter
from speed.agent.sale import Sale, ms
from speed.agent.shop import Shop
from speed.domain import deals
from speed.domain.messages import Meter, Meters
from speed.domain.selling import keeps_its_speed

METERS_EVERY_S = 1.0


class Lanes:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._meter = SellersMeter()
        self._stands: dict[str, LaneStand] = {}
        self._asked = ShareUpload()
        self._watched: dict[str, frozenset[str]] = {}
        self._told_at: datetime | None = None

    def stand(self, report: LanesStand) -> None:
        self._stands = dict(report.places)

    def sent(self, report: Sent, now: datetime) -> None:
        """Bill what was sent, and let lanes fall that have no room left."""
        grown = self._meter.read(report.readings)
        for sale in self._shop.book.live:
            if size_bytes := grown.get((sale.goods.key, sale.place), 0):
                sale.sent(size_bytes, ms(now))
        self.share(now, is_round=False)

    def share(self, now: datetime, *, is_round: bool = True) -> None:
        """Ask for lanes as they should be now. A round asks in any case: what was asked stands for some time only."""
        self._look_at_windows(now)
        order = self._order()
        if order != self._asked or (is_round and order.lanes):
            self._asked = order
            self._shop.floor.ask(order)
        self._watch()

    def judge_round(self, now: datetime) -> None:
        """Count rounds in which a deal got too little of its lane, or its buyer saw too little of what was sent."""
        for sale in self._shop.book.live:
            sale.linked_at, sale.is_dirty = now, True
            if not sale.had_lane:
                continue
            stand = self._stands.get(sale.place)
            is_in_lane = stand is not None and stand.kind is not LaneKind.WAITING
            sale.rounds_in_lane = sale.rounds_in_lane + 1 if is_in_lane else 0
            since_bounce = sale.rounds_in_lane - 1
            # A buyer that has paid for all that it counts says nothing more: what was last judged goes on counting.
            sale.disagreeing_rounds = deals.gap_rounds(
                before=sale.disagreeing_rounds, is_too_large=sale.has_large_gap, since_bounce=since_bounce
            )
            if sale.span is not None and stand is not None and sale.is_lane_open and _is_used(stand):
                granted_bytes = sale.granted_bytes_per_s * (ms(now) - sale.span.began_at_ms) // 1_000
                sale.starved_rounds = deals.starved_rounds(
                    before=sale.starved_rounds,
                    sent_bytes=sale.span.billed_bytes,
                    granted_bytes=granted_bytes,
                    since_bounce=since_bounce,
                )

    def tell_meters(self, now: datetime) -> None:
        """Tell buyers once a second what we count: information, no bill."""
        if self._told_at is not None and 0 <= (now - self._told_at).total_seconds() < METERS_EVERY_S:
            return
        self._told_at = now
        for link in self._shop.floor.links:
            running = [sale for sale in self._shop.book.of_link(link) if sale.span is not None]
            if running:
                link.send(Meters(tuple(_meter(sale) for sale in running)))

    # --- windows

    def _look_at_windows(self, now: datetime) -> None:
        credit = self._shop.book.credit(self._shop.floor.terms)
        for sale in self._shop.book.live:
            if sale.span is None:
                if not credit.is_half_used(sale):
                    sale.unpaid_since_ms = None
                continue
            if not sale.span.runs(ms(now)):
                sale.end_span(now)
                continue
            sale.is_lane_open = keeps_its_speed(
                credit.prospect(sale, now), was_open=sale.is_lane_open, speed_bytes_per_s=sale.granted_bytes_per_s
            )
            if credit.is_half_used(sale) or not sale.is_lane_open:
                sale.unpaid_since_ms = ms(now) if sale.unpaid_since_ms is None else sale.unpaid_since_ms
            else:
                sale.unpaid_since_ms = None

    # --- orders

    def _order(self) -> ShareUpload:
        speeds: dict[str, int] = defaultdict(int)
        torrents: dict[str, set[str]] = defaultdict(set)
        for sale in self._shop.book.live:
            if sale.had_lane:
                speeds[sale.place] += sale.granted_bytes_per_s if sale.is_lane_open else 0
                torrents[sale.place].add(sale.goods.key)
        if not torrents:
            return ShareUpload()
        terms = self._shop.floor.terms
        return ShareUpload(
            limit_bytes_per_s=terms.upload_limit_bytes_per_s,
            free_share_ppm=terms.free_share_ppm,
            lanes={place: Lane(speeds[place], frozenset(keys)) for place, keys in torrents.items()},
        )

    def _watch(self) -> None:
        places: dict[str, set[str]] = defaultdict(set)
        for sale in self._shop.book.live:
            if not sale.bid.is_paused:
                places[sale.goods.key].add(sale.place)
        wanted = {key: frozenset(there) for key, there in places.items()}
        if wanted != self._watched:
            self._watched = wanted
            self._meter.watch(wanted)
            self._shop.floor.watch_sells(wanted)


def _meter(sale: Sale) -> Meter:
    return Meter(sale.deal, sale.sent_bytes, sale.billed.owed_ubtt, sale.cumulative_ubtt)


def _is_used(stand: LaneStand) -> bool:
    """Say whether somebody at the place takes up its lane: a buyer that asks for little is not starved by others."""
    return stand.sent_bytes_per_s * 100 >= stand.limit_bytes_per_s * deals.SHARED_PERCENT
