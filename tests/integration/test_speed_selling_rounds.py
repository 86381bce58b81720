"""The selling side, driven by messages and counters: its rounds and its meters."""

from datetime import timedelta

import pytest

from speed.domain.messages import Audit, Error, ErrorCode, Meters, Refuse, Withdraw
from speed.domain.messages import Round as RoundMessage
from speed.domain.refusals import Reason
from speed.domain.rounds import RoundRecord, bids_hash
from speed.models import Round
from tests.selling import ASK, BTT, MIB, Buyer, Shop

pytestmark = pytest.mark.django_db


class TestMeters:
    def test_that_agree_within_a_hundredth_go_on(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1, counts_ppm=995_000), 120)
        row = shop.row(buyer)
        assert row.state == "in_lane"
        assert row.written_off_bytes <= row.sent_bytes // 100 + MIB

    def test_that_disagree_for_three_rounds_end_the_deal(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1, counts_ppm=800_000), 120)
        assert Reason.METERS_DISAGREE in buyer.refusals
        row = shop.row(buyer)
        assert row.sent_bytes - row.covered_bytes <= 5 * MIB + row.sent_bytes // 100

    def test_show_as_sent_what_was_paid_though_the_last_reading_came_too_late(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 12)
        buyer.uploaded += 200 * 1_024  # since then
        shop.hear(buyer, Withdraw(buyer.deal))
        buyer.listen(shop)
        buyer.pay(shop)
        shop.run(3)
        row = shop.row(buyer)
        assert row.sent_bytes == row.accepted_bytes == buyer.tally.total_bytes
        assert row.owed_ubtt == row.cumulative_ubtt == buyer.cumulative

    def test_are_told_once_a_second(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 15)
        told = buyer.link.take(Meters)
        assert 4 <= len(told) <= 15
        assert told[-1].meters[0].sent_bytes > 0


class TestSharedUpload:
    def test_is_split_as_bidders_spend(self, shop: Shop) -> None:
        buyers = [Buyer(number, spend=spend * 1_000) for number, spend in ((1, 1), (2, 2), (3, 4))]
        for buyer in buyers:
            shop.connect(buyer)
            shop.bid(buyer)
        shop.run(40, *buyers)
        speeds = [shop.row(buyer).speed_bytes_per_s for buyer in buyers]
        assert speeds[1] * 100 // speeds[0] in range(190, 211)
        assert speeds[2] * 100 // speeds[0] in range(390, 411)
        assert sum(speeds) <= 8 * MIB

    def test_ends_the_deal_that_gets_too_little_of_its_lane(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 35)
        lane = shop.lane(buyer)
        assert lane
        buyer.takes_ppm = 100_000  # its neighbours have the rest
        shop.run(60, buyer)
        assert Reason.SHARED_ADDRESS in buyer.refusals

    def test_admits_one_buyer_per_torrent_and_address(self, shop: Shop) -> None:
        one, neighbour = Buyer(1), Buyer(2, address="203.0.113.1")
        for buyer in (one, neighbour):
            shop.connect(buyer)
            shop.bid(buyer)
        assert [refuse.reason for refuse in neighbour.link.take(Refuse)] == [Reason.SHARED_ADDRESS]

    def test_is_refused_below_the_price_with_the_round_that_says_so(self, shop: Shop) -> None:
        poor, rich = Buyer(1, max_price=ASK), Buyer(2, spend=BTT, max_price=1_000 * BTT, amount=100 * BTT)
        for buyer in (poor, rich):
            shop.connect(buyer)
            shop.bid(buyer, useful_bytes_per_s=1_000 * MIB)
        shop.run(12, poor, rich)
        assert rich.prices[0] >= ASK
        kept = Round.objects.latest("number")
        assert {row["why"] for row in kept.rows} <= {"", *Reason}
        assert kept.granted_bytes_per_s <= kept.for_sale_bytes_per_s

    def test_can_be_recomputed_after_an_hour_and_for_a_day(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 12)
        number = Round.objects.latest("number").number
        shop.hear(buyer, Audit(number))
        assert buyer.link.take(Error)
        shop.floor.now += timedelta(hours=2)
        shop.hear(buyer, Audit(number))
        (told,) = buyer.link.take(RoundMessage)
        record = RoundRecord(told.round, told.ask, told.for_sale, told.price, told.bids)
        assert bids_hash(record).hex() == Round.objects.get(number=number).bids_hash
        shop.floor.now += timedelta(hours=24)
        shop.hear(buyer, Audit(number))
        assert buyer.link.take(Error)

    def test_is_read_for_a_connection_page_by_page(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.floor.holds_writes = True
        for _ in range(50):
            shop.hear(buyer, Audit(1))
        assert len(shop.floor.held) == 1
        assert len(buyer.link.take(Error)) == 49
        shop.floor.catch_up()
        shop.hear(buyer, Audit(1))
        assert [error.code for error in buyer.link.take(Error)] == [ErrorCode.UNKNOWN_ROUND] * 2
