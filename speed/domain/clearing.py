"""One round's price and shares, exactly: the rule that every buyer can recompute (docs/speed-protocol.md, clearing).

At a price p a bid demands min(cap, spend · 2³⁰ ÷ p) bytes per second, if its ceiling is p or more. The price is the
highest real p, not below the ask, at which all together demand what is for sale. Whoever bids more than it gets its
demand; those whose ceiling is exactly the price share what is left in proportion to their spend. Integers and fractions
of integers only, so that it comes out the same everywhere; a share is rounded down to whole bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd, isqrt
from typing import NamedTuple

from speed.domain.refusals import Reason
from wallet.domain.rounding import GIB

_EXACT_BITS = 128  # two unequal fractions of 63-bit numbers are further apart than 2⁻¹²⁸


class Terms(NamedTuple):
    """What a standing bid says, and how fast its credit lets it be. A cap of 0: it cannot take part in this round."""

    max_price_ubtt_per_gib: int
    spend_ubtt_per_s: int
    useful_bytes_per_s: int
    cap_bytes_per_s: int

    @property
    def is_paused(self) -> bool:
        """Whether it bids nothing: such a bid is no row of a round."""
        return self.spend_ubtt_per_s == 0 or self.useful_bytes_per_s == 0


@dataclass(frozen=True, slots=True)
class Clearing:
    """What a round comes to; shares in the order of the bids."""

    price_ubtt_per_gib: int  # as it is billed: the exact price rounded down, in the buyers' favour
    exact_price: tuple[int, int]  # numerator and denominator
    granted_bytes_per_s: tuple[int, ...]
    lost_by: tuple[Reason | None, ...]  # why a bid got nothing; None: it got something


# A bid that takes part: its ceiling, its largest speed, and its spend times 2³⁰. Plain tuples: a round has thousands.
_Demand = tuple[int, int, int]


def clear(*, ask_ubtt_per_gib: int, for_sale_bytes_per_s: int, bids: Sequence[Terms]) -> Clearing:
    """Return price and shares of one round. The order of bids changes nothing; paused ones get nothing.

    Raises ValueError for numbers below zero, or an ask of nothing.
    """
    if ask_ubtt_per_gib <= 0 or for_sale_bytes_per_s < 0:
        raise ValueError("an ask is above zero, and what is for sale not below")
    demands = sorted(
        [
            (max_price, cap if cap < useful else useful, spend * GIB)
            for max_price, spend, useful, cap in bids
            if max_price >= ask_ubtt_per_gib and spend > 0 and useful > 0 and cap > 0
        ],
        reverse=True,
    )
    price, denominator = _price(ask_ubtt_per_gib, for_sale_bytes_per_s, demands)
    level, level_denominator = _level(price, denominator, for_sale_bytes_per_s, demands)
    granted = [_share(bid, price, denominator, level, level_denominator) if for_sale_bytes_per_s else 0 for bid in bids]
    return Clearing(
        price_ubtt_per_gib=price // denominator,
        exact_price=(price, denominator),
        granted_bytes_per_s=tuple(granted),
        lost_by=tuple(
            None if share else _why_lost(bid, price, denominator) for bid, share in zip(bids, granted, strict=True)
        ),
    )


def _price(ask: int, for_sale: int, demands: Sequence[_Demand]) -> tuple[int, int]:
    """Return the price as a fraction in lowest terms.

    Demand falls as the price rises: there is enough at `low`, unless that is the ask, and too little at `high`. Prices
    in between are tried until no ceiling lies between the two. On the way those are added up once and for all of which
    it is known what binds them from `low` to `high`.
    """
    if not for_sale or not demands:
        return ask, 1
    low, high = ask, demands[0][0] + 1
    open_ones = list(demands)
    capped = bought = tries = 0
    while between := [max_price for max_price, _, _ in open_ones if low < max_price < high]:
        # By halves, so that it comes to an end, and in turns by magnitudes, so that soon most are settled.
        tried = max(low + 1, isqrt(low * high)) if tries % 2 else between[len(between) // 2]
        tries += 1
        there = [demand for demand in open_ones if demand[0] >= tried]
        if capped * tried + bought + _wanted(there, tried) >= for_sale * tried:
            low = tried
        else:
            high = tried
        rest = [demand for demand in open_ones if low <= demand[0] < high]
        sure = [demand for demand in open_ones if demand[0] >= high]
        unsettled, more_capped, more_bought = _settle(sure, low, high)
        open_ones = unsettled + rest
        capped, bought = capped + more_capped, bought + more_bought
    above = [demand for demand in open_ones if demand[0] > low]
    if capped * low + bought + _wanted(above, low) < for_sale * low:
        return low, 1
    # Also without those whose ceiling is `low` there is enough: the price is above it, and below the next ceiling.
    price, denominator = _root(above, for_sale, capped, bought)
    shared = gcd(price, denominator)
    return price // shared, denominator // shared


def _wanted(demands: Iterable[_Demand], price: int) -> int:
    """Return what they demand at a whole price, times the price."""
    return sum([paid if (paid := cap * price) < money else money for _, cap, money in demands])


def _settle(demands: Iterable[_Demand], low: int, high: int) -> tuple[list[_Demand], int, int]:
    """Return those of which it is open what binds them at prices from `low` to `high`, and two sums of the others.

    First the sum of caps that bind, then that of moneys.
    """
    open_ones = []
    capped = bought = 0
    for demand in demands:
        _, cap, money = demand
        if cap * high <= money:
            capped += cap
        elif cap * low >= money:
            bought += money
        else:
            open_ones.append(demand)
    return open_ones, capped, bought


def _root(demands: Iterable[_Demand], for_sale: int, capped: int, bought: int) -> tuple[int, int]:
    """Return the highest price, as a fraction, at which they demand what is for sale, with what is settled already.

    There is one. Each has a price up to which its cap binds, and above which its money does: sorted by it, those that
    money binds come first.
    """
    bound = sorted([((money << _EXACT_BITS) // cap, cap, money) for _, cap, money in demands])
    moneys = list(accumulate((money for _, _, money in bound), initial=bought))
    caps = list(accumulate((cap for _, cap, _ in reversed(bound)), initial=capped))[::-1]
    # Money binds the first so many: as many as can be, so that at the price of the last of them there is enough.
    first, behind = 0, len(bound) + 1
    while behind - first > 1:
        middle = (first + behind) // 2
        _, cap, money = bound[middle - 1]
        if caps[middle] * money + moneys[middle] * cap >= for_sale * money:
            first = middle
        else:
            behind = middle
    return moneys[first], for_sale - caps[first]


def _level(price: int, denominator: int, for_sale: int, demands: Sequence[_Demand]) -> tuple[int, int]:
    """Return λ of those whose ceiling is the price, as a fraction: they share what the others leave.

    It is never above what their money would buy at the price.
    """
    if denominator > 1 or not for_sale:
        return 0, 1
    # All of it times the price, so that it stays a whole number.
    left = for_sale * price - sum([min(cap * price, money) for max_price, cap, money in demands if max_price > price])
    marginal = [(price, cap * price, money) for max_price, cap, money in demands if max_price == price]
    if _wanted(marginal, 1) <= left:
        return GIB, price
    if left <= 0:
        return 0, 1
    # What they demand at λ = 2³⁰ ÷ q they demand at a price of q; here in units of the price, so it is 1 or more, and
    # below what would buy all of them together too little.
    most = sum([money for _, _, money in marginal]) // left + 1
    open_ones, capped, bought = _settle(marginal, 1, most)
    root, root_denominator = _root(open_ones, left, capped, bought)
    return GIB * root_denominator, root * price


def _share(bid: Terms, price: int, denominator: int, level: int, level_denominator: int) -> int:
    """Return the whole bytes per second of one bid."""
    max_price, spend, useful, cap = bid
    offered = max_price * denominator
    if offered < price or not spend:
        return 0
    is_marginal = offered == price
    bought = spend * level // level_denominator if is_marginal else spend * GIB * denominator // price
    return min(bought, useful, cap)


def _why_lost(bid: Terms, price: int, denominator: int) -> Reason:
    if bid.max_price_ubtt_per_gib * denominator < price:
        return Reason.PRICE_TOO_LOW
    return Reason.UNPAID if bid.cap_bytes_per_s == 0 else Reason.NO_CAPACITY
