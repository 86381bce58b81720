"""One automatic bid as the agent has it in mind: what its torrent gets, from whom, for money and without."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from seedbox.domain.lanes import PeersSeen
from speed.agent.auto_seen import SellerSeen
from speed.agent.purchase import Purchase
from speed.agent.sale import ms
from speed.domain.autobid_view import State
from speed.domain.controls import RUN_BLOCKS, SETTLE_PARTS, Controls, Place, RunTally
from speed.domain.deals import Wish
from speed.domain.shortfall import Watch
from speed.domain.supply import NOTHING_SEEN, Outcome, Quoted, Supply
from speed.domain.uplift import UnpaidService, Verdict, verdict
from speed.services.auto_runs import Loaded, Seen

MEAN_OF = timedelta(seconds=30)  # what a torrent gets is taken as a mean of so long, so that bids do not jump
LOOKS_APART = timedelta(seconds=15)  # at most: what was between is not known

Wishes = Mapping[bytes, Wish]  # by seller


class Run:
    def __init__(self, loaded: Loaded, now: datetime) -> None:
        row, self.taken_up_at = loaded.row, now
        self.bid_id: int = row.bid_id
        self.seed, self.block_ms = row.seed, row.block_ms
        self.controls = self._controls(ms(row.began_at)) if row.began_at is not None else None
        self.tally = RunTally(row.run_number, row.paid_bytes, row.paid_ms, row.control_bytes, row.control_ms)
        self.all_paid_ms = row.all_paid_ms
        self.pairs: list[float] = list(row.pairs)
        self.watch = Watch(is_slow=row.is_slow)
        self.state, self.sentence = State(row.state), row.sentence
        self.services = {bytes.fromhex(key): service for key, service in loaded.services.items()}
        self.supplies: dict[bytes, Supply] = {}
        self.quoted: dict[bytes, Quoted] = {}
        self.wishes: Wishes = {}  # as decided last
        self.decided_at: datetime | None = None
        self.decided_by: object = None  # what was said by its user then
        self.control: int | None = None  # that runs, as decided last
        self._looks: deque[tuple[datetime, int, int]] = deque()  # when, in all, without money
        self._sellers: dict[bytes, SellerSeen] = {}
        self._unkept: list[tuple[int, int]] = []  # looks since the last sample: in all, without money

    # --- what is seen

    def look(
        self, report: PeersSeen, purchases: Collection[Purchase], sellers: Mapping[bytes, str], now: datetime
    ) -> None:
        """Take in what the swarm gives; `sellers` are those who sell it, by key, with where they are."""
        by_place: dict[str, int] = {}
        wanted = set()
        for peer in report.peers:
            by_place[peer.place] = by_place.get(peer.place, 0) + peer.down_bytes_per_s
            if peer.is_wanted:
                wanted.add(peer.place)
        deals = {purchase.source.peer_key: purchase for purchase in purchases}
        place, total, bought = self.place_at(now), sum(by_place.values()), 0
        for key, where in sellers.items():
            seen, speed = self._sellers.setdefault(key, SellerSeen()), by_place.get(where, 0)
            has_lane = key in deals and _has_lane(deals[key], now)
            seen.look_at_lane(speed, has_lane=has_lane, now=now)
            if has_lane:
                bought += max(speed - seen.free_bytes_per_s, 0)
            elif self._has_settled(seen, now):
                seen.free.append(speed)
                if self.is_in_control and place is not None and place.is_measured and where in wanted:
                    seen.in_control.append(speed)
            else:
                bought += max(speed - seen.free_bytes_per_s, 0)
        self._count(total, now, has_bids=any(deal.is_bid_sent and not deal.bid.is_paused for deal in deals.values()))
        self._looks.append((now, total, max(total - bought, 0)))
        self._unkept.append((total, max(total - bought, 0)))
        while self._looks[0][0] <= now - MEAN_OF or self._looks[0][0] > now:
            self._looks.popleft()

    def _has_settled(self, seen: SellerSeen, now: datetime) -> bool:
        """Whether what was paid before flows on no longer."""
        settles = timedelta(milliseconds=self.block_ms / SETTLE_PARTS)
        return seen.lane_at is None or not timedelta(0) <= now - seen.lane_at < settles

    def _count(self, total_bytes_per_s: int, now: datetime, *, has_bids: bool) -> None:
        """Count what came since the last look as paid or unpaid, if it was all the one or all the other.

        Time in which money was meant to be bid, and no bid stood, as while a hub is silent, is neither.
        """
        place = self.place_at(now)
        if place is None or not self._looks or self.decided_at is None or not self.state.is_measured:
            return
        before = self._looks[-1][0]
        duration, then = now - before, self.place_at(before)
        if not timedelta(0) < duration <= LOOKS_APART or then is None:
            return
        self._close_run(place)
        if (then.run, then.is_control, then.is_measured) != (place.run, place.is_control, place.is_measured):
            return
        if (self.state is State.CONTROL) != place.is_control or has_bids == place.is_control:
            return
        duration_ms = duration // timedelta(milliseconds=1)
        size_bytes = total_bytes_per_s * duration_ms // 1_000
        self.tally = self.tally.after(place, size_bytes=size_bytes, duration_ms=duration_ms)
        if not place.is_control:
            self.all_paid_ms += duration_ms

    def _close_run(self, place: Place) -> None:
        if place.run != self.tally.run:
            pair = self.tally.pair(block_ms=self.block_ms)
            if pair is not None:
                self.pairs.append(pair)
            self.tally = RunTally(place.run)

    def hear_round(self, seller: bytes, outcome: Outcome, now: datetime) -> None:
        """A seller has said what its round made of our bid: one that does not send what it grants has no more."""
        quoted = self.quoted.get(seller)
        if quoted is not None and not outcome.bid.is_paused:
            supply = self.supplies.get(seller, NOTHING_SEEN)
            supply = supply.after(outcome, ask_ubtt_per_gib=quoted.ask_ubtt_per_gib)
            seen, granted = self._sellers.get(seller), min(outcome.speed_bytes_per_s, outcome.demanded_bytes_per_s)
            if seen is not None and seen.falls_short(granted, now):
                supply = supply.limited_to(seen.came_bytes_per_s)
            self.supplies[seller] = supply

    @property
    def speeds(self) -> tuple[int, int] | None:
        """Return what the torrent gets in all and would get for nothing, as means; None before the first look."""
        if not self._looks:
            return None
        count = len(self._looks)
        return sum(total for _, total, _ in self._looks) // count, sum(free for *_, free in self._looks) // count

    def take_sample(self, purchases: Collection[Purchase], *, needed_bytes_per_s: int, now: datetime) -> Seen | None:
        """Return what was seen since the last sample, before a decision changes anything; None if nothing was."""
        if not self._unkept:
            return None
        looks, self._unkept = self._unkept, []
        lanes = [deal.span for deal in purchases if deal.span is not None and _has_lane(deal, now)]
        speed = sum(lane.speed_bytes_per_s for lane in lanes)
        price = sum(lane.price_ubtt_per_gib * lane.speed_bytes_per_s for lane in lanes)
        return Seen(
            at=now,
            total_bytes_per_s=sum(total for total, _ in looks) // len(looks),
            free_bytes_per_s=sum(free for _, free in looks) // len(looks),
            needed_bytes_per_s=needed_bytes_per_s,
            is_control=self.is_in_control,
            price_ubtt_per_gib=price // speed if speed else 0,
        )

    def free_of(self, seller: bytes) -> int:
        return self._sellers[seller].free_bytes_per_s if seller in self._sellers else 0

    # --- blocks of control

    def place_at(self, now: datetime) -> Place | None:
        return self.controls.place_at(ms(now)) if self.controls is not None else None

    @property
    def is_control(self) -> bool:
        return self.control is not None

    @property
    def is_in_control(self) -> bool:
        """Whether nothing is bid because of a control, and not for another reason beside it."""
        return self.is_control and self.state is State.CONTROL

    def heed_clock(self, now: datetime) -> None:
        """Count on from now where a clock was set back to before the beginning: one block must not last for hours."""
        if self.controls is not None and ms(now) + self.block_ms < self.controls.began_at_ms:
            runs_ms = (self.tally.run + 1) * RUN_BLOCKS * self.block_ms
            self.controls = self._controls(ms(now) - runs_ms)

    def begin(self, now: datetime) -> None:
        """It is bid for the first time: blocks are counted from now on."""
        self.controls = self._controls(ms(now))

    def note_first_bids(self) -> None:
        """What a seller gives before it is first bid to is its baseline."""
        for seller, wish in self.wishes.items():
            if not wish.is_paused and seller not in self.services:
                self.services[seller] = UnpaidService(self.free_of(seller))

    def end_control(self, buys_of: Collection[bytes]) -> list[bytes]:
        """A control is over: judge how these sellers served in it. Return those that starve who does not pay."""
        starving = []
        for seller, seen in self._sellers.items():
            looks, seen.in_control = seen.in_control, []
            service = self.services.get(seller)
            if looks and service is not None and seller in buys_of:
                self.services[seller] = after = service.after_control(sum(looks) // len(looks))
                if after.starves:
                    starving.append(seller)
                    self.services[seller] = replace(after, low_controls=0)
        return starving

    @property
    def verdict(self) -> Verdict:
        return verdict(self.pairs)

    def _controls(self, began_at_ms: int) -> Controls:
        return Controls(bytes.fromhex(self.seed), began_at_ms, self.block_ms)

    # --- its row

    def columns(self) -> dict[str, Any]:
        total, free = self.speeds or (0, 0)
        began_at = datetime.fromtimestamp(self.controls.began_at_ms / 1_000, UTC) if self.controls else None
        return {
            "began_at": began_at,
            "is_slow": self.watch.is_slow,
            "run_number": self.tally.run,
            "paid_bytes": self.tally.paid_bytes,
            "paid_ms": self.tally.paid_ms,
            "control_bytes": self.tally.control_bytes,
            "control_ms": self.tally.control_ms,
            "all_paid_ms": self.all_paid_ms,
            "pairs": list(self.pairs),
            "verdict": str(self.verdict),
            "total_bytes_per_s": total,
            "free_bytes_per_s": free,
        }


def _has_lane(purchase: Purchase, now: datetime) -> bool:
    return purchase.span is not None and purchase.span.runs(ms(now))
