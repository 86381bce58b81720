"""Figures on the market's pages: how full a bar is, what limit is offered, why a round was lost, how prices went."""

import re
from copy import copy

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from seedbox.domain.upload_test import BEST, BEST_AT
from seedbox.models import Node, User
from speed.domain.refusals import Reason
from speed.models import Market, SellingDeal
from speed.services import round_rows, selling
from speed.services.selling import DEALS_OF_PAYER
from tests.builders import make_holding, make_node, make_torrent, signed_in
from tests.market_rows import BTT, MIB, a_buying_deal, a_seen_round, a_selling_deal

pytestmark = pytest.mark.django_db

NODE = "/market/nodes/local/"
BAR = r'<progress data-cell="exposure_ppm" value="(\d+)" max="(\d+)" data-tone="(\w+)"'
LOST = {
    "price_too_low": "The ceiling is below the price",
    "no_capacity": "All of it went to higher ceilings",
    "unpaid": "What was sent is not paid yet",
    "channel_low": "Little money or time is left in the channel",
    "bad_receipt": "No hub vouches for the channel",
    "not_selling": "The seller sells it no longer",
    "shared_address": "Somebody else behind that address used the lane up",
    "meters_disagree": "The two meters were too far apart",
    "busy": "The seller has too many deals",
}


def page_of(browser: Client, address: str) -> str:
    response = browser.get(address)
    assert response.status_code == 200
    return response.content.decode()


def bar_of(browser: Client) -> tuple[int, int, str]:
    """Return value, maximum and colour of the one bar of a deal on the market's page; templates have empty ones."""
    found = [found for found in re.findall(BAR, page_of(browser, reverse("market"))) if found[2]]
    ((value, most, tone),) = found
    return int(value), int(most), tone


def limit_in(page: str) -> str:
    found = re.search(r'name="upload_limit_bytes_per_s"[^>]* value="([\d.]*)"', page)
    return found[1] if found else ""


class TestTheBarOfASale:
    @pytest.mark.parametrize(
        ("unpaid_kib", "value", "tone", "words"),
        [
            (0, 0, "green", "0 B of 4.00 MiB"),
            (2_047, 499_755, "green", "2.00 MiB of 4.00 MiB"),
            (2_048, 500_000, "yellow", "2.00 MiB of 4.00 MiB"),
            (3_277, 800_048, "yellow", "3.20 MiB of 4.00 MiB"),
            (4_096, 1_000_000, "red", "4.00 MiB of 4.00 MiB"),
            (5_120, 1_000_000, "red", "5.00 MiB of 4.00 MiB"),
        ],
    )
    def test_fills_with_what_was_sent_and_is_not_paid(
        self, owner: User, unpaid_kib: int, value: int, tone: str, words: str
    ) -> None:
        torrent = make_torrent()
        make_holding(owner, torrent)
        a_selling_deal(torrent, covered_bytes=8 * MIB, sent_bytes=9 * MIB + unpaid_kib * 1024, written_off_bytes=MIB)
        browser = signed_in(owner)
        assert bar_of(browser) == (value, 1_000_000, tone)
        assert words in page_of(browser, reverse("market"))
        assert words in page_of(browser, reverse("market_selling", args=[SellingDeal.objects.get().pk]))

    def test_has_the_window_that_a_payer_has_earned_in_all_its_deals(self, owner: User) -> None:
        torrent, others = make_torrent(), make_torrent("other.iso")
        make_holding(owner, torrent)
        a_selling_deal(torrent, covered_bytes=0, sent_bytes=6 * MIB)
        another = {"deal_id": "d2" * 16, "channel_id": "c2" * 16, "covered_bytes": 64 * MIB}
        a_selling_deal(others, **another)
        a_selling_deal(others, **another | {"deal_id": "d3" * 16, "channel_id": "c3" * 16, "payer_ref": "bb" * 16})
        browser = signed_in(owner)
        assert bar_of(browser) == (750_000, 1_000_000, "yellow")
        assert "6.00 MiB of 8.00 MiB" in page_of(browser, reverse("market"))

    @pytest.mark.both_databases
    def test_reads_only_so_many_deals_of_a_payer_and_none_for_what_is_over(
        self, owner: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        runs = a_selling_deal(make_torrent(), covered_bytes=MIB)
        over = [copy(runs) for _ in range(DEALS_OF_PAYER + 1)]
        for number, deal in enumerate(over):
            deal.pk, deal.deal_id, deal.channel_id, deal.is_closed = None, f"{number:032x}", f"{number:032x}", True
        SellingDeal.objects.bulk_create(over)
        assert selling.paid_by_payers([runs, *over]) == {(runs.node_name, runs.payer_ref): DEALS_OF_PAYER * MIB}
        with django_assert_num_queries(0):
            assert not selling.paid_by_payers(over)


class TestTheBarOfAPurchase:
    @pytest.mark.parametrize(
        ("promised_ubtt", "value", "words"),
        [
            (0, 0, "0 of 10 BTT"),
            (5 * BTT, 500_000, "5 of 10 BTT"),
            (8 * BTT, 800_000, "8 of 10 BTT"),
            (10 * BTT, 1_000_000, "10 of 10 BTT"),
        ],
    )
    def test_fills_with_what_of_its_channel_is_promised_away(
        self, owner: User, promised_ubtt: int, value: int, words: str
    ) -> None:
        a_buying_deal(make_holding(owner), cumulative_ubtt=promised_ubtt)
        browser = signed_in(owner)
        assert bar_of(browser) == (value, 1_000_000, "azure")
        assert words in page_of(browser, reverse("market"))


class TestTheUploadLimit:
    @pytest.fixture
    def operator(self, admin: User) -> Client:
        make_node()
        return signed_in(admin)

    def test_is_offered_and_filled_in_and_saved_as_85_percent_of_what_was_measured(self, operator: Client) -> None:
        Node.objects.update(counters={BEST: 20 * MIB, BEST_AT: int(timezone.now().timestamp())})
        page = page_of(operator, NODE)
        assert "has uploaded 20.0 MiB/s" in page
        assert limit_in(page) == ""
        assert re.search(r'<a class="btn" href="\?suggested">Fill in 17.0 MiB/s</a>', page)
        page = page_of(operator, NODE + "?suggested")
        assert limit_in(page) == "17"
        form = {"upload_limit_bytes_per_s": limit_in(page), "free_share_ppm": "25", "ask_ubtt_per_gib": "1.5"}
        operator.post(NODE, form)
        assert Market.objects.get().upload_limit_bytes_per_s == 17 * MIB
        assert limit_in(page_of(operator, NODE)) == "17"

    def test_is_offered_by_nobody_before_something_was_measured(self, operator: Client) -> None:
        page = page_of(operator, NODE + "?suggested")
        assert "No upload has been measured yet" in page
        assert "Fill in" not in page
        assert limit_in(page) == ""


class TestRounds:
    def test_that_were_lost_say_why_for_each_reason_there_is(self, owner: User) -> None:
        assert set(LOST) == {str(reason) for reason in Reason}
        deal = a_buying_deal(make_holding(owner))
        for number, reason in enumerate(LOST, 1):
            a_seen_round(deal, number, granted_bytes_per_s=0, reason=reason)
        a_seen_round(deal, 20)
        page = page_of(signed_in(owner), reverse("market_buying", args=[deal.pk]))
        said = re.findall(r'<td role="cell" class="market-why">(.*?)</td>', page)
        assert said == ["", *reversed(LOST.values())]

    def test_draw_their_prices_the_oldest_at_the_left_and_list_the_newest_first(self, owner: User) -> None:
        deal = a_buying_deal(make_holding(owner))
        for number, price in ((1, 20), (2, 30), (5, 25)):
            a_seen_round(deal, number, price_ubtt_per_gib=price * BTT)
        page = page_of(signed_in(owner), reverse("market_buying", args=[deal.pk]))
        assert '<polyline points="0,114 180,6 720,60"' in page
        assert "20 BTT/GiB to 30 BTT/GiB" in page
        assert re.findall(r'data-label="Price">\D+"0">(\d+)</span> BTT/GiB<', page) == ["25", "30", "20"]

    def test_of_one_price_draw_a_level_line_in_the_middle_and_one_round_draws_none(self, owner: User) -> None:
        deal = a_buying_deal(make_holding(owner))
        first, second = (a_seen_round(deal, number) for number in (1, 2))
        drawn = round_rows.chart([second, first])
        assert drawn is not None
        assert drawn.points == "0,60 720,60"
        assert round_rows.chart([first]) is None
