"""The pages on which a user says how slow torrents are bid for, and what they say of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from seedbox.config.urls import addresses
from seedbox.models import Holding, User
from speed.domain import autobid_words
from speed.domain.autobid_view import State
from speed.models import AutoBidding, AutoRun, AutoTorrent, Bid, Budget, Curiosity, Hub, Market
from speed.services import auto_bids, auto_page, autobid, bids, screen, spenders
from speed.services.autobid import Choice, OwnTerms, Terms
from tests.builders import NOW, make_holding, make_observation, make_torrent, signed_in
from tests.ledger import fund, user
from tests.market import set_market
from tests.market_rows import BTT, MIB, a_bid, a_buying_deal, a_quote, a_seen_round

pytestmark = pytest.mark.django_db

GIB = 1 << 30
PAGE = reverse("market_auto")
FORM = {
    "ceiling_ubtt_per_gib": "60",
    "torrent_budget_ubtt": "200",
    "day_limit_ubtt": "320",
    "least_bytes_per_s": "2",
    "finish_at": "",
}
TERMS = Terms(60 * BTT, 200 * BTT, 320 * BTT, 2 * MIB)
OWN = {"choice": "as_all", "ceiling_ubtt_per_gib": "", "budget_ubtt": "", "least_bytes_per_s": "", "finish_at": ""}


@pytest.fixture
def holding(owner: User) -> Holding:
    torrent = make_torrent("slow.iso", size_bytes=GIB)
    make_observation(torrent, done_bytes=0, wanted_bytes=GIB, down_bytes_per_s=204_800)
    set_market(buys=True)
    return make_holding(owner, torrent)


def post(browser: Client, name: str, form: dict[str, str], *args: object) -> str:
    return browser.post(reverse(name, args=args), form, follow=True).content.decode()


def page_of(browser: Client, address: str = PAGE) -> str:
    return browser.get(address).content.decode()


def value_of(page: str, field: str) -> str:
    found = re.search(rf'name="{field}"[^>]*value="([^"]*)"', page)
    assert found, f"no field {field}"
    return found[1]


class TestThePage:
    def test_offers_twice_of_what_sellers_ask_or_of_what_was_paid_lately(self, holding: Holding, owner: User) -> None:
        browser = signed_in(owner)
        page = page_of(browser)
        assert "No price is known yet" in page
        assert [value_of(page, name) for name in FORM] == ["40", "200", "400", "1", ""]
        a_seen_round(a_buying_deal(holding), 1, price_ubtt_per_gib=7_300_000)
        assert value_of(page_of(browser), "ceiling_ubtt_per_gib") == "15"
        a_quote(holding.torrent, 12)
        page = page_of(browser)
        assert "Sellers of your torrents ask about 12 BTT/GiB now" in page
        assert value_of(page, "ceiling_ubtt_per_gib") == "24"

    def test_turns_it_on_with_spending_after_a_fresh_proof(self, holding: Holding, owner: User) -> None:
        stale = Client()
        stale.force_login(owner)
        assert "reauthenticate" in stale.post(PAGE, FORM)["Location"]
        assert not AutoBidding.objects.exists()
        page = post(signed_in(owner), "market_auto", FORM | {"asks_directory": "on"})
        assert "are bid for by themselves from now on" in page
        said, budget = AutoBidding.objects.get(), Budget.objects.get()
        assert (said.is_on, said.ceiling_ubtt_per_gib, said.torrent_budget_ubtt) == (True, 60 * BTT, 200 * BTT)
        assert (said.least_bytes_per_s, said.finish_at, said.asks_directory) == (2 * MIB, None, True)
        assert (budget.is_on, budget.day_limit_ubtt) == (True, 320 * BTT)
        assert Bid.objects.get().is_auto
        assert "slow.iso" in page
        # Less asks for no proof, more does.
        assert stale.post(PAGE, FORM | {"ceiling_ubtt_per_gib": "45"})["Location"] == PAGE
        assert Bid.objects.get().max_price_ubtt_per_gib == 45 * BTT
        assert "reauthenticate" in stale.post(PAGE, FORM | {"day_limit_ubtt": "321"})["Location"]

    def test_takes_a_time_to_be_finished_by_in_place_of_a_speed(self, holding: Holding, owner: User) -> None:
        at = (timezone.now() + timedelta(days=1)).astimezone(UTC).replace(second=0, microsecond=0)
        form = FORM | {"least_bytes_per_s": "", "finish_at": f"{at:%Y-%m-%dT%H:%M}"}
        page = post(signed_in(owner), "market_auto", form)
        assert (AutoBidding.objects.get().least_bytes_per_s, AutoBidding.objects.get().finish_at) == (0, at)
        assert value_of(page, "finish_at") == form["finish_at"]

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("ceiling_ubtt_per_gib", "0.000001", "Say what a GiB may cost at most"),
            ("ceiling_ubtt_per_gib", "", "This field is required"),
            ("torrent_budget_ubtt", "1,5", "This is no amount"),
            ("day_limit_ubtt", "a lot", "This is no amount"),
            ("least_bytes_per_s", "", "Say how fast a torrent shall be"),
            ("least_bytes_per_s", "0.001", "Say a speed of at least 16 KiB/s"),
            ("finish_at", "2001-01-01T08:00", "Say a time that is still to come"),
            ("finish_at", "soon", "Enter a valid date/time"),
        ],
    )
    def test_says_at_the_field_what_is_wrong_and_changes_nothing(
        self, holding: Holding, owner: User, field: str, value: str, sentence: str
    ) -> None:
        page = post(signed_in(owner), "market_auto", FORM | {field: value})
        assert sentence in page
        assert page.count("field-error") == 1
        assert not AutoBidding.objects.exists() and not Budget.objects.exists() and not Bid.objects.exists()

    def test_says_what_stands_in_the_way_and_where_that_is_mended(
        self, holding: Holding, owner: User, admin: User
    ) -> None:
        assert "No hub is trusted" in page_of(signed_in(owner))
        Hub.objects.create(hub_id="ee" * 20)
        page = page_of(signed_in(owner))
        assert "There is nothing in your account" in page and "does not bid" not in page
        fund(user(owner.pk), BTT)
        Market.objects.update(buys=False)
        page = page_of(signed_in(owner))
        assert "it does not bid for users yet. Ask an admin" in page and "nothing in your account" not in page
        assert f'href="{reverse("market_node", args=["local"])}"' in page_of(signed_in(admin))
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        spenders.stop(owner.pk, now=NOW)
        assert "Your spending is off, so nothing is bid" in page_of(signed_in(owner))

    def test_is_found_from_where_a_user_would_look(self, owner: User) -> None:
        browser = signed_in(owner)
        for name in ("market", "market_spending"):
            assert f'href="{PAGE}"' in page_of(browser, reverse(name))

    def test_is_not_there_in_a_box_without_a_wallet(self) -> None:
        found = [str(one.pattern) for one in addresses("off")]
        assert found == [""] and len(addresses("devnet")) > 1


class TestWhatItHasComeTo:
    def test_is_told_for_each_torrent_and_in_all_on_the_page_and_by_the_socket(
        self, holding: Holding, owner: User, stranger: User
    ) -> None:
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        bid = Bid.objects.get()
        row, browser = f"auto-{bid.pk}", signed_in(owner)
        page = page_of(browser)
        for words in (f'data-row="{row}"', "Begins", "not known yet", reverse("torrent", args=[holding.pk])):
            assert words in page
        a_buying_deal(holding, amount_ubtt=50 * BTT, cumulative_ubtt=30 * BTT)
        AutoRun.objects.create(
            bid=bid, seed="ab" * 16, state=State.BIDDING, sentence="Why.", pairs=[0.69, 0.7] * 3, all_paid_ms=600_000
        )
        page = page_of(browser)
        for words in ("Bidding", "Why.", "2.00 times as fast, 95 %: ", "30 of 200 BTT", "10 min 2 s saved"):
            assert words in page
        heard = screen.messages(owner.pk)[0]["rows"]
        assert isinstance(heard, dict)
        assert heard[row]["label"] == "Bidding"
        assert heard["auto-summary"] == {
            "row": "auto-summary",
            "torrents": 1,
            "spent": "30 BTT",
            "saved": "10 min 2 s",
            "per_minute": "2.990034 BTT",
        }
        assert row not in screen.messages(stranger.pk)[0]["rows"]  # type: ignore[operator]  # rows by name

    def test_of_all_torrents_is_summed_up_where_it_is_known(self, holding: Holding, owner: User) -> None:
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        rows = auto_page.rows(owner.pk)
        assert (rows.summary["saved"], rows.summary["per_minute"]) == ("not known yet", "\N{EN DASH}")
        assert (rows.summary["torrents"], rows.summary["spent"]) == (1, "0 BTT")


class TestTurningItOff:
    def test_ends_what_stands_by_itself_and_leaves_spending_and_bids_by_hand(
        self, holding: Holding, owner: User
    ) -> None:
        other = make_torrent("other.iso")
        make_observation(other)
        by_hand = a_bid(make_holding(owner, other))
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        page = post(signed_in(owner), "market_auto_off", {})
        assert "by themselves no longer" in page and "Turn it on" in page
        assert list(Bid.objects.filter(is_on=True)) == [by_hand]
        assert Budget.objects.get().is_on

    def test_by_the_stop_ends_all_spending_at_once(self, holding: Holding, owner: User) -> None:
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        AutoRun.objects.create(bid=Bid.objects.get(), seed="ab" * 16, state=State.BIDDING, sentence="Bidding 45.")
        stale = Client()
        stale.force_login(owner)
        page = post(stale, "market_auto_stop", {})
        assert "no channel is opened any more, and only what is owed is paid" in page
        assert "Stopped by its user" in page and "Bidding 45." not in page
        assert "Stop all spending" not in page
        assert not Budget.objects.get().is_on and not Bid.objects.get().is_on


class TestOneTorrent:
    def test_says_what_it_would_cost_before_anything_is_saved(self, holding: Holding, owner: User) -> None:
        browser, address = signed_in(owner), reverse("market_auto_torrent", args=[holding.pk])
        page = page_of(browser, address)
        assert "No seller has answered so far" in page
        assert Curiosity.objects.get().torrent_id == holding.torrent_id
        a_quote(holding.torrent, 40)
        page = page_of(browser, address)
        assert "Probably " in page and "without paying finished in 1 h 27 min" in page
        page = post(browser, "market_auto_torrent", OWN | {"budget_ubtt": "3", "forecast": "yes"}, holding.pk)
        assert "Probably 3 BTT, all there is," in page
        assert value_of(page, "budget_ubtt") == "3"
        assert not AutoTorrent.objects.exists() and not AutoBidding.objects.exists() and not Bid.objects.exists()

    def test_forecasts_nothing_by_terms_that_are_wrong(self, holding: Holding, owner: User) -> None:
        browser = signed_in(owner)
        a_quote(holding.torrent, 40)
        for field, value in (("ceiling_ubtt_per_gib", "0.000001"), ("least_bytes_per_s", "fast")):
            page = post(browser, "market_auto_torrent", OWN | {field: value, "forecast": "yes"}, holding.pk)
            assert page.count("field-error") == 1 and "Probably " not in page
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        AutoBidding.objects.update(finish_at=datetime(2001, 1, 1, tzinfo=UTC))
        assert "Say a time that is still to come" in page_of(browser, reverse("market_auto_torrent", args=[holding.pk]))

    def test_is_on_off_or_as_all_others_with_terms_of_its_own(self, holding: Holding, owner: User) -> None:
        browser = signed_in(owner)
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        own = OWN | {"choice": "on", "ceiling_ubtt_per_gib": "99", "least_bytes_per_s": "5"}
        assert "is bid for whenever it is slow" in post(browser, "market_auto_torrent", own, holding.pk)
        bid = Bid.objects.get()
        assert (bid.max_price_ubtt_per_gib, bid.least_bytes_per_s, bid.budget_ubtt) == (99 * BTT, 5 * MIB, 200 * BTT)
        page = page_of(browser, reverse("market_auto_torrent", args=[holding.pk]))
        assert [value_of(page, name) for name in list(OWN)[1:]] == ["99", "", "5", ""]
        assert '<option value="on" selected>' in page
        assert "not bid for by itself" in post(browser, "market_auto_torrent", own | {"choice": "off"}, holding.pk)
        assert not Bid.objects.get().is_on
        assert "as all others are" in post(browser, "market_auto_torrent", OWN, holding.pk)
        assert Bid.objects.get(is_on=True).max_price_ubtt_per_gib == 60 * BTT

    def test_is_not_saved_as_it_cannot_be_bid_for(self, holding: Holding, owner: User) -> None:
        browser = signed_in(owner)
        assert "for all torrents first" in post(browser, "market_auto_torrent", OWN | {"choice": "on"}, holding.pk)
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        spenders.stop(owner.pk, now=NOW)
        page = post(browser, "market_auto_torrent", OWN | {"choice": "on"}, holding.pk)
        assert autobid.NOT_SPENDING in page
        assert "choice" in post(browser, "market_auto_torrent", OWN | {"choice": "perhaps"}, holding.pk)
        assert not AutoTorrent.objects.exists()

    def test_that_is_private_says_that_hubs_have_to_be_asked(self, holding: Holding, owner: User) -> None:
        holding.torrent.private = True
        holding.torrent.save()
        address = reverse("market_auto_torrent", args=[holding.pk])
        assert "hubs are not asked" in page_of(signed_in(owner), address)


class TestABidByHand:
    FORM = {"max_price_ubtt_per_gib": "30", "budget_ubtt": "100"}

    def test_takes_the_place_of_an_automatic_one_and_stays(self, holding: Holding, owner: User) -> None:
        browser = signed_in(owner)
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        autobid.choose(owner.pk, holding.torrent_id, Choice.ON, OwnTerms(), now=NOW)
        assert "Bid by hand instead" in page_of(browser, reverse("market_bid", args=[holding.pk]))
        assert "in place of the automatic one" in post(browser, "market_bid", self.FORM, holding.pk)
        auto_bids.follow(now=NOW)
        bid = Bid.objects.get()
        assert (bid.is_auto, bid.is_on, bid.max_price_ubtt_per_gib) == (False, True, 30 * BTT)
        assert "Change the bid" in page_of(browser, reverse("market_bid", args=[holding.pk]))
        assert "A bid by hand stands" in page_of(browser, reverse("market_auto_torrent", args=[holding.pk]))
        post(browser, "market_auto_torrent", OWN | {"choice": "on"}, holding.pk)
        assert Bid.objects.get().is_auto

    @pytest.mark.parametrize("name", ["market_withdraw", "market_bid_end"])
    def test_or_an_automatic_one_that_is_withdrawn_does_not_come_back(
        self, holding: Holding, owner: User, name: str
    ) -> None:
        browser = signed_in(owner)
        own = OwnTerms(ceiling_ubtt_per_gib=50 * BTT)
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        autobid.choose(owner.pk, holding.torrent_id, Choice.AS_ALL, own, now=NOW)
        number = holding.pk if name == "market_withdraw" else Bid.objects.get().pk
        assert "not bid for by itself either" in post(browser, name, {}, number)
        auto_bids.follow(now=NOW)
        assert not Bid.objects.get().is_on
        kept = AutoTorrent.objects.get()
        assert (kept.choice, kept.ceiling_ubtt_per_gib) == (Choice.OFF, 50 * BTT)
        (row,) = auto_page.rows(owner.pk).torrents
        assert (row["label"], row["sentence"]) == ("Stopped", autobid_words.STOPPED)
        assert bids.withdraw_one(owner.pk, Bid.objects.get().pk) == bids.Withdrawal(is_off=False)
