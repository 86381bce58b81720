"""Sellers, hubs and users that change their minds: the buyer pays what was agreed, within what is allowed now."""

from datetime import UTC, datetime, timedelta

import pytest

from speed.domain.messages import Grant, Grants, Refuse
from speed.domain.refusals import Reason
from speed.models import Bid, BuyingDeal, Hub, Pairing
from speed.services import bids, spenders
from speed.services.deal_rows import why
from tests.builders import make_holding, make_user
from tests.buying import BTT, MIB, PRICE, Stall, Taker

pytestmark = pytest.mark.django_db


def begin_of(number: int) -> datetime:
    """Return when a round begins."""
    return datetime.fromtimestamp(number * 10, UTC)


def end(taker: Taker, stall: Stall) -> None:
    """Withdraw the bid, and let its seller be paid."""
    bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
    stall.answers = False
    taker.run(3, stall)


class TestASellerThat:
    def test_keeps_to_the_price_of_before_when_the_ceiling_was_lowered_is_left(self, taker: Taker) -> None:
        taker.bid()
        stall = Stall(1, price=2 * PRICE, speed=MIB)
        taker.connect(stall)
        taker.run(6, stall)
        taker.bid(max_price=PRICE)
        taker.run(4, stall)
        assert taker.row(stall).state == "in_lane"  # it may not have heard of it when its round began
        taker.run(32, stall)
        assert stall.withdrawn
        assert taker.row(stall).end_reason == "asks above the bid"

    @pytest.mark.parametrize("is_refused_between", [False, True])
    def test_grants_a_round_anew_at_a_low_price_bills_no_more_than_the_pace(
        self, taker: Taker, *, is_refused_between: bool
    ) -> None:
        taker.bid(spend=15_625)  # a MiB per second
        stall = Stall(1, speed=MIB)
        taker.connect(stall)
        taker.run(6, stall)
        deal = stall.bids[-1].deal
        for _ in range(4):
            if is_refused_between:
                taker.hear(stall, Refuse(deal, stall.granted_round, PRICE, Reason.BUSY))
            again = Grant(deal, stall.granted_round, 64 * MIB, PRICE // 64, bytes(16), 0)
            taker.hear(stall, Grants((again,), bytes(32)))
            taker.floor.now += timedelta(seconds=1)
            taker.send(stall, 8 * MIB)
        end(taker, stall)
        assert stall.cumulative <= 15_625 * (6 + 4 + 2)  # its time, and a mebibyte for each of two rounds

    def test_goes_back_to_a_dear_round_is_not_paid_at_its_price(self, taker: Taker) -> None:
        taker.bid()
        stall = Stall(1, price=2 * PRICE, speed=MIB)
        taker.connect(stall)
        taker.run(6, stall)
        dear = stall.granted_round
        stall.price = PRICE
        taker.run(10, stall)
        assert stall.granted_round > dear
        again = Grant(stall.bids[-1].deal, dear, 32 * MIB, 2 * PRICE, bytes(16), 0)
        taker.hear(stall, Grants((again,), bytes(32)))
        taker.floor.now += timedelta(seconds=1)
        taker.send(stall, 16 * MIB)
        end(taker, stall)
        assert stall.acks[dear] <= 11 * MIB

    def test_counts_its_rounds_faster_than_the_clock_is_not_heard(self, taker: Taker) -> None:
        taker.bid(spend=15_625)
        stall = Stall(1, speed=MIB)
        taker.connect(stall)
        taker.run(6, stall)
        seen = stall.granted_round
        for number in range(seen + 1, seen + 30):
            taker.hear(stall, stall.grants(stall.bids[-1], number))
            taker.hear(stall, Refuse(stall.bids[-1].deal, number - 100, PRICE, Reason.BUSY))
            taker.send(stall, MIB)
        end(taker, stall)
        assert stall.cumulative <= 15_625 * (6 + 3)
        taker.run(11)
        assert {row.number for row in taker.rounds()} <= {seen - 1, seen, seen + 1, seen + 2}

    def test_says_for_ever_that_its_channel_is_low_gets_no_more_than_fits(self, taker: Taker, stall: Stall) -> None:
        first = taker.in_channels
        for _ in range(6):
            taker.hear(stall, Refuse(stall.bids[-1].deal, stall.granted_round, PRICE, Reason.CHANNEL_LOW))
            taker.run(1, stall)
        assert first < taker.in_channels <= 3 * first


class TestADealEnds:
    @pytest.mark.parametrize("lowered", ["torrent", "day"])
    def test_when_more_is_signed_than_a_lowered_budget_allows(self, taker: Taker, stall: Stall, lowered: str) -> None:
        limit = 20_000
        assert limit < stall.cumulative < taker.in_channels
        if lowered == "torrent":
            taker.bid(budget=limit)
        else:
            spenders.allow(taker.user.pk, day_limit_ubtt=limit, now=taker.floor.now)
        stall.answers = False
        taker.run(3, stall)
        row = taker.row(stall)
        assert (row.end_reason, why(row.end_reason)) == (
            "budget used up",
            "There was no more money for it: budget, day's limit or account",
        )
        assert Bid.objects.get().note == (bids.USED_UP if lowered == "torrent" else bids.USED_UP_TODAY)

    def test_when_its_hub_is_trusted_no_longer(self, taker: Taker, stall: Stall) -> None:
        Hub.objects.update(is_trusted=False)
        Hub.objects.create(hub_id="ab" * 20, url="https://hub.example")
        Pairing.objects.create(
            user_id=taker.user.pk, node_name="local", hub_id="ab" * 20, key="1", daily_limit_ubtt=BTT, account="7"
        )
        stall.answers = False
        taker.run(3, stall)
        row = taker.row(stall)
        assert (row.end_reason, why(row.end_reason)) == (
            "no account at its hub",
            "The user's money can't be used at the seller's hub any more",
        )

    def test_when_its_user_turns_spending_off(self, taker: Taker, stall: Stall) -> None:
        spenders.stop(taker.user.pk, now=taker.floor.now)
        stall.answers = False
        taker.run(3, stall)
        row = taker.row(stall)
        assert (row.end_reason, why(row.end_reason)) == ("withdrawn", "The bid stands no longer")


class TestADeal:
    def test_that_begins_when_anothers_bid_stands_is_never_bid_for(self, taker: Taker) -> None:
        taker.bid()
        taker.books.is_away = True
        stall = Stall(1)
        taker.connect(stall)
        taker.run(6, stall)
        bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
        first, taker.user = taker.user, make_user("bert")
        make_holding(taker.user, taker.torrent)
        spenders.allow(taker.user.pk, day_limit_ubtt=100 * BTT, now=taker.floor.now)
        taker.books.bind(str(taker.user.pk), taker.floor.key.public_key.hex(), daily_limit_ubtt=100 * BTT)
        taker.books.money[str(taker.user.pk)] = 100 * BTT
        taker.bid()
        taker.run(3, stall)
        taker.books.is_away = False
        taker.run(14, stall)
        firsts = BuyingDeal.objects.get(user_id=first.pk)
        assert {bid.deal.hex() for bid in stall.bids} == {taker.row(stall).deal_id}
        assert taker.row(stall).deal_id != firsts.deal_id

    def test_goes_on_after_a_restart_however_long_ago_it_was_connected(self, taker: Taker, stall: Stall) -> None:
        taker.buyer.finish(taker.floor.now)
        taker.floor.now += timedelta(minutes=11)
        taker.start()
        taker.run(3)
        taker.connect(stall)
        taker.run(6, stall)
        assert BuyingDeal.objects.get().state == "in_lane"

    def test_goes_on_when_the_first_word_of_its_seller_came_late(self, taker: Taker) -> None:
        taker.bid()
        stall = Stall(1, refuses=Reason.BUSY)
        taker.connect(stall)
        taker.run(6, stall)
        deal, number = stall.bids[-1].deal, stall.granted_round
        taker.start()
        taker.connect(stall)
        taker.floor.now = begin_of(number + 1) + timedelta(seconds=1)
        taker.hear(stall, Refuse(deal, number, PRICE, Reason.BUSY))
        for later in (2, 3):
            taker.floor.now = begin_of(number + later)
            taker.hear(stall, stall.grants(stall.bids[-1], number + later))
            taker.send(stall, MIB)
        end(taker, stall)
        assert set(stall.acks) >= {number + 2, number + 3}
