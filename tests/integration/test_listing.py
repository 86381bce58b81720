"""What a list shows, in which order, on which page; and that it takes a handful of queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from seedbox.domain.states import State
from seedbox.models import Holding, LogEntry, Observation, Torrent, User
from seedbox.services import listing
from seedbox.services.listing import FILTER_STATES, PAGE_SIZE, Filter, Wanted, list_holdings
from seedbox.services.orders import Sort
from seedbox.services.rows import seen_state, torrent_row
from tests.builders import NOW, make_holding, make_node, make_observation, make_torrent

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MAX_QUERIES = 4


def seen_names(user: User, wanted: Wanted) -> list[str]:
    return [str(torrent_row(holding)["name"]) for holding in list_holdings(user=user, wanted=wanted).holdings]


def hold(user: User, name: str, **observed: object) -> Holding:
    torrent = make_torrent(name, size_bytes=1000, files=[(name, 1000)])
    make_observation(torrent, **observed)  # type: ignore[arg-type]  # a builder takes any field
    return make_holding(user, torrent)


def hold_many(user: User, count: int) -> None:
    node = make_node()
    torrents = Torrent.objects.bulk_create(
        Torrent(node=node, key=f"{n:040x}", info_hash_v1=f"{n:040x}", name=f"t{n:05}", save_path=f"{n}", created_at=NOW)
        for n in range(count)
    )
    Observation.objects.bulk_create(
        Observation(torrent=torrent, state=State.SEEDING, seen_at=NOW) for torrent in torrents
    )
    Holding.objects.bulk_create(
        Holding(user=user, torrent=torrent, added_at=NOW + timedelta(seconds=n)) for n, torrent in enumerate(torrents)
    )


class TestTheList:
    def test_shows_the_users_own_torrents_only(self, owner: User, stranger: User) -> None:
        hold(owner, "mine")
        hold(stranger, "theirs")
        assert seen_names(owner, Wanted()) == ["mine"]

    def test_takes_the_same_few_queries_for_one_row_as_for_a_full_page(self, owner: User) -> None:
        hold_many(owner, PAGE_SIZE + 1)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = list_holdings(user=owner, wanted=Wanted(sort=Sort.RATIO))
            rows = [torrent_row(holding) for holding in page.holdings]
        assert len(rows) == PAGE_SIZE
        assert len(queries) <= MAX_QUERIES

    def test_is_cut_into_pages_and_a_page_too_far_is_the_last(self, owner: User) -> None:
        hold_many(owner, 2 * PAGE_SIZE + 1)
        page = list_holdings(user=owner, wanted=Wanted(page=99, sort=Sort.NAME, descending=False))
        assert (page.page, page.page_count, page.first, len(page.holdings)) == (3, 3, 2 * PAGE_SIZE + 1, 1)
        assert page.counts[Filter.ALL] == 2 * PAGE_SIZE + 1

    def test_is_empty_for_who_holds_nothing(self, owner: User) -> None:
        page = list_holdings(user=owner, wanted=Wanted())
        assert (list(page.holdings), page.has_any, page.first, page.page_count) == ([], False, 0, 1)

    def test_that_a_search_empties_still_knows_that_there_is_something(self, owner: User) -> None:
        hold(owner, "debian")
        page = list_holdings(user=owner, wanted=Wanted(search="arch"))
        assert (list(page.holdings), page.has_any) == ([], True)


class TestASearch:
    def test_wants_every_word_in_any_order_and_case(self, owner: User) -> None:
        hold(owner, "Debian 13 netinst")
        hold(owner, "Debian 13 live")
        assert seen_names(owner, Wanted(search="NETINST debian")) == ["Debian 13 netinst"]

    def test_takes_signs_of_patterns_as_they_are(self, owner: User) -> None:
        hold(owner, "100% pure_gold")
        hold(owner, "1000 puregold")
        assert seen_names(owner, Wanted(search="%")) == ["100% pure_gold"]
        assert seen_names(owner, Wanted(search="pure_")) == ["100% pure_gold"]

    def test_finds_a_magnets_name_while_it_is_shown_and_an_info_hash(self, owner: User) -> None:
        torrent = make_torrent("", key="beef" * 10, info_hash_v1="beef" * 10, files=[])
        make_holding(owner, torrent, name="From a magnet")
        assert seen_names(owner, Wanted(search="magnet")) == ["From a magnet"]
        assert seen_names(owner, Wanted(search="BEEFbeef")) == ["From a magnet"]
        torrent.name = "Real name"
        torrent.save()
        assert seen_names(owner, Wanted(search="magnet")) == []


class TestFilters:
    def test_put_each_state_under_one_tab(self) -> None:
        tabs = [FILTER_STATES[name] for name in Filter if name != Filter.ALL]
        assert sorted(state for states in tabs for state in states) == sorted(State)

    def test_see_a_holding_in_the_state_that_its_row_shows(self, owner: User) -> None:
        for number, state in enumerate(State):
            for runs in (True, False):
                torrent = make_torrent(f"{number} {runs}")
                make_observation(torrent, state=state)
                make_holding(owner, torrent, runs=runs)
        make_holding(owner, make_torrent("never seen"))
        make_holding(owner, make_torrent("never seen and stopped"), runs=False)
        for name, states in FILTER_STATES.items():
            page = list_holdings(user=owner, wanted=Wanted(filter=name))
            assert {seen_state(holding) for holding in page.holdings} <= states
            assert len(page.holdings) == page.counts[name]
        counts = list_holdings(user=owner, wanted=Wanted()).counts
        assert sum(counts.values()) == 2 * counts[Filter.ALL] == 2 * (2 * len(State) + 2)

    def test_count_what_the_search_found(self, owner: User) -> None:
        hold(owner, "debian", state=State.SEEDING)
        hold(owner, "arch", state=State.SEEDING)
        counts = list_holdings(user=owner, wanted=Wanted(search="arch")).counts
        assert (counts[Filter.ALL], counts[Filter.SEEDING], counts[Filter.ERROR]) == (1, 1, 0)


class TestAnOrder:
    @pytest.mark.parametrize("sort", Sort)
    def test_by_any_column_shows_everything_once(self, owner: User, sort: Sort) -> None:
        hold(owner, "a", done_bytes=10)
        hold(owner, "b", done_bytes=20)
        make_holding(owner, make_torrent("c", files=[]))
        for descending in (True, False):
            assert sorted(seen_names(owner, Wanted(sort=sort, descending=descending))) == ["a", "b", "c"]

    def test_by_progress_puts_the_nearly_done_first_and_the_unknown_last(self, owner: User) -> None:
        make_holding(owner, make_torrent("unknown", files=[]))
        hold(owner, "half", done_bytes=500)
        hold(owner, "nearly", done_bytes=999)
        assert seen_names(owner, Wanted(sort=Sort.PROGRESS)) == ["nearly", "half", "unknown"]

    def test_by_progress_and_ratio_bears_the_largest_torrents(self, owner: User) -> None:
        largest = 2**62
        huge = hold(owner, "huge", done_bytes=largest, wanted_bytes=largest, uploaded_bytes=largest)
        Torrent.objects.filter(pk=huge.torrent_id).update(size_bytes=largest)
        assert seen_names(owner, Wanted(sort=Sort.PROGRESS)) == ["huge"]
        assert seen_names(owner, Wanted(sort=Sort.RATIO)) == ["huge"]

    def test_by_ratio_counts_from_the_beginning_of_the_holding(self, owner: User) -> None:
        hold(owner, "some", uploaded_bytes=500)
        late = hold(owner, "late", uploaded_bytes=900)
        Holding.objects.filter(pk=late.pk).update(uploaded_before_bytes=800)
        assert seen_names(owner, Wanted(sort=Sort.RATIO)) == ["some", "late"]

    def test_by_speed_does_not_tell_what_runs_for_others(self, owner: User) -> None:
        slow = hold(owner, "slow", down_bytes_per_s=1)
        hidden = hold(owner, "hidden", down_bytes_per_s=1_000_000)
        Holding.objects.filter(pk=hidden.pk).update(runs=False)
        assert slow.runs
        assert seen_names(owner, Wanted(sort=Sort.DOWN)) == ["slow", "hidden"]

    def test_by_what_is_left_puts_the_soonest_first_and_then_what_does_not_move(self, owner: User) -> None:
        hold(owner, "later", done_bytes=100, down_bytes_per_s=10)
        hold(owner, "soon", done_bytes=900, down_bytes_per_s=10)
        hold(owner, "never", done_bytes=999, down_bytes_per_s=0)
        hold(owner, "whole", state=State.SEEDING, done_bytes=1000, down_bytes_per_s=10)
        stopped = hold(owner, "stopped", done_bytes=990, down_bytes_per_s=10)
        Holding.objects.filter(pk=stopped.pk).update(runs=False)
        soonest = seen_names(owner, Wanted(sort=Sort.ETA, descending=False))
        assert (soonest[:3], set(soonest[3:])) == (["soon", "later", "never"], {"whole", "stopped"})
        assert seen_names(owner, Wanted(sort=Sort.ETA))[:3] == ["never", "later", "soon"]

    def test_by_name_does_not_mind_capital_letters(self, owner: User) -> None:
        for name in ("beta", "Alpha", "gamma"):
            hold(owner, name)
        assert seen_names(owner, Wanted(sort=Sort.NAME, descending=False)) == ["Alpha", "beta", "gamma"]


class TestALog:
    def test_begins_with_the_holding_and_shows_the_newest_first(self, owner: User) -> None:
        holding = hold(owner, "debian")
        for minutes, text in ((-1, "before"), (0, "added"), (1, "later")):
            LogEntry.objects.create(
                torrent=holding.torrent, at=NOW + timedelta(minutes=minutes), level="info", text=text
            )
        assert [entry.text for entry in listing.list_log(holding=holding)] == ["later", "added"]
