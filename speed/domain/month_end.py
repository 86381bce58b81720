"""What a month will probably come to by its end, from the last full days: their mean goes on, their spread says how far
off that may be.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from speed.domain.student import t_quantile

LEAST_DAYS, MOST_DAYS = 3, 7  # that a forecast is made of; a week has each kind of day once
CONFIDENCE = 0.8
DAY_S = 86_400
_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """What is expected at the end of the month, and between what it lies in four of five months."""

    so_far_ubtt: int  # in this month
    expected_ubtt: int
    low_ubtt: int
    high_ubtt: int
    days: int  # full days that it is made of
    per_day_ubtt: int  # their mean, rounded down


def month_end(full_days: Sequence[int], *, so_far_ubtt: int, left_s: int, may_shrink: bool) -> MonthEnd | None:
    """Return the forecast, or None where fewer full days are known than anything is said by.

    The days come the oldest first, and the newest are taken. What may not shrink ends at least where it stands.
    The mean is rounded towards zero, the range outwards.
    """
    days = full_days[-MOST_DAYS:]
    count, left_s = len(days), max(left_s, 0)
    if count < LEAST_DAYS:
        return None
    total = sum(days)
    more = abs(total) * left_s // (count * DAY_S) * (1 if total >= 0 else -1)
    expected, half = so_far_ubtt + more, _half(days, left_s)
    low = expected - half
    return MonthEnd(
        so_far_ubtt=so_far_ubtt,
        expected_ubtt=expected,
        low_ubtt=low if may_shrink else max(low, so_far_ubtt),
        high_ubtt=expected + half,
        days=count,
        per_day_ubtt=total // count,
    )


def _half(days: Sequence[int], left_s: int) -> int:
    """Return half the width of the range: the spread of the days to come, and of the mean itself.

    With s² as the variance of a day and k days to come it is t · √(s² · (k + k² ÷ n)), in whole numbers throughout.
    """
    count = len(days)
    spread = count * sum(one * one for one in days) - sum(days) ** 2  # s² · n · (n less 1)
    above = spread * left_s * (count * DAY_S + left_s)
    root = math.isqrt(above // (count * (count - 1) * count * DAY_S * DAY_S)) + 1 if spread and left_s else 0
    t_ppm = math.ceil(t_quantile(freedom=count - 1, confidence=CONFIDENCE) * _PPM)
    return -(-root * t_ppm // _PPM)


def seconds_left(now: datetime) -> int:
    """Return how long the month of a moment still lasts."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return int((following - now).total_seconds())
