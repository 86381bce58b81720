"""Whether a market leaves anybody out who does not pay.

The zero time of a free peer is its longest time without a byte while it was watched: it wants something of us all the
while, and what it waits for at the beginning and at the end counts as well. One bidder has all that is for sale, the
free peers what is left.

`few` are as many as nobody of whom may be at zero for long: `worst_s` is the longest zero time of any of them.
`many` are more, with as many slots as a node has unless somebody chooses: of the zero times of all of them the 95th
percentile, with the line shared by all of them and the later bidder, then with the bidder in its lane, and how many
times as long that is.
"""

from collections.abc import Callable, Collection

from seedbox.config.benches.market_swarm import LOOK_S, ROUND_S, Run, granted, swarming

MANY, FEW_OF_MANY = 40, 2  # and half as many are few
FEW_WATCHED_S, MANY_WATCHED_S = 180.0, 120.0
PERCENT = 95

Figures = dict[str, dict[str, float]]


def measure(*, peers: int | None, scale: float, say: Callable[[str], None]) -> Figures:
    """Return the zero times of few and of many free peers; watch for the whole time at a scale of 1."""
    many = peers or MANY
    found = {
        "few": _few(many // FEW_OF_MANY, FEW_WATCHED_S * scale, settles_s=ROUND_S * scale),
        "many": _many(many, MANY_WATCHED_S * scale, settles_s=ROUND_S * scale),
    }
    say(f"starvation: {found}")
    return found


def _few(count: int, lasts_s: float, *, settles_s: float) -> dict[str, float]:
    with swarming(count + 1, lasts_s=lasts_s) as (seller, swarm):
        before = Run(seller, swarm, {})
        before.watch_until_fed()
        before.watch(settles_s)
        bidder = swarm.addresses[0]
        on = Run(seller, swarm, granted([bidder], [1]))
        on.open_lanes()
        on.watch(lasts_s)
    return {"n": count, "watched_s": round(lasts_s), "worst_s": round(on.starved_s, 2)}


def _many(count: int, lasts_s: float, *, settles_s: float) -> dict[str, float]:
    with swarming(count + 1, lasts_s=2 * lasts_s) as (seller, swarm):
        bidder = swarm.addresses[0]
        before = Run(seller, swarm, {})
        before.watch_until_fed()
        before.watch(settles_s)
        off = Run(seller, swarm, {})
        off.watch(lasts_s)
        on = Run(seller, swarm, granted([bidder], [1]))
        on.open_lanes()
        on.watch(lasts_s)
    off_s, on_s = (_percentile([run.zero_s[address] for address in on.zero_s]) for run in (off, on))
    return {
        "n": count,
        "watched_s": round(lasts_s),
        "off_p95_s": round(off_s, 2),
        "on_p95_s": round(on_s, 2),
        "ratio": round(max(on_s, LOOK_S) / max(off_s, LOOK_S), 2),  # of less than a look nobody can tell
    }


def _percentile(times_s: Collection[float]) -> float:
    """Return the smallest time that so many percent are not longer than."""
    return sorted(times_s)[-(-len(times_s) * PERCENT // 100) - 1]
