"""Sums that may need more than 64 bits.

An amount may be as large as 2⁶², and the same money may move any number of times: SQLite adds up in 64 bits and refuses
what goes beyond, so the halves of amounts are added. Sums that are kept stop at FULL: who moved that much for one
reason within a month has moved FULL or more, and everybody else's sums go on.
"""

from django.db.models import Aggregate, F, Sum

LOW_BITS = 32
FULL = 2**63 - 1  # more than all BTT that there are


def halves(column: str) -> dict[str, Aggregate]:
    """Return the annotations `high` and `low` of a sum."""
    amount = F(column)
    return {"high": Sum(amount.bitrightshift(LOW_BITS)), "low": Sum(amount.bitand((1 << LOW_BITS) - 1))}


def together(high: int, low: int) -> int:
    return (int(high) << LOW_BITS) + int(low)


def kept(sums: list[int]) -> list[int]:
    """Return sums as they are kept."""
    return [min(one, FULL) for one in sums]
