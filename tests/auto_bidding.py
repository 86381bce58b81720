"""A node whose user lets slow torrents be bid for by themselves, without engine: a test says how fast the swarm is."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from seedbox.domain.kept import told
from seedbox.domain.lanes import PeersSeen
from seedbox.models import User
from speed.domain.autobid_view import State
from speed.domain.controls import Controls
from speed.domain.messages import Bid, Grants
from speed.models import AutoRun
from speed.models import Bid as BidRow
from speed.services import autobid
from speed.services.autobid import Terms
from tests.buying import BTT, GIB, PRICE, Stall, Taker
from tests.market import peer

KIB = 1024
FREE_PEER = "203.0.113.99"
WISH = Terms(
    ceiling_ubtt_per_gib=2 * PRICE,
    torrent_budget_ubtt=200 * BTT,
    day_limit_ubtt=500 * BTT,
    least_bytes_per_s=512 * KIB,  # so little, for each block costs a test time
)
BLOCK_MS = 20_000  # as short as the slow time is then


@dataclass
class Shop(Stall):
    """A stall that grants no more than is useful, at its ask."""

    speed: int = 512 * KIB
    sends: int = GIB  # at most, whatever it has granted

    def __post_init__(self) -> None:
        super().__post_init__()
        self.price = self.ask

    def grants(self, bid: Bid, number: int) -> Grants:
        found = super().grants(bid, number)
        speed = min(self.speed, bid.useful_bytes_per_s)
        return replace(found, grants=tuple(replace(grant, speed_bytes_per_s=speed) for grant in found.grants))

    def speed_at(self, now: datetime) -> int:
        """Return what it sends: as much as the bid that stands in this round wants."""
        if not self.bids or self.granted_round != int(now.timestamp()) // 10:
            return 0
        return min(self.speed, self.sends, self.bids[-1].useful_bytes_per_s) if self.bids[-1].spend_ubtt_per_s else 0


class AutoTaker(Taker):
    """Its swarm gives so much for nothing, and each shop what it grants."""

    free = 50 * KIB

    def __init__(self, user: User, terms: Terms = WISH, *, control: int = 7) -> None:
        super().__init__(user)
        self.terms = terms
        autobid.turn_on(user.pk, terms, now=self.floor.now)
        AutoRun.objects.create(bid=self.bid_row, seed=seed_for(control), block_ms=BLOCK_MS)

    @property
    def bid_row(self) -> BidRow:
        return BidRow.objects.get(user_id=self.user.pk, torrent_key=self.torrent.key)

    @property
    def run_row(self) -> AutoRun:
        return AutoRun.objects.get(bid=self.bid_row)

    @property
    def said(self) -> str:
        return told(self.run_row.sentence)

    @property
    def state(self) -> State:
        return State(self.run_row.state)

    def see(self, *stalls: Stall) -> None:
        shops = [
            peer(one.address, down_bytes_per_s=one.speed_at(self.floor.now)) for one in stalls if isinstance(one, Shop)
        ]
        swarm = peer(FREE_PEER, down_bytes_per_s=self.free)
        self.buyer.report(PeersSeen(self.torrent.key, (swarm, *shops)), self.floor.now)

    def run(self, seconds: float, *stalls: Stall) -> None:
        """Let time pass in steps of a second."""
        for _ in range(round(seconds)):
            self.floor.now += timedelta(seconds=1)
            self.see(*stalls)
            self.buyer.tick(self.floor.now)
            for stall in stalls:
                stall.turn(self)

    def run_until(self, state: State, *stalls: Stall) -> None:
        for _ in range(300):
            if self.state is state:
                return
            self.run(1, *stalls)
        raise AssertionError(f"still {self.state}: {self.run_row.sentence}")


def seed_for(*controls: int) -> str:
    """Return a seed by which this block of the first run is unpaid, this one of the second, and so on."""
    wanted = dict(enumerate(controls))
    seeds = (number.to_bytes(16, "big") for number in range(1_000))
    return next(seed.hex() for seed in seeds if {run: Controls(seed, 0).control_of(run) for run in wanted} == wanted)
