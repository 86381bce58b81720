"""What the figures of the dashboard's bench are held against. A goal that is missed fails nothing: machines differ."""

from collections.abc import Callable, Mapping
from typing import Any

from seedbox.config.benches.chain_goals import Goal

GOALS = (
    Goal("lag_p95_ms", "<=", 500),
    Goal("cpu", "<=", 1),
    Goal("memory_ratio", "<=", 1.05),
    Goal("dropped", "==", 0),
    Goal("overview_p95_ms", "<=", 80),
    Goal("earnings_p95_ms", "<=", 80),
    Goal("history_p95_ms", "<=", 80),
    Goal("first_load_kb", "<=", 250),
    Goal("page_kb", "<=", 20),
    Goal("cls", "<=", 0.05),
    Goal("long_task_ms", "<=", 200),
)


def judge(figures: Mapping[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """Return each goal of what was measured, and those that are missed, which are said, too."""
    goals = {goal.figure: goal.judge(figures) for goal in GOALS if goal.figure in figures}
    missed = [figure for figure, verdict in goals.items() if not verdict["met"]]
    for figure in missed:
        say(f"missed: {figure} is {figures[figure]}, and its goal is {goals[figure]['goal']}")
    return {"goals": goals, "missed": missed}
