"""Deals about a torrent whose files are being read, as after a crash: they wait, on either side, and do not end."""

import pytest

from seedbox.domain.states import State
from seedbox.models import Observation
from speed.domain.messages import Withdraw
from speed.domain.refusals import Reason
from speed.models import Bid as BidRow
from speed.models import BuyingDeal
from speed.services import bids
from tests.buying import Stall, Taker
from tests.selling import Buyer, Shop

pytestmark = pytest.mark.django_db


class TestABuyerThatReadsItsFiles:
    def test_keeps_its_deals_bids_nothing_meanwhile_and_knows_its_sellers(self, taker: Taker, stall: Stall) -> None:
        seen = Observation.objects.filter(torrent=taker.torrent)
        seen.update(state=State.CHECKING)
        taker.start()
        assert taker.floor.markets == {stall.link.endpoint}
        taker.run(4)
        assert taker.row(stall).end_reason == ""
        assert BidRow.objects.get().note == bids.CHECKED
        taker.connect(stall)
        taker.run(4, stall)
        assert stall.bids[-1].spend_ubtt_per_s == 0
        seen.update(state=State.DOWNLOADING)
        sent_bytes = stall.sent
        taker.run(15, stall)
        assert stall.sent > sent_bytes
        assert BuyingDeal.objects.count() == 1

    def test_tells_a_seller_when_its_user_withdraws_meanwhile(self, taker: Taker, stall: Stall) -> None:
        Observation.objects.filter(torrent=taker.torrent).update(state=State.CHECKING)
        taker.run(4, stall)
        bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
        taker.run(4)
        assert stall.link.take(Withdraw) == [Withdraw(stall.bids[-1].deal)]


class TestASellerThatReadsItsFiles:
    def test_keeps_its_deals_and_grants_nothing_meanwhile(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 12)
        seen = Observation.objects.filter(torrent=shop.torrent)
        seen.update(state=State.CHECKING, done_bytes=0)
        shop.start()
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        assert set(buyer.refusals) == {Reason.BUSY}
        seen.update(state=State.SEEDING, done_bytes=shop.torrent.size_bytes)
        shop.run(16, buyer)
        assert shop.row(buyer).state == "in_lane"
        seen.update(state=State.STOPPED)
        shop.run(16, buyer)
        assert buyer.refusals[-1] is Reason.NOT_SELLING
