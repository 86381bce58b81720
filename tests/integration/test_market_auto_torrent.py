"""One torrent that is bid for otherwise than the others: its page and forecast, and bids by hand beside it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from seedbox.models import Holding, Observation, User
from speed.domain import autobid_words
from speed.domain.auto_terms import OwnTerms
from speed.models import AutoBidding, AutoTorrent, Bid, Budget, Curiosity
from speed.services import auto_bids, auto_page, autobid, bids, spenders
from speed.services.autobid import Choice
from tests.at_once import at_once
from tests.auto_pages import page_of, post, slow_torrent_of, value_of
from tests.auto_rows import GIB, TERMS
from tests.builders import NOW, make_holding, make_observation, make_torrent, signed_in
from tests.market_rows import BTT, MIB, a_quote

pytestmark = pytest.mark.django_db

OWN = {"choice": "as_all", "ceiling_ubtt_per_gib": "", "budget_ubtt": "", "least_bytes_per_s": "", "finish_at": ""}


@pytest.fixture
def holding(owner: User) -> Holding:
    return slow_torrent_of(owner)


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
        assert "Probably 3 BTT, all there is," in page and "Nothing is saved yet" in page
        assert value_of(page, "budget_ubtt") == "3"
        assert not AutoTorrent.objects.exists() and not AutoBidding.objects.exists() and not Bid.objects.exists()

    def test_costs_nothing_when_it_is_complete(self, holding: Holding, owner: User) -> None:
        Observation.objects.update(done_bytes=GIB)
        page = post(signed_in(owner), "market_auto_torrent", OWN | {"forecast": "yes"}, holding.pk)
        assert "Nothing: the torrent is complete" in page and "Nothing is saved yet" in page

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

    def test_can_always_be_turned_off_also_when_its_time_has_passed(self, holding: Holding, owner: User) -> None:
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        own = OwnTerms(finish_at=timezone.now() + timedelta(hours=1))
        autobid.choose(owner.pk, holding.torrent_id, Choice.ON, own, now=NOW)
        AutoTorrent.objects.update(finish_at=datetime(2001, 1, 1, tzinfo=UTC))
        assert "Off: nothing is bid" in post(signed_in(owner), "market_switch", {"choice": "off"}, holding.pk)
        form = OWN | {"finish_at": "2001-01-01T00:00"}
        assert "Say a time that is still to come" in post(signed_in(owner), "market_auto_torrent", form, holding.pk)
        off = form | {"choice": "off"}
        assert "not bid for by itself" in post(signed_in(owner), "market_auto_torrent", off, holding.pk)
        assert not Bid.objects.get().is_on

    def test_says_that_empty_fields_are_as_for_all_only_where_something_is_said_for_all(
        self, holding: Holding, owner: User
    ) -> None:
        browser, address = signed_in(owner), reverse("market_auto_torrent", args=[holding.pk])
        page = page_of(browser, address)
        assert "as for all." not in page and page.count("nothing is said for all torrents yet") == 3
        autobid.turn_on(owner.pk, TERMS, now=NOW)
        page = page_of(browser, address)
        assert page.count("as for all.") == 3 and "nothing is said for all torrents yet" not in page

    def test_looks_again_by_the_terms_as_they_are_typed(self, holding: Holding, owner: User) -> None:
        form = OWN | {"budget_ubtt": "3", "forecast": "yes"}
        page = post(signed_in(owner), "market_auto_torrent", form, holding.pk)
        assert re.search(r'<form[^>]* id="own-form"', page)
        assert re.search(r'<button[^>]* form="own-form" name="forecast" value="yes">', page)

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


@pytest.mark.both_databases
@pytest.mark.usefixtures("committed_books")
class TestAUserAndANodeAtOnce:
    TIMES = 8

    def test_leave_what_the_user_has_said_last(self, owner: User) -> None:
        torrent = make_torrent("slow.iso", size_bytes=GIB)
        make_observation(torrent, done_bytes=0, wanted_bytes=GIB)
        make_holding(owner, torrent)
        autobid.turn_on(owner.pk, TERMS, now=NOW)

        def node_follows() -> None:
            auto_bids.follow(node_name="local", now=NOW)

        def bid_by_hand() -> None:
            bids.place(
                user_id=owner.pk,
                torrent_id=torrent.pk,
                max_price_ubtt_per_gib=30 * BTT,
                spend_ubtt_per_s=BTT,
                budget_ubtt=100 * BTT,
                now=NOW,
            )

        for number in range(self.TIMES):
            Bid.objects.update(is_auto=True, is_on=True)
            AutoBidding.objects.update(ceiling_ubtt_per_gib=(60 + number) * BTT)  # so that the node has to write
            assert at_once(node_follows, bid_by_hand) == [None, None]
            bid = Bid.objects.get()
            assert (bid.is_auto, bid.max_price_ubtt_per_gib) == (False, 30 * BTT)
        for number in range(self.TIMES):
            AutoTorrent.objects.all().delete()
            Bid.objects.update(is_auto=True, is_on=True)
            AutoBidding.objects.update(ceiling_ubtt_per_gib=(80 + number) * BTT)
            at_once(node_follows, lambda: bids.withdraw(user_id=owner.pk, torrent_id=torrent.pk))
            assert not Bid.objects.get().is_on

    def test_or_two_pages_of_a_user_do_not_undo_each_other(self, owner: User) -> None:
        torrent = make_torrent("slow.iso", size_bytes=GIB)
        make_observation(torrent, done_bytes=0, wanted_bytes=GIB)
        make_holding(owner, torrent)
        own = OwnTerms(50 * BTT, 100 * BTT, MIB)
        for _ in range(self.TIMES):
            Budget.objects.all().delete()
            AutoBidding.objects.all().delete()
            AutoTorrent.objects.all().delete()
            assert at_once(
                lambda: autobid.choose(owner.pk, torrent.pk, Choice.AS_ALL, own, now=NOW),
                lambda: autobid.turn_on(owner.pk, TERMS, now=NOW),
            ) == [None, None]
            said = AutoBidding.objects.get()
            assert (said.is_on, said.ceiling_ubtt_per_gib) == (True, TERMS.ceiling_ubtt_per_gib)
        for _ in range(self.TIMES):
            autobid.turn_on(owner.pk, TERMS, now=NOW)
            at_once(
                lambda: autobid.choose(owner.pk, torrent.pk, Choice.ON, own, now=NOW),
                lambda: autobid.stop(owner.pk, now=NOW),
            )
            assert not AutoTorrent.objects.filter(choice=Choice.ON).exists()
            assert not Bid.objects.filter(is_on=True).exists()
