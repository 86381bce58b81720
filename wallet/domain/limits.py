"""How much may be withdrawn: in one request, and in windows that roll with time. No midnight lets anybody through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)  # not "a day": no daylight saving makes it longer or shorter


@dataclass(frozen=True)
class Spent:
    """A withdrawal that counts: one whose money is held, on its way or gone."""

    at: datetime
    amount_ubtt: int


@dataclass(frozen=True)
class Window:
    """At most `most_ubtt` within any `span`, the request itself included."""

    span: timedelta
    most_ubtt: int
    is_everybodys: bool  # counts the withdrawals of all users together


@dataclass(frozen=True)
class Over:
    """A window that the request does not fit into; `free_at` says when it will, None that it never does."""

    window: Window
    left_ubtt: int
    free_at: datetime | None


def first_over(
    windows: Iterable[Window], *, amount_ubtt: int, own: Sequence[Spent], all_spent: Sequence[Spent], now: datetime
) -> Over | None:
    """Return the window that keeps the request waiting longest, or None when it fits into all of them."""
    overs = [
        over
        for window in windows
        if (over := _over(window, amount_ubtt, all_spent if window.is_everybodys else own, now))
    ]
    return max(overs, key=_waits, default=None)


def left_ubtt(window: Window, spent: Iterable[Spent], *, now: datetime) -> int:
    return max(window.most_ubtt - sum(one.amount_ubtt for one in spent if one.at > now - window.span), 0)


def _over(window: Window, amount_ubtt: int, spent: Sequence[Spent], now: datetime) -> Over | None:
    left = left_ubtt(window, spent, now=now)
    if amount_ubtt <= left:
        return None
    return Over(window, left, _free_at(window, amount_ubtt, spent, now))


def _free_at(window: Window, amount_ubtt: int, spent: Sequence[Spent], now: datetime) -> datetime | None:
    """Return when enough of what counts has left the window: it is outside exactly `span` after it was asked for."""
    if amount_ubtt > window.most_ubtt:
        return None
    within = sorted((one for one in spent if one.at > now - window.span), key=lambda one: one.at)
    sum_ubtt = sum(one.amount_ubtt for one in within)
    for one in within:
        sum_ubtt -= one.amount_ubtt
        if sum_ubtt + amount_ubtt <= window.most_ubtt:
            return one.at + window.span
    return None  # not reached: without any of them the amount fits


def _waits(over: Over) -> tuple[bool, float]:
    return over.free_at is None, over.free_at.timestamp() if over.free_at else 0.0
