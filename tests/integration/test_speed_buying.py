"""The buying side, driven by messages and blocks: whom it calls, what it bids, counts, signs and gives up."""

from datetime import timedelta

import pytest

from seedbox.domain.lanes import Bounce, FindSellers, LookAtPeers, SellersFound
from seedbox.models import Observation
from speed.domain.messages import Bid, Meter, Meters, Refuse, State
from speed.domain.naming import dht_target
from speed.domain.refusals import Reason
from speed.models import Bid as BidRow
from speed.models import BuyingDeal, Payment, Quote, Reservation, SeenRound
from speed.services import bids, quotes, spenders
from tests.builders import make_holding, make_user
from tests.buying import BTT, GIB, MIB, PRICE, Stall, Taker, acknowledged
from wallet.domain.hub import ChannelState

pytestmark = pytest.mark.django_db


class TestADeal:
    def test_is_paid_to_the_last_byte_when_its_bid_is_withdrawn(self, taker: Taker, stall: Stall) -> None:
        bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
        stall.answers = False
        taker.run(3, stall)
        row = taker.row(stall)
        assert stall.withdrawn == [bytes.fromhex(row.deal_id)]
        assert row.accepted_bytes == acknowledged(stall.acks) == stall.sent
        assert row.cumulative_ubtt == stall.cumulative == stall.sent * PRICE // GIB
        assert (row.state, row.end_reason) == ("ending", "withdrawn")

    def test_pays_at_half_of_a_strangers_window(self, taker: Taker, stall: Stall) -> None:
        assert stall.vouchers == pytest.approx(stall.sent // (2 * MIB), abs=1)
        assert stall.sent - acknowledged(stall.acks) < 2 * MIB + stall.speed

    def test_makes_its_connections_anew_once(self, taker: Taker, stall: Stall) -> None:
        taker.run(12, stall)
        bounces = [order for order in taker.floor.orders if isinstance(order, Bounce)]
        assert bounces == [Bounce("203.0.113.1/32", ports=(6881,))]

    def test_keeps_what_was_said_of_rounds_and_by_the_sellers_meter(self, taker: Taker, stall: Stall) -> None:
        deal = stall.bids[-1].deal
        taker.hear(stall, Meters((Meter(deal, 123, 45, 6),)))
        taker.run(12, stall)
        row = taker.row(stall)
        assert (row.sent_bytes, row.sellers_owed_ubtt) == (123, 45)
        assert {seen.price_ubtt_per_gib for seen in SeenRound.objects.filter(deal_id=row.deal_id)} == {PRICE}

    def test_sends_no_voucher_that_is_not_written(self, taker: Taker, stall: Stall) -> None:
        paid = stall.cumulative
        taker.floor.holds_writes = True
        taker.run(2, stall)
        assert stall.cumulative == paid
        taker.floor.catch_up()
        taker.run(0.2, stall)
        assert BuyingDeal.objects.get().cumulative_ubtt == stall.cumulative > paid

    def test_ends_when_the_torrent_is_complete(self, taker: Taker, stall: Stall) -> None:
        Observation.objects.update(done_bytes=GIB)
        stall.answers = False
        taker.run(3, stall)
        assert taker.row(stall).end_reason == "complete"
        assert stall.cumulative == stall.sent * PRICE // GIB

    def test_gives_back_to_the_budget_what_was_not_signed_when_its_channel_is_closed(
        self, taker: Taker, stall: Stall
    ) -> None:
        bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
        stall.answers = False
        taker.run(3, stall)
        assert taker.used() == taker.in_channels > stall.cumulative
        (channel,) = taker.books.channels.values()
        taker.books.end(channel, ChannelState.CLOSED)
        taker.floor.now += timedelta(seconds=31)
        taker.run(0.4, stall)
        assert taker.used() == stall.cumulative
        assert BuyingDeal.objects.get().is_closed


class TestNothingIsBid:
    @pytest.mark.parametrize("off", ["user", "bid", "node"])
    def test_until_it_is_turned_on(self, taker: Taker, off: str) -> None:
        taker.bid()
        if off == "user":
            spenders.stop(taker.user.pk, now=taker.floor.now)
        elif off == "bid":
            bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
        else:
            taker.change(buys=False)
        stall = Stall(1)
        taker.connect(stall)
        taker.run(6, stall)
        assert (stall.bids, taker.books.channels) == ([], {})
        assert Reservation.objects.count() == 0

    def test_above_the_ceiling(self, taker: Taker) -> None:
        row = taker.bid(max_price=PRICE)
        stall = Stall(1, ask=PRICE + 1)
        taker.connect(stall)
        taker.run(6, stall)
        row.refresh_from_db()
        assert stall.bids == []
        assert row.note == "All who sell it ask more than the bid's ceiling."

    def test_for_a_second_user_of_a_torrent_until_the_first_one_stops(self, taker: Taker, stall: Stall) -> None:
        other = make_user("bert")
        make_holding(other, taker.torrent)
        spenders.allow(other.pk, day_limit_ubtt=100 * BTT, now=taker.floor.now)
        taker.books.bind(str(other.pk), taker.floor.key.public_key.hex(), daily_limit_ubtt=100 * BTT)
        taker.books.money[str(other.pk)] = 100 * BTT
        later = bids.place(
            user_id=other.pk,
            torrent_id=taker.torrent.pk,
            max_price_ubtt_per_gib=2 * PRICE,
            spend_ubtt_per_s=BTT,
            budget_ubtt=50 * BTT,
            now=taker.floor.now,
        )
        taker.run(3, stall)
        later.refresh_from_db()
        assert later.note == bids.OTHERS
        bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
        taker.run(6, stall)
        assert taker.row(stall).user_id == other.pk


class TestASellerThat:
    def test_asks_more_than_was_bid_is_left_and_not_paid(self, taker: Taker) -> None:
        taker.bid()
        stall = Stall(1, price=2 * PRICE + 1)
        taker.connect(stall)
        taker.run(8, stall)
        assert stall.withdrawn
        assert (stall.cumulative, taker.row(stall).accepted_bytes) == (0, 0)
        assert taker.row(stall).end_reason == "asks above the bid"

    def test_sends_faster_than_the_bid_buys_is_paid_for_no_more_than_that(self, taker: Taker) -> None:
        taker.bid(spend=15_625)  # a MiB per second
        stall = Stall(1, speed=4 * MIB)
        taker.connect(stall)
        taker.run(14, stall)
        assert stall.cumulative <= 15_625 * 13 + 2 * 15_625  # and a mebibyte for what was on its way, per round

    def test_sends_a_bad_piece_has_it_taken_back_and_is_left_after_the_second(self, taker: Taker) -> None:
        taker.bid()
        stall = Stall(1, bad_pieces=frozenset({0}))
        taker.connect(stall)
        taker.run(8, stall)
        deal = taker.row(stall)
        assert (deal.state, deal.failed_pieces) == ("in_lane", 1)
        stall.bad_pieces = frozenset(range(100))
        stall.speed = 4 * MIB
        taker.run(3, stall)
        row = taker.row(stall)
        assert (row.end_reason, row.failed_pieces) == ("bad data", 2)
        assert row.cumulative_ubtt <= (stall.sent - 4 * MIB) * PRICE // GIB

    def test_stops_for_a_voucher_is_paid_at_once_and_sooner_from_then_on(self, taker: Taker, stall: Stall) -> None:
        paid = acknowledged(stall.acks)
        assert paid < stall.sent
        taker.hear(stall, Refuse(stall.bids[-1].deal, stall.granted_round, PRICE, Reason.UNPAID))
        stall.collect(taker)
        assert acknowledged(stall.acks) == stall.sent
        vouchers, sent = stall.vouchers, stall.sent
        taker.run(10, stall)
        assert stall.vouchers - vouchers > (stall.sent - sent) // (2 * MIB)

    def test_wants_to_see_more_money_gets_a_larger_receipt(self, taker: Taker, stall: Stall) -> None:
        before = stall.bids[-1]
        taker.hear(stall, Refuse(before.deal, stall.granted_round, PRICE, Reason.CHANNEL_LOW))
        taker.run(1, stall)
        assert stall.bids[-1].deal == before.deal
        assert stall.bids[-1].receipt != before.receipt
        assert taker.used() == taker.in_channels

    def test_does_not_sell_any_more_ends_the_deal_and_is_left_alone(self, taker: Taker, stall: Stall) -> None:
        taker.hear(stall, Refuse(stall.bids[-1].deal, stall.granted_round, PRICE, Reason.NOT_SELLING))
        stall.answers = False
        taker.run(6, stall)
        assert BuyingDeal.objects.count() == 1
        assert stall.cumulative == stall.sent * PRICE // GIB

    def test_was_busy_hears_the_same_bid_again(self, taker: Taker) -> None:
        taker.bid()
        stall = Stall(1, refuses=Reason.BUSY)
        taker.connect(stall)
        taker.run(14, stall)
        assert len(stall.bids) > 1
        assert len(set(stall.bids)) == 1


class TestALostConnection:
    def test_is_resumed_with_the_same_deal_receipt_and_vouchers(self, taker: Taker, stall: Stall) -> None:
        before, cumulative = stall.bids[-1], stall.cumulative
        taker.disconnect(stall)
        taker.run(1)
        taker.send(stall, MIB)  # free: no grant runs
        stall.cumulative = 0
        taker.connect(stall)
        stall.collect(taker)
        (bid,) = stall.link.take(Bid)
        assert (bid.deal, bid.receipt) == (before.deal, before.receipt)
        taker.run(0.4, stall)
        assert stall.cumulative >= cumulative

    def test_is_made_anew_by_the_buyer_and_only_to_who_is_connected_to_the_torrent(
        self, taker: Taker, stall: Stall
    ) -> None:
        taker.disconnect(stall)
        taker.run(0.4)
        assert taker.floor.dialled == []
        taker.see(stall)
        taker.buyer.tick(taker.floor.now)
        assert taker.floor.dialled == [stall.link.endpoint]

    def test_that_lasts_ends_the_deal(self, taker: Taker, stall: Stall) -> None:
        taker.disconnect(stall)
        taker.floor.now += timedelta(minutes=10)
        taker.run(3)
        assert taker.row(stall).end_reason == "no connection"


class TestARestart:
    def test_goes_on_with_the_deal_and_owes_no_byte_twice(self, taker: Taker, stall: Stall) -> None:
        taker.buyer.finish(taker.floor.now)
        taker.start()
        taker.connect(stall)
        taker.run(5, stall)
        bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
        stall.answers = False
        taker.run(3, stall)
        assert BuyingDeal.objects.count() == 1
        assert stall.cumulative == acknowledged(stall.acks) * PRICE // GIB
        assert acknowledged(stall.acks) == pytest.approx(stall.sent, abs=MIB)

    def test_asks_a_hub_again_that_did_not_answer_and_opens_one_channel(self, taker: Taker) -> None:
        taker.bid()
        stall = Stall(1)
        taker.connect(stall)
        taker.books.is_away = True
        taker.run(6, stall)
        assert Reservation.objects.get().state == "asked"
        reserved = taker.used()
        taker.start()
        taker.books.is_away = False
        taker.connect(stall)
        taker.run(14, stall)
        assert (Reservation.objects.get().state, len(taker.books.channels)) == ("done", 1)
        assert taker.used() == reserved == taker.in_channels

    def test_from_a_backup_goes_on_from_what_the_seller_can_show(self, taker: Taker, stall: Stall) -> None:
        backup = BuyingDeal.objects.values().get()
        taker.run(8, stall)
        shown = stall.state
        assert shown.vouchers[0].cumulative_ubtt > backup["cumulative_ubtt"]
        BuyingDeal.objects.update(**backup)
        taker.start()
        taker.connect(stall)
        taker.hear(stall, shown)
        before, sent = stall.cumulative, stall.sent
        taker.run(5, stall)
        bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
        stall.answers = False
        taker.run(3, stall)
        assert stall.cumulative - before == pytest.approx((stall.sent - sent) * PRICE // GIB, abs=15_625)

    def test_from_a_backup_of_before_a_top_up_takes_that_up_when_its_hub_has_told_of_it(
        self, taker: Taker, stall: Stall
    ) -> None:
        backup = BuyingDeal.objects.values().get()
        taker.run(8, stall)
        assert stall.cumulative > backup["cumulative_ubtt"]
        BuyingDeal.objects.update(**backup | {"amount_ubtt": backup["cumulative_ubtt"]})
        taker.books.is_away = True
        taker.start()
        taker.connect(stall)
        taker.hear(stall, stall.state)
        assert taker.row(stall).cumulative_ubtt == backup["cumulative_ubtt"]
        taker.books.is_away = False
        taker.run(1)
        assert taker.row(stall).cumulative_ubtt == stall.cumulative

    def test_takes_up_no_voucher_that_it_has_not_signed(self, taker: Taker, stall: Stall) -> None:
        row = BuyingDeal.objects.get()
        total = stall.state.vouchers[0]
        forged = State((type(total)(total.channel, total.cumulative_ubtt + 1, total.sig),))
        taker.hear(stall, forged)
        row.refresh_from_db()
        assert row.cumulative_ubtt == total.cumulative_ubtt


class TestABudget:
    def test_ends_the_deal_when_it_is_used_up(self, taker: Taker) -> None:
        taker.bid(budget=2 * BTT)  # 128 MiB at that price, 64 MiB at the ceiling
        stall = Stall(1, speed=16 * MIB)
        taker.connect(stall)
        taker.run(16, stall)
        row = taker.row(stall)
        assert (row.state, row.end_reason) == ("ending", "budget used up")
        assert stall.cumulative == row.cumulative_ubtt <= 2 * BTT
        assert taker.in_channels == 2 * BTT == taker.used()

    def test_of_a_day_counts_what_was_signed_and_what_channels_hold(self, taker: Taker, stall: Stall) -> None:
        budget = spenders.budget_of(taker.user.pk)
        assert bids.of_user(taker.user.pk)
        spenders.allow(taker.user.pk, day_limit_ubtt=taker.in_channels, now=taker.floor.now)
        other = taker.wish_for("song.flac")
        taker.torrent = other
        taker.bid()
        second = Stall(2)
        taker.connect(second)
        taker.run(6, second)
        assert second.bids == []
        assert BidRow.objects.get(torrent_key=other.key).note == "The budget of this day is used up, or would be."
        assert sum(payment.signed_ubtt for payment in Payment.objects.filter(user_id=budget.user_id)) == (
            stall.cumulative
        )


class TestABid:
    def test_that_changes_by_less_than_5_percent_is_not_sent(self, taker: Taker, stall: Stall) -> None:
        count = len(stall.bids)
        taker.bid(spend=10 * BTT * 104 // 100, max_price=2 * PRICE * 104 // 100)
        taker.run(3, stall)
        assert len(stall.bids) == count
        taker.bid(spend=10 * BTT * 105 // 100)
        taker.run(3, stall)
        assert stall.bids[count].spend_ubtt_per_s == 10 * BTT * 105 // 100

    def test_with_a_lower_ceiling_always_is(self, taker: Taker, stall: Stall) -> None:
        taker.bid(max_price=2 * PRICE - 1)
        taker.run(3, stall)
        assert stall.bids[-1].max_price_ubtt_per_gib == 2 * PRICE - 1

    def test_shares_its_pace_among_sellers(self, taker: Taker, stall: Stall) -> None:
        other = Stall(2, first_piece=100)
        taker.connect(other)
        taker.run(6, stall, other)
        assert stall.bids[-1].spend_ubtt_per_s == other.bids[-1].spend_ubtt_per_s == 5 * BTT

    def test_is_taken_only_with_numbers_that_make_sense(self, taker: Taker) -> None:
        with pytest.raises(bids.BadBid) as problem:
            taker.bid(max_price=1, spend=0, budget=0)
        assert set(problem.value.problems) == {"max_price_ubtt_per_gib", "spend_ubtt_per_s", "budget_ubtt"}
        with pytest.raises(bids.NoSuchTorrent):
            bids.place(
                user_id=taker.user.pk + 1,
                torrent_id=taker.torrent.pk,
                max_price_ubtt_per_gib=PRICE,
                spend_ubtt_per_s=1,
                budget_ubtt=1,
                now=taker.floor.now,
            )


class TestSellers:
    def test_are_looked_for_in_the_dht_and_called_only_where_the_torrent_is_connected(self, taker: Taker) -> None:
        taker.bid()
        taker.run(2.2)
        target = dht_target(bytes.fromhex(taker.torrent.info_hash_v1))
        assert FindSellers(target) in taker.floor.orders
        assert LookAtPeers(frozenset({taker.torrent.key})) in taker.floor.orders
        found = SellersFound(target, ("203.0.113.1:6890", "203.0.113.2:6890", "nonsense"))
        taker.buyer.report(found, taker.floor.now)
        taker.run(2.2)
        assert taker.floor.dialled == []
        taker.see(Stall(1))
        taker.floor.now += timedelta(seconds=2)
        taker.buyer.tick(taker.floor.now)
        taker.buyer.tick(taker.floor.now)
        assert taker.floor.dialled == ["203.0.113.1:6890"]

    def test_are_asked_for_who_only_looks_and_their_word_is_kept(self, taker: Taker) -> None:
        quotes.look(taker.torrent.pk, now=taker.floor.now)
        stall = Stall(1)
        taker.connect(stall)
        taker.run(5, stall)
        (quote,) = quotes.of_torrent(node_name="local", torrent_key=taker.torrent.key, now=taker.floor.now)
        assert (quote.ask_ubtt_per_gib, quote.for_sale_bytes_per_s) == (stall.ask, stall.speed)
        assert stall.bids == []
        taker.floor.now += timedelta(minutes=3)
        assert Quote.objects.count() == 1
        assert not quotes.of_torrent(node_name="local", torrent_key=taker.torrent.key, now=taker.floor.now)
