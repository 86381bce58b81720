"""Random markets for the automatic bidder: sellers, other bidders, and the cheapest that a speed could have cost.

Rounds are cleared by the market's own rule. What the others bid stays for a while and then changes at once.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from speed.domain.clearing import Terms, clear
from speed.domain.credit import Delays, lane_cap, window
from speed.domain.deals import Wish
from speed.domain.supply import Quoted
from wallet.domain.rounding import GIB

BTT = 1_000_000
MAX_SELLERS = 4
MAX_OTHERS = 5
CHANGES_EVERY = 40  # rounds, on average, for each seller
STEPS = 24  # of a speed, in hindsight
INFINITE = float("inf")
FAR = 2**62  # more money than anybody has


@dataclass
class Shop:
    """One seller, and who else bids there."""

    name: str
    ask: int
    for_sale: int
    free: int  # what it gives us without a lane
    others: list[Terms]
    last_price: int = 0
    paid_bytes: int = 0  # by us
    epoch: int = 0

    def quoted(self) -> Quoted:
        return Quoted(self.ask, self.last_price, self.for_sale, len(self.others))

    def hold_round(self, bid: Wish | None) -> tuple[int, int]:
        """Clear a round; return its price, and what it gives us."""
        terms = list(self.others)
        if bid is not None and not bid.is_paused:
            terms.append(Terms(bid.max_price_ubtt_per_gib, bid.spend_ubtt_per_s, bid.useful_bytes_per_s, self.credit()))
        cleared = clear(ask_ubtt_per_gib=self.ask, for_sale_bytes_per_s=self.for_sale, bids=terms)
        self.last_price = cleared.price_ubtt_per_gib
        return cleared.price_ubtt_per_gib, cleared.granted_bytes_per_s[-1] if len(terms) > len(self.others) else 0

    def credit(self) -> int:
        return lane_cap(window_bytes=window(self.paid_bytes), delays=Delays())


def draw_shop(draw: random.Random, number: int, wish: int) -> Shop:
    ask = int(BTT * draw.uniform(10, 60))
    for_sale = int(wish * draw.uniform(0.4, 3))
    shop = Shop(f"seller {number}", ask, for_sale, int(wish * draw.choice((0, 0, 0.02, 0.05))), [])
    shop.others = draw_others(draw, shop)
    shop.hold_round(None)
    return shop


def draw_others(draw: random.Random, shop: Shop) -> list[Terms]:
    """Return who else bids: some can use so much and no more, others have so much money."""
    others = []
    for _ in range(draw.randint(0, MAX_OTHERS)):
        ceiling = int(shop.ask * draw.lognormvariate(0.4, 0.5))
        useful = int(shop.for_sale * draw.uniform(0.05, 0.6))
        is_short_of_money = draw.random() < 0.6
        spend = int(ceiling * useful // GIB * (draw.uniform(0.2, 0.9) if is_short_of_money else 1)) + 1
        useful = shop.for_sale if is_short_of_money else useful
        others.append(Terms(ceiling, spend, useful, useful))
    return others


@dataclass
class Market:
    """All sellers of a torrent."""

    draw: random.Random
    wish: int
    ceiling: int
    shops: list[Shop] = field(default_factory=list)
    _tables: "dict[tuple[int, ...], Costs]" = field(default_factory=dict)

    @classmethod
    def drawn(cls, draw: random.Random, wish: int) -> "Market":
        shops = [draw_shop(draw, number, wish) for number in range(draw.randint(1, MAX_SELLERS))]
        ceiling = int(min(shop.ask for shop in shops) * draw.uniform(1.05, 4))
        return cls(draw, wish, ceiling, shops)

    def change(self) -> None:
        """Now and then others come and go."""
        for shop in self.shops:
            if self.draw.random() < 1 / CHANGES_EVERY:
                shop.others = draw_others(self.draw, shop)
                shop.epoch += 1

    def hold_round(self, bids: Mapping[str, Wish]) -> dict[str, tuple[int, int]]:
        return {shop.name: shop.hold_round(bids.get(shop.name)) for shop in self.shops}

    def costs_now(self) -> "Costs":
        """Return what speed costs at least as things are, for who knows all."""
        epochs = tuple(shop.epoch for shop in self.shops)
        if epochs not in self._tables:
            self._tables[epochs] = Costs(self.wish, self._table())
        return self._tables[epochs]

    def _table(self) -> list[float]:
        """Return the least cost of each step of speed, over all ways to spread it."""
        best = [0.0] + [INFINITE] * STEPS
        for shop in self.shops:
            costs = self._costs_at(shop)
            best = [min(best[total - part] + costs[part] for part in range(total + 1)) for total in range(STEPS + 1)]
        return best

    def _costs_at(self, shop: Shop) -> Sequence[float]:
        costs = [0.0]
        for step in range(1, STEPS + 1):
            speed = self.wish * step // STEPS + shop.free
            ours = Terms(self.ceiling, FAR // GIB, speed, speed)
            cleared = clear(ask_ubtt_per_gib=shop.ask, for_sale_bytes_per_s=shop.for_sale, bids=[*shop.others, ours])
            is_to_be_had = cleared.granted_bytes_per_s[-1] >= speed - 1
            costs.append(speed * cleared.price_ubtt_per_gib / GIB if is_to_be_had else INFINITE)
        return costs


@dataclass(frozen=True)
class Costs:
    """The least costs of more speed, in µBTT per second, at so many steps of a wish."""

    wish: int
    steps: Sequence[float]

    def at(self, gain: float) -> float:
        """Return what so much more speed costs; infinite if nobody has it to sell."""
        low, into = divmod(max(gain, 0) / self.wish * STEPS, 1)
        if low >= STEPS:
            return self.steps[STEPS] if low == STEPS and not into else INFINITE
        before, after = self.steps[int(low)], self.steps[int(low) + 1]
        return before if not into else before + (after - before) * into

    def of_seen(self, gain: float) -> float:
        """Return what a speed that was had costs: where the next step is not to be had, the last is the measure."""
        if (found := self.at(gain)) < INFINITE:
            return found
        share = gain / self.wish * STEPS
        last = max(step for step, cost in enumerate(self.steps) if cost < INFINITE and step <= share)
        return self.steps[last] * share / last if last else 0.0
