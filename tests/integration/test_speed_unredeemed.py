"""A seller that was put back from a backup behind its hub, while the deal has ended at its buyer."""

import pytest

from seedbox.models import User
from speed.models import BuyingDeal, SellingDeal
from speed.services import bids
from tests.builders import make_user
from tests.buying import BTT, MIB
from tests.trade import Trade
from wallet.domain.hub import ChannelState

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade(owner: User) -> Trade:
    return Trade(owner, make_user("bert"))


def end_at_the_buyer(trade: Trade) -> BuyingDeal:
    bids.withdraw(user_id=trade.taker.user.pk, torrent_id=trade.taker.torrent.pk)
    trade.run(4)
    return BuyingDeal.objects.get()


class TestASellerThatWasPutBack:
    @pytest.mark.parametrize("knows_the_deal", [True, False])
    def test_is_called_and_told_again_and_gets_all_that_was_signed(self, trade: Trade, *, knows_the_deal: bool) -> None:
        trade.run(20)
        backup = SellingDeal.objects.get()
        trade.run(20)
        trade.cut()
        bought = end_at_the_buyer(trade)
        assert bought.cumulative_ubtt > backup.cumulative_ubtt
        trade.put_back_seller(*[backup] if knows_the_deal else [])
        calls = len(trade.taker.floor.dialled)
        trade.run(100)
        assert trade.taker.floor.dialled[calls:] == [trade.to_seller.endpoint]
        trade.connect()
        trade.run(60)
        (channel,) = trade.books.channels.values()
        assert (channel.state, channel.redeemed_ubtt) == (ChannelState.CLOSED, bought.cumulative_ubtt)
        assert trade.books.money["shop"] + trade.books.fees_ubtt == bought.cumulative_ubtt
        assert trade.sale.is_closed and BuyingDeal.objects.get().is_closed

    def test_hears_of_it_once_no_other_deal_about_the_torrent_runs_with_it(self, trade: Trade) -> None:
        trade.run(30)
        trade.cut()
        owed = end_at_the_buyer(trade)
        trade.put_back_seller()
        trade.taker.bid(spend=10 * BTT)
        trade.run(130)
        trade.connect()
        trade.run(40)
        newer = BuyingDeal.objects.latest("pk")
        assert newer.pk != owed.pk and newer.accepted_bytes > MIB
        bids.withdraw(user_id=trade.taker.user.pk, torrent_id=trade.taker.torrent.pk)
        trade.run(120)
        newer.refresh_from_db()
        paid = {channel.redeemed_ubtt for channel in trade.books.channels.values()}
        assert paid == {owed.cumulative_ubtt, newer.cumulative_ubtt}
        assert all(channel.state is ChannelState.CLOSED for channel in trade.books.channels.values())


class TestASellerThatClosesItsChannel:
    def test_is_told_nothing_again(self, trade: Trade) -> None:
        trade.run(30)
        assert trade.sale.accepted_bytes > MIB
        end_at_the_buyer(trade)
        trade.run(16)
        trade.cut()
        calls = len(trade.taker.floor.dialled)
        trade.run(150)
        assert len(trade.taker.floor.dialled) == calls
