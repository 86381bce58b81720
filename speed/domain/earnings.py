"""What was earned and spent over time: spans of time in steps of equal length, and amounts stacked by name.

Steps are those of UTC. Amounts are whole µBTT, and what is shown of them always sums up to what was handed in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

MAX_STEPS = 400  # so many bars can be told apart on a wide screen
MAX_SERIES = 8  # that have a name; all others are one
OTHERS = "*"  # its key: no torrent, node or kind can be called so

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Period(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"


class By(StrEnum):
    TORRENT = "torrent"
    NODE = "node"
    KIND = "kind"


class Side(StrEnum):
    EARNED = "earned"
    SPENT = "spent"
    NET = "net"


_STEPS: dict[Period, tuple[timedelta, int]] = {
    Period.HOUR: (_MINUTE, 60),
    Period.DAY: (_HOUR, 24),
    Period.WEEK: (_HOUR, 7 * 24),
    Period.MONTH: (_DAY, 30),
    Period.YEAR: (_DAY, 365),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Some steps one after the other; the last one is that of now, so it still grows."""

    since: datetime
    step: timedelta
    count: int

    @property
    def until(self) -> datetime:
        """Return when the last step ends."""
        return self.since + self.step * self.count

    @property
    def is_of_days(self) -> bool:
        return self.step >= _DAY

    @property
    def starts(self) -> tuple[datetime, ...]:
        return tuple(self.since + self.step * number for number in range(self.count))

    def number_of(self, at: datetime) -> int | None:
        """Return in which step a moment lies; None where it lies in none."""
        number = (at - self.since) // self.step
        return number if 0 <= number < self.count else None


def span_of(period: Period, *, first_at: datetime | None, now: datetime) -> Span:
    """Return the span of a period that ends now; all of it begins with the day of what was first.

    Of very many days a step has several, so that there are no more than MAX_STEPS.
    """
    if period is not Period.ALL:
        step, count = _STEPS[period]
        return Span(floor(now, step) - step * (count - 1), step, count)
    today = floor(now, _DAY)
    days = (today - floor(min(first_at or now, now), _DAY)).days + 1
    days = max(days, _STEPS[Period.MONTH][1])
    step = _DAY * -(-days // MAX_STEPS)
    count = -(-days // step.days)
    return Span(today + _DAY - step * count, step, count)


def floor(at: datetime, step: timedelta) -> datetime:
    """Return when the step of UTC began that a moment lies in."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (at - epoch) // step * step


@dataclass(frozen=True, slots=True)
class Amount:
    """What one torrent, node or kind brought and cost in a step."""

    at: datetime
    key: str
    label: str
    earned_ubtt: int
    spent_ubtt: int

    def of(self, side: Side) -> int:
        if side is Side.NET:
            return self.earned_ubtt - self.spent_ubtt
        return self.earned_ubtt if side is Side.EARNED else self.spent_ubtt


@dataclass(frozen=True, slots=True)
class Series:
    """One name's amounts, a number for each step."""

    key: str
    label: str
    values_ubtt: tuple[int, ...]

    @property
    def total_ubtt(self) -> int:
        return sum(self.values_ubtt)


@dataclass(frozen=True, slots=True)
class Stack:
    """The largest series first, all others as one at the end."""

    span: Span
    series: tuple[Series, ...]

    @property
    def totals_ubtt(self) -> tuple[int, ...]:
        """Return what all series have together in each step."""
        return tuple(sum(one.values_ubtt[number] for one in self.series) for number in range(self.span.count))

    @property
    def total_ubtt(self) -> int:
        return sum(one.total_ubtt for one in self.series)


def stack(amounts: Iterable[Amount], *, span: Span, side: Side, others: str, limit: int = MAX_SERIES) -> Stack:
    """Return the amounts of a span by name; names without any are left out. `others` is what those beyond are called.

    The largest are those that moved most, whichever way: what was earned and spent in equal parts is large, too.
    What comes in under the key OTHERS already has no name to be called by.
    """
    values: dict[str, list[int]] = {}
    labels: dict[str, str] = {}
    for one in amounts:
        number, amount_ubtt = span.number_of(one.at), one.of(side)
        if number is not None and amount_ubtt:
            values.setdefault(one.key, [0] * span.count)[number] += amount_ubtt
            labels[one.key] = one.label
    known = values.keys() - {OTHERS}
    largest = sorted(known, key=lambda key: (-sum(map(abs, values[key])), labels[key], key))
    named, rest = largest[:limit], largest[limit:]
    if OTHERS in values:
        rest.append(OTHERS)
    elif len(rest) == 1:  # one alone is called by its name: it takes no more room
        named, rest = largest, []
    series = [Series(key, labels[key], tuple(values[key])) for key in named]
    if rest:
        together = (values[key] for key in rest)
        series.append(Series(OTHERS, others, tuple(map(sum, zip(*together, strict=True)))))
    return Stack(span, tuple(series))
