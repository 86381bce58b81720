"""The pages and the command line of the market, over a seller that really sells."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from seedbox.domain.numerals import PLAIN
from seedbox.models import User
from seedbox.services import audit, numerals
from speed.models import ForSale, Market, Offer, Round, SellingDeal
from speed.services import markets, screen
from speed.services.screen import Viewer
from tests.builders import NOW, make_holding, make_node, signed_in
from tests.market import set_offer
from tests.market_rows import a_buying_deal, a_seen_round, a_selling_deal
from tests.selling import MIB, Buyer, Shop

pytestmark = pytest.mark.django_db

NODE = "/market/nodes/local/"
OVER = {"state": "closed", "is_closed": True}
FORM = {"sells": "on", "upload_limit_bytes_per_s": "10", "free_share_ppm": "25", "ask_ubtt_per_gib": "1,5"}


def page_of(browser: Client, address: str) -> str:
    response = browser.get(address)
    assert response.status_code == 200
    return response.content.decode()


def said(*arguments: object) -> str:
    out = StringIO()
    call_command("speed", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def operator(admin: User) -> Client:
    make_node()
    return signed_in(admin)


@pytest.fixture
def shop(owner: User) -> Shop:
    """Two bids compete for a torrent of the owner's, and one of them is too low."""
    shop = Shop(owner)
    rich, poor = Buyer(1), Buyer(2, max_price=2_000_000, spend=1_000)
    for buyer in (rich, poor):
        shop.connect(buyer)
        shop.bid(buyer)
    shop.run(25, rich, poor)
    return shop


class TestSettingsOfANode:
    def test_are_all_off_by_themselves(self, operator: Client) -> None:
        page = page_of(operator, NODE)
        assert "Sells nothing: selling is off." in page
        assert 'name="sells" checked' not in page
        assert 'name="buys" checked' not in page

    def test_are_kept_in_the_units_that_people_write(self, operator: Client) -> None:
        said = operator.post(NODE, FORM | {"ask_ubtt_per_gib": "1.5"}, follow=True).content.decode()
        assert "Saved: the node follows within seconds." in said
        kept = Market.objects.get()
        assert (kept.sells, kept.buys, kept.upload_limit_bytes_per_s) == (True, False, 10 * MIB)
        assert (kept.free_share_ppm, kept.ask_ubtt_per_gib) == (250_000, 1_500_000)

    def test_that_somebody_has_changed_stand_in_the_audit_log(self, operator: Client) -> None:
        for _ in range(2):
            operator.post(NODE, FORM | {"ask_ubtt_per_gib": "1.5"})
        said("sell", "local", "--no-sells")
        by_command, by_page = audit.read_all(act="setting_changed").lines
        assert (by_command.actor_name, by_command.says) == (
            "command line",
            "Market of node local: selling on to off.",
        )
        assert by_page.actor_name == "ada"
        for words in ("selling off to on", "ask per GiB 20 BTT to 1.5 BTT", "free share 20 % to 25 %", "0 MiB/s to 10"):
            assert words in by_page.says

    def test_stand_there_plainly_however_who_acted_writes_numbers(self, operator: Client) -> None:
        wish = FORM | {"ask_ubtt_per_gib": "1,5", "free_share_ppm": "25,5"}
        operator.post(NODE, wish, headers={"Accept-Language": "de"})
        (line,) = audit.read_all(act="setting_changed").lines
        with numerals.written(PLAIN):
            assert "ask per GiB 20 BTT to 1.5 BTT" in line.says
            assert "free share 20 % to 25.5 %" in line.says

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("upload_limit_bytes_per_s", "", markets.NO_LIMIT),
            ("free_share_ppm", "19.9", "Leave 20 % to 100 % of the upload free"),
            ("ask_ubtt_per_gib", "0.000001", "less can&#x27;t be counted"),
            ("ask_ubtt_per_gib", "1,5", "This is no amount"),
            ("upload_limit_bytes_per_s", "fast", "Write a number"),
        ],
    )
    def test_say_at_the_field_what_is_wrong_and_change_nothing(
        self, operator: Client, field: str, value: str, sentence: str
    ) -> None:
        page = operator.post(NODE, FORM | {"ask_ubtt_per_gib": "1.5", field: value}).content.decode()
        assert sentence in page
        assert not Market.objects.exists()

    def test_exist_for_nodes_that_exist(self, operator: Client) -> None:
        assert operator.get("/market/nodes/nowhere/").status_code == 404
        assert operator.get("/market/nodes/nowhere/rounds/").status_code == 404


class TestTheMarketPage:
    def test_says_what_to_do_when_there_is_nothing(self, owner: User) -> None:
        page = page_of(signed_in(owner), reverse("market"))
        for words in ("You buy nothing now", "Nobody buys now", "None of your torrents is for sale"):
            assert words in page

    def test_shows_a_holder_what_is_for_sale_and_who_buys_it(self, shop: Shop, owner: User) -> None:
        page = page_of(signed_in(owner), reverse("market"))
        for words in ("film.iso", "In lane", "8.00 MiB/s", "203.0.113.1/32"):
            assert words in page

    def test_offers_what_is_whole_and_may_be_sold_with_its_demand(self, shop: Shop, owner: User) -> None:
        private = shop.seed("private.iso", owner, private=True)
        (offer,) = screen.offers(Viewer(owner.pk, is_admin=False), now=NOW)
        assert (offer["name"], offer["ask"], offer["leechers"], offer["deals"]) == ("film.iso", "1 BTT/GiB", 2, 2)
        set_offer(private.key, ForSale.YES, ask_ubtt_per_gib=5_000_000)
        assert {row["ask"] for row in screen.offers(Viewer(owner.pk, is_admin=False), now=NOW)} == {
            "1 BTT/GiB",
            "5 BTT/GiB",
        }

    def test_shows_an_admin_the_deal_but_not_the_name_of_anothers_torrent(self, shop: Shop, admin: User) -> None:
        browser = signed_in(admin)
        for address in (reverse("market"), reverse("market_selling", args=[SellingDeal.objects.earliest("pk").pk])):
            page = page_of(browser, address)
            assert "A torrent of other users" in page
            assert "film.iso" not in page

    def test_shows_nothing_of_it_to_anybody_else(self, shop: Shop, stranger: User) -> None:
        assert "203.0.113." not in page_of(signed_in(stranger), reverse("market"))


class TestAPurchase:
    def test_shows_its_buyer_price_lane_both_meters_and_why_rounds_were_lost(self, owner: User) -> None:
        deal = a_buying_deal(make_holding(owner), sent_bytes=161 * MIB)
        a_seen_round(deal, 1)
        a_seen_round(deal, 2, granted_bytes_per_s=0, reason="no_capacity", price_ubtt_per_gib=31_000_000)
        browser = signed_in(owner)
        assert "158 MiB" in page_of(browser, reverse("market"))
        page = page_of(browser, reverse("market_buying", args=[deal.pk]))
        for words in ("2.00 MiB/s", "20 BTT/GiB", "161 MiB", "0.125", "All of it went to higher ceilings", "<polyline"):
            assert words in page

    def test_is_its_buyers_own(self, owner: User, stranger: User, admin: User) -> None:
        deal = a_buying_deal(make_holding(owner))
        for other in (stranger, admin):
            browser = signed_in(other)
            assert browser.get(reverse("market_buying", args=[deal.pk])).status_code == 404
            assert deal.place not in page_of(browser, reverse("market"))


class TestASale:
    @pytest.mark.parametrize(
        ("ends", "redeemed_ubtt", "says"),
        [
            ({}, 1_000_000, "Not redeemed yet</dt><dd>2 BTT of what was promised: the node has it paid out when"),
            (OVER, 1_000_000, "Never paid out</dt><dd>2 BTT of what was promised: its channel ended before"),
            ({}, 4_000_000, "Not redeemed yet</dt><dd>0 BTT</dd>"),  # after a backup a hub has paid more than we know
        ],
    )
    def test_tells_its_holder_what_of_the_promised_was_not_paid_out(
        self, owner: User, ends: dict[str, object], redeemed_ubtt: int, says: str
    ) -> None:
        deal = a_selling_deal(make_holding(owner).torrent, redeemed_ubtt=redeemed_ubtt, **ends)
        assert says in page_of(signed_in(owner), reverse("market_selling", args=[deal.pk]))


class TestRounds:
    def test_are_listed_with_their_prices_and_a_line_over_time(self, shop: Shop, admin: User) -> None:
        page = page_of(signed_in(admin), NODE + "rounds/")
        assert "<polyline" in page
        assert page.count("<time") >= Round.objects.count() >= 2

    def test_say_why_a_bid_lost_and_are_summed_up_anew(self, shop: Shop, admin: User) -> None:
        newest = Round.objects.latest("number")
        page = page_of(signed_in(admin), f"{NODE}rounds/{newest.number}/")
        assert "The ceiling is below the price" in page
        assert "Price, shares and the hash of the bids are what they should be." in page

    def test_that_were_tampered_with_are_found_out(self, shop: Shop, admin: User) -> None:
        newest = Round.objects.latest("number")
        newest.rows[0]["granted"] += 1
        newest.save()
        page = page_of(signed_in(admin), f"{NODE}rounds/{newest.number}/")
        assert "These are not the rows whose hash was given with the round." in page
        with pytest.raises(CommandError, match="do not fit"):
            said("audit", "local", newest.number)

    def test_tell_a_holder_how_one_deal_fared(self, shop: Shop, owner: User) -> None:
        poor = SellingDeal.objects.get(deal_id=("02" * 16))
        page = page_of(signed_in(owner), reverse("market_selling", args=[poor.pk]))
        assert "The ceiling is below the price" in page


class TestTheCommand:
    def test_sells_and_tells_how_it_stands(self) -> None:
        make_node()
        said("sell", "local", "--sells", "--limit", "8", "--ask", "2.5")
        kept = Market.objects.get()
        assert (kept.sells, kept.upload_limit_bytes_per_s, kept.ask_ubtt_per_gib) == (True, 8 * MIB, 2_500_000)
        said("sell", "local", "--no-sells")
        kept.refresh_from_db()
        assert (kept.sells, kept.upload_limit_bytes_per_s) == (False, 8 * MIB)
        (row,) = json.loads(said("sell", "local", "--json"))
        assert row["says"] == "Sells nothing: selling is off."

    def test_decides_on_one_torrent(self, shop: Shop) -> None:
        said("sell", "local", "--torrent", shop.torrent.key, "--for-sale", "no", "--ask", "7")
        kept = Offer.objects.get()
        assert (kept.for_sale, kept.ask_ubtt_per_gib) == ("no", 7_000_000)

    def test_refuses_with_a_sentence(self) -> None:
        make_node()
        with pytest.raises(CommandError, match="nothing is sold"):
            said("sell", "local", "--sells")
        with pytest.raises(CommandError, match="no node"):
            said("sell", "elsewhere")

    def test_lists_deals_and_rounds(self, shop: Shop, owner: User) -> None:
        assert [row["state"] for row in json.loads(said("deals", "--json"))] == ["Waiting", "In lane"]
        assert "film.iso" in said("deals", "--user", owner.username)
        assert "everything fits" in said("audit", "local", json.loads(said("rounds", "local", "--json"))[0]["number"])


class TestABoxWithoutAWallet:
    def test_has_no_market(self, settings: object) -> None:
        settings.WALLET_NETWORK = "off"  # type: ignore[attr-defined]  # pytest-django's
        with pytest.raises(CommandError, match="no market"):
            said("deals")
