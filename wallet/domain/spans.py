"""Hours, days and months of UTC: what sums over time are kept by, and how a period is made of as few as possible."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Literal

Step = Literal["hour", "day"]  # what pages show sums by

HOUR = timedelta(hours=1)


class Span(IntEnum):
    """For how long one sum is."""

    HOUR = 1
    DAY = 2
    MONTH = 3

    @property
    def letters(self) -> int:
        """Return how much of a written time names it: "2026-11-26 20", "2026-11-26", "2026-11"."""
        return _LETTERS[self]


Run = tuple[Span, datetime, datetime]  # hours, days or months from one time to another
_LETTERS = {Span.HOUR: 13, Span.DAY: 10, Span.MONTH: 7}


def span_of(step: Step) -> Span:
    return Span[step.upper()]


def beginning(at: datetime, span: Span) -> datetime:
    """Return when the hour, day or month began that a time lies in."""
    at = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if span is Span.HOUR:
        return at
    return at.replace(hour=0) if span is Span.DAY else at.replace(day=1, hour=0)


def following(begins_at: datetime, span: Span) -> datetime:
    """Return when the next one begins."""
    if span is Span.MONTH:
        return (begins_at + timedelta(days=31)).replace(day=1)
    return begins_at + (HOUR if span is Span.HOUR else timedelta(days=1))


def whole(since: datetime, until: datetime, span: Span) -> tuple[datetime, datetime]:
    """Return the period with its first and last hour, day or month taken whole."""
    last = beginning(until, span)
    return beginning(since, span), last if last == until else following(last, span)


def pieces(since: datetime, until: datetime) -> Iterator[Run]:
    """Yield what a period of whole hours is made of: runs of months, days and hours, in their order."""
    at = since
    while at < until:
        for span in (Span.MONTH, Span.DAY, Span.HOUR):
            begins_at = at
            while beginning(at, span) == at and following(at, span) <= until and not _begins_larger(at, until, span):
                at = following(at, span)
            if at > begins_at:
                yield span, begins_at, at
                break


def _begins_larger(at: datetime, until: datetime, span: Span) -> bool:
    """Say whether something longer begins there and lies within."""
    larger = [one for one in Span if one > span]
    return any(beginning(at, one) == at and following(at, one) <= until for one in larger)
