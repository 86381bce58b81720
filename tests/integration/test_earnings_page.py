"""What the page of earnings shows is what the ledger has: chart, table, file and sums alike."""

import csv
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from seedbox.config import joints
from seedbox.models import Holding, User
from speed.domain.earnings import OTHERS, By, Period, Side, floor, span_of
from speed.models import SellingDeal
from speed.services import best_torrents, earnings_chart, earnings_page, price_history, rollups, uplift_summary
from speed.services.earnings_chart import Cut
from speed.services.earnings_page import Asked
from tests import auto_story
from tests.builders import NOW, make_holding, make_node, make_observation, make_torrent, signed_in
from tests.earnings import pay_out
from tests.emptying import undone
from tests.ledger import BTT, TREASURY, fund, user
from tests.market import set_market
from tests.market_rows import a_buying_deal, a_round, a_selling_deal
from tests.rollups import HOURS, Moved, Traders, moved
from tests.servers import PROVE
from wallet.domain.money import format_btt, parse_btt
from wallet.services import last_hour, seals

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

GIB = 1 << 30
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEYS = {By.TORRENT: "torrent_key", By.NODE: "node_name", By.KIND: "kind"}


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages take NOW for now: by the true clock a minute ago may be yesterday, and a page be read a day later."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def side_of(row: Moved, side: Side) -> int:
    parts = {Side.EARNED: row.earned_ubtt, Side.SPENT: row.spent_ubtt, Side.NET: row.earned_ubtt - row.spent_ubtt}
    return parts[side]


def ubtt(text: str) -> int:
    """Read an amount of a file."""
    size = parse_btt(text.removeprefix("-")) if text.strip("-0.") else 0
    return -size if text.startswith("-") else size


def totals_of(lines: list[list[str]]) -> list[int]:
    return [ubtt(line[-1]) for line in lines[1:]]


@pytest.mark.both_databases
class TestChartTableAndFile:
    @settings(max_examples=8 * PROVE)
    @given(seed=st.integers(0, 2**32), acts=st.integers(0, 10))
    def test_have_what_the_ledger_has_for_anybody_at_any_time(self, seed: int, acts: int) -> None:
        draw = Random(seed)
        with undone():
            traders = Traders()
            for _ in range(acts):
                traders.act(draw)
            every = list(moved())
            for trader in traders.users:
                # Not of the last hour: in these books things happen long after they were written down.
                asked = Asked(draw.choice(list(Period)[1:]), draw.choice(list(By)), draw.choice(list(Side)))
                now = NOW + draw.randrange(HOURS) * HOUR + timedelta(minutes=draw.randrange(60))
                self._compare([row for row in every if row.user_id == trader.pk], trader.pk, asked, now)

    def _compare(self, every: list[Moved], user_id: int, asked: Asked, now: datetime) -> None:
        found = earnings_page.read(user_id, asked, now=now)
        span = found.stack.span
        rows = [row for row in every if span.since <= row.at < span.until]
        assert found.earned_ubtt == sum(row.earned_ubtt for row in rows)
        assert found.spent_ubtt == sum(row.spent_ubtt for row in rows)
        wanted = [0] * span.count
        for row in rows:
            number = span.number_of(row.at)
            assert number is not None
            wanted[number] += side_of(row, asked.side)
        assert list(found.stack.totals_ubtt) == wanted
        for series in found.stack.series:
            if series.key != OTHERS and asked.by is not By.KIND:
                mine = (row for row in rows if (getattr(row, KEYS[asked.by]) or earnings_page.ELSEWHERE) == series.key)
                assert series.total_ubtt == sum(side_of(row, asked.side) for row in mine)
        assert totals_of(list(earnings_chart.cells(found, Cut()))) == wanted
        drawn: Any = earnings_chart.drawing(found, version="")
        assert drawn["totals"] == [format_btt(amount) if amount else "" for amount in wanted]
        said = [[ubtt(text.replace("\N{MINUS SIGN}", "-")) for text in one["texts"]] for one in drawn["series"]]
        assert [sum(step) for step in zip(*said, strict=True)] == (wanted if said else [])
        table = earnings_chart.figures(found).rows
        assert [cells[-1] for _, cells in table] == [
            format_btt(wanted[number])
            for number in range(span.count - 1, -1, -1)
            if any(one.values_ubtt[number] for one in found.stack.series)
        ]

    def test_of_a_node_are_its_own_whatever_it_is_called(self, owner: User) -> None:
        fund(TREASURY, 10 * BTT)
        for number, name in enumerate(("others", "elsewhere")):
            torrent = make_torrent(f"{name}.iso", node=make_node(name))
            make_holding(owner, torrent)
            ids = {"deal_id": f"d{number}" * 16, "channel_id": f"c{number}" * 16}
            pay_out(a_selling_deal(torrent, state="closed", is_closed=True, **ids), BTT, at=NOW)
        found = earnings_page.read(owner.pk, Asked(by=By.NODE), now=NOW)
        assert sorted((one.key, one.label) for one in found.stack.series) == [
            ("elsewhere", "elsewhere"),
            ("others", "others"),
        ]

    def test_leave_out_what_is_not_looked_at(self) -> None:
        traders, draw = Traders(), Random(5)
        for _ in range(12):
            traders.act(draw)
        found = earnings_page.read(traders.users[0].pk, Asked(Period.ALL, By.TORRENT, Side.NET), now=NOW + HOURS * HOUR)
        whole = list(earnings_chart.cells(found, Cut()))
        assert len(whole[0]) > 3
        since, key = found.stack.span.starts[10], found.stack.series[0].key
        part = list(earnings_chart.cells(found, Cut(since, since + 5 * DAY, frozenset({key}))))
        assert [line[0] for line in part] == [whole[0][0], *(line[0] for line in whole[11:16])]
        assert part[0] == [whole[0][0], *whole[0][2:]]


@pytest.fixture
def sold(owner: User) -> None:
    """A film of the owner's has been sold for ten days, and a minute ago."""
    make_node()
    set_market(sells=True, ask_ubtt_per_gib=20 * BTT, upload_bytes_per_s=10 * GIB)
    fund(TREASURY, 1_000_000 * BTT)
    torrent = make_torrent("=film.iso", size_bytes=2 * GIB, files=[("film.iso", 2 * GIB)])
    make_holding(owner, torrent, added_at=NOW - 40 * DAY)
    make_observation(torrent, done_bytes=2 * GIB)
    deal = a_selling_deal(torrent, state="closed", is_closed=True, linked_at=NOW - 2 * DAY)
    for back in range(10, 0, -1):
        pay_out(deal, 3 * BTT, at=floor(NOW, DAY) - back * DAY + HOUR)
    pay_out(deal, 2 * BTT, at=NOW - timedelta(minutes=1))


@pytest.mark.usefixtures("sold")
class TestThePage:
    def test_shows_its_user_alone_what_was_earned_and_by_what(self, owner: User, stranger: User) -> None:
        page = signed_in(owner).get(reverse("earnings")).content.decode()
        for words in (
            "=film.iso",
            '<span data-sum="earned">32</span>',
            "3 BTT a day",
            "full days",
            "Best for their disk",
        ):
            assert words in page
        page = signed_in(owner).get(reverse("earnings") + "?figures=1").content.decode()
        assert page.count("<td>3</td>") == 20  # ten days, of the film and together
        page = signed_in(stranger).get(reverse("earnings") + "?figures=1").content.decode()
        assert "film.iso" not in page
        assert "Nothing was traded in this period" in page
        assert "Not enough is known yet" in page
        data = signed_in(stranger).get(reverse("earnings_data")).json()
        assert (data["series"], data["sums"]["earned"]) == ([], "0")

    def test_gives_a_file_that_no_spreadsheet_runs(self, owner: User) -> None:
        answer = signed_in(owner).get(reverse("earnings_csv") + "?period=all")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="earned-by-torrent-all.csv"'
        lines = list(csv.reader(answer.content.decode().splitlines()))
        assert lines[0] == ["Day", "'=film.iso (BTT)", "Together (BTT)"]
        assert sum(totals_of(lines)) == 32 * BTT

    @pytest.mark.parametrize("back", [1, last_hour.BACK])
    def test_shows_the_last_hour_by_the_minute(self, owner: User, back: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(last_hour, "BACK", back)
        for by, label in ((By.TORRENT, "=film.iso"), (By.NODE, "local"), (By.KIND, "Earning")):
            (series,) = earnings_page.read(owner.pk, Asked(Period.HOUR, by, Side.NET), now=NOW).stack.series
            assert (series.label, series.total_ubtt) == (label, 2 * BTT)
            assert 57 <= next(number for number, value in enumerate(series.values_ubtt) if value) <= 58

    @pytest.mark.parametrize(("begun_days_ago", "full_days"), [(3, None), (4, 3), (7, 6), (8, 7), (9, 7)])
    def test_makes_its_forecast_of_the_days_after_the_first_which_may_have_been_half_over(
        self, stranger: User, begun_days_ago: int, full_days: int | None
    ) -> None:
        torrent = make_torrent("new.iso")
        make_holding(stranger, torrent)
        deal = a_selling_deal(torrent, deal_id="d7" * 16, channel_id="c7" * 16, state="closed", is_closed=True)
        for back in range(begun_days_ago, 0, -1):
            is_first = back == begun_days_ago
            pay_out(deal, BTT if is_first else 7 * BTT, at=floor(NOW, DAY) - back * DAY + 23 * HOUR * is_first)
        found = earnings_page.until_month_end(stranger.pk, Side.EARNED, now=NOW)
        assert (found and found.days) == full_days
        assert found is None or found.per_day_ubtt == 7 * BTT

    def test_knows_the_best_torrents_of_a_period_for_their_disk(self, owner: User, stranger: User) -> None:
        span = span_of(Period.WEEK, first_at=None, now=NOW)
        (best,) = best_torrents.best(owner.pk, best_torrents.traded(owner.pk, span), span, now=NOW)
        week_ubtt = earnings_page.read(owner.pk, Asked(Period.WEEK), now=NOW).earned_ubtt
        assert (best.name, best.disk_bytes, best.earned_ubtt) == ("=film.iso", 2 * GIB, week_ubtt)
        assert best.per_gib_day_ubtt == pytest.approx(week_ubtt / 2 / 7, rel=0.01)
        assert best_torrents.traded(stranger.pk, span) == []

    @pytest.mark.parametrize(("period", "days"), [(Period.WEEK, 6 + 11 / 24), (Period.MONTH, 10.5)])
    @pytest.mark.parametrize("is_kept", [True, False])
    def test_counts_the_days_of_a_torrent_that_was_let_go_meanwhile_from_its_first_earning(
        self, owner: User, period: Period, days: float, is_kept: bool
    ) -> None:
        if is_kept:
            seals.seal_new(now=NOW)
            assert rollups.catch_up(NOW) > 0
        Holding.objects.update(added_at=NOW - HOUR)
        span = span_of(period, first_at=None, now=NOW)
        (best,) = best_torrents.best(owner.pk, best_torrents.traded(owner.pk, span), span, now=NOW)
        assert best.per_gib_day_ubtt == pytest.approx(best.earned_ubtt / 2 / days, rel=0.01)

    @pytest.mark.parametrize(
        "query",
        [
            "?period=x&by=1&side=%00",
            "?from=x&to=99999999999",
            "?period=hour&by=kind&side=net&without=a",
        ],
    )
    def test_takes_whatever_its_address_says(self, owner: User, query: str) -> None:
        browser = signed_in(owner)
        for name in ("earnings", "earnings_data", "earnings_csv", "earnings_prices", "earnings_prices_csv"):
            assert browser.get(reverse(name) + query).status_code == 200

    def test_asks_no_more_of_the_database_for_a_year_than_for_a_day(self, owner: User) -> None:
        Holding.objects.update(added_at=NOW - HOUR)  # so that both ask since when it has earned
        browser, counts = signed_in(owner), []
        browser.get(reverse("earnings"))
        for period in (Period.DAY, Period.YEAR):
            with CaptureQueriesContext(connection) as asked:
                browser.get(reverse("earnings") + f"?period={period}")
            counts.append(len(asked))
        assert len(set(counts)) == 1
        assert counts[0] <= 45

    def test_is_linked_where_there_is_a_wallet_and_tells_open_pages_of_more(
        self, owner: User, settings: Settings
    ) -> None:
        link = f'href="{reverse("earnings")}"'
        assert link in signed_in(owner).get(reverse("torrents")).content.decode()
        assert [one["type"] for one in earnings_page.messages(owner.pk)] == ["versions"]
        before = earnings_page.version(owner.pk, now=NOW)
        fund(user(owner.pk), BTT)  # neither earned nor spent
        assert earnings_page.version(owner.pk, now=NOW) == before
        pay_out(SellingDeal.objects.get(), BTT, at=NOW)
        assert earnings_page.version(owner.pk, now=NOW) != before
        joints.join("off")
        try:
            assert link not in signed_in(owner).get(reverse("torrents")).content.decode()
        finally:
            joints.join(settings.WALLET_NETWORK)


class TestPrices:
    def test_of_rounds_are_the_mean_of_each_step_and_what_lies_between(self) -> None:
        make_node()
        set_market(sells=True, ask_ubtt_per_gib=5 * BTT, upload_bytes_per_s=10 * GIB)
        first = int(floor(NOW, DAY).timestamp()) // 10
        for number, demand in ((first, 2), (first + 5, 6), (first + 8640, 6)):
            a_round(number, demand=demand)
        span = span_of(Period.MONTH, first_at=None, now=NOW + DAY)
        found = price_history.of_rounds(span)
        day, next_day = sorted(found)
        assert (day, next_day) == (28, 29)
        assert found[day].low_ubtt_per_gib < found[day].high_ubtt_per_gib == found[next_day].price_ubtt_per_gib
        assert found[day].low_ubtt_per_gib <= found[day].price_ubtt_per_gib <= found[day].high_ubtt_per_gib
        assert found[day].sold_bytes > found[next_day].sold_bytes > 0
        lines = list(earnings_chart.price_cells(found, span, Cut(), torrent=""))
        assert [line[0] for line in lines[1:]] == ["2024-11-23T00:00:00Z", "2024-11-24T00:00:00Z"]

    def test_of_a_torrent_are_those_of_its_users_own_deals(self, owner: User, stranger: User) -> None:
        mine, theirs = (make_holding(one, make_torrent(f"{one}.iso")) for one in (owner, stranger))
        a_buying_deal(mine, cumulative_ubtt=3 * BTT, covered_bytes=GIB // 2, linked_at=NOW - HOUR)
        ids = {"deal_id": "d2" * 16, "channel_id": "c2" * 16}
        a_buying_deal(theirs, covered_bytes=GIB, linked_at=NOW, **ids)
        span = span_of(Period.DAY, first_at=None, now=NOW)
        assert price_history.torrents(owner.pk, since=span.since) == {mine.torrent.key: f"{owner}.iso"}
        (found,) = price_history.of_torrent(owner.pk, mine.torrent.key, span).values()
        assert (found.price_ubtt_per_gib, found.sold_bytes) == (6 * BTT, GIB // 2)
        assert price_history.of_torrent(owner.pk, theirs.torrent.key, span) == {}
        page = signed_in(owner).get(reverse("earnings") + f"?torrent={theirs.torrent.key}").content.decode()
        assert f"{stranger}.iso" not in page

    def test_of_a_torrent_tell_nothing_of_what_others_sell_of_it_on_another_node(
        self, owner: User, stranger: User
    ) -> None:
        mine = make_holding(owner, make_torrent("same.iso"))
        theirs = make_holding(stranger, make_torrent("same.iso", node=make_node("other"), key=mine.torrent.key))
        a_selling_deal(theirs.torrent, cumulative_ubtt=3 * BTT, covered_bytes=GIB, linked_at=NOW - HOUR)
        span = span_of(Period.DAY, first_at=None, now=NOW)
        assert price_history.torrents(owner.pk, since=span.since) == {}
        assert price_history.of_torrent(owner.pk, mine.torrent.key, span) == {}
        assert price_history.torrents(stranger.pk, since=span.since) == {mine.torrent.key: "same.iso"}

    def test_say_granted_of_all_rounds_and_volume_of_what_was_sold_of_a_torrent(self, owner: User) -> None:
        make_node()
        set_market(sells=True, ask_ubtt_per_gib=5 * BTT, upload_bytes_per_s=10 * GIB)
        a_round(int(NOW.timestamp()) // 10 - 360, demand=2)
        mine = make_holding(owner, make_torrent("mine.iso"))
        a_buying_deal(mine, cumulative_ubtt=3 * BTT, covered_bytes=GIB // 2, linked_at=NOW - HOUR)
        browser = signed_in(owner)
        for asked, word, other in (
            ({}, "Granted", "Volume"),
            ({"torrent": mine.torrent.key}, "Volume", "Granted"),
        ):
            table = browser.get(reverse("earnings"), asked | {"figures": "1"}).content.decode()
            chart = browser.get(reverse("earnings_prices"), asked).json()
            file = browser.get(reverse("earnings_prices_csv"), asked).content.decode().splitlines()
            assert f">{word}</th>" in table and f">{other}</th>" not in table
            assert chart["series"][0]["label"] == word
            assert word.lower() in chart["title"].lower() and other.lower() not in chart["title"].lower()
            assert len(file) == 2 and file[0].endswith(f",{word} (bytes)")


class TestWhatBiddingBought:
    def test_is_summed_up_over_the_bids_of_a_period(self, owner: User, stranger: User) -> None:
        holding = make_holding(owner, make_torrent("slow.iso"))
        told = auto_story.tell(holding, now=NOW)
        found = uplift_summary.bought(owner.pk, since=NOW - DAY)
        assert (found.torrents, found.known, found.spent_ubtt) == (1, 1, auto_story.SPENT_UBTT)
        assert found.shown is not None
        assert found.low_s < found.saved_s < found.high_s
        assert [(one.story.bid, one.holding_id, one.name) for one in found.told] == [(told.bid, holding.pk, "slow.iso")]
        page = signed_in(owner).get(reverse("earnings")).content.decode()
        assert "times as fast" in page
        assert "slow.iso" in page
        assert uplift_summary.bought(owner.pk, since=NOW + DAY).torrents == 0
        assert uplift_summary.bought(stranger.pk, since=NOW - DAY).torrents == 0

    def test_is_not_known_before_enough_was_measured(self, owner: User) -> None:
        told = auto_story.tell(make_holding(owner, make_torrent("slow.iso")), now=NOW)
        told.run.pairs = told.run.pairs[:5]
        told.run.save()
        page = signed_in(owner).get(reverse("earnings")).content.decode()
        assert "5 of 6 unpaid blocks measured" in page
        assert "times as fast" not in page
