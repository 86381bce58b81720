"""Sums that are kept follow the ledger: each transfer once, whatever breaks off, comes late or comes twice."""

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

import speed.tasks
import wallet.tasks
from seedbox.config.benches import traded_year
from seedbox.config.celery import SCHEDULE
from seedbox.models import User
from speed.models import NodeRollup, TorrentRollup
from speed.services import rollups as trade_rollups
from speed.services.trade_rollups import FOLLOWER as TRADES
from tests.builders import NOW
from tests.ledger import ASSET, TREASURY, fund, post, transfer, user
from tests.rollups import Traders
from tests.servers import ON_SQLITE
from wallet.domain.kinds import TransferKind
from wallet.domain.money import MAX_AMOUNT_UBTT
from wallet.domain.spans import Span
from wallet.models import KindRollup, RollupCursor
from wallet.services import audit, following, rollups, seals
from wallet.services.followers import Follower
from wallet.services.kept_sums import CountedBefore
from wallet.services.kind_rollups import FOLLOWER as KINDS
from wallet.services.long_sums import FULL

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

LIMIT_S = 60
SINCE, UNTIL = NOW - timedelta(days=1), NOW + timedelta(days=100)
BOTH = (KINDS, TRADES)


@pytest.fixture
def traders() -> Traders:
    """People whose trade is sealed, and none of it summed up."""
    draw, traders = Random(5), Traders()
    for _ in range(10):
        traders.act(draw)
    seals.seal_new(now=NOW)
    return traders


@pytest.fixture
def summed(traders: Traders) -> Traders:
    for follower in BOTH:
        assert following.catch_up(follower, now=NOW)
    return traders


def findings() -> list[str]:
    return [str(one) for one in audit.audit().findings if "rollup" in one.table]


def shown(traders: Traders) -> list[object]:
    """Return all that pages can show of these people."""
    period: dict[str, Any] = {"since": SINCE, "until": UNTIL}
    return [
        (
            rollups.by_kind(one.pk, ASSET, **period, step="day"),
            rollups.sums(one.pk, ASSET, **period),
            trade_rollups.series(one.pk, ASSET, **period, step="day", by="torrent"),
            trade_rollups.series(one.pk, ASSET, **period, step="day", by="node"),
            trade_rollups.top(one.pk, ASSET, **period, limit=3),
        )
        for one in traders.users
    ]


class TestCatchingUp:
    def test_changes_nothing_that_is_shown(self, traders: Traders) -> None:
        before = shown(traders)
        for follower in BOTH:
            while following.catch_up(follower, now=NOW, limit=40):
                assert shown(traders) == before
        assert following.mark("kinds").last_id == following.mark("trades").last_id == seals.newest().last_id
        assert not findings()

    def test_a_second_time_adds_nothing(self, summed: Traders) -> None:
        rows = list(KindRollup.objects.values()), list(TorrentRollup.objects.values())
        for follower in BOTH:
            assert following.catch_up(follower, now=NOW) == 0
        assert (list(KindRollup.objects.values()), list(TorrentRollup.objects.values())) == rows

    def test_goes_no_further_than_the_seals(self, summed: Traders) -> None:
        giver, taker, _ = summed.users
        post(transfer(user(giver.pk), user(taker.pk), 7, event_at=NOW))
        before = shown(summed)
        assert following.catch_up(KINDS, now=NOW) == 0
        seals.seal_new(now=NOW)
        assert following.catch_up(KINDS, now=NOW) > 0
        assert shown(summed) == before

    @pytest.mark.parametrize("follower", BOTH, ids=lambda follower: follower.name)
    def test_that_breaks_off_leaves_everything_as_it_was(self, traders: Traders, follower: Follower) -> None:
        def gather(after: int, upto: int) -> Callable[[], None]:
            add = follower.gather(after, upto)

            def add_and_die() -> None:
                add()
                raise SystemExit

            return add_and_die

        before = shown(traders)
        with pytest.raises(SystemExit):
            following.catch_up(replace(follower, gather=gather), now=NOW)
        assert not KindRollup.objects.exists()
        assert not TorrentRollup.objects.exists()
        following.catch_up(follower, now=NOW)
        assert shown(traders) == before
        assert not findings()

    @pytest.mark.parametrize("follower", BOTH, ids=lambda follower: follower.name)
    def test_never_counts_twice_even_with_a_cursor_that_was_put_back(self, summed: Traders, follower: Follower) -> None:
        RollupCursor.objects.update(last_id=0)
        with pytest.raises(CountedBefore), transaction.atomic():
            following.catch_up(follower, now=NOW)

    def test_of_two_workers_at_once_counts_once(self, traders: Traders) -> None:
        turns: list[int] = []
        before = shown(traders)

        def gather(after: int, upto: int) -> Callable[[], None]:
            if not turns:  # somebody else is quicker
                turns.append(following.catch_up(KINDS, now=NOW))
            return KINDS.gather(after, upto)

        following.catch_up(replace(KINDS, gather=gather), now=NOW)
        assert shown(traders) == before
        assert not findings()

    def test_stops_at_no_sum_that_is_too_long_for_a_column(self, summed: Traders) -> None:
        """Whoever sends the same money to and fro all day must not keep everybody's sums from going on."""
        rich, whole = user(summed.users[0].pk), MAX_AMOUNT_UBTT // 2
        fund(TREASURY, whole)
        for _ in range(5):
            post(transfer(TREASURY, rich, whole, kind=TransferKind.GRANT, event_at=NOW))
            post(transfer(rich, TREASURY, whole, kind=TransferKind.ADJUSTMENT, event_at=NOW))
        before = {
            one.kind: one for one in rollups.by_kind(summed.users[0].pk, ASSET, since=NOW, until=UNTIL, step="day")
        }
        assert before[TransferKind.GRANT].in_ubtt == 5 * whole > FULL
        seals.seal_new(now=NOW)
        for follower in BOTH:
            while following.catch_up(follower, now=NOW, limit=3):
                assert not findings()
        assert following.mark("kinds").last_id == seals.newest().last_id
        after = {
            one.kind: one for one in rollups.by_kind(summed.users[0].pk, ASSET, since=NOW, until=UNTIL, step="day")
        }
        assert (after[TransferKind.GRANT].in_ubtt, after[TransferKind.ADJUSTMENT].out_ubtt) == (FULL, FULL)
        for follower in BOTH:  # in one go, too
            following.begin_anew(follower, now=NOW)
            following.catch_up(follower, now=NOW)
        assert not findings()
        KindRollup.objects.filter(in_ubtt=FULL, span=Span.HOUR).update(in_ubtt=FULL - 1)
        assert findings()

    def test_is_what_beat_asks_for_on_the_wallets_queue(self, traders: Traders) -> None:
        assert {"wallet.roll_up", "speed.roll_up"} <= {one["task"] for one in SCHEDULE.values()}
        wallet.tasks.roll_up()
        speed.tasks.roll_up()
        assert following.mark("kinds").last_id == following.mark("trades").last_id == seals.newest().last_id


class TestReading:
    def test_asks_the_database_as_often_however_much_there_is(
        self, summed: Traders, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        one = summed.users[0].pk
        period: dict[str, Any] = {"since": SINCE, "until": UNTIL}
        with django_assert_num_queries(5):  # account, cursor, sums, what is behind them, cursor
            rollups.by_kind(one, ASSET, **period, step="day")
        with django_assert_num_queries(5):  # the same
            trade_rollups.series(one, ASSET, **period, step="day", by="node")
        with django_assert_num_queries(9):  # and the largest, their names, sums by node
            trade_rollups.series(one, ASSET, **period, step="day", by="torrent", most=2)
        with django_assert_num_queries(6):  # and names
            trade_rollups.top(one, ASSET, **period, limit=2)

    def test_begins_again_when_the_sums_move_on_meanwhile(self, summed: Traders) -> None:
        marks = []

        def read(upto: int) -> int:
            marks.append(upto)
            RollupCursor.objects.filter(pk="kinds").update(begun=F("begun") + 1)
            return upto

        assert following.read_beside("kinds", read) == seals.newest().last_id
        assert len(marks) == following.TRIES + 1

    def test_knows_names_of_many_as_of_few(self, summed: Traders, monkeypatch: pytest.MonkeyPatch) -> None:
        before = shown(summed)
        monkeypatch.setattr(trade_rollups, "FEW", 0)
        assert shown(summed) == before

    def test_ranks_torrents_by_whatever_is_asked_for(self, summed: Traders) -> None:
        for one in summed.users:
            period: dict[str, Any] = {"since": SINCE, "until": UNTIL, "limit": 100}
            every = trade_rollups.top(one.pk, ASSET, **period)
            spent = trade_rollups.top(one.pk, ASSET, **period, size=lambda moved: moved[1])
            assert spent == sorted(every, key=lambda best: -best.spent_ubtt)

    def test_leaves_the_rest_without_names(self, summed: Traders) -> None:
        for one in summed.users:
            period: dict[str, Any] = {"since": SINCE, "until": UNTIL, "step": "day"}
            every = trade_rollups.series(one.pk, ASSET, **period, by="torrent")
            some = trade_rollups.series(one.pk, ASSET, **period, by="torrent", most=1)
            assert len({row.name for row in some} - {trade_rollups.REST}) == 1
            for side in ("earned_ubtt", "spent_ubtt"):
                assert sum(getattr(row, side) for row in some) == sum(getattr(row, side) for row in every)
                assert sum(getattr(row, side) for row in every) == getattr(
                    rollups.sums(one.pk, ASSET, since=SINCE, until=UNTIL), side
                )


class TestTheAudit:
    def test_names_the_row_that_is_wrong(self, summed: Traders) -> None:
        tables: dict[Any, str] = {KindRollup: "", TorrentRollup: "speed_", NodeRollup: "speed_"}
        for (model, app), span in product(tables.items(), Span):
            row = model.objects.filter(span=span).order_by("begins_at")[0]
            column = "in_ubtt" if model is KindRollup else "earned_ubtt"
            model.objects.filter(pk=row.pk).update(**{column: F(column) + 1})
            named = [one for one in findings() if f" of the {span.name.lower()} (" in one]
            begins = row.begins_at.isoformat(sep=" ")[: span.letters]
            assert len(named) == 1
            assert named[0].startswith(f"{app}{model.__name__.lower()} of the")
            assert f"begins '{begins}'" in named[0]
            assert named[0].endswith("lacks, of what the transfers add up to, -1 " + ("ins" if not app else "earned"))
            model.objects.filter(pk=row.pk).update(**{column: F(column) - 1})

    def test_misses_a_row_that_is_gone(self, summed: Traders) -> None:
        for model in (KindRollup, TorrentRollup, NodeRollup):
            model.objects.filter(pk=model.objects.filter(span=Span.MONTH)[0].pk).delete()
        assert len(findings()) == 3

    def test_sees_sums_of_another_torrent(self, summed: Traders) -> None:
        some, other = TorrentRollup.objects.filter(span=Span.HOUR)[:2]
        TorrentRollup.objects.filter(pk=some.pk).update(begins_at=other.begins_at - timedelta(hours=1))
        assert findings()

    def test_sees_a_cursor_that_went_too_far_or_back(self, summed: Traders) -> None:
        RollupCursor.objects.update(last_id=F("last_id") + 1)
        assert [one.split(":")[0] for one in findings()] == ["rollupcursor kinds", "rollupcursor trades"]
        RollupCursor.objects.update(last_id=1)
        assert findings()

    def test_names_sums_that_end_nowhere_and_does_not_stumble(self, summed: Traders) -> None:
        nowhere = "nonsense" if ON_SQLITE else 2**62  # SQLite keeps anything in any column
        with connection.cursor() as cursor:
            for table in ("torrentrollup", "noderollup"):
                cursor.execute(f"UPDATE speed_{table} SET last_id = %s WHERE span = %s", [nowhere, Span.MONTH])
        assert [one.split(":")[0] for one in findings()] == ["rollupcursor trades"] * 2

    def test_has_nothing_to_say_after_they_were_added_up_anew(self, summed: Traders) -> None:
        before = shown(summed)
        KindRollup.objects.filter(span=Span.DAY).update(out_ubtt=1)
        TorrentRollup.objects.filter(span=Span.HOUR).delete()
        out = io.StringIO()
        call_command("ledger", "rollups", "--rebuild", stdout=out, stderr=io.StringIO())
        upto = seals.newest().last_id
        assert out.getvalue().splitlines() == [f"kinds: up to transfer {upto}", f"trades: up to transfer {upto}"]
        assert shown(summed) == before
        assert not findings()


class TestATradedYear:
    def test_for_benches_is_as_the_ledger_wants_it(self, owner: User) -> None:
        traded_year.fill(owner.pk, entries=200, torrents=5, until=NOW)
        for follower in BOTH:
            following.catch_up(follower, now=NOW)
        assert not audit.audit().findings
        year = trade_rollups.series(owner.pk, ASSET, since=NOW - traded_year.YEAR, until=NOW, step="day", by="torrent")
        assert len({row.label for row in year}) == 5
        assert any(row.spent_ubtt for row in year)


@pytest.mark.usefixtures("committed_books")
class TestATransferThatIsCommittedLate:
    def test_is_counted_once_and_never_missed(self) -> None:
        traders = Traders()
        giver, taker, other = (user(one.pk) for one in traders.users)
        has_posted, may_commit = threading.Event(), threading.Event()

        def linger() -> None:
            with transaction.atomic():
                post(transfer(giver, taker, 5, event_at=NOW))
                has_posted.set()
                assert may_commit.wait(LIMIT_S)
            connection.close()

        late = threading.Thread(target=linger)
        late.start()
        assert has_posted.wait(LIMIT_S)
        try:
            if not ON_SQLITE:  # which lets nobody else write meanwhile
                post(transfer(TREASURY, other, 1, kind=TransferKind.GRANT, event_at=NOW))  # with a higher id, and seen
                seals.seal_new(now=NOW)
                following.catch_up(KINDS, now=NOW)
        finally:
            may_commit.set()
            late.join(LIMIT_S)
        self._has_tip(traders)
        seals.seal_new(now=NOW)
        following.catch_up(KINDS, now=NOW)
        self._has_tip(traders)
        assert not findings()

    def _has_tip(self, traders: Traders) -> None:
        found = rollups.by_kind(traders.users[0].pk, ASSET, since=NOW, until=NOW + timedelta(hours=1), step="hour")
        assert [(row.in_ubtt, row.out_ubtt) for row in found if row.kind is TransferKind.TIP] == [(0, 5)]
