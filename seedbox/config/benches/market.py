"""What a lane does for who pays: speed, shares by spend, use of the line, who else waits meanwhile, and what it costs.

Parts, each a key of the figures or a few:

`rows`: our engine seeds to peers that know nothing of each other, and a bidder gets the lane that a cleared round gives
it; nobody signs a voucher. `speedup` is one bidder's speed beside what a leecher has on average while nobody bids.
`utilisation` is what is sent in all, beside the same without a market. `share_error` is of three bidders with spends of
1:2:4, whose lanes all begin anew: the worst relative deviation of a share, of all rounds from the third on, every round
looked at alone. `starved_s` is for how long a free peer got nothing at most. `first_byte_s` goes from the grant to the
first byte of the connection that is made under it, `lane_90_s` to the end of the first second in which that had 90 % of
what was granted, of whichever bidder was the last; both are without money, which makes a lane grow slowly.
`trading`: the same of leechers that have each other, too; nothing is expected of it.

`starvation`: see `market_starvation`. `paid`: see `market_paid`. `clearing_ms`, `efficiency`: see `clearing`.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Sequence

from seedbox.config.benches import clearing, market_goals, market_paid, market_starvation
from seedbox.config.benches.market_swarm import ROUND_S, Run, granted, swarming

PEERS = (4, 8, 16)
TRADING_PEERS = 4
SPENDS = (1, 2, 4)
MEASURE_S = 15.0  # and as long for a swarm to settle before that
ROUNDS_BEFORE, ROUNDS_JUDGED = 2, 4
PARTS = ("rows", "trading", "starvation", "paid", "clearing")

Row = dict[str, float]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--peers", type=int, action="append", help="leechers of a row; default: 4, 8 and 16")
    parser.add_argument("--seconds", type=float, default=MEASURE_S, help="for how long each speed is measured")
    parser.add_argument("--size-mib", type=int, default=1024, help="what is paid for in all")
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")


def run(
    *, peers: Sequence[int] | None, seconds: float, size_mib: int, only: str | None, say: Callable[[str], None]
) -> dict[str, object]:
    """Measure part after part, then say which goals are missed."""
    figures: dict[str, object] = {}
    scale = seconds / MEASURE_S
    if only in (None, "rows"):
        figures["rows"] = [_measured(count, seconds, say) for count in peers or PEERS]
    if only in (None, "trading"):
        figures["trading"] = [_measured(TRADING_PEERS, seconds, say, is_trading=True)]
    if only in (None, "starvation"):
        figures["starvation"] = market_starvation.measure(peers=max(peers) if peers else None, scale=scale, say=say)
    if only in (None, "paid"):
        figures["paid"] = market_paid.measure(size_mib=size_mib, say=say)
    if only in (None, "clearing"):
        figures |= clearing.measure()
    return figures | market_goals.judge(figures, say)


def _measured(count: int, seconds: float, say: Callable[[str], None], *, is_trading: bool = False) -> Row:
    round_s = ROUND_S * seconds / MEASURE_S
    with swarming(count, lasts_s=4 * seconds + 6 * round_s, is_trading=is_trading) as (seller, swarm):
        off = Run(seller, swarm, {})
        off.watch_until_fed()
        off.watch(seconds)
        before = off.watch(seconds)
        bidder = swarm.addresses[0]
        on = Run(seller, swarm, granted([bidder], [1]))
        times_s = [on.open_lanes()]
        on.watch(seconds)
        after = on.watch(seconds)
        three = swarm.addresses[: len(SPENDS)]
        shared = Run(seller, swarm, granted(three, SPENDS))
        times_s.append(shared.open_lanes())
        shared.watch(ROUNDS_BEFORE * round_s - times_s[-1][-1])
        rounds = [shared.watch(round_s) for _ in range(ROUNDS_JUDGED)]
    first_byte_s, lane_90_s = map(max, zip(*times_s, strict=True))
    row = {
        "n": count,
        "speedup": round(after[bidder] * count / sum(before.values()), 2),
        "share_error": round(max(_share_error([speeds[address] for address in three]) for speeds in rounds), 3),
        "utilisation": round(sum(after.values()) / sum(before.values()), 3),
        "starved_s": round(max(on.starved_s, shared.starved_s), 1),
        "first_byte_s": round(first_byte_s, 2),
        "lane_90_s": round(lane_90_s, 2),
    }
    say(f"{'trading: ' if is_trading else ''}{row}")
    return row


def _share_error(speeds: Sequence[float]) -> float:
    """Return the worst relative deviation of shares from those of the spends; who has nothing is off by all of it."""
    total = sum(speeds) or 1.0
    fair = [spend / sum(SPENDS) for spend in SPENDS]
    return max(abs(speed / total - share) / share for speed, share in zip(speeds, fair, strict=True))
