"""The story of an automatic bid at the top of its torrent's tab: it says what the database says, to its user alone."""

from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from seedbox.domain.kept import told
from seedbox.models import Holding, User
from speed.agent.bidding import SILENT_HUBS
from speed.domain.auto_terms import OwnTerms
from speed.domain.autobid import decide
from speed.domain.autobid_view import State, View
from speed.domain.shortfall import Goal, Watch
from speed.models import AutoBidding, AutoRun, AutoTorrent, Bid, Budget, BuyingDeal, Cause, Curiosity
from speed.services import auto_runs, auto_story, autobid, avoided, bids, screen
from tests import made_up_language
from tests.auto_rows import an_auto_bid
from tests.auto_story import SAID, tell
from tests.builders import make_holding, make_observation, make_torrent, signed_in
from tests.market import set_market
from tests.market_rows import BTT, MIB, a_buying_deal, a_quote

pytestmark = pytest.mark.django_db

GIB = 1 << 30


@pytest.fixture
def holding(owner: User) -> Holding:
    torrent = make_torrent("slow.iso", size_bytes=GIB)
    make_observation(torrent, done_bytes=0, wanted_bytes=GIB)
    set_market(buys=True)
    return make_holding(owner, torrent)


def tab(user: User, holding: Holding, more: str = "") -> str:
    response = signed_in(user).get(reverse("torrent", args=[holding.pk]) + f"?tab=speed{more}")
    assert response.status_code == 200
    return unescape(response.content.decode())


def part(user: User, holding: Holding, more: str = "") -> str:
    response = signed_in(user).get(reverse("market_story", args=[holding.pk]) + more)
    assert response.status_code == 200
    return unescape(response.content.decode())


def version_in(page: str) -> str:
    return page.split('data-version="')[1].split('"', maxsplit=1)[0]


def press(user: User, holding: Holding, address: str, **form: str) -> str:
    response = signed_in(user).post(reverse(address, args=[holding.pk]), form, follow=True)
    return unescape(response.content.decode())


class TestAStory:
    def test_says_what_stands_in_the_database_to_the_last_unit(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now())
        page = tab(owner, holding)
        for words in ("12.345678 of 200 BTT</span>", "300 of 320 BTT</span>"):  # a channel still holds 7.654322
            assert words in page
        for words in ("Bidding</span>", SAID[0][1], "<dd>2.00 MiB/s</dd>", "<dd>180 KiB/s</dd>", "<dd>1.82 MiB/s</dd>"):
            assert words in page
        assert "<dd>49 BTT/GiB</dd>" in page and "<dd>60 BTT/GiB</dd>" in page
        assert "4.13 times as fast, 95 %: 3.84 to 4.44" in page

    def test_says_in_the_readers_language_what_nodes_have_kept(self, holding: Holding, owner: User) -> None:
        now = timezone.now()
        goal, watch = Goal(least_bytes_per_s=2 * MIB), Watch(is_slow=True)
        view = View(int(now.timestamp()), goal, BTT, BTT, BTT, GIB, MIB, MIB, watch, obstacle=SILENT_HUBS)
        sentence = decide(view).sentence
        run = tell(holding, now=now).run
        auto_runs.say([run.pk], state=State.WAITING, sentence=sentence, now=now)
        with made_up_language.spoken():
            page = tab(owner, holding)
        for words in ("The swarm gives", "nothing is bid for now.", SILENT_HUBS):
            assert page.count(made_up_language.in_wide_letters(words)) >= 2  # now, and in the log
            assert words in told(sentence)
            assert words not in page

    def test_draws_blocks_wish_price_and_a_hole_and_says_them_in_words(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now())
        page = tab(owner, holding, "&span=1h")
        assert page.count('class="free"') == page.count('class="bought"') == 2
        assert page.count('class="wish"') == 2 and page.count('class="price"') >= 2
        blocks = page.count('<rect class="block"') // 3
        assert f"{blocks} unpaid blocks." in page and blocks == 7
        assert "12.345678 BTT in all." in page
        assert page.count("<tr") >= 30
        assert 'aria-current="true">1 h<' in page
        assert 'aria-current="true">10 min<' in tab(owner, holding, "&span=10m")
        assert 'aria-current="true">1 h<' in tab(owner, holding, "&span=nonsense")

    def test_shows_the_newest_sentences_first_and_older_ones_when_asked(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now())
        page = tab(owner, holding)
        assert page.count('id="said-') == 10 + len(("title", "older"))
        assert page.index(SAID[0][1]) < page.index(SAID[1][1]) < page.index(SAID[2][1])
        page = part(owner, holding, "?said=40")
        assert page.count('id="said-') == 26 + len(("title",))
        assert part(owner, holding, "?said=-7&span=%00").count('id="said-') == 12

    def test_is_followed_for_as_long_as_a_page_asks_for_it(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now())
        tab(owner, holding)
        Curiosity.objects.update(until=timezone.now())
        part(owner, holding)  # what it hears of is asked for, so that it goes on to hear
        assert Curiosity.objects.get().until > timezone.now()

    def test_that_is_over_names_the_day_on_which_it_was(self, holding: Holding, owner: User) -> None:
        then = timezone.now() - timedelta(days=3)
        tell(holding, now=then)
        begun = then - timedelta(minutes=10)
        page = tab(owner, holding, "&span=10m")
        assert f'<figcaption class="story-summary"><time datetime="{begun:%Y-%m-%d}' in page

    def test_says_of_the_saved_time_also_that_it_may_be_none(self, holding: Holding, owner: User) -> None:
        told = tell(holding, now=timezone.now())
        AutoRun.objects.filter(pk=told.run.pk).update(pairs=[-0.2, 0.5] * 3, all_paid_ms=600_000)
        page = tab(owner, holding)
        assert page.count("95 %: \N{MINUS SIGN}") == 1

    def test_says_that_its_times_are_of_utc(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now())
        heading = tab(owner, holding).split('id="said-title">')[1].split("</h3>")[0]
        assert "UTC" in heading

    def test_says_that_little_is_known_while_little_is_measured(self, holding: Holding, owner: User) -> None:
        told = tell(holding, now=timezone.now())
        AutoRun.objects.filter(pk=told.run.pk).update(pairs=[1.5, 1.4], verdict="unknown")
        page = tab(owner, holding)
        assert "not known yet: 2 of 6 unpaid blocks measured" in page
        assert page.count("<dd>not known yet</dd>") == 2

    def test_shows_nothing_of_now_when_nothing_was_seen_for_a_minute(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now() - timedelta(minutes=2))
        assert "<dt>Price now</dt><dd>\N{EN DASH}</dd>" in tab(owner, holding)

    def test_stays_when_the_torrent_is_whole(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now())
        AutoRun.objects.update(state=State.DONE)
        make = holding.torrent.observation
        make.done_bytes = GIB
        make.save()
        page = tab(owner, holding)
        assert "Loaded</span>" in page and "What others pay for it" in page and "Turn off" not in page

    def test_is_told_to_its_user_alone(self, holding: Holding, owner: User, stranger: User, admin: User) -> None:
        tell(holding, now=timezone.now())
        beside = make_holding(stranger, holding.torrent)
        page = tab(stranger, beside)
        assert auto_story.RIDES in page
        for secret in ("12.345678", "olga", SAID[0][1], 'class="free"'):
            assert secret not in page
        assert auto_story.RIDES not in tab(owner, holding)
        assert signed_in(admin).get(reverse("market_story", args=[holding.pk])).status_code == 404

    def test_says_that_a_bid_rides_along_behind_anothers(self, holding: Holding, owner: User) -> None:
        an_auto_bid(holding, "local", now=timezone.now(), note=bids.RIDES_ALONG)
        page = tab(owner, holding)
        assert "Rides along</span>" in page and bids.RIDES_ALONG in page

    def test_is_told_to_open_pages_of_who_pays_and_who_rides_along_until_all_is_paid(
        self, holding: Holding, owner: User, stranger: User
    ) -> None:
        told = tell(holding, now=timezone.now())
        make_holding(stranger, holding.torrent)
        Bid.objects.update(is_on=False)
        assert screen.concerned() == {owner.pk, stranger.pk}
        BuyingDeal.objects.filter(pk=told.deal.pk).update(is_closed=True)
        assert screen.concerned() == frozenset()


class TestTheSwitch:
    def test_asks_for_terms_first_where_there_are_none(self, holding: Holding, owner: User) -> None:
        page = tab(owner, holding)
        assert auto_story.PROMISE in page
        for button in ("Turn on", "Turn off", "Stop all spending"):
            assert button not in page

    def test_turns_off_and_on_again_with_the_terms_that_were_said(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now())
        own = OwnTerms(ceiling_ubtt_per_gib=70 * BTT, least_bytes_per_s=3 * MIB)
        autobid.choose(owner.pk, holding.torrent_id, autobid.Choice.ON, own, now=timezone.now())
        page = press(owner, holding, "market_switch", choice="off")
        assert "Off: nothing is bid" in page and "Off for this torrent" in page and "Stopped</span>" in page
        assert not Bid.objects.get().is_on
        page = press(owner, holding, "market_switch", choice="on")
        assert "On for this torrent" in page and "Turn off" in page
        bid = Bid.objects.get()
        assert (bid.is_on, bid.max_price_ubtt_per_gib, bid.least_bytes_per_s) == (True, 70 * BTT, 3 * MIB)

    def test_says_why_it_can_not_be_turned_on(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now(), is_on=False)
        Budget.objects.update(is_on=False)
        assert autobid.NOT_SPENDING in press(owner, holding, "market_switch", choice="on")
        assert not Bid.objects.get().is_on

    def test_stops_all_spending_of_its_user(self, holding: Holding, owner: User) -> None:
        tell(holding, now=timezone.now())
        page = press(owner, holding, "market_stop")
        assert "All spending is stopped" in page and "Stop all spending" not in page
        assert not Budget.objects.get().is_on and not Bid.objects.get().is_on
        assert AutoTorrent.objects.get().choice == "as_all" and not AutoBidding.objects.get().is_on


class TestAVersion:
    def test_is_the_same_on_page_and_socket_until_something_is_told(self, holding: Holding, owner: User) -> None:
        told = tell(holding, now=timezone.now())
        number = holding.torrent_id
        before = auto_story.versions(owner.pk, [number])[number]
        assert version_in(tab(owner, holding)) == version_in(part(owner, holding)) == before
        seen = [before]
        for change in (
            lambda: Bid.objects.update(note=bids.OTHERS),
            lambda: AutoRun.objects.update(sentence="Something else."),
            lambda: told.run.samples.latest("at").delete(),
            lambda: told.run.decisions.latest("at").delete(),
            lambda: told.bid.__class__.objects.update(budget_ubtt=1),
            lambda: type(told.deal).objects.update(cumulative_ubtt=1),
            lambda: AutoTorrent.objects.update(choice="off"),
            lambda: Budget.objects.update(day_limit_ubtt=1),
        ):
            change()
            seen.append(auto_story.versions(owner.pk, [number])[number])
        assert len(set(seen)) == len(seen)


class TestSellers:
    def test_that_starve_who_does_not_pay_are_named_with_when_that_ends(self, holding: Holding, owner: User) -> None:
        quote, _ = a_quote(holding.torrent, 12), a_quote(holding.torrent, 18)
        a_buying_deal(holding)
        now = timezone.now()
        avoided.avoid(quote.peer_key, cause=Cause.STARVES_UNPAID, text="It sent nothing.", now=now)
        words = f"{Cause.STARVES_UNPAID.label}: left alone until {now + timedelta(days=7):%Y-%m-%d %H:%M} UTC"
        assert tab(owner, holding).count(words) == 1
