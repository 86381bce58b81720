"""Nodes that cheat in the market, on the benches of the honest ones."""

from dataclasses import dataclass
from datetime import timedelta

from tests.buying import Stall, Taker
from tests.selling import Buyer

HOUR = timedelta(hours=1)


@dataclass
class NeverPays(Buyer):
    """A buyer that takes what it can get."""

    pays: bool = False


@dataclass
class Mute(Stall):
    """A seller that grants lanes and sends nothing through them."""

    def answer(self, taker: Taker) -> None:
        bid, number = self.bids[-1], int(taker.floor.now.timestamp()) // 10
        if number != self.granted_round:
            self.granted_round = number
            taker.hear(self, self.grants(bid, number))


@dataclass
class Garbler(Stall):
    """A seller of whose pieces none is what it should be."""

    bad_pieces: frozenset[int] = frozenset(range(10_000))
