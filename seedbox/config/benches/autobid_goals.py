"""What the figures of the automatic bidder's bench are held against. A goal that is missed fails nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from seedbox.config.benches.chain_goals import Goal

GOALS = (
    Goal("wish_met", ">=", 0.95),
    Goal("over_budget", "==", 0),
    Goal("cost_ratio", "<=", 1.15),
    Goal("reaction_rounds", "<=", 3),
    Goal("stop_loss_decisions", "<=", 1.1),  # the first one; by chance one in a hundred or so finds a gain in nothing
    Goal("engine_speedup", ">=", 3.0),
    Goal("engine_reaction_rounds", "<=", 3),
    Goal("engine_over_budget", "==", 0),
    Goal("unequal_ubtt", "==", 0),
    Goal("audit_findings", "==", 0),
)
COVERAGE = (Goal("coverage", ">=", 0.93), Goal("coverage", "<=", 0.97))


def judge(figures: Mapping[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """Return each goal of what was measured, and those that are missed, which are said, too."""
    found = {goal.figure: goal.judge(figures) for goal in GOALS if goal.figure in figures}
    if "coverage" in figures:
        found |= {f"coverage {goal.sign}": goal.judge(figures) for goal in COVERAGE}
    missed = [name for name, verdict in found.items() if not verdict["met"]]
    for name in missed:
        say(f"missed: {name}, {found[name]['goal']}")
    return {"goals": found, "missed": missed}
