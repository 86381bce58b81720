"""The automatic bidder against a seller of ours, without engine: lanes open, pause for a control, and are paid for."""

import pytest

from seedbox.domain.lanes import PeersSeen
from seedbox.models import User
from speed.domain.auto_terms import OwnTerms
from speed.domain.autobid_view import State
from speed.models import AutoRun, Bid, BuyingDeal
from speed.services import autobid
from speed.services.autobid import Choice
from tests.auto_bidding import BLOCK_MS, FREE_PEER, KIB, seed_for
from tests.buying import BTT, MIB
from tests.market import peer
from tests.trade import BUYER_ADDRESS, SELLER_ADDRESS, Trade

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("slow_at_once")]

OWN = OwnTerms(ceiling_ubtt_per_gib=64 * BTT, budget_ubtt=100 * BTT, least_bytes_per_s=256 * KIB)


class AutoTrade(Trade):
    """Its buyer's swarm gives little for nothing, and the seller what its lane allows."""

    def __init__(self, buyer: User, holder: User, *, control: int) -> None:
        super().__init__(buyer, holder)
        autobid.choose(buyer.pk, self.taker.torrent.pk, Choice.ON, OWN, now=self.shop.now)
        AutoRun.objects.create(bid=Bid.objects.get(), seed=seed_for(control), block_ms=BLOCK_MS)

    @property
    def state(self) -> str:
        return AutoRun.objects.get().state

    def run_until(self, state: State) -> None:
        for _ in range(120):
            if self.state == state:
                return
            self.run(1)
        raise AssertionError(f"still {self.state}: {AutoRun.objects.get().sentence}")

    def _look_at_peers(self) -> None:
        swarm = peer(FREE_PEER, down_bytes_per_s=20 * KIB)
        seller = peer(SELLER_ADDRESS, down_bytes_per_s=self.lane)
        self.taker.buyer.report(PeersSeen(self.key, (swarm, seller)), self.shop.now)
        self.seller.report(PeersSeen(self.key, (peer(BUYER_ADDRESS),)), self.shop.now)


class TestALane:
    def test_is_bought_paused_for_a_control_bought_again_and_paid_to_the_last_byte(
        self, owner: User, stranger: User
    ) -> None:
        trade = AutoTrade(owner, stranger, control=1)
        trade.run_until(State.BIDDING)
        trade.run(12)
        assert trade.lane == pytest.approx(236 * KIB, rel=0.05)
        trade.run_until(State.CONTROL)
        trade.run(2)
        assert (trade.lane, trade.sale.state) == (0, "paused")
        trade.run_until(State.BIDDING)
        trade.run(12)
        assert trade.lane == pytest.approx(236 * KIB, rel=0.05)
        autobid.stop(owner.pk, now=trade.shop.now)
        trade.run(5)
        deal = BuyingDeal.objects.get()
        assert deal.cumulative_ubtt == deal.owed_ubtt == trade.sale.cumulative_ubtt
        assert 0 <= trade.sent_bytes - deal.accepted_bytes < MIB  # what came after a pause was said is free
