"""The pages on which a user says how slow torrents are bid for, and what they say of it."""

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from seedbox.config.urls import addresses
from seedbox.domain.states import State as TorrentState
from seedbox.models import Holding, Observation, User
from speed.domain.autobid_view import State
from speed.models import AutoBidding, Bid, Budget, Hub, Market
from speed.services import auto_bids, auto_page, autobid, bids, screen, spenders
from tests.auto_pages import PAGE, page_of, post, slow_torrent_of, value_of
from tests.auto_rows import GIB, TERMS, a_run
from tests.builders import NOW, make_holding, make_observation, make_torrent, signed_in
from tests.ledger import fund, user
from tests.market_rows import BTT, MIB, a_bid, a_buying_deal, a_quote, a_seen_round

pytestmark = pytest.mark.django_db

FORM = {
    "ceiling_ubtt_per_gib": "60",
    "torrent_budget_ubtt": "200",
    "day_limit_ubtt": "320",
    "least_bytes_per_s": "2",
    "finish_at": "",
}


@pytest.fixture
def holding(owner: User) -> Holding:
    return slow_torrent_of(owner)


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
        assert "This field is required" in post(stale, "market_auto", FORM | {"day_limit_ubtt": ""})
        assert "Say how fast" in post(stale, "market_auto", FORM | {"least_bytes_per_s": ""})
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
        assert "Node local does not bid for users yet. Ask an admin" in page and "nothing in your account" not in page
        assert f'href="{reverse("market_node", args=["local"])}"' in page_of(signed_in(admin))
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        spenders.stop(owner.pk, now=NOW)
        assert "Your spending is off, so nothing is bid" in page_of(signed_in(owner))

    def test_says_that_nothing_is_bid_once_the_time_of_the_wish_has_passed(self, holding: Holding, owner: User) -> None:
        browser = signed_in(owner)
        autobid.turn_on(owner.pk, replace(TERMS, finish_at=timezone.now() + timedelta(hours=1)), now=NOW)
        assert "has passed, so nothing is bid" not in page_of(browser)
        AutoBidding.objects.update(finish_at=timezone.now() - timedelta(seconds=1))
        page = page_of(browser)
        assert "has passed, so nothing is bid" in page and "Held up" in page

    def test_is_found_from_where_a_user_would_look(self, owner: User) -> None:
        browser = signed_in(owner)
        for name in ("market", "market_spending"):
            assert f'href="{PAGE}"' in page_of(browser, reverse(name))
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        assert "Slow torrents are bid for" in page_of(browser, reverse("market"))

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
        a_run(bid, State.BIDDING, "Why.", pairs=[0.69, 0.7] * 3, all_paid_ms=600_000)
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

    def test_is_fetched_by_an_open_page_when_a_torrent_comes_or_goes_and_only_then(
        self, holding: Holding, owner: User
    ) -> None:
        autobid.turn_on(owner.pk, TERMS, now=NOW)

        def heard() -> str:
            versions = [one["versions"] for one in screen.messages(owner.pk) if one["type"] == "versions"]
            return str(versions[0]["auto-torrents"])  # type: ignore[index]  # words by name

        before = heard()
        assert f'data-refetch="auto-torrents" data-version="{before}"' in page_of(signed_in(owner))
        a_run(Bid.objects.get(), State.BIDDING, "Why.")
        assert heard() == before
        other = make_torrent("other.iso", size_bytes=GIB)
        make_observation(other, done_bytes=0, wanted_bytes=GIB)
        make_holding(owner, other)
        auto_bids.follow(now=NOW)
        assert heard() != before

    def test_says_where_no_more_torrents_are_looked_at_and_goes_on_as_one_is_loaded(
        self, holding: Holding, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        assert "of your torrents at once" not in page_of(signed_in(owner))
        monkeypatch.setattr(auto_bids, "MAX_TORRENTS", 1)
        other = make_torrent("other.iso", size_bytes=GIB)
        make_observation(other, done_bytes=0, wanted_bytes=GIB)
        make_holding(owner, other)
        auto_bids.follow(now=NOW)
        assert "Node local looks at 1 of your torrents at once" in page_of(signed_in(owner))
        assert Bid.objects.get().torrent_id == holding.torrent_id
        deal = a_buying_deal(holding)
        Observation.objects.filter(torrent=holding.torrent).update(state=TorrentState.SEEDING, done_bytes=GIB)
        Bid.objects.filter(torrent_id=holding.torrent_id).update(note=bids.WHOLE)  # as its node says
        auto_bids.follow(now=NOW)
        assert list(Bid.objects.filter(is_on=True).order_by("pk").values_list("torrent_id", flat=True)) == [
            holding.torrent_id,  # until all of it is paid
            other.pk,
        ]
        type(deal).objects.update(is_closed=True)
        auto_bids.follow(now=NOW)
        assert Bid.objects.get(is_on=True).torrent_id == other.pk
        labels = {row["name"]: row["label"] for row in auto_page.rows(owner.pk).torrents}
        assert labels == {"slow.iso": "Loaded", "other.iso": "Begins"}

    def test_does_not_count_what_was_given_up_or_has_used_its_budget_up(
        self, holding: Holding, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(auto_bids, "MAX_TORRENTS", 1)
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        a_run(Bid.objects.get(), State.NO_GAIN, "It brings nothing.")
        other = make_torrent("other.iso", size_bytes=GIB)
        make_observation(other, done_bytes=0, wanted_bytes=GIB)
        make_holding(owner, other)
        auto_bids.follow(now=NOW)
        assert Bid.objects.filter(is_on=True).count() == 2
        Bid.objects.filter(torrent_id=other.pk).update(note=bids.USED_UP)
        third = make_torrent("third.iso", size_bytes=GIB)
        make_observation(third, done_bytes=0, wanted_bytes=GIB)
        make_holding(owner, third)
        auto_bids.follow(now=NOW)
        assert Bid.objects.filter(is_on=True).count() == 3

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
        a_run(Bid.objects.get(), State.BIDDING, "Bidding 45.")
        stale = Client()
        stale.force_login(owner)
        page = post(stale, "market_auto_stop", {})
        assert "no channel is opened any more, and only what is owed is paid" in page
        assert "Stopped by its user" in page and "Bidding 45." not in page
        assert "Stop all spending" not in page
        assert not Budget.objects.get().is_on and not Bid.objects.get().is_on


class TestManyTorrents:
    def test_are_read_with_no_more_questions_to_the_database_than_few(
        self, holding: Holding, owner: User, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(30):
            torrent = make_torrent(f"slow-{number}.iso")
            make_observation(torrent)
            a_quote(torrent, 12)
            make_holding(owner, torrent)
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        for bid in Bid.objects.all():
            a_run(bid, State.BIDDING, "Why.", pairs=[0.7] * 6)
        with django_assert_max_num_queries(45):
            rows = screen.messages(owner.pk)[0]["rows"]
        assert isinstance(rows, dict)
        assert len([name for name in rows if name.startswith("auto-")]) == 1 + 31
