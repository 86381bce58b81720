"""From whom a missing speed is bought most cheaply: each seller's curve in steps, the cheapest first.

A seller's upload costs more each the more of it is taken, for all of it has one price. What counts is what a little
more costs in all. So each curve of costs is replaced by the straight steps below it, and the steps of all sellers are
taken in the order of their slopes until it is enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from speed.domain.supply import LEAST_LANE_BYTES_PER_S, Quoted, Supply, spared

MAX_STEPS = 64  # of prices, between ask and ceiling
STAY_PERCENT = 10  # so much cheaper must another seller be than one that serves already: lanes take time to open


@dataclass(frozen=True, slots=True)
class Source:
    """One seller, as a plan sees it."""

    seller: str
    quoted: Quoted
    supply: Supply
    free_bytes_per_s: int = 0  # what it gives without a lane; a lane is in place of that
    is_in_use: bool = False


@dataclass(frozen=True, slots=True)
class Lot:
    """What is to be bought from one seller, and the price at which it is probably to be had."""

    seller: str
    speed_bytes_per_s: int
    price_ubtt_per_gib: int
    gain_bytes_per_s: int  # beyond what it gives without a lane


class _Option(NamedTuple):
    gain: int
    cost: int  # speed times price
    price: int
    speed: int


class _Step(NamedTuple):
    slope: Fraction
    seller: str
    upto: _Option


def cheapest(missing_bytes_per_s: int, sources: Sequence[Source], *, ceiling_ubtt_per_gib: int) -> list[Lot]:
    """Return what to buy so that nothing is missing, or all there is up to the ceiling; cheapest first."""
    options = {source.seller: _options(source, ceiling_ubtt_per_gib) for source in sources}
    taken: dict[str, int] = {}  # gain by seller
    left = missing_bytes_per_s
    for step in sorted(step for source in sources for step in _steps(source, options[source.seller])):
        if left <= 0:
            break
        before = taken.get(step.seller, 0)
        more = min(step.upto.gain - before, left)
        taken[step.seller] = before + more
        left -= more
    by_seller = {source.seller: source for source in sources}
    return [_lot(by_seller[seller], gain, options[seller]) for seller, gain in taken.items()]


def _options(source: Source, ceiling: int) -> list[_Option]:
    """Return what is to be had for which price, dearer ones only if they bring more."""
    options: list[_Option] = []
    most = 0
    for price in _prices(source, ceiling):
        speed = spared(source.supply.speed_at(price, source.quoted))
        gain = speed - source.free_bytes_per_s
        if speed >= LEAST_LANE_BYTES_PER_S and gain > most:
            most = gain
            options.append(_Option(gain, speed * price, price, speed))
    return options


def _prices(source: Source, ceiling: int) -> list[int]:
    ask = source.quoted.ask_ubtt_per_gib
    if ask > ceiling:
        return []
    prices, price = {ask, ceiling}, ask
    while price < ceiling and len(prices) < MAX_STEPS:
        prices.add(price)
        price = price * 9 // 8 + 1
    known = {point.price_ubtt_per_gib for point in source.supply.points}
    return sorted(prices | {price for price in known if ask < price < ceiling})


def _steps(source: Source, options: Sequence[_Option]) -> list[_Step]:
    """Return the lower hull of a seller's costs, from nothing on: its slopes rise."""
    hull = [_Option(0, 0, 0, 0)]
    for option in options:
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) >= _slope(hull[-1], option):
            hull.pop()
        hull.append(option)
    percent = 100 if source.is_in_use else 100 + STAY_PERCENT
    return [_Step(_slope(before, option) * percent, source.seller, option) for before, option in pairwise(hull)]


def _slope(before: _Option, after: _Option) -> Fraction:
    return Fraction(after.cost - before.cost, after.gain - before.gain)


def _lot(source: Source, gain: int, options: Sequence[_Option]) -> Lot:
    """Return the lot that gains so much: at the lowest price at which it is to be had, and no smaller than a lane."""
    option = next(one for one in options if one.gain >= gain)
    speed = max(gain + source.free_bytes_per_s, LEAST_LANE_BYTES_PER_S)
    return Lot(source.seller, min(speed, option.speed), option.price, gain)
