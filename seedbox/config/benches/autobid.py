"""What the automatic bidder comes to in simulated markets and on the real engine, and what the blocks of control find.

`simulated`: each seed is a market of its own: sellers, other bidders who come and go, a swarm that is never quiet, a
wish, a ceiling and a budget. Rounds are cleared by the market's own rule.

`wish_met` is the share of those markets in which the wish was met, of all in which money could meet it: who knew
everything could have, with that ceiling and budget. A speed is met if the torrent had 95 % of it on average, outside of
controls and of three rounds after a change of the market. `over_budget` is how many markets saw a bid or a price above
the ceiling, or more spent than the budget. `cost_ratio` is the mean of what was paid beside the least it could have
cost, `cost_ratio_95` what it is in one market of twenty. `reaction_rounds` is how many rounds after the slow minute the
first lane ran, at worst. `coverage` is how often the interval of 95 % holds what is true when it was decided to stop or
after 24 controls, `stop_loss_decisions` how many decisions it takes on average to stop where paying brings nothing.

`engine`: see `autobid_engine`.
"""

import random
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from seedbox.config.benches import autobid_engine, autobid_goals
from seedbox.config.benches.autobid_case import Case
from seedbox.config.benches.autobid_uplift import watched

MARKETS, QUICK_MARKETS = 1_000, 60
PARTS = ("simulated", "engine")
TOLD_EVERY = 100
MOST_FACTOR = 4.0


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--markets", type=int, help=f"simulated, each with a seed of its own; default: {MARKETS:,}")
    parser.add_argument("--seed", type=int, default=0, help="the first one's")
    parser.add_argument("--seconds", type=float, help="for how long the real engine bids; default: 90")
    parser.add_argument("--only", choices=PARTS, help="one part instead of both")
    parser.add_argument(
        "--quick", action="store_true", help="few markets and a short slow minute: to see that it works"
    )


def run(
    *,
    markets: int | None,
    seed: int,
    seconds: float | None,
    only: str | None,
    quick: bool,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Bid in so many markets and measure as many torrents, bid on the real engine, and say which goals are missed."""
    seeds = range(seed, seed + (markets or (QUICK_MARKETS if quick else MARKETS)))
    figures: dict[str, Any] = {}
    if only in (None, "simulated"):
        figures |= _of_markets(seeds, say) | _of_controls(seeds)
    if only in (None, "engine"):
        figures |= autobid_engine.measure(seconds=seconds, quick=quick, say=say)
    return figures | autobid_goals.judge(figures, say)


def _of_markets(seeds: range, say: Callable[[str], None]) -> dict[str, float]:
    met, ratios, reactions = [], [], []
    over_budget = 0
    for count, seed in enumerate(seeds, 1):
        case = Case.drawn(seed).run()
        over_budget += case.spent_ubtt > case.budget_ubtt or case.is_too_dear
        if case.money_could:
            met.append(case.is_met)
            if case.is_met and (ratio := case.cost_ratio) is not None:
                ratios.append(ratio)
            if (reaction := case.reaction_rounds) is not None:
                reactions.append(reaction)
        if count % TOLD_EVERY == 0:
            say(f"{count} markets, money could meet {len(met)} wishes, met were {sum(met)}")
    return {
        "markets": len(seeds),
        "money_could": len(met),
        "wish_met": round(sum(met) / len(met), 4),
        "over_budget": over_budget,
        "cost_ratio": round(sum(ratios) / len(ratios), 3),
        "cost_ratio_95": round(sorted(ratios)[len(ratios) * 95 // 100], 3),
        "reaction_rounds": max(reactions),
    }


def _of_controls(seeds: range) -> dict[str, float]:
    helped = [watched(seed, true_factor=random.Random(seed).uniform(1, MOST_FACTOR)) for seed in seeds]
    in_vain = [watched(seed, true_factor=1) for seed in seeds]
    return {
        "coverage": round(sum(one.covers for one in helped) / len(helped), 4),
        "coverage_in_vain": round(sum(one.covers for one in in_vain) / len(in_vain), 4),
        "stop_loss_decisions": round(sum(one.decisions for one in in_vain) / len(in_vain), 3),
    }
