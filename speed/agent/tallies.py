"""Tallies as rows of the database have them."""

from collections.abc import Mapping
from typing import Any

from speed.domain.meters import RoundCount, Tally
from wallet.domain.rounding import Accrual


def written(tally: Tally, *, allowed: Mapping[int, int] | None = None) -> dict[str, Any]:
    """Return it for a row; a seller's has beside each round what may be acknowledged in it."""
    counts = [[count.round, count.price_ubtt_per_gib, count.received_bytes] for count in tally.rounds]
    if allowed is not None:
        counts = [[*count, allowed.get(count[0], 0)] for count in counts]
    settled = [tally.settled.owed_ubtt, tally.settled.carried, tally.settled_bytes, tally.settled_round]
    return {"settled": settled, "rounds": counts}


def read(row: Mapping[str, Any]) -> Tally:
    if not row:
        return Tally()
    owed_ubtt, carried, size_bytes, round_number = row["settled"]
    rounds = tuple(RoundCount(*count[:3]) for count in row["rounds"])
    return Tally(Accrual(owed_ubtt, carried), size_bytes, round_number, rounds)
