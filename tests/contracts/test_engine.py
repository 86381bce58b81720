"""What every engine promises, shown on the fake and on libtorrent alike."""

import threading
import time
from pathlib import Path

import pytest

from seedbox.domain.kept import told
from seedbox.domain.network import NetworkSettings
from seedbox.domain.states import State
from seedbox.engine import presence
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import (
    AddFailed,
    AddTorrent,
    ConfigureNetwork,
    ConnectPeers,
    Details,
    FilesProgress,
    GiveMetadata,
    MetadataReceived,
    NetworkAnswered,
    RecheckTorrent,
    Removed,
    RemoveTorrent,
    SetAside,
    SetTrackers,
    Snapshot,
    StartTorrent,
    StopTorrent,
    WatchTorrents,
)
from tests.engines import MISSING_ADDRESS, SIZE_BYTES, EngineBox, Watcher

TRACKER = "http://127.0.0.1:9/announce"


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "ROUND_PAUSE_S", 0.2)
    monkeypatch.setattr(presence, "LOOK_AGAIN_S", 0.2)


@pytest.fixture
def adding(box: EngineBox, torrent_file: bytes, key: str) -> AddTorrent:
    return AddTorrent(key, str(box.downloads / key), torrent_file=torrent_file, peers=(box.peer,))


@pytest.fixture
def by_magnet(box: EngineBox, key: str) -> AddTorrent:
    return AddTorrent(key, str(box.downloads / key), magnet=f"magnet:?xt=urn:btih:{key}", peers=(box.peer,))


def download(box: EngineBox, watcher: Watcher, adding: AddTorrent) -> Snapshot:
    box.engine.apply(adding)
    box.let_peers_send()
    return watcher.wait_for_state(adding.key, State.SEEDING)


class TestATorrent:
    def test_is_downloaded_and_then_seeded(self, box: EngineBox, watcher: Watcher, adding: AddTorrent) -> None:
        snapshot = download(box, watcher, adding)

        assert (snapshot.done_bytes, snapshot.wanted_bytes, snapshot.error) == (SIZE_BYTES, SIZE_BYTES, "")

    def test_reports_its_files_as_complete(
        self, box: EngineBox, watcher: Watcher, adding: AddTorrent, key: str
    ) -> None:
        download(box, watcher, adding)
        while watcher.files_done(key) != {0: 300_000, 1: 70_000}:
            watcher.wait_for(FilesProgress)

    def test_rests_when_it_is_added_so_until_it_is_started(
        self, box: EngineBox, watcher: Watcher, key: str, torrent_file: bytes
    ) -> None:
        box.engine.apply(AddTorrent(key, str(box.downloads / key), torrent_file=torrent_file, runs=False))
        assert watcher.wait_for_state(key, State.STOPPED).done_bytes == 0

        box.engine.apply(StartTorrent(key))
        box.engine.apply(ConnectPeers(key, (box.peer,)))
        box.let_peers_send()
        watcher.wait_for_state(key, State.SEEDING)

    def test_is_taken_in_once(self, box: EngineBox, watcher: Watcher, adding: AddTorrent) -> None:
        download(box, watcher, adding)
        box.engine.apply(adding)
        watcher.poll()

        assert box.engine.counters()["torrents"] == 1
        assert not [event for event in watcher.seen if isinstance(event, AddFailed)]

    def test_is_not_taken_in_when_it_is_damaged(self, box: EngineBox, watcher: Watcher, key: str) -> None:
        box.engine.apply(AddTorrent(key, str(box.downloads / key), torrent_file=b"<html>"))
        failure = watcher.wait_for(AddFailed)

        assert (failure.key, told(failure.error)[-1]) == (key, ".")
        assert box.engine.counters()["torrents"] == 0

    def test_shows_a_stop_and_a_start(self, box: EngineBox, watcher: Watcher, adding: AddTorrent, key: str) -> None:
        download(box, watcher, adding)
        for command, state in ((StopTorrent(key), State.FINISHED), (StartTorrent(key), State.SEEDING)):
            box.engine.apply(command)
            watcher.wait_for_state(key, state)

    def test_stays_at_rest_after_a_recheck(
        self, box: EngineBox, watcher: Watcher, adding: AddTorrent, key: str
    ) -> None:
        download(box, watcher, adding)
        box.engine.apply(StopTorrent(key))
        watcher.wait_for_state(key, State.FINISHED)
        box.engine.apply(RecheckTorrent(key))
        watcher.wait_for(FilesProgress, lambda event: event.done_bytes.get(0) == 300_000)
        while watcher.poll():
            pass

        assert watcher.states[key] is State.FINISHED

    def test_is_complete_at_once_in_the_next_engine(
        self, box: EngineBox, watcher: Watcher, key: str, adding: AddTorrent, torrent_file: bytes
    ) -> None:
        download(box, watcher, adding)
        box.reopen()
        watcher.forget()
        box.engine.apply(AddTorrent(key, adding.save_path, torrent_file=torrent_file))

        assert watcher.wait_for_state(key, State.SEEDING).done_bytes == SIZE_BYTES


class TestFilesThatVanish:
    def test_stop_their_torrent_until_they_are_back(
        self, box: EngineBox, watcher: Watcher, adding: AddTorrent, key: str
    ) -> None:
        download(box, watcher, adding)
        while watcher.files_done(key) != {0: 300_000, 1: 70_000}:
            watcher.wait_for(FilesProgress)
        bring_back = box.lose_files(key)
        seen = watcher.wait_for_state(key, State.MISSING)
        assert "is gone" in seen.error
        assert seen.done_bytes == SIZE_BYTES

        bring_back()
        watcher.wait_for_state(key, State.SEEDING)

    def test_are_fetched_again_after_a_check_that_somebody_wished(
        self, box: EngineBox, watcher: Watcher, adding: AddTorrent, key: str
    ) -> None:
        download(box, watcher, adding)
        while watcher.files_done(key) != {0: 300_000, 1: 70_000}:
            watcher.wait_for(FilesProgress)
        box.lose_files(key)
        watcher.wait_for_state(key, State.MISSING)
        box.engine.apply(RecheckTorrent(key))
        watcher.wait_for_state(key, State.DOWNLOADING)


class TestATorrentThatIsSetAside:
    def test_is_forgotten_and_goes_on_where_it_was(
        self, box: EngineBox, watcher: Watcher, adding: AddTorrent, key: str
    ) -> None:
        download(box, watcher, adding)
        box.reopen()  # which saves what it knows
        watcher.forget()
        box.engine.apply(adding)
        watcher.wait_for_state(key, State.SEEDING)
        box.engine.apply(SetAside(key))
        assert box.engine.counters()["torrents"] == 0
        watcher.forget()
        box.engine.apply(adding)
        assert watcher.wait_for_state(key, State.SEEDING).done_bytes == SIZE_BYTES


class TestAMagnet:
    def test_becomes_a_torrent_that_can_be_added_again(
        self, box: EngineBox, watcher: Watcher, by_magnet: AddTorrent, key: str
    ) -> None:
        box.engine.apply(by_magnet)
        box.let_peers_send()
        torrent_file = watcher.wait_for(MetadataReceived).torrent_file

        metainfo = read_torrent_file(torrent_file)
        assert (metainfo.info_hash_v1, metainfo.size_bytes) == (key, SIZE_BYTES)

    def test_waits_for_its_metadata(self, box: EngineBox, watcher: Watcher, key: str) -> None:
        box.engine.apply(AddTorrent(key, str(box.downloads / key), magnet=f"magnet:?xt=urn:btih:{key}"))

        assert watcher.wait_for_state(key, State.METADATA).wanted_bytes == 0

    def test_takes_its_metadata_from_us_too(
        self, box: EngineBox, watcher: Watcher, key: str, torrent_file: bytes
    ) -> None:
        box.engine.apply(AddTorrent(key, str(box.downloads / key), magnet=f"magnet:?xt=urn:btih:{key}"))
        watcher.wait_for_state(key, State.METADATA)
        box.engine.apply(GiveMetadata(key, torrent_file))

        assert watcher.wait_for_state(key, State.DOWNLOADING).wanted_bytes == SIZE_BYTES

    def test_is_not_taken_in_when_it_is_wrong(self, box: EngineBox, watcher: Watcher, key: str) -> None:
        box.engine.apply(AddTorrent(key, str(box.downloads / key), magnet="magnet:?xt=urn:btih:12"))

        assert watcher.wait_for(AddFailed).key == key


class TestARemoval:
    def test_ends_with_the_torrent_gone(self, box: EngineBox, watcher: Watcher, adding: AddTorrent, key: str) -> None:
        download(box, watcher, adding)
        box.engine.apply(RemoveTorrent(key, adding.save_path))
        watcher.wait_for(Removed, lambda event: event.key == key)

        assert box.engine.counters()["torrents"] == 0
        assert not Path(adding.save_path).exists()

    def test_leaves_nothing_that_a_new_start_could_use(
        self, box: EngineBox, watcher: Watcher, adding: AddTorrent, key: str, torrent_file: bytes
    ) -> None:
        download(box, watcher, adding)
        box.engine.apply(RemoveTorrent(key, adding.save_path))
        watcher.wait_for(Removed)
        watcher.forget()
        box.engine.apply(AddTorrent(key, adding.save_path, torrent_file=torrent_file, runs=False))

        assert watcher.wait_for_state(key, State.STOPPED).done_bytes == 0

    def test_of_a_key_that_nobody_knows_is_a_success(self, box: EngineBox, watcher: Watcher, key: str) -> None:
        box.engine.apply(RemoveTorrent(key, str(box.downloads / key)))

        assert watcher.wait_for(Removed).key == key


class TestANetworkSetting:
    def test_is_answered_in_its_version(self, box: EngineBox, watcher: Watcher) -> None:
        box.engine.apply(ConfigureNetwork(3, NetworkSettings(max_connections=50)))
        answer = watcher.wait_for(NetworkAnswered, lambda answer: answer.version == 3)

        assert (answer.problem, box.engine.problem) == ("", "")

    def test_that_is_impossible_leaves_no_way_out_until_another_one_comes(
        self, box: EngineBox, watcher: Watcher, adding: AddTorrent
    ) -> None:
        box.engine.apply(ConfigureNetwork(1, NetworkSettings(interface=MISSING_ADDRESS)))
        answer = watcher.wait_for(NetworkAnswered, lambda answer: answer.version == 1)
        assert MISSING_ADDRESS in told(answer.problem)
        assert box.engine.problem == answer.problem
        box.engine.apply(adding)
        box.let_peers_send()
        assert watcher.wait_for_state(adding.key, State.DOWNLOADING).done_bytes == 0
        while watcher.poll():
            assert watcher.states[adding.key] is State.DOWNLOADING

        box.engine.apply(ConfigureNetwork(2))
        watcher.wait_for(NetworkAnswered, lambda answer: (answer.version, answer.problem) == (2, ""))
        box.let_peers_send()
        watcher.wait_for_state(adding.key, State.SEEDING)


class TestAnEngine:
    def test_ignores_commands_about_torrents_that_it_does_not_have(self, box: EngineBox, key: str) -> None:
        for command in (
            StartTorrent(key),
            StopTorrent(key),
            RecheckTorrent(key),
            SetTrackers(key, (TRACKER,)),
            ConnectPeers(key, (box.peer,)),
            GiveMetadata(key, b""),
        ):
            box.engine.apply(command)
        assert box.engine.counters()["torrents"] == 0

    def test_tells_details_of_watched_torrents_only(
        self, box: EngineBox, watcher: Watcher, adding: AddTorrent, key: str
    ) -> None:
        download(box, watcher, adding)
        assert not [event for event in watcher.seen if isinstance(event, Details)]
        box.engine.apply(SetTrackers(key, (TRACKER,)))
        box.engine.apply(WatchTorrents(frozenset({key})))
        details = watcher.wait_for(Details)

        assert [(tracker.url, tracker.tier) for tracker in details.trackers] == [(TRACKER, 0)]

    def test_is_woken_from_another_thread(self, box: EngineBox, watcher: Watcher) -> None:
        while watcher.poll(timeout_s=0.2):
            pass  # until it has nothing left to tell
        waking = threading.Timer(0.05, box.engine.wake)
        started_at = time.monotonic()
        waking.start()
        watcher.poll(timeout_s=10)
        waking.join()

        assert time.monotonic() - started_at < 1

    def test_says_where_it_listens_and_that_it_is_well(self, box: EngineBox, watcher: Watcher) -> None:
        deadline = time.monotonic() + 10
        while not box.engine.listening:
            assert time.monotonic() < deadline, "it never listened"
            watcher.poll(timeout_s=0.1)

        assert box.engine.problem == ""
        assert {"alerts", "alerts_dropped", "torrents"} <= box.engine.counters().keys()
