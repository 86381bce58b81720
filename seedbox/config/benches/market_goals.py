"""What the figures of the market's bench are held against. A goal that is missed fails nothing: machines differ."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from seedbox.config.benches.chain_goals import Goal

FREE_SHARE = 0.2
LEAST_OF_SPEEDUP = 0.9  # times what one bidder can have: all that is for sale, and its part of the rest
LONGEST_ZERO_S = 60.0
PART_OF_WATCHED = 1 / 3  # of a run that is too short for such a time
EACH_ROW = (
    Goal("share_error", "<=", 0.1),
    Goal("utilisation", ">=", 0.98),
    Goal("starved_s", "<=", LONGEST_ZERO_S),
    Goal("first_byte_s", "<=", 4),
    Goal("lane_90_s", "<=", 15),
)
PAID = (
    Goal("first_paid_byte_s", "<=", 4),
    Goal("lane_90_s", "<=", 15),
    Goal("on_chain", "==", 0),
)
A_GIB_MIB = 1024
MORE_THAN_DUE = 1.25  # vouchers: whoever waits for the last ones pays a little more often
CLEARING = (Goal("efficiency", ">=", 0.95), Goal("clearing_ms", "<=", 50))


def judge(figures: Mapping[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """Return each goal of what was measured, and those that are missed, which are said, too."""
    goals = {f"{place} {goal.figure}": goal.judge(row) for place, row, goal in _goals(figures)}
    missed = [name for name, verdict in goals.items() if not verdict["met"]]
    for name in missed:
        say(f"missed: {name} {goals[name]['goal']}")
    return {"goals": goals, "missed": missed}


def _goals(figures: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float], Goal]]:
    """Return where each figure stands, what stands there, and the goal."""
    for row in figures.get("rows", []):
        best = (1 - FREE_SHARE) * row["n"] + FREE_SHARE
        for goal in (Goal("speedup", ">=", LEAST_OF_SPEEDUP * best), *EACH_ROW):
            yield f"{row['n']} peers:", row, goal
    if "starvation" in figures:
        few, many = figures["starvation"]["few"], figures["starvation"]["many"]
        yield "few:", few, Goal("worst_s", "<=", min(LONGEST_ZERO_S, few["watched_s"] * PART_OF_WATCHED))
        yield "many:", many, Goal("ratio", "<=", 1.25)
    if "paid" in figures:
        paid = figures["paid"]
        for goal in (*PAID, Goal("vouchers", "<=", MORE_THAN_DUE * paid["by_the_rules"])):
            yield "paid:", paid, goal
        if paid["paid_mib"] >= A_GIB_MIB:  # a stranger pays for its first bytes more often than later
            yield "paid:", paid, Goal("per_gib", "<=", 256)
            yield "paid, least:", paid, Goal("per_gib", ">=", 64)
    for goal in CLEARING if "efficiency" in figures else ():
        yield "clearing:", figures, goal
