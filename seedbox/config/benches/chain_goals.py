"""What the figures of the chain's bench are held against. A goal that is not met fails nothing: machines differ."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CREDIT_WITHIN_S = 5  # of the block's being irreversible


@dataclass(frozen=True)
class Goal:
    figure: str
    sign: str
    bound: float
    behind: str = ""  # another figure, which the bound is added to

    def judge(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        bound = self.bound + (figures[self.behind] if self.behind else 0)
        return {"goal": f"{self.sign} {bound:g}", "met": _COMPARE[self.sign](figures[self.figure], bound)}


_COMPARE: Mapping[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le, "==": operator.eq}
GOALS = (
    Goal("sign_per_s", ">=", 500),
    Goal("scan_blocks_per_s", ">=", 200),
    Goal("scan_tx_blocks_per_s", ">=", 50),  # each with 200 transactions
    Goal("credit_lag_s", "<=", CREDIT_WITHIN_S, behind="solid_lag_s"),
    Goal("devnet_tx_per_s", ">=", 300),
    Goal("withdrawals_simulated", ">=", 10_000),
    Goal("double_pays", "==", 0),
    Goal("missed_deposits", "==", 0),
    Goal("false_deposits", "==", 0),
    Goal("unbalanced", "==", 0),
)


def judge(figures: Mapping[str, Any], say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Return each goal of what was measured and whether it is met; say those that are not."""
    found = {goal.figure: goal.judge(figures) for goal in GOALS if goal.figure in figures}
    for figure, verdict in found.items():
        if not verdict["met"]:
            say(f"{figure} is {figures[figure]}, and its goal is {verdict['goal']}")
    return found
