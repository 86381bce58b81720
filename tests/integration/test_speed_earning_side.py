"""Which torrents earn: what the ledger credited to each holder, for which disk, and what to do with them."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from seedbox.domain.states import State
from seedbox.models import Holding, Torrent, User
from speed.domain.asking import Way
from speed.domain.earning import Hint
from speed.domain.rounds import round_at
from speed.models import ForSale, Round, SellingDeal
from speed.services import asking, earning, earning_screen
from speed.services.earning import PAGE_LINES
from speed.services.earning_rows import sums_row
from tests.builders import NOW, make_holding, make_node, make_observation, make_torrent, signed_in
from tests.earnings import pay_out
from tests.ledger import BTT, TREASURY, balance, fund, user
from tests.market import set_market, set_offer
from tests.market_rows import a_selling_deal

pytestmark = pytest.mark.django_db

MIB, GIB = 1 << 20, 1 << 30
DAY, WEEK = timedelta(days=1), timedelta(days=7)
TODAY = timezone.now()  # pages and commands go by the true clock, in a long run on the day after
CLOSED: dict[str, Any] = {"state": "closed", "is_closed": True}


@pytest.fixture(autouse=True)
def money(db: None) -> None:
    fund(TREASURY, 1_000_000 * BTT)


def sell(*, ask: int = 20) -> None:
    make_node()
    set_market(sells=True, ask_ubtt_per_gib=ask * BTT, upload_bytes_per_s=10 * MIB)


def held(name: str, *holders: User, gib: int = 4, since: timedelta = 2 * WEEK, **seen: Any) -> Torrent:
    """Return a torrent that seeds."""
    torrent = make_torrent(name, size_bytes=gib * GIB, files=[(name, gib * GIB)])
    for holder in holders:
        make_holding(holder, torrent, added_at=TODAY - since)
    state = seen.pop("state", State.SEEDING)
    make_observation(torrent, state=state, **{"done_bytes": gib * GIB} | seen)
    return torrent


def a_deal(torrent: Torrent, number: int = 1, **fields: Any) -> SellingDeal:
    ids = {"deal_id": f"{number:02x}" * 16, "channel_id": f"{number + 100:02x}" * 16}
    return a_selling_deal(torrent, **CLOSED | ids | fields)


def said(*words: object) -> Any:
    out = StringIO()
    call_command("speed", "earning", *map(str, words), "--json", stdout=out)
    return json.loads(out.getvalue())


class TestWhatWasEarned:
    def test_is_each_holders_own_share_as_the_ledger_has_it(self, owner: User, stranger: User) -> None:
        sell()
        film, music = held("film.iso", owner, stranger), held("music.iso", owner, gib=2)
        now = TODAY
        pay_out(a_deal(film), 28 * BTT + 1, at=now - 8 * DAY)
        pay_out(a_deal(music, 2), 3 * BTT, at=now)
        pay_out(a_deal(music, 3), 5 * BTT, at=now - 3 * DAY)

        found = earning.shelf(owner.pk, now=now)

        assert found.earned.total_ubtt == balance(user(owner.pk)) == 22 * BTT
        assert (found.earned.week_ubtt, found.earned.today_ubtt, found.gone_ubtt) == (8 * BTT, 3 * BTT, 0)
        assert sums_row(earning.sums(owner.pk, now=now)) == sums_row(found.earned)
        before = datetime.now(UTC)
        (told,) = earning_screen.messages(owner.pk)
        possible = [earning.sums(owner.pk, now=at) for at in (before, datetime.now(UTC))]  # midnight may lie between
        assert told["rows"] in [{"earning": sums_row(each)} for each in possible]
        best, other = found.lines
        assert (best.facts.name, best.total_ubtt, best.week_ubtt, best.today_ubtt) == (
            "music.iso",
            8 * BTT,
            8 * BTT,
            3 * BTT,
        )
        assert best.per_gib_day_ubtt == 8 * BTT // 2 // 14
        assert (other.facts.name, other.total_ubtt, other.week_ubtt) == ("film.iso", 14 * BTT, 0)
        assert other.per_gib_day_ubtt == 14 * BTT // 4 // 14
        shared = earning.shelf(stranger.pk, now=now)
        assert shared.earned.total_ubtt == balance(user(stranger.pk)) == 14 * BTT

    def test_by_what_is_held_no_longer_stays_in_the_sums(self, owner: User) -> None:
        film = held("film.iso", owner)
        pay_out(a_deal(film), 5, at=NOW)
        Holding.objects.all().delete()
        found = earning.shelf(owner.pk, now=TODAY)
        assert (found.earned.total_ubtt, found.gone_ubtt, found.lines) == (5, 5, [])

    def test_before_it_was_taken_up_anew_counts_with_its_days(self, owner: User) -> None:
        film, now = held("film.iso", owner, gib=1, since=DAY), TODAY
        pay_out(a_deal(film), 10 * BTT, at=now - 10 * DAY)
        assert earning.shelf(owner.pk, now=now).lines[0].per_gib_day_ubtt == BTT

    def test_is_told_by_day_and_days_without_any_are_zero(self, owner: User) -> None:
        deal, now = a_deal(held("film.iso", owner)), NOW
        for days, amount in ((40, 1), (29, 2), (0, 3), (0, 4)):
            pay_out(deal, amount, at=now - days * DAY)
        days_of = earning.days(owner.pk, now=now)
        assert len(days_of) == 30
        assert (days_of[0], days_of[-1]) == (((now - 29 * DAY).date(), 2), (now.date(), 7))
        assert sum(amount for _, amount in days_of) == 9

    def test_takes_as_many_queries_for_one_torrent_as_for_many(
        self, owner: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        sell()
        for number in range(PAGE_LINES + 2):
            torrent = held(f"{number}.iso", owner)
            if number < 5:
                pay_out(a_deal(torrent, number), BTT, at=NOW)
        with django_assert_num_queries(10):
            found = earning.shelf(owner.pk, page=2, now=TODAY)
        assert (len(found.lines), found.page, found.page_count) == (2, 2, 2)
        assert earning.shelf(owner.pk, page=99, now=TODAY).page == 2


class TestHints:
    def test_weigh_demand_and_disk(self, owner: User) -> None:
        sell()
        held("idle.iso", owner)
        held("young.iso", owner, since=DAY)
        held("wanted.iso", owner, peers=3, seeds=1)
        held("half.iso", owner, done_bytes=1, state=State.DOWNLOADING)
        a_deal(held("bought.iso", owner), 1, state="in_lane", is_closed=False)
        a_deal(held("too-dear.iso", owner), 2, state="waiting", is_closed=False, refusal="price_too_low")
        a_deal(held("sold.iso", owner), 3, linked_at=TODAY - DAY)
        left_out = held("left-out.iso", owner)
        set_offer(left_out.key, ForSale.NO)
        found = earning.shelf(owner.pk, now=TODAY)
        hints = {line.facts.name.removesuffix(".iso"): line.advice for line in found.lines}
        assert {name for name, one in hints.items() if one.hint is Hint.KEEP} == {"bought"}
        assert {name for name, one in hints.items() if one.hint is Hint.DROP} == {"idle", "too-dear"}
        assert "too early" in hints["young"].sentence
        assert "2 leechers" in hints["wanted"].sentence
        assert "not complete" in hints["half"].sentence
        assert "Some of it was sold" in hints["sold"].sentence
        assert "not for sale" in hints["left-out"].sentence
        dropped = earning.shelf(owner.pk, hint=Hint.DROP, now=TODAY)
        assert {line.facts.name for line in dropped.lines} == {"idle.iso", "too-dear.iso"}
        assert dropped.counts == found.counts

    def test_are_none_where_nothing_is_sold(self, owner: User) -> None:
        held("idle.iso", owner)
        found = earning.shelf(owner.pk, now=TODAY)
        assert not found.sells
        assert "not for sale" in found.lines[0].advice.sentence


def keep_rounds(count: int, *, price: int, ask: int = 5, granted: int = MIB) -> None:
    newest = round_at(TODAY.timestamp())
    Round.objects.bulk_create(
        Round(
            node_name="local",
            number=newest - back,
            at=NOW,
            ask_ubtt_per_gib=ask * BTT,
            for_sale_bytes_per_s=MIB,
            price_ubtt_per_gib=price * BTT,
            granted_bytes_per_s=granted,
            bids=1,
            bids_hash="00" * 32,
        )
        for back in range(count)
    )


class TestASuggestedAsk:
    def test_follows_a_weeks_rounds_and_ceilings(self, owner: User) -> None:
        sell(ask=5)
        keep_rounds(100, price=9)
        a_deal(held("film.iso", owner), max_price_ubtt_per_gib=20 * BTT, linked_at=TODAY)
        (asked,) = asking.of_nodes(now=TODAY)
        assert (asked.suggestion.way, asked.suggestion.ask_ubtt_per_gib) == (Way.RAISE, 7 * BTT)

    def test_counts_a_buyer_once_and_none_that_is_long_gone(self, owner: User) -> None:
        sell(ask=5)
        film, now = held("film.iso", owner), TODAY
        for number, ceiling in enumerate((3, 4)):
            a_deal(film, number, max_price_ubtt_per_gib=ceiling * BTT, linked_at=now)
        a_deal(film, 9, payer_ref="bb" * 16, max_price_ubtt_per_gib=1, linked_at=now - 8 * DAY)
        (asked,) = asking.of_nodes(now=now)
        assert "one buyer within a week, of up to 4 BTT/GiB" in asked.suggestion.sentence

    def test_falls_for_leechers_of_what_is_for_sale(self, owner: User) -> None:
        sell(ask=5)
        held("film.iso", owner, peers=3, seeds=1)
        set_offer(held("left-out.iso", owner, peers=9).key, ForSale.NO)
        (asked,) = asking.of_nodes(now=TODAY)
        assert "leechers connected now: 2." in asked.suggestion.sentence
        assert asked.suggestion.ask_ubtt_per_gib == 4 * BTT


class TestThePage:
    def test_shows_an_owner_what_earns_and_others_nothing_of_it(self, owner: User, stranger: User, admin: User) -> None:
        sell()
        pay_out(a_deal(held("film.iso", owner)), 28 * BTT, at=TODAY)
        address = reverse("market_earning")
        page = signed_in(owner).get(address).content.decode()
        for words in ("film.iso", "28", "<rect", "as much as half"):
            assert words in page
        assert "What nodes might ask" not in page
        for other in (stranger, admin):
            page = signed_in(other).get(address).content.decode()
            assert "film.iso" not in page
            assert "Nothing has been earned yet." in page

    def test_says_what_to_do_first(self, owner: User, admin: User) -> None:
        make_node()
        address = reverse("market_earning")
        page = signed_in(owner).get(address).content.decode()
        assert "an admin of this box turns selling on" in page
        assert "You hold no torrents" in page
        page = signed_in(admin).get(address).content.decode()
        assert "Turn selling on" in page
        assert "Selling is off: turn it on" in page

    def test_leads_an_admin_to_the_nodes_form_with_what_it_might_ask(self, admin: User) -> None:
        sell(ask=5)
        keep_rounds(100, price=9)
        browser = signed_in(admin)
        page = browser.get(reverse("market_earning")).content.decode()
        link = f"{reverse('market_node', args=['local'])}?ask=7"
        assert f'href="{link}"' in page
        assert 'value="7"' in browser.get(link).content.decode()
        assert 'value="5"' in browser.get(reverse("market_node", args=["local"])).content.decode()

    @pytest.mark.parametrize(
        "query", ["?page=0", "?page=x", "?page=99999999", "?hint=none", "?hint=drop", "?hint=keep"]
    )
    def test_takes_whatever_its_address_says(self, owner: User, query: str) -> None:
        held("film.iso", owner)
        assert signed_in(owner).get(reverse("market_earning") + query).status_code == 200


class TestTheCommand:
    def test_tells_what_a_user_earns_and_what_nodes_might_ask(self, owner: User) -> None:
        sell(ask=5)
        pay_out(a_deal(held("film.iso", owner)), 28 * BTT, at=TODAY)
        keep_rounds(100, price=9)
        found = said("--user", "olga")
        assert (found["total_ubtt"], found["week_ubtt"]) == (28 * BTT, 28 * BTT)
        (torrent,) = found["torrents"]
        assert (torrent["name"], torrent["hint"]) == ("film.iso", "keep")
        assert 0 < torrent["per_gib_day_ubtt"] <= BTT // 2
        assert said("--user", "olga", "--hint", "drop")["torrents"] == []
        (node,) = said()
        assert (node["name"], node["ask_ubtt_per_gib"], node["suggested_ubtt_per_gib"]) == ("local", 5 * BTT, 7 * BTT)

    def test_tells_it_in_lines(self, owner: User) -> None:
        sell()
        pay_out(a_deal(held("film.iso", owner)), 28 * BTT, at=TODAY)
        out = StringIO()
        call_command("speed", "earning", "--user", "olga", stdout=out)
        assert "28 BTT ever; page 1 of 1" in out.getvalue()
        assert "film.iso  0." in out.getvalue()
        call_command("speed", "earning", stdout=out)
        assert "local  asks 20 BTT/GiB  Not known yet" in out.getvalue()

    def test_has_nothing_to_tell_without_a_wallet(self, settings: Settings) -> None:
        settings.WALLET_NETWORK = "off"
        with pytest.raises(CommandError, match="no market"):
            said()
