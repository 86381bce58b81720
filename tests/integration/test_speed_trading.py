"""Our buyer and our seller, each by its own rules, over one hub: they agree on bytes and on money."""

from datetime import timedelta

import pytest

from seedbox.models import User
from speed.models import BuyingDeal
from speed.services import bids
from tests.builders import make_user
from tests.buying import MIB
from tests.trade import Trade
from wallet.domain.hub import ChannelState

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade(owner: User) -> Trade:
    return Trade(owner, make_user("bert"))


class TestATrade:
    def test_pays_the_seller_what_the_buyer_counted_to_the_last_unit(self, trade: Trade) -> None:
        trade.run(50)
        assert trade.lane > MIB
        bids.withdraw(user_id=trade.taker.user.pk, torrent_id=trade.taker.torrent.pk)
        trade.run(16)
        bought, sold = BuyingDeal.objects.get(), trade.sale
        assert bought.accepted_bytes > 50 * MIB
        assert bought.cumulative_ubtt == bought.owed_ubtt == sold.cumulative_ubtt == sold.redeemed_ubtt
        assert sold.accepted_bytes == bought.accepted_bytes
        assert sold.sent_bytes - bought.accepted_bytes <= MIB + sold.sent_bytes // 100
        (channel,) = trade.books.channels.values()
        assert (channel.state, channel.redeemed_ubtt) == (ChannelState.CLOSED, bought.cumulative_ubtt)
        assert trade.books.money["shop"] + trade.books.fees_ubtt == bought.cumulative_ubtt
        trade.taker.floor.now = trade.shop.now = trade.shop.now + timedelta(seconds=31)
        trade.run(1)
        assert trade.taker.used() == bought.cumulative_ubtt

    def test_goes_on_where_it_was_after_a_lost_connection(self, trade: Trade) -> None:
        trade.run(30)
        trade.cut()
        trade.run(1)
        trade.connect()
        before = trade.sale.accepted_bytes
        trade.run(24)
        assert trade.sale.accepted_bytes > before + 10 * MIB
        assert BuyingDeal.objects.count() == 1

    def test_is_never_unpaid_nor_do_its_meters_disagree(self, trade: Trade) -> None:
        trade.run(60)
        assert trade.sale.disagreeing_rounds == 0
        assert trade.sale.written_off_bytes < MIB
        seen = [round_.reason for round_ in trade.taker.rounds()]
        assert seen and not any(seen)
