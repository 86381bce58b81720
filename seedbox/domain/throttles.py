"""How often something may be done: so many at once, then one more every so often."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Allowance:
    """A store of turns that fills up again by itself."""

    at_once: int  # turns in a full store
    every_s: float  # one more turn


@dataclass(frozen=True)
class Taken:
    """What became of an attempt."""

    wait_s: float  # until a turn is there; 0: there was one, and it is taken
    full_at_s: float  # when the store is full again, which is all that must be remembered


def take(allowance: Allowance, *, full_at_s: float, now_s: float) -> Taken:
    """Take a turn if there is one; a refused attempt costs nothing."""
    missing_s = max(full_at_s - now_s, 0.0)
    wait_s = missing_s - (allowance.at_once - 1) * allowance.every_s
    if wait_s > 0:
        return Taken(wait_s, full_at_s)
    return Taken(0.0, now_s + missing_s + allowance.every_s)
