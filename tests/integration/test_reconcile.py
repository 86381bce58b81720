from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbox.domain.states import State
from seedbox.engine import port
from seedbox.engine.fake import FakeEngine
from seedbox.models import File, Holding, LogEntry, Observation, Torrent, User
from seedbox.services import holdings, reconcile
from seedbox.services.observing import MAX_LOG_ENTRIES
from tests.builders import NOW, make_torrent
from tests.servers import PROVE
from tests.sources import make_magnet, make_metainfo
from tests.turns import TurnedNode, seen

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

SOURCE = make_metainfo(files={"a.bin": 40_000, "b.bin": 10_000})
KEY = SOURCE.info_hash_v1


@pytest.fixture
def node() -> Iterator[TurnedNode]:
    node = TurnedNode()
    yield node
    node.stop()


class TestANode:
    def test_downloads_what_a_user_adds(self, node: TurnedNode, owner: User) -> None:
        holding = holdings.add(user=owner, source=SOURCE, now=NOW, peers=["127.0.0.1:5"])
        node.turn(times=2)
        assert seen(holding).state == State.DOWNLOADING
        assert node.engine.torrents[KEY].peers == ("127.0.0.1:5",)
        node.engine.deliver(KEY, 45_000)
        node.turn()
        assert (seen(holding).done_bytes, seen(holding).wanted_bytes) == (45_000, 50_000)
        assert [file.is_complete for file in File.objects.all()] == [True, False]
        node.engine.deliver(KEY, 5_000)
        node.turn()
        assert seen(holding).state == State.SEEDING
        assert all(file.is_complete for file in File.objects.all())

    def test_starts_stops_and_rechecks_as_its_holder_wishes(self, node: TurnedNode, owner: User) -> None:
        holding = holdings.add(user=owner, source=SOURCE, now=NOW, runs=False)
        node.turn(times=2)
        assert seen(holding).state == State.STOPPED
        expected: dict[holdings.Verb, State] = {"start": State.DOWNLOADING, "stop": State.STOPPED}
        for verb, state in expected.items():
            holdings.change(user=owner, holding_ids=[holding.pk], verb=verb, now=NOW)
            node.turn(times=2)
            assert seen(holding).state == state
        holdings.change(user=owner, holding_ids=[holding.pk], verb="recheck", now=NOW)
        node.turn(times=3)
        assert len(node.commands(port.RecheckTorrent)) == 1

    def test_runs_a_torrent_while_anybody_wants_it(self, node: TurnedNode, owner: User, stranger: User) -> None:
        own = holdings.add(user=owner, source=SOURCE, now=NOW)
        other = holdings.add(user=stranger, source=SOURCE, now=NOW)
        for holding, runs in ((own, True), (other, False)):
            holdings.change(user=holding.user, holding_ids=[holding.pk], verb="stop", now=NOW)
            node.turn()
            assert node.engine.torrents[KEY].runs == runs

    def test_announces_to_each_holders_trackers_for_as_long_as_they_hold_it(
        self, node: TurnedNode, owner: User, stranger: User
    ) -> None:
        holdings.add(user=stranger, source=make_magnet(SOURCE, tracker="http://s.test/announce"), now=NOW)
        own = holdings.add(user=owner, source=make_magnet(SOURCE, tracker="http://o.test/announce"), now=NOW)
        node.turn()
        assert node.engine.torrents[KEY].trackers == ("http://s.test/announce", "http://o.test/announce")
        holdings.change(user=owner, holding_ids=[own.pk], verb="remove", now=NOW)
        node.turn()
        assert node.engine.torrents[KEY].trackers == ("http://s.test/announce",)

    def test_deletes_a_torrent_with_its_last_holding(self, node: TurnedNode, owner: User, stranger: User) -> None:
        own = holdings.add(user=owner, source=SOURCE, now=NOW)
        other = holdings.add(user=stranger, source=SOURCE, now=NOW)
        node.turn()
        holdings.change(user=owner, holding_ids=[own.pk], verb="remove", now=NOW)
        node.turn(times=2)
        assert not node.commands(port.RemoveTorrent)
        holdings.change(user=stranger, holding_ids=[other.pk], verb="remove", now=NOW)
        node.turn(times=2)
        assert node.commands(port.RemoveTorrent) == [port.RemoveTorrent(KEY, own.torrent.save_path)]
        assert not Torrent.objects.exists()
        assert not node.loop.ward.charges

    def test_tries_again_to_delete_what_it_could_not(self, node: TurnedNode, owner: User) -> None:
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn()
        holdings.change(user=owner, holding_ids=[holding.pk], verb="remove", now=NOW)
        node.engine.remove_error = "The disk is read-only."
        node.turn(times=3)
        assert len(node.commands(port.RemoveTorrent)) == 1
        assert "The disk is read-only." in node.loop.ward.problem()
        node.engine.remove_error = ""
        node.turn(times=2, after_s=61)
        assert not Torrent.objects.exists()

    def test_begins_anew_what_comes_back_while_it_is_deleted(self, node: TurnedNode, owner: User) -> None:
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn()
        node.engine.deliver(KEY, 50_000)
        node.turn()
        holdings.change(user=owner, holding_ids=[holding.pk], verb="remove", now=NOW)
        node.turn()  # the removal is under way
        again = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(times=3)
        assert [type(command).__name__ for command in node.engine.commands] == [
            "AddTorrent",
            "RemoveTorrent",
            "AddTorrent",
        ]
        assert (seen(again).state, seen(again).done_bytes) == (State.DOWNLOADING, 0)
        assert not any(file.is_complete for file in File.objects.all())

    def test_deletes_before_it_begins_what_came_back_before_it_looked(self, node: TurnedNode, owner: User) -> None:
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(times=2)
        holdings.change(user=owner, holding_ids=[holding.pk], verb="remove", now=NOW)
        again = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn()
        assert seen(again).state == State.WAITING
        node.turn(times=2)
        assert seen(again).state == State.DOWNLOADING
        assert len(node.commands(port.RemoveTorrent)) == 1

    def test_looks_without_nudges_and_ignores_doubled_ones(self, node: TurnedNode, owner: User) -> None:
        holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(after_s=4)
        for _ in range(5):
            node.loop.nudge()
            node.turn(after_s=0)
        assert len(node.engine.commands) == 1

    def test_retries_what_the_engine_refused(self, node: TurnedNode, owner: User) -> None:
        torrent = make_torrent()
        holding = Holding.objects.create(user=owner, torrent=torrent, added_at=NOW)
        Torrent.objects.filter(pk=torrent.pk).update(piece_length_bytes=0, magnet="nonsense")
        node.turn(times=2)
        assert seen(holding).state == State.ERROR
        assert "magnet" in seen(holding).error
        Torrent.objects.filter(pk=torrent.pk).update(magnet=make_magnet(SOURCE).uri)
        node.turn(times=2, after_s=61)
        assert seen(holding).state == State.METADATA

    def test_reads_many_torrents_a_few_at_a_time(
        self, node: TurnedNode, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reconcile, "TORRENTS_AT_ONCE", 2)
        for number in range(5):
            holdings.add(user=owner, source=make_metainfo(str(number)), now=NOW)
        node.turn(times=4)
        assert len(node.engine.torrents) == 5


class TestANodeThatWasDown:
    def test_makes_up_for_what_was_added_changed_and_removed(self, owner: User) -> None:
        first = TurnedNode()
        names = ("kept", "stopped", "removed")
        held = {name: holdings.add(user=owner, source=make_metainfo(name), now=NOW) for name in names}
        first.turn(times=2)
        first.stop()
        holdings.change(user=owner, holding_ids=[held["stopped"].pk], verb="stop", now=NOW)
        holdings.change(user=owner, holding_ids=[held["removed"].pk], verb="remove", now=NOW)
        held["added"] = holdings.add(user=owner, source=make_metainfo("added"), now=NOW)
        second = TurnedNode(first.engine)
        second.turn(times=3)
        states = {name: seen(held[name]).state for name in ("kept", "stopped", "added")}
        assert states == {"kept": State.DOWNLOADING, "stopped": State.STOPPED, "added": State.DOWNLOADING}
        assert not Torrent.objects.filter(name="removed").exists()
        assert second.engine.torrents.keys() == {held[name].torrent.key for name in states}
        second.stop()

    def test_goes_on_where_it_was_after_a_kill(self, owner: User) -> None:
        killed = TurnedNode()
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        killed.turn()
        killed.engine.deliver(KEY, 30_000)
        killed.turn()
        killed.engine.close(timeout_s=0)  # its process is gone: nothing was finished
        killed.publisher.close()
        restarted = TurnedNode(killed.engine)
        restarted.turn(times=2)
        assert seen(holding).done_bytes == 30_000
        restarted.stop()

    def test_shows_that_nothing_moves(self, node: TurnedNode, owner: User) -> None:
        holding = holdings.add(user=owner, source=SOURCE, now=NOW, peers=["127.0.0.1:5"])
        node.turn(times=2)
        assert seen(holding).peers == 1
        node.stop()
        assert seen(holding).peers == 0


class TestAMagnet:
    def test_becomes_a_torrent_when_peers_tell_its_metadata(self, node: TurnedNode, owner: User) -> None:
        source = make_metainfo(protocol="hybrid")
        holding = holdings.add(user=owner, source=make_magnet(source, hashes="v1"), now=NOW)
        node.turn(times=2)
        assert seen(holding).state == State.METADATA
        node.engine.give_metadata(source.info_hash_v1, source.torrent_file)
        node.turn(times=2)
        torrent = Torrent.objects.get()
        assert (torrent.name, torrent.size_bytes) == ("debian.iso", 50_000)
        assert torrent.info_hash_v2 == source.info_hash_v2
        assert seen(holding).state == State.DOWNLOADING
        assert File.objects.count() == 1

    def test_gets_its_metadata_from_a_torrent_file(self, node: TurnedNode, owner: User, stranger: User) -> None:
        holding = holdings.add(user=owner, source=make_magnet(SOURCE), now=NOW)
        node.turn(times=2)
        holdings.add(user=stranger, source=SOURCE, now=NOW)
        node.turn(times=3)
        assert len(node.commands(port.GiveMetadata)) == 1
        assert seen(holding).state == State.DOWNLOADING

    def test_rests_with_a_sentence_if_it_is_somebody_elses_private_torrent(
        self, node: TurnedNode, owner: User, stranger: User
    ) -> None:
        source = make_metainfo(protocol="hybrid", private=True)
        own = holdings.add(user=owner, source=make_magnet(source, hashes="v1"), now=NOW)
        other = holdings.add(user=stranger, source=make_magnet(source, hashes="v2"), now=NOW)
        node.turn()
        node.engine.give_metadata(other.torrent.key, source.torrent_file)
        node.turn(times=2)
        assert seen(other).state == State.ERROR
        assert "add the torrent by its .torrent file" in seen(other).error
        assert not node.engine.torrents[other.torrent.key].runs
        assert seen(own).state == State.METADATA


class TestATorrentsLog:
    def test_says_what_the_engine_says(self, node: TurnedNode, owner: User) -> None:
        holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn()
        node.engine.fail(KEY, "The disk is full.")
        node.turn()
        assert list(LogEntry.objects.values_list("level", "text")) == [("error", "The disk is full.")]

    def test_keeps_the_newest_entries_only(self, node: TurnedNode, owner: User) -> None:
        holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn()
        for number in range(MAX_LOG_ENTRIES + 50):
            node.engine.fail(KEY, str(number))
            if number % 100 == 0:
                node.turn()
        node.turn()
        texts = set(LogEntry.objects.values_list("text", flat=True))
        assert texts == {str(number) for number in range(50, MAX_LOG_ENTRIES + 50)}


class TestFilesThatAreMissing:
    def test_are_shown_and_fetched_by_one_button(self, owner: User) -> None:
        node = TurnedNode()
        holding = holdings.add(user=owner, source=SOURCE, now=NOW, runs=False)
        node.turn(times=2)
        node.engine.lose_files(holding.torrent.key, "a.bin is gone.")
        node.turn()
        assert (seen(holding).state, seen(holding).error) == (State.MISSING, "a.bin is gone.")
        holdings.change(user=owner, holding_ids=[holding.pk], verb="fetch", now=NOW)
        node.turn(times=3)
        assert seen(holding).state == State.DOWNLOADING
        node.stop()


class TestFigures:
    def test_are_stored_every_few_seconds_and_states_at_once(self, node: TurnedNode, owner: User) -> None:
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(times=2)
        node.engine.deliver(KEY, 10_000)
        node.turn(after_s=1)
        assert seen(holding).done_bytes == 0
        node.turn(after_s=5)
        assert seen(holding).done_bytes == 10_000
        node.engine.deliver(KEY, 40_000)
        node.turn(after_s=0.01)
        assert (seen(holding).state, seen(holding).done_bytes) == (State.SEEDING, 50_000)


ACTIONS = st.lists(st.sampled_from(["add", "start", "stop", "recheck", "remove", "turn", "restart"]), max_size=20)


class TestAnyHistory:
    @settings(max_examples=25 * PROVE)
    @given(ACTIONS)
    def test_ends_with_the_engine_doing_what_its_holders_wish(self, owner: User, actions: list[str]) -> None:
        Holding.objects.all().delete()
        Torrent.objects.all().delete()
        node = TurnedNode(FakeEngine())
        for action in actions:
            held = Holding.objects.first()
            if action == "turn":
                node.turn()
            elif action == "restart":
                node.stop()
                node = TurnedNode(node.engine, now=node.now)
            elif action == "add" and held is None:
                holdings.add(user=owner, source=SOURCE, now=NOW)
            elif held is not None and action in holdings.VERBS:
                verb = next(verb for verb in holdings.VERBS if verb == action)
                holdings.change(user=owner, holding_ids=[held.pk], verb=verb, now=NOW)
        node.turn(times=4)
        held = Holding.objects.first()
        assert {key: torrent.runs for key, torrent in node.engine.torrents.items()} == (
            {KEY: held.runs} if held else {}
        )
        assert Torrent.objects.count() == Observation.objects.count() == (1 if held else 0)
        node.stop()
