"""One torrent in one random market, bid for by the automatic bidder round by round, and what came of it."""

import random
from dataclasses import dataclass, field

from seedbox.config.benches.autobid_market import BTT, Costs, Market
from speed.domain.autobid import Decision, decide
from speed.domain.autobid_view import Seller, State, View
from speed.domain.controls import Controls
from speed.domain.deals import Wish
from speed.domain.rounds import ROUND_S
from speed.domain.shortfall import Goal, Watch
from speed.domain.supply import Outcome, Supply
from wallet.domain.rounding import GIB

MIB = 2**20
ROUNDS = 90  # a minute to see that it is slow, and nearly two runs of blocks
BEGAN_S = 1_000_000_000
SMOOTHED = 6  # rounds that a mean is of
REACTS_WITHIN = 3  # rounds after the minute, and after a change of the market, in which nothing is judged
MET_PERCENT = 95  # of the speed that was wished, on average
FREE_CHANGES_EVERY = 60
TO_BE_PAID = frozenset({State.BIDDING, State.NO_MONEY})


@dataclass
class Row:
    """One round, for hindsight."""

    free: float
    bought: float  # what lanes gave beyond what their sellers give without
    needed: int
    state: State
    costs: Costs
    cost_ubtt: int
    is_settled: bool


@dataclass
class Case:
    """The torrent and its user."""

    draw: random.Random
    market: Market
    wish: int
    budget_ubtt: int
    size_bytes: int
    goal: Goal
    controls: Controls
    free_level: float
    watch: Watch = field(default_factory=Watch)
    bids: dict[str, Wish] = field(default_factory=dict)
    supplies: dict[str, Supply] = field(default_factory=dict)
    recent_free: list[int] = field(default_factory=list)
    free_noise: float = 0.0
    spent_ubtt: int = 0
    loaded_bytes: int = 0
    settles_at: int = 0
    is_too_dear: bool = False  # a bid or a price was above the ceiling
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def drawn(cls, seed: int) -> "Case":
        draw = random.Random(seed)
        wish = int(MIB * draw.uniform(1, 5))
        market = Market.drawn(draw, wish)
        # Dear or cheap: a tenth of what the whole wish costs at the ceiling, or three times as much as that.
        whole_ubtt = wish * ROUNDS * ROUND_S * market.ceiling // GIB
        budget_ubtt = int(whole_ubtt * draw.choice((0.1, 0.3, 1, 3)))
        size_bytes = wish * ROUNDS * ROUND_S
        is_timed = draw.random() < 0.5
        goal = Goal(finish_at_s=BEGAN_S + ROUNDS * ROUND_S) if is_timed else Goal(least_bytes_per_s=wish)
        if is_timed:
            size_bytes = int(size_bytes * 0.85)
        controls = Controls(seed.to_bytes(8, "big"), began_at_ms=(BEGAN_S + 60) * 1_000)
        return cls(draw, market, wish, budget_ubtt, size_bytes, goal, controls, wish * draw.uniform(0.05, 0.8))

    def run(self) -> "Case":
        for number in range(ROUNDS):
            if self.loaded_bytes >= self.size_bytes:
                break
            self._hold_round(number)
        return self

    def _hold_round(self, number: int) -> None:
        now_s = BEGAN_S + number * ROUND_S
        free = self._free()
        before = [shop.epoch for shop in self.market.shops]
        self.market.change()
        if before != [shop.epoch for shop in self.market.shops]:
            self.settles_at = number + 1 + REACTS_WITHIN
        decision = self._decide(now_s, free)
        self._take(decision)
        outcome = self.market.hold_round(self.bids)
        bought, cost = self._deliver(outcome, now_s // ROUND_S)
        self.rows.append(
            Row(
                free=free,
                bought=bought,
                needed=self._needed(now_s),
                state=decision.state,
                costs=self.market.costs_now(),
                cost_ubtt=cost,
                is_settled=number >= self.settles_at and decision.state in TO_BE_PAID,
            )
        )
        self.loaded_bytes += int((free + bought) * ROUND_S)

    def _free(self) -> float:
        if self.draw.random() < 1 / FREE_CHANGES_EVERY:
            self.free_level = self.wish * self.draw.uniform(0.05, 0.8)
            self.settles_at = len(self.rows) + SMOOTHED + REACTS_WITHIN
        self.free_noise = 0.7 * self.free_noise + self.draw.gauss(0, 0.04)
        return self.free_level * max(1 + self.free_noise, 0.1)

    def _needed(self, now_s: int) -> int:
        return self.goal.needed_bytes_per_s(left_bytes=self.size_bytes - self.loaded_bytes, now_s=now_s)

    def _decide(self, now_s: int, free: float) -> Decision:
        last = self.rows[-1] if self.rows else None
        self.recent_free = [*self.recent_free, int(last.free if last else free)][-SMOOTHED:]
        mean_free = sum(self.recent_free) // len(self.recent_free)
        total = mean_free + int(last.bought if last else 0)
        self.watch = self.watch.after(
            total_bytes_per_s=total, free_bytes_per_s=mean_free, needed_bytes_per_s=self._needed(now_s), now_s=now_s
        )
        sellers = tuple(
            Seller(
                shop.name,
                shop.quoted(),
                self.supplies.get(shop.name, Supply()),
                bid=self.bids.get(shop.name),
                free_bytes_per_s=shop.free,
            )
            for shop in self.market.shops
        )
        return decide(
            View(
                now_s=now_s,
                goal=self.goal,
                ceiling_ubtt_per_gib=self.market.ceiling,
                torrent_left_ubtt=self.budget_ubtt - self.spent_ubtt,
                day_left_ubtt=1_000_000 * BTT,
                left_bytes=self.size_bytes - self.loaded_bytes,
                total_bytes_per_s=total,
                free_bytes_per_s=mean_free,
                watch=self.watch,
                sellers=sellers,
                is_control=self.controls.place_at(now_s * 1_000).is_control,
            )
        )

    def _take(self, decision: Decision) -> None:
        self.bids = dict(decision.bids)
        self.is_too_dear |= any(bid.max_price_ubtt_per_gib > self.market.ceiling for bid in self.bids.values())

    def _deliver(self, outcome: dict[str, tuple[int, int]], round_number: int) -> tuple[float, int]:
        """Send what was granted, and pay for it; return what it adds in speed, and its cost."""
        added, cost = 0.0, 0
        for shop in self.market.shops:
            price, granted = outcome[shop.name]
            bid = self.bids.get(shop.name)
            if bid is None or bid.is_paused:
                continue
            heard = Outcome(round_number, bid, price, granted)
            supply = self.supplies.get(shop.name, Supply())
            self.supplies[shop.name] = supply.after(heard, ask_ubtt_per_gib=shop.ask)
            if granted:
                sent = int(granted * self.draw.uniform(0.97, 1) * ROUND_S)
                shop.paid_bytes += sent
                cost += -(-sent * price // GIB)
                added += sent / ROUND_S - shop.free
                self.is_too_dear |= price > self.market.ceiling
        self.spent_ubtt += cost
        return added, cost

    # --- in hindsight

    @property
    def money_could(self) -> bool:
        """Whether who knew everything could have met the wish with this ceiling and budget, from the slow minute on."""
        costs = self._least_costs()
        return bool(costs) and sum(costs) * ROUND_S <= self.budget_ubtt

    def _least_costs(self) -> list[float]:
        """Return what meeting the wish costs at least in each round that was, or should have been, paid for."""
        paid = [row for row in self.rows if row.state in TO_BE_PAID]
        if self.goal.finish_at_s is None:
            return [row.costs.at(row.needed - row.free) for row in paid]
        # One speed in all these rounds, so that it is just finished in time. It may have been sooner: the time after
        # that could have been used, too, under what was seen last.
        unpaid_bytes = sum(row.free for row in self.rows if row.state not in TO_BE_PAID) * ROUND_S
        rounds = paid + [self.rows[-1]] * (ROUNDS - len(self.rows))
        speed = (self.size_bytes - unpaid_bytes) / ROUND_S / max(len(rounds), 1)
        return [row.costs.at(speed - row.free) for row in rounds] if paid else []

    @property
    def is_met(self) -> bool:
        if self.goal.finish_at_s is not None:
            return self.loaded_bytes >= self.size_bytes
        settled = [row for row in self.rows if row.is_settled]
        reached = sum(min((row.free + row.bought) / row.needed, 1) for row in settled)
        return reached * 100 >= MET_PERCENT * len(settled)

    @property
    def cost_ratio(self) -> float | None:
        """Return what was paid beside what it would have cost at least; None if nothing was bought.

        By a time, that is the whole cost of being finished. For a speed, that of what was bought as far as it was
        missing: what is too much has cost something for nothing.
        """
        if self.goal.finish_at_s is not None:
            spent, cheapest = self.spent_ubtt, sum(self._least_costs()) * ROUND_S
        else:
            settled = [row for row in self.rows if row.is_settled and row.state is State.BIDDING]
            spent = sum(row.cost_ubtt for row in settled)
            cheapest = sum(row.costs.of_seen(_useful(row)) for row in settled) * ROUND_S
        return spent / cheapest if cheapest > 0 else None

    @property
    def reaction_rounds(self) -> int | None:
        """Return how many rounds after the slow minute the first lane ran; None if it never was slow, or none could."""
        if not self.money_could:
            return None
        first = next((number for number, row in enumerate(self.rows) if row.state is State.BIDDING), None)
        lane = next((number for number, row in enumerate(self.rows) if row.cost_ubtt), None)
        return None if first is None or lane is None else lane - first + 1


def _useful(row: Row) -> float:
    return min(max(row.bought, 0), max(row.needed - row.free, 0))
