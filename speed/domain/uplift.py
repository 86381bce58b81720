"""What paying has changed: the pairs of the control blocks, what they say with which certainty, and what it cost.

A pair is the logarithm of how many times faster a run was while it was paid for. Their mean and its t-interval say how
far paying helps. It is decided at 6, 12 and 24 pairs only, each time with the interval that is wrong in a third of 5 %
of cases: who looks after each pair would find something sooner or later. An interval that includes 1 then ends the
bidding; one decision of that kind is for good. What a page shows is the interval of 95 %.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import fmean, stdev

from speed.domain.student import t_quantile

DECISIONS = (6, 12, 24)  # so many pairs
SHOWN_CONFIDENCE = 0.95
DECISION_CONFIDENCE = 1 - (1 - SHOWN_CONFIDENCE) / len(DECISIONS)
STARVED_CONTROLS = 2


@dataclass(frozen=True, slots=True)
class Interval:
    """How many times faster it is while it is paid for, and between what that may lie."""

    factor: float
    low: float
    high: float

    @property
    def is_gain(self) -> bool:
        return self.low > 1


def interval(pairs: Sequence[float], *, confidence: float = SHOWN_CONFIDENCE) -> Interval | None:
    """Return the mean's interval; None while there are fewer pairs than anything is said by."""
    if len(pairs) < DECISIONS[0]:
        return None
    mean = fmean(pairs)
    half = t_quantile(freedom=len(pairs) - 1, confidence=confidence) * stdev(pairs) / math.sqrt(len(pairs))
    return Interval(math.exp(mean), math.exp(mean - half), math.exp(mean + half))


class Verdict(StrEnum):
    UNKNOWN = "unknown"  # too few controls
    HELPS = "helps"
    BRINGS_NOTHING = "brings_nothing"  # bidding stops


def verdict(pairs: Sequence[float]) -> Verdict:
    """Return what is decided by all pairs of a torrent since bidding began, the oldest first."""
    decided = Verdict.UNKNOWN
    for count in DECISIONS:
        if len(pairs) >= count:
            found = interval(pairs[:count], confidence=DECISION_CONFIDENCE)
            if found is None or not found.is_gain:
                return Verdict.BRINGS_NOTHING
            decided = Verdict.HELPS
    return decided


@dataclass(frozen=True, slots=True)
class Uplift:
    """What a page shows of one torrent."""

    verdict: Verdict
    controls: int  # that the interval is made of; without one: that there are so far
    shown: Interval | None  # None: not known yet
    is_pooled: bool = False  # it is of all the user's torrents, for this one has too few controls


@dataclass(frozen=True, slots=True)
class Pool:
    """What all torrents of one user say together: the same for each of them that has too few pairs of its own."""

    controls: int
    shown: Interval | None  # None: not known yet


def pool(torrents: Iterable[Sequence[float]]) -> Pool:
    """Return what the pairs of these torrents say together."""
    pairs = [pair for of_torrent in torrents for pair in of_torrent]
    return Pool(len(pairs), interval(pairs))


def uplift(pairs: Sequence[float], *, pooled: Pool | None = None) -> Uplift:
    """Return what a torrent's pairs say, or with too few of them those of all the same user's torrents together.

    What is pooled is only shown. It decides nothing: another torrent has other sellers.
    """
    decided = verdict(pairs)
    if (own := interval(pairs)) is not None:
        return Uplift(decided, len(pairs), own)
    if pooled is not None and pooled.shown is not None:
        return Uplift(decided, pooled.controls, pooled.shown, is_pooled=True)
    return Uplift(decided, len(pairs), None)


@dataclass(frozen=True, slots=True)
class Savings:
    """What was got for the money, by the interval that is shown. Below zero: it took longer than without."""

    saved_s: int
    low_s: int
    high_s: int
    cost_per_minute_ubtt: int | None  # rounded up; None: no minute was saved


def savings(found: Interval, *, paid_s: int, spent_ubtt: int) -> Savings:
    """Return the time saved in so many paid seconds: what came in them would have taken `factor` times as long."""
    saved_s = _saved(paid_s, found.factor)
    return Savings(
        saved_s=saved_s,
        low_s=_saved(paid_s, found.low),
        high_s=_saved(paid_s, found.high),
        cost_per_minute_ubtt=-(-spent_ubtt * 60 // saved_s) if saved_s > 0 else None,
    )


def _saved(paid_s: int, factor: float) -> int:
    return math.floor(paid_s * (factor - 1))


@dataclass(frozen=True, slots=True)
class UnpaidService:
    """How one seller served a torrent before it was first bid for, and how it does in the blocks of control since.

    See `free_service` for the other rule about sellers that starve who does not pay.
    """

    baseline_bytes_per_s: int  # 0: it was not seen before, so nothing can be held against it
    low_controls: int = 0  # in a row: what is free varies, and one that is slow shows nothing

    def after_control(self, speed_bytes_per_s: int) -> "UnpaidService":
        """Return it after a control in which the seller was connected, and we wanted something of it."""
        is_low = speed_bytes_per_s * 2 < self.baseline_bytes_per_s
        return replace(self, low_controls=self.low_controls + 1 if is_low else 0)

    @property
    def starves(self) -> bool:
        """Whether it served less than half of what it had before twice in a row, so that its lanes look better."""
        return self.low_controls >= STARVED_CONTROLS
