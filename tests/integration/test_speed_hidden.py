"""A node that begins to hide while a hub owes it money: it can ask for none until it shows itself again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse

from seedbox.models import Network, User
from speed.models import SellingDeal
from tests.builders import signed_in
from tests.selling import Buyer, Shop
from wallet.domain.hub import ChannelState

pytestmark = pytest.mark.django_db


class Box:
    """A node that has sold, and a buyer who has paid for it in vouchers that are not redeemed yet."""

    def __init__(self, owner: User) -> None:
        self.shop = Shop(owner)
        self.buyer = self.shop.serve(Buyer(1), 25)
        assert self.buyer.cumulative > self.shop.row(self.buyer).redeemed_ubtt == 0

    def hide(self, *, hides: bool = True) -> None:
        """Change the node's network, and with it whether a hub may be asked."""
        Network.objects.update_or_create(node=self.shop.node, defaults={"anonymous": hides})
        self.shop.read_terms()
        self.shop.hub.is_away = hides

    def row_after(self, seconds: int) -> SellingDeal:
        self.shop.run(1)
        self.shop.floor.now += timedelta(seconds=seconds)
        self.shop.run(15)
        return self.shop.row(self.buyer)


@pytest.fixture
def box(admin: User) -> Box:
    return Box(admin)


class TestWhatAHubOwes:
    def test_is_redeemed_if_the_node_shows_itself_before_the_channel_ends(self, box: Box) -> None:
        box.hide()
        row = box.row_after(300)
        assert (row.state, row.is_closed, row.redeemed_ubtt) == ("ending", False, 0)
        box.hide(hides=False)
        row = box.row_after(0)
        assert (row.is_closed, row.redeemed_ubtt) == (True, box.buyer.cumulative)

    def test_is_lost_afterwards_and_not_in_silence(
        self, box: Box, admin: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        box.hide()
        row = box.row_after(300)
        page = reverse("market_selling", args=[row.pk])
        assert "Not redeemed yet" in signed_in(admin).get(page).content.decode()
        channel = box.shop.hub.channels[row.channel_id]
        box.shop.hub.channels[row.channel_id] = replace(channel, state=ChannelState.EXPIRED)
        box.hide(hides=False)
        box.shop.start()  # asks what became of its channels
        row = box.row_after(0)
        assert (row.is_closed, row.redeemed_ubtt) == (True, 0)
        assert f"{box.buyer.cumulative} µBTT that were promised in it are lost" in caplog.text
        assert "Never paid out" in signed_in(admin).get(page).content.decode()
