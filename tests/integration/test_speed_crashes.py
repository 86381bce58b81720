"""Buyer, seller and hub vanish, crash and come back at any point: no money is made, lost, or paid for nothing."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speed.models import BuyingDeal, Reservation, SellingDeal
from speed.services import bids
from tests.builders import make_user
from tests.buying import BLOCK, GIB, PRICE
from tests.servers import PROVE
from tests.trade import Trade
from wallet.domain.hub import ChannelState
from wallet.domain.rounding import fee_of

pytestmark = pytest.mark.django_db

TIMES = min(PROVE, 20)  # as often as usual: each example is a trade of minutes
TEST_LIMIT_S = 120 * TIMES
CEILING = 2 * PRICE  # of the bid
PAST_EXPIRY = timedelta(hours=3)  # also of a channel that a hub may have opened without saying so
ACTS = ["run", "cut", "crash_buyer", "crash_seller", "lose_buyers_writes", "lose_sellers_writes", "hub"]
acts = st.tuples(st.sampled_from(ACTS), st.sampled_from([0.2, 1, 4, 11]))  # and how many seconds go by before it


@dataclass
class Books:
    """What the hub has, and what both nodes have written down."""

    trade: Trade

    def __post_init__(self) -> None:
        self.had_ubtt = self._everything()

    def _everything(self) -> int:
        books = self.trade.books
        inside = sum(one.amount_ubtt - one.redeemed_ubtt for one in books.channels.values() if is_open(one.state))
        return sum(books.money.values()) + books.fees_ubtt + inside

    def check(self) -> None:
        assert self._everything() == self.had_ubtt
        bought = {deal.channel_id: deal for deal in BuyingDeal.objects.all()}
        sold = {deal.channel_id: deal for deal in SellingDeal.objects.all()}
        for channel in self.trade.books.channels.values():
            signed = bought[channel.id].cumulative_ubtt if channel.id in bought else 0
            taken, noted = (
                (sold[channel.id].cumulative_ubtt, sold[channel.id].redeemed_ubtt) if channel.id in sold else (0, 0)
            )
            assert noted <= channel.redeemed_ubtt <= signed <= channel.amount_ubtt
            assert taken <= signed
        came_bytes = self.trade.blocks * BLOCK
        assert sum(deal.cumulative_ubtt for deal in bought.values()) <= came_bytes * CEILING // GIB
        assert sum(deal.accepted_bytes for deal in bought.values()) <= came_bytes

    def check_end(self) -> None:
        """All that was redeemed is the seller's and the fee's, and all else is back."""
        books = self.trade.books
        redeemed = {one.id: one.redeemed_ubtt for one in books.channels.values()}
        assert not any(is_open(one.state) for one in books.channels.values())
        assert books.money["shop"] + books.fees_ubtt == sum(redeemed.values())
        for sold in SellingDeal.objects.all():
            assert (sold.is_closed, sold.redeemed_ubtt) == (True, redeemed[sold.channel_id])
            assert sold.earned_ubtt == sold.redeemed_ubtt - fee_of(sold.redeemed_ubtt, sold.fee_ppm)
        assert not BuyingDeal.objects.filter(is_closed=False).exists()
        assert not Reservation.objects.filter(state=Reservation.ASKED).exists()
        assert self.trade.taker.used() == sum(BuyingDeal.objects.values_list("cumulative_ubtt", flat=True))


def is_open(state: ChannelState) -> bool:
    return state in (ChannelState.OPENING, ChannelState.OPEN)


def do(trade: Trade, act: str) -> None:
    """Let something go wrong; where nobody has the connection after it, there is a new one."""
    match act:
        case "cut":
            trade.cut()
        case "crash_buyer":
            trade.crash_buyer()
        case "crash_seller":
            trade.crash_seller()
        case "lose_buyers_writes":  # its disk was slow, and then it died
            trade.taker.floor.holds_writes = True
            trade.run(1)
            trade.crash_buyer()
        case "lose_sellers_writes":
            trade.shop.holds_writes = True
            trade.run(1)
            trade.crash_seller()
        case "hub":
            trade.books.is_away = not trade.books.is_away
    if trade.to_buyer not in trade.shop.links:
        trade.run(0.4)
        trade.connect()


class TestWhateverGoesWrong:
    @pytest.mark.timeout(TEST_LIMIT_S)
    @settings(max_examples=3 * TIMES, deadline=None)
    @given(went=st.lists(acts, min_size=3, max_size=6), says_goodbye=st.booleans())
    @example(went=[("run", 0.2), ("hub", 0.2), ("run", 4)], says_goodbye=False)
    def test_all_money_is_where_it_belongs_at_each_point_and_at_the_end(
        self, went: list[tuple[str, float]], says_goodbye: bool
    ) -> None:
        with transaction.atomic():
            trade = Trade(make_user("nora"), make_user("bert"))
            books = Books(trade)
            for act, seconds in went:
                trade.run(seconds)
                books.check()
                do(trade, act)
                books.check()
            trade.books.is_away = False
            if says_goodbye:  # or both vanish
                bids.withdraw(user_id=trade.taker.user.pk, torrent_id=trade.taker.torrent.pk)
                trade.run(16)
                books.check()
            trade.cut()
            bids.withdraw(user_id=trade.taker.user.pk, torrent_id=trade.taker.torrent.pk)
            trade.shop.now = trade.taker.floor.now = trade.shop.now + PAST_EXPIRY
            trade.books.expire_due()
            trade.run(15)
            books.check()
            books.check_end()
            transaction.set_rollback(True)
