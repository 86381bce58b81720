"""How much one seller's upload gives at which price, as its rounds have shown: what a bidder plans with.

At a price p a bidder gets what is for sale without what all others demand at p. A round shows one point of that curve:
who got all that it demanded, or exactly what was left at its own ceiling, knows what is to be had at the round's price.
At the ask it may be more. Between and beyond the points the others are taken to be limited by their money, which is the
usual case: their demand is then in proportion to 1 ÷ p. Where that is wrong the next round shows another point.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from speed.domain.deals import Wish
from wallet.domain.rounding import GIB

KEPT_ROUNDS = 30  # what was seen before that is forgotten, and so tried again every five minutes at most
FULL_PERCENT = 98  # of what was demanded: all of it
SAME_PERCENT = 5  # two rounds that differ by less show the same market
LEAST_LANE_BYTES_PER_S = 16 * 1024  # no smaller lane is bought
# Less than what is left is demanded, by one part of so many: who demands all of it sets the price by its own ceiling.
SPARED_PARTS = 64


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a seller says of itself."""

    ask_ubtt_per_gib: int
    last_price_ubtt_per_gib: int  # 0: it has held no round
    for_sale_bytes_per_s: int
    other_bidders: int  # without us


class Point(NamedTuple):
    """At this price so much was to be had; if it is not exact, or more."""

    price_ubtt_per_gib: int
    speed_bytes_per_s: int
    round: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one round made of a bid that stood in it."""

    round: int
    bid: Wish
    price_ubtt_per_gib: int
    speed_bytes_per_s: int  # 0: refused

    @property
    def demanded_bytes_per_s(self) -> int:
        if self.price_ubtt_per_gib > self.bid.max_price_ubtt_per_gib:
            return 0
        bought = self.bid.spend_ubtt_per_s * GIB // max(self.price_ubtt_per_gib, 1)
        return min(self.bid.useful_bytes_per_s, bought)

    @property
    def is_full(self) -> bool:
        """Whether it got all that it demanded; a bid below the price demanded nothing, and is not full."""
        demanded = self.demanded_bytes_per_s
        return demanded > 0 and self.speed_bytes_per_s * 100 >= demanded * FULL_PERCENT


@dataclass(frozen=True, slots=True)
class Supply:
    """What is known of one seller's curve, by its price; both numbers never fall from one point to the next."""

    points: tuple[Point, ...] = ()
    last: Outcome | None = None
    most_bytes_per_s: int | None = None  # that its credit, or its line, lets us have whatever we bid; None: no limit
    is_shared: bool = False  # others have our very ceiling: what is left goes by how much each demands

    def after(self, outcome: Outcome, *, ask_ubtt_per_gib: int) -> "Supply":
        """Return it after one more round. What it contradicts was another market: all before is forgotten."""
        seen = _seen(outcome, ask_ubtt_per_gib)
        points = list(self.fresh(outcome.round).points)
        if seen is not None:
            if any(_contradicts(point, seen) for point in points):
                points = []
            points = sorted([*(point for point in points if _fits(point, seen)), seen])
        return Supply(tuple(points), outcome, _most(outcome, self.most_bytes_per_s), self._is_shared_after(outcome))

    def limited_to(self, speed_bytes_per_s: int) -> "Supply":
        """Return it when no more than that came, whatever was granted."""
        return replace(self, most_bytes_per_s=max(speed_bytes_per_s, LEAST_LANE_BYTES_PER_S))

    def _is_shared_after(self, outcome: Outcome) -> bool:
        """Whether it demanded no more than was to be had at its ceiling, and got less; or did so before, and gets less.

        Else demanding less there would be right, as the others' ceilings are higher, and the price falls.
        """
        price = outcome.bid.max_price_ubtt_per_gib
        if outcome.is_full or outcome.price_ubtt_per_gib != price:
            return False
        had = [point.speed_bytes_per_s for point in self.points if point.price_ubtt_per_gib == price]
        return self.is_shared or any(outcome.demanded_bytes_per_s <= speed for speed in had)

    def fresh(self, now_round: int) -> "Supply":
        """Return it without what was seen too long ago, or is yet to come, as a clock that was set back says."""
        kept = tuple(point for point in self.points if 0 <= now_round - point.round < KEPT_ROUNDS)
        last = self.last if self.last is not None and 0 <= now_round - self.last.round < KEPT_ROUNDS else None
        return Supply(kept, last, self.most_bytes_per_s if last else None, self.is_shared and last is not None)

    def speed_at(self, price_ubtt_per_gib: int, quoted: Quoted) -> int:
        """Return how much is probably to be had at a price."""
        if price_ubtt_per_gib < quoted.ask_ubtt_per_gib:
            return 0
        for_sale = quoted.for_sale_bytes_per_s
        points = self._with_quote(quoted)
        below = [point for point in points if point.price_ubtt_per_gib <= price_ubtt_per_gib]
        above = [point for point in points if point.price_ubtt_per_gib > price_ubtt_per_gib]
        at_least = below[-1].speed_bytes_per_s if below else 0
        if below and below[-1].is_exact and below[-1].price_ubtt_per_gib == price_ubtt_per_gib:
            found = at_least
        elif above:
            found = max(at_least, _beside(above[0], price_ubtt_per_gib, for_sale))
            found = min(found, above[0].speed_bytes_per_s)
        elif below and below[-1].is_exact:
            found = _beside(below[-1], price_ubtt_per_gib, for_sale)
        else:
            room = for_sale - at_least
            guess = Point(
                quoted.ask_ubtt_per_gib, at_least + (room // 2 if quoted.other_bidders else room), 0, is_exact=False
            )
            found = _beside(guess, price_ubtt_per_gib, for_sale)
        most = for_sale if self.most_bytes_per_s is None else min(for_sale, self.most_bytes_per_s)
        return max(min(found, most), 0)

    def _with_quote(self, quoted: Quoted) -> tuple[Point, ...]:
        """Return the points; who has not bid yet knows that at the last price all went to others, if it was no ask."""
        if self.points or quoted.last_price_ubtt_per_gib <= quoted.ask_ubtt_per_gib or not quoted.other_bidders:
            return self.points
        return (Point(quoted.last_price_ubtt_per_gib, 0, 0, is_exact=True),)


NOTHING_SEEN = Supply()


def spared(speed_bytes_per_s: int) -> int:
    """Return how much of what is to be had should be demanded."""
    return speed_bytes_per_s - speed_bytes_per_s // SPARED_PARTS


def _seen(outcome: Outcome, ask: int) -> Point | None:
    price, speed = outcome.price_ubtt_per_gib, outcome.speed_bytes_per_s
    if price > outcome.bid.max_price_ubtt_per_gib:
        return Point(price, 0, outcome.round, is_exact=True) if price > ask else None
    if outcome.is_full or price == outcome.bid.max_price_ubtt_per_gib:
        return Point(price, speed, outcome.round, is_exact=not outcome.is_full or price > ask)
    return None  # its credit, or want of a voucher, was what held it back


def _most(outcome: Outcome, before: int | None) -> int | None:
    is_price = outcome.price_ubtt_per_gib >= outcome.bid.max_price_ubtt_per_gib
    if is_price:
        return before
    if not outcome.is_full:
        return max(outcome.speed_bytes_per_s, LEAST_LANE_BYTES_PER_S)
    # It grows with what is paid: a quarter more is tried.
    return before if before is None else max(before, outcome.speed_bytes_per_s + outcome.speed_bytes_per_s // 4)


def _contradicts(old: Point, new: Point) -> bool:
    """Whether the old one shows clearly less above the new price, or more below it."""
    if old.price_ubtt_per_gib >= new.price_ubtt_per_gib and old.is_exact:
        return old.speed_bytes_per_s * 100 < new.speed_bytes_per_s * (100 - SAME_PERCENT)
    if old.price_ubtt_per_gib <= new.price_ubtt_per_gib and new.is_exact:
        return old.speed_bytes_per_s * (100 - SAME_PERCENT) > new.speed_bytes_per_s * 100
    return False


def _fits(old: Point, new: Point) -> bool:
    """Whether an old point can stay beside a new one: it says more than that, and nothing else."""
    if old.price_ubtt_per_gib == new.price_ubtt_per_gib:
        return False
    if old.price_ubtt_per_gib > new.price_ubtt_per_gib:
        return old.speed_bytes_per_s >= new.speed_bytes_per_s
    return old.speed_bytes_per_s <= new.speed_bytes_per_s


def _beside(point: Point, price: int, for_sale: int) -> int:
    """Return what is to be had at another price if the others' demand goes with 1 ÷ p, rounded down."""
    others = for_sale - point.speed_bytes_per_s
    return for_sale + -(others * point.price_ubtt_per_gib) // price
