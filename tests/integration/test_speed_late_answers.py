"""A deal that is over before its top-up was asked for, or before the hub has answered: nothing comes of it any more."""

from collections.abc import Callable

import pytest

from speed.domain.messages import Refuse, Withdraw
from speed.domain.refusals import Reason
from speed.models import Reservation
from speed.wire.hub_fake import FakeHub
from tests.buying import PRICE, Stall, Taker
from wallet.domain.hub import HubChannel, SignedVoucher

pytestmark = pytest.mark.django_db


class SlowHub(FakeHub):
    """Answers when something else has happened; it counts how often it was asked for a top-up."""

    topped_up = 0
    meanwhile: Callable[[], None] | None = None

    def top_up(self, channel_id: str, *, key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        self.topped_up += 1
        answer = super().top_up(channel_id, key=key, amount_ubtt=amount_ubtt, expires_s=expires_s)
        if self.meanwhile is not None:
            self.meanwhile()
        return answer


@pytest.fixture
def hub(taker: Taker, stall: Stall) -> SlowHub:
    hub = SlowHub(taker.books, taker.floor.key.public_key.hex(), is_own=True)
    taker.floor.hub = hub
    stall.answers = False
    return hub


def ask_for_more(taker: Taker, stall: Stall) -> None:
    """Let the seller say that it wants to see more in the channel."""
    number = int(taker.floor.now.timestamp()) // 10
    taker.hear(stall, Refuse(stall.bids[0].deal, number, PRICE, Reason.CHANNEL_LOW))
    taker.run(0.2, stall)


def close(taker: Taker, stall: Stall) -> None:
    """Let the seller close the channel, and our node see it."""
    channel_id = taker.row(stall).channel_id
    last = SignedVoucher(channel_id, stall.cumulative, stall.signature)
    FakeHub(taker.books, stall.key.public_key.hex()).close(channel_id, key="close", last=last)
    taker.hear(stall, Withdraw(stall.bids[0].deal))
    taker.buyer.tick(taker.floor.now)


def assert_over(taker: Taker, stall: Stall) -> None:
    """Only what was signed counts; its seller has not waited for all of it."""
    taker.run(3, stall)
    row = taker.row(stall)
    assert (row.is_closed, row.state) == (True, "closed")
    assert 0 < taker.in_channels <= row.cumulative_ubtt == taker.used()
    assert not Reservation.objects.filter(state=Reservation.ASKED).exists()


class TestATopUp:
    def test_is_asked_for_while_its_deal_runs(self, taker: Taker, stall: Stall, hub: SlowHub) -> None:
        ask_for_more(taker, stall)
        assert (hub.topped_up, Reservation.objects.count()) == (1, 2)

    def test_is_not_asked_for_when_its_deal_is_over_before_it_is_written(
        self, taker: Taker, stall: Stall, hub: SlowHub
    ) -> None:
        taker.floor.holds_writes = True
        ask_for_more(taker, stall)
        close(taker, stall)
        taker.floor.catch_up()
        assert (hub.topped_up, Reservation.objects.count()) == (0, 2)
        assert_over(taker, stall)

    def test_that_is_answered_when_its_deal_is_over_changes_nothing(
        self, taker: Taker, stall: Stall, hub: SlowHub
    ) -> None:
        hub.meanwhile = lambda: close(taker, stall)
        ask_for_more(taker, stall)
        assert (hub.topped_up, taker.row(stall).is_closed) == (1, True)
        assert_over(taker, stall)
