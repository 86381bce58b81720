"""What a node might ask per GiB, from a week of its rounds and from what buyers would pay at most.

Rounds clear at one price, the ask or above it. Above it buyers competed for what there was, so a higher ask would have
sold as well. Where much was left over and buyers' ceilings lie below the ask, a lower one would have sold more. A
suggestion moves by half or to double at most, for one odd buyer is no market, and is written in two digits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB
from wallet.domain.language import counted as ngettext
from wallet.domain.language import said as _
from wallet.domain.money import Asset, format_amount, format_count

LEAST_ROUNDS = 60  # ten minutes of bids: less is chance
COMPETED_PERCENT = 50  # of a week's rounds
IDLE_PERCENT = 50  # of what was for sale in rounds
BLIND_STEP_PERCENT = 80  # where nothing is known but that nobody bids


class Way(StrEnum):
    RAISE = "raise"
    LOWER = "lower"
    STAY = "stay"
    UNKNOWN = "unknown"  # not enough is known


@dataclass(frozen=True)
class Sold:
    """Rounds that cleared at one price."""

    price_ubtt_per_gib: int
    rounds: int
    competed: int  # of them: those that cleared above their own ask
    granted_bytes_per_s: int  # summed over them
    for_sale_bytes_per_s: int  # likewise


@dataclass(frozen=True)
class Demand:
    """What a node has seen of buyers within a week."""

    sells: bool
    ask_ubtt_per_gib: int
    sold: Sequence[Sold]
    ceilings: Sequence[int]  # the highest of each buyer
    leechers: int  # connected now to what is for sale


@dataclass(frozen=True)
class Suggestion:
    way: Way
    ask_ubtt_per_gib: int  # the node's own where nothing is suggested
    sentence: str


def suggest(demand: Demand, *, asset: Asset) -> Suggestion:
    """Return what to ask, and why."""
    ask = demand.ask_ubtt_per_gib
    if not demand.sells:
        return Suggestion(Way.UNKNOWN, ask, _("Selling is off: turn it on, and a week of rounds will tell."))
    granted = sum(one.granted_bytes_per_s for one in demand.sold)
    if not granted:
        return _of_no_sale(demand, asset)
    rounds = sum(one.rounds for one in demand.sold)
    if rounds < LEAST_ROUNDS:
        text = _(
            "Not enough is known: buyers bid in %(rounds)s rounds within a week, and %(least_rounds)s tell something."
        ) % {"rounds": rounds, "least_rounds": LEAST_ROUNDS}
        return Suggestion(Way.UNKNOWN, ask, text)
    return _of_sales(demand, granted, rounds, asset)


def _of_no_sale(demand: Demand, asset: Asset) -> Suggestion:
    ask, below = demand.ask_ubtt_per_gib, _below(demand)
    if below:
        text = ngettext(
            "Nothing was sold, though there were bids by one buyer within a week, of up to %(price)s.",
            "Nothing was sold, though there were bids by %(number)s buyers within a week, of up to %(price)s.",
            len(below),
        ) % {"number": format_count(len(below)), "price": _price(below[-1], asset)}
        return _lower(ask, _median(below), text, asset)
    if demand.leechers and not demand.ceilings:
        text = _(
            "Nothing was sold and nobody has bid within a week; leechers connected now: "
            "%(leechers)s. Those that know of no market buy at no price."
        ) % {"leechers": format_count(demand.leechers)}
        return _lower(ask, ask * BLIND_STEP_PERCENT // 100, text, asset)
    return Suggestion(Way.UNKNOWN, ask, _("Not enough is known: nothing was sold within a week."))


def _of_sales(demand: Demand, granted: int, rounds: int, asset: Asset) -> Suggestion:
    ask, below = demand.ask_ubtt_per_gib, _below(demand)
    competed = sum(one.competed for one in demand.sold) * 100 // rounds
    cleared = sum(one.price_ubtt_per_gib * one.granted_bytes_per_s for one in demand.sold) // granted
    average = _price(_rounded(cleared, 3, _down), asset)
    used = granted * 100 // max(sum(one.for_sale_bytes_per_s for one in demand.sold), granted)
    if cleared > ask and competed >= COMPETED_PERCENT:
        # Halfway: a round without competition sells at the ask alone, and a ceiling below it buys nothing.
        wanted = min([(ask + cleared) // 2, *([_median(sorted(demand.ceilings))] if demand.ceilings else [])])
        text = _("Buyers competed in %(competed)s %% of a week's rounds, which cleared at %(average)s on average.") % {
            "competed": competed,
            "average": average,
        }
        return _raise(ask, wanted, text, asset)
    if used < IDLE_PERCENT and below:
        text = ngettext(
            "In a week's rounds %(used)s %% of what is for sale was sold, "
            "and ceilings of one buyer were below the ask.",
            "In a week's rounds %(used)s %% of what is for sale was sold, "
            "and ceilings of %(number)s buyers were below the ask.",
            len(below),
        ) % {"used": used, "number": format_count(len(below))}
        return _lower(ask, _median(below), text, asset)
    text = _("In a week's rounds %(used)s %% of what is for sale was sold, at %(average)s on average: it fits.") % {
        "used": used,
        "average": average,
    }
    return Suggestion(Way.STAY, ask, text)


def _below(demand: Demand) -> list[int]:
    """Return the ceilings that the ask shuts out, the lowest first."""
    return sorted(ceiling for ceiling in demand.ceilings if ceiling < demand.ask_ubtt_per_gib)


def _median(ordered: Sequence[int]) -> int:
    """Return a price that at least half of these would pay."""
    return ordered[(len(ordered) - 1) // 2]


def _raise(ask: int, wanted: int, text: str, asset: Asset) -> Suggestion:
    price = min(_rounded(min(wanted, 2 * ask), 2, _down), MAX_PRICE_UBTT_PER_GIB)
    if price <= ask:
        why = _("Half of them would pay no more than you ask.") if wanted <= ask else _("The ask is close to it.")
        return Suggestion(Way.STAY, ask, f"{text} {why}")
    return Suggestion(Way.RAISE, price, f"{text} {_try(price, asset)}")


def _lower(ask: int, wanted: int, text: str, asset: Asset) -> Suggestion:
    # Up, so that two digits never come to less than the least price, nor to less than half.
    price = max(_rounded(max(wanted, -(-ask // 2)), 2, _up), MIN_PRICE_UBTT_PER_GIB)
    if price >= ask:
        why = _("It can't be much lower.")
        return Suggestion(Way.STAY, ask, f"{text} {why}")
    return Suggestion(Way.LOWER, price, f"{text} {_try(price, asset)}")


def _rounded(price: int, digits: int, to: Callable[[int, int], int]) -> int:
    return to(price, 10 ** max(len(str(price)) - digits, 0))


def _down(price: int, step: int) -> int:
    return price // step * step


def _up(price: int, step: int) -> int:
    return -(-price // step) * step


def _try(price_ubtt_per_gib: int, asset: Asset) -> str:
    return _("Try %(price)s.") % {"price": _price(price_ubtt_per_gib, asset)}


def _price(price_ubtt_per_gib: int, asset: Asset) -> str:
    return f"{format_amount(price_ubtt_per_gib, asset)}/GiB"
