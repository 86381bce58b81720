"""What the engine does when a disk is full or read-only, and when files vanish: the failure, then the recovery."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from seedbox.domain.kept import told
from seedbox.domain.states import State
from seedbox.engine import faults, presence
from seedbox.engine.bare import BarePeer
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, ConnectPeers, RecheckTorrent, Snapshot, StartTorrent, StopTorrent
from tests.box import wait_until
from tests.builders import make_content, make_torrent_file
from tests.engines import RealBox, Watcher
from tests.small_disk import SmallDisk

SIZES = {"a.bin": 3_000_000, "sub/b.bin": 1_000_000}
SIZE_BYTES = 4_000_000
BIG_SIZES = {"a.bin": 6_000_000, "sub/b.bin": 14_000_000}
BIG_BYTES = 20_000_000


@dataclass
class Setup:
    """A box with a swarm that has all of one torrent, and what is seen of it."""

    box: RealBox
    watcher: Watcher
    torrent_file: bytes
    key: str

    @classmethod
    def make(cls, folder: Path, sizes: dict[str, int]) -> "Setup":
        content = make_content(folder / "seed" / "songs", sizes)
        torrent_file = make_torrent_file(content)
        box = RealBox(folder, torrent_file, content)
        box.settings = replace(box.settings, overrides={"min_reconnect_time": 1})
        box.reopen()
        return cls(box, Watcher(box), torrent_file, read_torrent_file(torrent_file).info_hash_v1)

    @property
    def songs(self) -> Path:
        return self.box.downloads / self.key / "songs"

    def add(self, *, runs: bool = True) -> None:
        self.watcher.forget()
        path = str(self.box.downloads / self.key)
        self.box.engine.apply(
            AddTorrent(self.key, path, torrent_file=self.torrent_file, runs=runs, peers=(self.box.peer,))
        )

    def download(self) -> Snapshot:
        self.add()
        return self.see(State.SEEDING)

    def fetch(self) -> None:
        """Call the peer until all is here: over uTP it may keep the connection of before for a while."""

        def is_whole() -> bool:
            self.box.engine.apply(ConnectPeers(self.key, (self.box.peer,)))
            self.watcher.poll()
            return self.watcher.states[self.key] is State.SEEDING

        wait_until(is_whole, "the content")

    def see(self, state: State) -> Snapshot:
        return self.watcher.wait_for_state(self.key, state)

    def wait_until_files_are_flushed(self) -> None:
        while self.watcher.files_done(self.key) != {0: SIZES["a.bin"], 1: SIZES["sub/b.bin"]}:
            self.watcher.poll()

    def keep_progress_in(self, folder: Path) -> None:
        self.box.settings = replace(self.box.settings, resume_folder=folder)
        self.box.reopen()

    def logged(self, text: str) -> int:
        return self.watcher.logged().count(text)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "FIRST_PAUSE_S", 0.2)
    monkeypatch.setattr(presence, "ROUND_PAUSE_S", 0.2)
    monkeypatch.setattr(presence, "LOOK_AGAIN_S", 0.2)


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    setup = Setup.make(tmp_path, SIZES)
    yield setup
    setup.box.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "downloads") as disk:
        yield disk


class TestAFullDisk:
    def test_is_waited_for_and_costs_nothing_that_was_written(self, disk: SmallDisk, tmp_path: Path) -> None:
        setup = Setup.make(tmp_path, BIG_SIZES)
        setup.add()
        seen = setup.see(State.DISK)
        assert "The disk is full (" in told(seen.error)
        assert "free space and it goes on by itself." in told(seen.error)
        setup.watcher.poll(timeout_s=1)  # it looks, and does not try while there is no room
        assert setup.watcher.states[setup.key] is State.DISK
        assert setup.logged("The disk is full") == 1

        disk.resize(64)
        setup.see(State.SEEDING)
        assert setup.logged("The disk has room again") == 1
        assert setup.box.bare.sent_bytes < BIG_BYTES + 2_000_000  # what was in flight comes twice, and no more
        setup.box.close()

    def test_of_the_nodes_own_data_is_no_end_of_a_download(self, setup: Setup, tmp_path: Path) -> None:
        with SmallDisk(tmp_path / "data", mebibytes=1) as data:
            setup.keep_progress_in(tmp_path / "data" / "resume")
            setup.add(runs=False)
            setup.see(State.STOPPED)
            while not (tmp_path / "data" / "resume" / f"{setup.key}.resume").exists():
                setup.box.engine.apply(StopTorrent(setup.key))
                setup.box.engine.apply(StartTorrent(setup.key))
                setup.watcher.poll()
            fill(tmp_path / "data")
            setup.see(State.SEEDING)
            while not setup.box.engine.problem:
                setup.box.engine.apply(StopTorrent(setup.key))
                setup.box.engine.apply(StartTorrent(setup.key))
                setup.watcher.poll()
            assert "its disk is full: free space" in setup.box.engine.problem
            assert setup.logged("takes no progress of torrents") == 1

            data.resize(4)
            while setup.box.engine.problem:
                setup.box.engine.apply(StopTorrent(setup.key))
                setup.box.engine.apply(StartTorrent(setup.key))
                setup.watcher.poll()
            assert setup.logged("Its progress is saved again.") == 1
            setup.box.engine.close(timeout_s=5)


class TestAReadOnlyDisk:
    def test_is_waited_for(self, disk: SmallDisk, setup: Setup) -> None:
        disk.make_read_only()
        setup.add()
        seen = setup.see(State.DISK)
        assert "can't write" in told(seen.error)
        assert "Read-only file system" in told(seen.error)

        disk.make_writable()
        setup.see(State.SEEDING)
        assert setup.logged("can be written again") == 1

    def test_can_be_left_by_a_stop(self, disk: SmallDisk, setup: Setup) -> None:
        disk.make_read_only()
        setup.add()
        setup.see(State.DISK)
        setup.box.engine.apply(StopTorrent(setup.key))
        assert setup.see(State.STOPPED).error == ""
        disk.make_writable()
        setup.box.engine.apply(StartTorrent(setup.key))
        setup.see(State.SEEDING)


class TestMissingFiles:
    def test_stop_a_seeding_torrent_until_they_are_back(self, setup: Setup, tmp_path: Path) -> None:
        setup.download()
        setup.wait_until_files_are_flushed()
        (setup.songs / "sub").rename(tmp_path / "elsewhere")
        seen = setup.see(State.MISSING)
        assert "songs/sub/b.bin is gone or has another size" in told(seen.error)
        assert (seen.done_bytes, seen.wanted_bytes) == (SIZE_BYTES, SIZE_BYTES)

        (tmp_path / "elsewhere").rename(setup.songs / "sub")
        setup.see(State.SEEDING)
        assert setup.box.bare.sent_bytes <= SIZE_BYTES  # nothing came twice
        assert setup.logged("The missing files are there again") == 1

    def test_are_fetched_only_when_somebody_wishes_it(self, setup: Setup) -> None:
        setup.download()
        setup.wait_until_files_are_flushed()
        os.truncate(setup.songs / "a.bin", 1_000)
        setup.see(State.MISSING)
        setup.box.engine.apply(StartTorrent(setup.key))
        setup.watcher.poll(timeout_s=1)
        assert setup.watcher.states[setup.key] is State.MISSING

        setup.box.engine.apply(RecheckTorrent(setup.key))
        setup.see(State.DOWNLOADING)
        setup.fetch()
        assert (setup.songs / "a.bin").stat().st_size == SIZES["a.bin"]

    def test_that_come_back_with_other_content_go_on_waiting(self, setup: Setup) -> None:
        setup.download()
        setup.wait_until_files_are_flushed()
        (setup.songs / "sub" / "b.bin").unlink()
        setup.see(State.MISSING)
        (setup.songs / "sub" / "b.bin").write_bytes(bytes(SIZES["sub/b.bin"]))
        seen = setup.watcher.wait_for(Snapshot, lambda seen: "is not what it was" in seen.error)
        assert "songs/sub/b.bin is not what it was" in told(seen.error)
        setup.box.engine.apply(RecheckTorrent(setup.key))
        setup.see(State.DOWNLOADING)
        setup.fetch()

    def test_are_noticed_at_the_start(self, setup: Setup, tmp_path: Path) -> None:
        setup.download()
        setup.wait_until_files_are_flushed()
        setup.box.engine.close(timeout_s=5)
        shutil.move(setup.songs, tmp_path / "elsewhere")
        setup.box.reopen()
        setup.add()
        seen = setup.see(State.MISSING)
        assert seen.done_bytes == SIZE_BYTES
        shutil.move(tmp_path / "elsewhere", setup.songs)
        setup.see(State.SEEDING)
        assert setup.watcher.states[setup.key] is State.SEEDING

    def test_are_noticed_by_a_reader_at_once(
        self, setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(presence, "ROUND_PAUSE_S", 3600.0)
        setup.download()
        setup.wait_until_files_are_flushed()
        (setup.songs / "a.bin").unlink()
        reader = BarePeer("127.0.34.5")
        reader.take(setup.torrent_file, tmp_path / "other")
        setup.box.engine.apply(ConnectPeers(setup.key, (reader.endpoint,)))
        assert "songs/a.bin is gone" in told(setup.see(State.MISSING).error)
        reader.close()


def fill(folder: Path) -> None:
    """Leave not a byte."""
    with (folder / "ballast").open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
