"""A hub that never comes back: budgets wait until its channels must have ended, and then count what was signed."""

from datetime import timedelta

import pytest

from seedbox.domain.kept import told
from speed.agent.bidding import SILENT_HUBS
from speed.models import Bid, BuyingDeal, Reservation
from speed.services.deal_rows import why
from tests.buying import Stall, Taker

pytestmark = pytest.mark.django_db

LIFE = timedelta(hours=1)
MARGIN = timedelta(seconds=900)


class TestADeal:
    def test_counts_what_was_signed_when_its_channel_must_have_ended(self, taker: Taker, stall: Stall) -> None:
        taker.books.is_away = True
        taker.disconnect(stall)
        taker.run(1)
        taker.floor.now = BuyingDeal.objects.get().expires_at + MARGIN - timedelta(seconds=2)
        taker.run(0.4)
        signed = BuyingDeal.objects.get().cumulative_ubtt
        assert taker.used() > signed > 0
        taker.floor.now += timedelta(seconds=20)
        taker.run(0.4)
        assert taker.used() == signed
        row = BuyingDeal.objects.get()
        assert (row.is_closed, row.cumulative_ubtt) == (True, signed)
        assert "only what was signed counts" in why(row.end_reason)

    def test_signs_nothing_any_more_should_the_hub_and_the_seller_come_back(self, taker: Taker, stall: Stall) -> None:
        taker.books.is_away = True
        taker.floor.now = BuyingDeal.objects.get().expires_at + MARGIN + timedelta(seconds=1)
        taker.run(0.6)
        signed = BuyingDeal.objects.get(is_closed=True).cumulative_ubtt
        taker.books.is_away = False
        taker.send(stall, 4 << 20)
        taker.hear(stall, stall.grants(stall.bids[0], int(taker.floor.now.timestamp()) // 10))
        taker.send(stall, 4 << 20)
        taker.run(3)
        assert BuyingDeal.objects.get(is_closed=True).cumulative_ubtt == signed


class TestAReservation:
    @pytest.mark.parametrize("restarts", [False, True])
    def test_ends_when_what_may_have_been_opened_for_it_must_have_ended(self, taker: Taker, *, restarts: bool) -> None:
        taker.bid()
        taker.books.is_away = True
        stall = Stall(1)
        taker.connect(stall)
        taker.run(3, stall)
        reserved = Reservation.objects.get().amount_ubtt
        taker.floor.now += LIFE
        if restarts:
            taker.start()
        taker.run(3)
        assert "gives no answer: what was reserved there counts as spent until" in told(Bid.objects.get().note)
        taker.floor.now += LIFE + MARGIN - timedelta(seconds=10)
        taker.run(0.4)
        assert taker.used() == reserved
        taker.floor.now += timedelta(seconds=20)
        taker.run(0.4)
        assert taker.used() == 0
        assert "No answer came" in Reservation.objects.get().refusal


class TestAHub:
    """It was away when a channel was wanted, for as long as it is asked for one."""

    @pytest.fixture
    def stall(self, taker: Taker) -> Stall:
        taker.bid()
        taker.books.is_away = True
        stall = Stall(1)
        taker.connect(stall)
        taker.run(3, stall)
        taker.floor.now += LIFE
        return stall

    def test_that_is_back_is_asked_for_channels_again_and_what_was_reserved_counts_on(
        self, taker: Taker, stall: Stall
    ) -> None:
        reserved = Reservation.objects.get().amount_ubtt
        taker.run(3, stall)
        note = told(Bid.objects.get().note)
        assert "gives no answer" in note and note.endswith(SILENT_HUBS)
        taker.books.is_away = False
        taker.run(60, stall)
        assert "gives no answer" not in told(Bid.objects.get().note)
        taker.bid(budget=2 * reserved)
        taker.run(90, stall)
        assert BuyingDeal.objects.get().cumulative_ubtt > 0
        assert Reservation.objects.earliest("made_at").state == "asked"
        assert taker.used() > reserved

    def test_is_not_called_silent_by_a_node_that_was_down_and_never_asked_it(self, taker: Taker, stall: Stall) -> None:
        taker.books.is_away = False
        taker.start()
        taker.bid(budget=2 * Reservation.objects.get().amount_ubtt)
        taker.run(3)
        assert "Whether the hub" in told(Bid.objects.get().note)
        assert "gives no answer" not in told(Bid.objects.get().note)
        taker.connect(stall)
        taker.run(130, stall)
        assert BuyingDeal.objects.get().cumulative_ubtt > 0
