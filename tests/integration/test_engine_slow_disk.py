"""What the engine saves, and what a peer outside calls complete, while the last blocks wait for the disk."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import pytest

from seedbox.domain.folders import MARKER
from seedbox.domain.kept import told
from seedbox.domain.states import State
from seedbox.engine import durable, faults, swarm
from seedbox.engine.bare_swarm import BareSwarm
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import (
    AddTorrent,
    ConnectPeers,
    Details,
    FilesProgress,
    Logged,
    RecheckTorrent,
    SetAside,
    Snapshot,
    StartTorrent,
    StopTorrent,
    WatchTorrents,
)
from tests.box import READY_WAIT_S, wait_until
from tests.builders import make_content, make_torrent_file
from tests.engines import RealBox, Watcher
from tests.slow_disk import writes_held_back
from tests.small_disk import SmallDisk

SIZE_BYTES = 300_000
LEFT_BYTES = 40_000  # less than a disk of 1 MiB must have free to be well again
LEECHER_ADDRESS = "127.0.0.15"


@dataclass
class Setup:
    box: RealBox
    watcher: Watcher
    key: str
    torrent_file: bytes
    content: Path

    @property
    def saved(self) -> Path:
        return self.box.downloads / self.key / "songs" / "a.bin"

    def add(self) -> None:
        path = str(self.box.downloads / self.key)
        self.box.engine.apply(AddTorrent(self.key, path, torrent_file=self.torrent_file, peers=(self.box.peer,)))
        self.box.engine.apply(WatchTorrents(frozenset({self.key})))

    def is_right(self, path: Path) -> bool:
        return path.read_bytes() == (self.content / "a.bin").read_bytes()

    def is_lagging(self) -> bool:
        return (self.box.settings.resume_folder / f"{self.key}.lagging").exists()

    def wait_until(self, reached: Callable[[], bool], what: str) -> None:
        def look() -> bool:
            self.watcher.poll(timeout_s=0.1)
            return reached()

        wait_until(look, what, READY_WAIT_S)

    def receive_more_than_fits(self, *, stop: bool = False) -> None:
        """Let every piece come and pass its check; only then let the disk see them, which is full by now."""
        with writes_held_back(self.saved):
            self.add()
            self.watcher.wait_for_state(self.key, State.SEEDING)
            for _ in range(3):  # ticks: whatever waits for the disk does by now
                self.watcher.wait_for(Details)
            disk = os.statvfs(self.box.downloads)
            with self.ballast.open("wb") as ballast:
                ballast.write(bytes(disk.f_bavail * disk.f_frsize - LEFT_BYTES))
            if stop:
                self.box.engine.apply(StopTorrent(self.key))

    @property
    def ballast(self) -> Path:
        return self.box.downloads / "ballast"

    def fetch(self) -> None:
        self.box.use_another_peer()  # over uTP this one may keep the connection of before for a while

        def is_whole() -> bool:
            self.box.engine.apply(ConnectPeers(self.key, (self.box.peer,)))
            return not self.is_lagging()

        self.wait_until(is_whole, "all to be on disk and saved")


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    content = make_content(tmp_path / "seed" / "songs", {"a.bin": SIZE_BYTES})
    torrent_file = make_torrent_file(content)
    box = RealBox(tmp_path, torrent_file, content)
    box.settings = replace(box.settings, overrides={"min_reconnect_time": 1})
    box.reopen()
    yield Setup(box, Watcher(box), read_torrent_file(torrent_file).info_hash_v1, torrent_file, content)
    box.close()


class TestAnEngineWhoseDiskIsSlow:
    def test_saves_that_all_is_there_only_when_it_is(self, setup: Setup) -> None:
        with writes_held_back(setup.saved):
            setup.add()
            setup.watcher.wait_for_state(setup.key, State.SEEDING)
            for _ in range(3):  # ticks: libtorrent has long given what it would save
                setup.watcher.wait_for(Details)
            assert setup.saved.stat().st_size == 0
            assert setup.is_lagging()
            assert not any(setup.watcher.files_done(setup.key).values())

        def is_saved() -> bool:
            setup.watcher.poll()
            return not setup.is_lagging()

        wait_until(is_saved, "what is complete to be saved", READY_WAIT_S)
        assert setup.is_right(setup.saved)
        setup.watcher.wait_for(FilesProgress)
        assert setup.watcher.files_done(setup.key) == {0: SIZE_BYTES}

    def test_believes_a_disk_that_lost_something_only_after_a_check(
        self, setup: Setup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        real_fsync = os.fsync

        def refuse_once(descriptor: int) -> None:
            if Path(f"/proc/self/fd/{descriptor}").resolve() == setup.saved:
                asked.append("lagging" if setup.is_lagging() else "saved")
                if len(asked) == 1:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
            real_fsync(descriptor)

        monkeypatch.setattr(os, "fsync", refuse_once)
        monkeypatch.setattr(swarm, "SAVE_AGAIN_S", 0.1)
        setup.add()
        setup.watcher.wait_for(Logged, lambda event: "Input/output error" in told(event.text))
        engine_swarm = setup.box.engine._swarm
        taken = engine_swarm.torrents.get(setup.key)
        assert taken
        engine_swarm.request_save(taken)
        setup.wait_until(lambda: not (taken.is_saving or engine_swarm.has_jobs), "another save")
        assert setup.is_lagging()
        assert len(asked) == 1
        assert "saved again" not in setup.watcher.logged()

        setup.box.engine.apply(RecheckTorrent(setup.key))
        setup.wait_until(lambda: not setup.is_lagging(), "what was found by the check to be saved")
        assert len(asked) > 1
        assert set(asked) == {"lagging"}

    def test_asks_again_while_a_file_cannot_be_opened(self, setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        monkeypatch.setattr(swarm, "SAVE_AGAIN_S", 0.1)
        real_open = os.open

        def refuse_once(path: str, flags: int, *more: int) -> int:
            if path == str(setup.saved):
                asked.append("lagging" if setup.is_lagging() else "saved")
                if len(asked) == 1:
                    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return real_open(path, flags, *more)

        monkeypatch.setattr(os, "open", refuse_once)
        setup.add()
        setup.watcher.wait_for(Logged, lambda event: "Too many open files" in told(event.text))
        setup.watcher.wait_for(Logged, lambda event: "saved again" in told(event.text))
        assert asked[:2] == ["lagging", "lagging"]
        assert not setup.is_lagging()

    def test_saves_nothing_of_a_disk_that_went_away(self, setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
        setup.box.settings = setup.box.with_markers()
        setup.box.downloads.mkdir(exist_ok=True)
        (setup.box.downloads / MARKER).touch()
        setup.box.reopen()
        real_sync = durable.sync

        def sync_too_late(contents: Sequence[str]) -> None:
            setup.box.downloads.rename(setup.box.downloads.with_name("unplugged"))
            real_sync(contents)

        monkeypatch.setattr("seedbox.engine.files.sync", sync_too_late)
        setup.add()
        setup.watcher.wait_for(Logged, lambda event: "be asked to keep what was downloaded" in told(event.text))
        assert setup.is_lagging()

    def test_saves_nothing_more_of_a_torrent_that_was_set_aside(
        self, setup: Setup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        is_set_aside, has_synced = Event(), Event()

        def sync_late(contents: Sequence[str]) -> None:
            is_set_aside.wait(READY_WAIT_S)
            has_synced.set()

        monkeypatch.setattr("seedbox.engine.files.sync", sync_late)
        setup.add()
        swarm = setup.box.engine._swarm
        taken = swarm.torrents.get(setup.key)
        assert taken
        setup.wait_until(lambda: taken.syncing_save is not None, "the disk to be asked")
        setup.box.engine.apply(SetAside(setup.key))
        is_set_aside.set()
        setup.wait_until(lambda: has_synced.is_set() and not swarm.has_jobs, "the disk to answer")
        assert setup.is_lagging()

    def test_asks_the_disk_once_at_a_time_and_writes_what_it_has_kept(
        self, setup: Setup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = Event()
        monkeypatch.setattr("seedbox.engine.files.sync", lambda contents: answers.wait(READY_WAIT_S))
        setup.add()
        engine_swarm = setup.box.engine._swarm
        taken = engine_swarm.torrents.get(setup.key)
        assert taken
        setup.wait_until(lambda: taken.is_syncing, "the disk to be asked")
        first = taken.syncing_save
        for _ in range(3):
            engine_swarm.request_save(taken)
            setup.wait_until(lambda: taken.saving is None, "another save")
            setup.watcher.wait_for(Details)
        assert taken.syncing_save is first
        assert engine_swarm._jobs == 1

        answers.set()
        setup.wait_until(lambda: not setup.is_lagging(), "all to be saved")

    def test_that_was_killed_meanwhile_takes_no_holes_for_content(self, setup: Setup, tmp_path: Path) -> None:
        resume = setup.box.settings.resume_folder
        with writes_held_back(setup.saved):
            setup.add()
            setup.watcher.wait_for_state(setup.key, State.SEEDING)
            for _ in range(3):
                setup.watcher.wait_for(Details)
            kept = {path.name: path.read_bytes() for path in resume.iterdir()}  # as a kill would leave it
        setup.box.engine.close(timeout_s=5)
        setup.saved.write_bytes(bytes(SIZE_BYTES))
        for path in resume.iterdir():
            path.unlink()
        for name, data in kept.items():
            (resume / name).write_bytes(data)
        setup.box.reopen()
        setup.watcher.forget()
        setup.add()
        setup.watcher.wait_for_state(setup.key, State.DOWNLOADING)
        setup.watcher.wait_for_state(setup.key, State.SEEDING)
        setup.watcher.wait_until_on_disk(setup.key, read_torrent_file(setup.torrent_file))

        assert setup.is_right(setup.saved)


class TestAnEngineWhoseDiskIsFullWhenTheLastPieceHasPassed:
    @pytest.fixture(autouse=True)
    def full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(faults, "FIRST_PAUSE_S", 0.2)
        with SmallDisk(tmp_path / "downloads", mebibytes=1):
            yield

    def test_fetches_again_what_was_not_written_and_calls_nothing_complete_before(
        self, full_disk: None, setup: Setup
    ) -> None:
        setup.receive_more_than_fits()
        assert "The disk is full" in told(setup.watcher.wait_for_state(setup.key, State.DISK).error)
        for _ in range(3):
            setup.watcher.wait_for(Details)
        assert setup.is_lagging()
        assert not any(setup.watcher.files_done(setup.key).values())

        setup.ballast.unlink()
        setup.watcher.wait_for(Logged, lambda event: "what is lacking is fetched" in told(event.text))
        setup.fetch()
        assert setup.is_right(setup.saved)
        assert setup.watcher.files_done(setup.key) == {0: SIZE_BYTES}

    def test_says_so_of_a_stopped_torrent_and_looks_what_there_is(self, full_disk: None, setup: Setup) -> None:
        setup.receive_more_than_fits(stop=True)
        setup.watcher.wait_for(Logged, lambda event: "The disk is full" in told(event.text))
        for _ in range(3):
            setup.watcher.wait_for(Details)
        assert setup.is_lagging()
        assert setup.watcher.states[setup.key] is State.FINISHED

        setup.ballast.unlink()
        setup.watcher.wait_for(Logged, lambda event: "what is lacking is fetched" in told(event.text))
        seen = setup.watcher.wait_for(Snapshot, lambda seen: seen.state is State.STOPPED)
        assert seen.done_bytes < SIZE_BYTES
        setup.box.engine.apply(StartTorrent(setup.key))
        setup.fetch()
        assert setup.is_right(setup.saved)


class TestAPeerOutside:
    def test_says_that_it_has_a_torrent_only_when_all_is_in_its_file(self, setup: Setup, tmp_path: Path) -> None:
        fetched = tmp_path / "outside" / "songs" / "a.bin"
        with closing(BareSwarm(LEECHER_ADDRESS, over_utp=False)) as leecher:
            with writes_held_back(fetched):
                key = leecher.fetch(setup.torrent_file, tmp_path / "outside", down_bytes_per_s=0)
                leecher.connect(key, setup.box.peer)
                wait_until(lambda: "seeding" in leecher.standing(key), "all pieces", READY_WAIT_S)
                assert not leecher.is_complete(key)
            wait_until(lambda: leecher.is_complete(key), "all to be in its file", READY_WAIT_S)
            assert setup.is_right(fetched)
