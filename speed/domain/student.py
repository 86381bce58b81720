"""Quantiles of Student's t distribution, for intervals of few measurements.

For whole degrees of freedom its probability is a finite sum of powers of a cosine (Abramowitz and Stegun, Handbook of
Mathematical Functions, 26.7.3 and 26.7.4), so that neither a table nor a library is needed. What is left is to find the
angle.
"""

import math
from functools import lru_cache

_HALVINGS = 60  # of a quarter turn: finer than a float
_KEPT = 4_096  # quantiles: pages ask for the same ones again and again


@lru_cache(maxsize=_KEPT)
def t_quantile(*, freedom: int, confidence: float) -> float:
    """Return the t that so large a share of the distribution is within, on both sides together.

    Raises ValueError without a degree of freedom, or for a confidence that is not between 0 and 1.
    """
    if freedom < 1 or not 0 < confidence < 1:
        raise ValueError("there is no such quantile")
    low, high = 0.0, math.pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _within(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return math.tan((low + high) / 2) * math.sqrt(freedom)


def _within(angle: float, freedom: int) -> float:
    """Return the share within ±t, where the angle's tangent is t ÷ √freedom."""
    cosine, term, total = math.cos(angle), 1.0, 0.0
    is_odd = freedom % 2
    for step in range((freedom - is_odd) // 2):
        total += term
        # Even freedom: 1/2, 3/4, … of cos²; odd: 2/3, 4/5, …
        term *= cosine**2 * (2 * step + 1 + is_odd) / (2 * step + 2 + is_odd)
    if not is_odd:
        return math.sin(angle) * total
    return 2 / math.pi * (angle + math.sin(angle) * cosine * total)
