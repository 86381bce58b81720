"""What the engine knows after a stop, a crash, and damage to what it had saved."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import libtorrent as lt
import pytest

from seedbox.domain.kept import told
from seedbox.domain.states import State
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, FilesProgress, MetadataReceived, RecheckTorrent, Snapshot, StopTorrent
from tests.box import wait_until
from tests.builders import make_content, make_torrent_file
from tests.engine_child import start_engine_child
from tests.engines import LIMIT_S, RealBox, Watcher

if TYPE_CHECKING:
    import subprocess

PIECE_BYTES = 16_384
SIZES = {"a.bin": 6_000_000, "sub/b.bin": 2_000_000}
SIZE_BYTES = 8_000_000
SLOW_BYTES_PER_S = 2_000_000


@dataclass
class Setup:
    box: RealBox
    watcher: Watcher
    key: str
    torrent: Path
    folder: Path

    @property
    def save_path(self) -> Path:
        return self.box.downloads / self.key

    def add(self, *, runs: bool = True, peers: tuple[str, ...] = ()) -> None:
        self.watcher.forget()
        torrent_file = self.torrent.read_bytes()
        self.box.engine.apply(
            AddTorrent(self.key, str(self.save_path), torrent_file=torrent_file, runs=runs, peers=peers)
        )

    def download(self) -> None:
        self.add(peers=(self.box.peer,))
        self.watcher.wait_for_state(self.key, State.SEEDING)

    def wait_until_on_disk(self) -> None:
        self.watcher.wait_until_on_disk(self.key, read_torrent_file(self.torrent.read_bytes()))

    def resume_path(self) -> Path:
        return self.folder / "resume" / f"{self.key}.resume"

    def poll_until(self, is_so: Callable[[], bool], what: str) -> None:
        def look() -> bool:
            self.watcher.poll(timeout_s=0.1)
            return is_so()

        wait_until(look, what)

    def good_bytes_on_disk(self) -> int:
        """Count the bytes of all pieces that have reached the disk, by our own hashing."""
        info = lt.torrent_info(self.torrent.read_bytes())
        content = b"".join(
            (self.save_path / "songs" / name).read_bytes().ljust(size, b"\0")
            if (self.save_path / "songs" / name).exists()
            else bytes(size)
            for name, size in sorted(SIZES.items())
        )
        good = 0
        for index in range(info.num_pieces()):
            piece = content[index * PIECE_BYTES : (index + 1) * PIECE_BYTES]
            if hashlib.sha1(piece, usedforsecurity=False).digest() == info.hash_for_piece(index):
                good += len(piece)
        return good


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    content = make_content(tmp_path / "seed" / "songs", SIZES)
    torrent = tmp_path / "songs.torrent"
    torrent.write_bytes(make_torrent_file(content, piece_size_bytes=PIECE_BYTES))
    box = RealBox(tmp_path, torrent.read_bytes(), content)
    yield Setup(box, Watcher(box), read_torrent_file(torrent.read_bytes()).info_hash_v1, torrent, tmp_path)
    box.close()


def start_child(setup: Setup) -> "subprocess.Popen[str]":
    return start_engine_child(setup.folder, setup.torrent, setup.key, peer=setup.box.peer)


def wait_until_done(child: "subprocess.Popen[str]", at_least: int) -> None:
    assert child.stdout
    for line in child.stdout:
        if int(line) >= at_least:
            return
    raise AssertionError(f"the child ended before {at_least} bytes were done")


class TestAnEngineThatWasKilled:
    def test_fetches_no_piece_again_that_had_reached_the_disk(self, setup: Setup) -> None:
        setup.box.bare.limit_upload(SLOW_BYTES_PER_S)
        with start_child(setup) as child:
            wait_until_done(child, 1_000_000)
            wait_until(lambda: setup.good_bytes_on_disk() > 1_000_000, "a part to be on disk")
            child.kill()
        good_bytes = setup.good_bytes_on_disk()
        assert 1_000_000 < good_bytes < SIZE_BYTES
        setup.box.use_another_peer()
        missing_bytes = SIZE_BYTES - good_bytes
        setup.add(peers=(setup.box.peer,))
        setup.watcher.wait_for_state(setup.key, State.SEEDING)
        setup.wait_until_on_disk()
        assert setup.good_bytes_on_disk() == SIZE_BYTES
        setup.box.bare.wait_until(
            lambda: setup.box.bare.sent_bytes >= missing_bytes, "count what it sent", limit_s=LIMIT_S
        )
        assert setup.box.bare.sent_bytes == missing_bytes

    def test_does_not_check_a_complete_torrent_again(self, setup: Setup) -> None:
        with start_child(setup) as child:
            wait_until_done(child, SIZE_BYTES)
            setup.box.bare.wait_until(lambda: not lagging(setup), "see the final save", limit_s=LIMIT_S)
            child.kill()
        spoil(setup)
        setup.add()
        assert setup.watcher.wait_for_state(setup.key, State.SEEDING).done_bytes == SIZE_BYTES


class TestAnEngineThatWasClosed:
    def test_ends_its_process_without_a_word(self, setup: Setup) -> None:
        with start_child(setup) as child:
            wait_until_done(child, 1)
            _, errors = child.communicate(timeout=LIMIT_S)

        assert (child.returncode, errors) == (0, "")

    def test_goes_on_where_it_was_without_a_check(self, setup: Setup) -> None:
        setup.box.bare.limit_upload(SLOW_BYTES_PER_S)
        setup.add(peers=(setup.box.peer,))
        before = setup.watcher.wait_for(Snapshot, lambda snapshot: snapshot.downloaded_bytes > 1_000_000)
        setup.box.engine.close(timeout_s=5)
        spoil(setup)
        setup.box.reopen()
        setup.add()
        snapshot = setup.watcher.wait_for_state(setup.key, State.DOWNLOADING)

        assert snapshot.done_bytes >= before.done_bytes
        assert snapshot.downloaded_bytes >= before.downloaded_bytes

    def test_leaves_a_stopped_torrent_stopped_and_unchecked(self, setup: Setup) -> None:
        setup.box.bare.limit_upload(SLOW_BYTES_PER_S)
        setup.add(peers=(setup.box.peer,))
        setup.watcher.wait_for(Snapshot, lambda snapshot: snapshot.done_bytes > 1_000_000)
        setup.box.engine.apply(StopTorrent(setup.key))
        done = setup.watcher.wait_for_state(setup.key, State.STOPPED).done_bytes
        setup.box.engine.close(timeout_s=5)
        spoil(setup)
        setup.box.reopen()
        setup.add(runs=False)
        setup.watcher.wait_for(Snapshot, lambda snapshot: snapshot.done_bytes >= done)

        assert setup.watcher.states[setup.key] is State.STOPPED


class TestSavedProgress:
    @pytest.mark.parametrize("damage", [b"", b"junk", b"d4:infode", b"de", bytes(100_000_000)])
    def test_that_is_damaged_is_replaced_by_a_check(self, setup: Setup, damage: bytes) -> None:
        setup.download()
        setup.box.engine.close(timeout_s=5)
        setup.resume_path().write_bytes(damage)
        setup.box.reopen()
        setup.add(peers=(setup.box.peer,))
        setup.watcher.wait_for_state(setup.key, State.SEEDING)

        assert "could not be read" in setup.watcher.logged()
        assert setup.box.bare.sent_bytes <= SIZE_BYTES  # nothing came twice

    def test_that_is_no_file_at_all_is_put_away(self, setup: Setup) -> None:
        setup.download()
        setup.box.engine.close(timeout_s=5)
        setup.resume_path().unlink()
        for path in (setup.resume_path(), setup.resume_path().with_suffix(".lagging")):
            (path / "odd").mkdir(parents=True)
        setup.box.reopen()
        setup.add(peers=(setup.box.peer,))
        setup.watcher.wait_for_state(setup.key, State.SEEDING)
        assert setup.box.bare.sent_bytes <= SIZE_BYTES  # nothing came twice
        while lagging(setup):
            setup.watcher.poll()
        assert setup.resume_path().is_file()

    def test_of_another_torrent_is_not_used(self, setup: Setup, tmp_path: Path) -> None:
        setup.download()
        setup.box.engine.close(timeout_s=5)
        other = make_torrent_file(make_content(tmp_path / "other", {"x": 100}))
        params = lt.load_torrent_buffer(other)
        setup.resume_path().write_bytes(lt.write_resume_data_buf(params))
        setup.box.reopen()
        setup.add()
        setup.watcher.wait_for_state(setup.key, State.SEEDING)

        assert "another torrent" in setup.watcher.logged()

    def test_that_files_no_longer_fit_fetches_nothing_before_somebody_wishes_it(self, setup: Setup) -> None:
        setup.download()
        setup.box.engine.close(timeout_s=5)
        (setup.save_path / "songs" / "sub" / "b.bin").unlink()
        setup.box.reopen()
        setup.add(peers=(setup.box.peer,))
        assert "songs/sub/b.bin is gone" in told(setup.watcher.wait_for_state(setup.key, State.MISSING).error)
        assert setup.box.bare.sent_bytes <= SIZE_BYTES  # nothing came twice
        setup.box.engine.apply(RecheckTorrent(setup.key))
        setup.watcher.wait_for_state(setup.key, State.SEEDING)
        setup.wait_until_on_disk()
        assert setup.good_bytes_on_disk() == SIZE_BYTES

    def test_of_a_magnet_brings_its_metadata_back(self, setup: Setup) -> None:
        magnet = AddTorrent(
            setup.key, str(setup.save_path), magnet=f"magnet:?xt=urn:btih:{setup.key}", peers=(setup.box.peer,)
        )
        setup.box.engine.apply(magnet)
        setup.watcher.wait_for_state(setup.key, State.SEEDING)
        setup.box.reopen()
        setup.watcher.forget()
        setup.box.engine.apply(magnet)

        assert read_torrent_file(setup.watcher.wait_for(MetadataReceived).torrent_file).info_hash_v1 == setup.key
        setup.watcher.wait_for_state(setup.key, State.SEEDING)


class TestATorrentAtRest:
    @pytest.fixture
    def disk(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
        """Keep whoever asks the disk waiting until this is set."""
        answers = Event()

        def sync_late(contents: object) -> None:
            answers.wait(LIMIT_S)

        monkeypatch.setattr("seedbox.engine.files.sync", sync_late)
        yield answers
        answers.set()

    def test_is_checked_after_a_power_cut_until_the_disk_has_kept_it(self, setup: Setup, disk: Event) -> None:
        setup.box.bare.limit_upload(SLOW_BYTES_PER_S)
        setup.add(peers=(setup.box.peer,))
        setup.watcher.wait_for(Snapshot, lambda snapshot: snapshot.done_bytes > 1_000_000)
        setup.box.engine.apply(StopTorrent(setup.key))
        setup.watcher.wait_for_state(setup.key, State.STOPPED)
        taken = setup.box.engine._swarm.torrents.get(setup.key)
        assert taken
        setup.poll_until(lambda: taken.syncing_save is not None, "the disk to be asked")
        assert lagging(setup)

        disk.set()
        setup.poll_until(lambda: not lagging(setup), "the disk to have kept it")

    def test_says_once_that_its_disk_can_not_be_asked_and_once_that_it_could(
        self, setup: Setup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, is_back = [0], Event()

        def sync_when_back(contents: object) -> None:
            asked[0] += 1
            if not is_back.is_set():
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr("seedbox.engine.files.sync", sync_when_back)
        monkeypatch.setattr("seedbox.engine.swarm.SAVE_AGAIN_S", 0.1)
        setup.box.bare.limit_upload(SLOW_BYTES_PER_S)
        setup.add(peers=(setup.box.peer,))
        setup.watcher.wait_for(Snapshot, lambda snapshot: snapshot.done_bytes > 1_000_000)
        setup.box.engine.apply(StopTorrent(setup.key))
        setup.poll_until(lambda: asked[0] > 3, "the disk to be asked again")
        is_back.set()
        setup.poll_until(lambda: not lagging(setup), "the disk to have kept it")
        setup.poll_until(lambda: "saved again" in setup.watcher.logged(), "the end of the trouble to be told")

        assert setup.watcher.logged().count("The disk can't be asked") == 1
        assert setup.watcher.logged().count("Its progress is saved again") == 1

    def test_is_saved_with_its_mark_when_the_disk_takes_longer_than_the_engine_may(
        self, setup: Setup, disk: Event
    ) -> None:
        setup.box.bare.limit_upload(SLOW_BYTES_PER_S)
        setup.add(peers=(setup.box.peer,))
        done = setup.watcher.wait_for(Snapshot, lambda snapshot: snapshot.done_bytes > 1_000_000).done_bytes
        setup.box.engine.close(timeout_s=3)
        assert lagging(setup)
        saved = lt.read_resume_data(setup.resume_path().read_bytes())
        assert sum(saved.have_pieces) * PIECE_BYTES >= done


class TestAFileOfWhichACheckFindsNothing:
    def test_is_told_as_empty_after_an_unclean_end(self, setup: Setup) -> None:
        setup.download()
        setup.wait_until_on_disk()
        setup.box.engine.close(timeout_s=5)
        b_bin = setup.save_path / "songs" / "sub" / "b.bin"
        b_bin.write_bytes(bytes(SIZES["sub/b.bin"]))
        setup.resume_path().with_suffix(".lagging").touch()
        setup.box.reopen()
        setup.add(runs=False)
        setup.watcher.wait_for(FilesProgress, lambda event: event.done_bytes.get(1) == 0)

    def test_is_told_as_empty_after_a_recheck(self, setup: Setup) -> None:
        setup.download()
        setup.wait_until_on_disk()
        setup.box.engine.apply(StopTorrent(setup.key))
        setup.watcher.wait_for_state(setup.key, State.FINISHED)
        (setup.save_path / "songs" / "sub" / "b.bin").write_bytes(bytes(SIZES["sub/b.bin"]))
        setup.box.engine.apply(RecheckTorrent(setup.key))
        setup.watcher.wait_for(FilesProgress, lambda event: event.done_bytes.get(1) == 0)

    def test_is_not_told_as_empty_before_its_progress_is_known(self, setup: Setup) -> None:
        setup.download()
        setup.wait_until_on_disk()
        setup.box.reopen()
        setup.add()
        setup.wait_until_on_disk()
        assert not any(
            0 in event.done_bytes.values() for event in setup.watcher.seen if isinstance(event, FilesProgress)
        )


class TestAnEngineWithLittleTimeToClose:
    def test_ends_in_time_and_loses_nothing_but_a_check(self, setup: Setup) -> None:
        setup.box.bare.limit_upload(SLOW_BYTES_PER_S)
        setup.add(peers=(setup.box.peer,))
        done = setup.watcher.wait_for(Snapshot, lambda snapshot: snapshot.done_bytes > 1_000_000).done_bytes
        setup.box.engine.close(timeout_s=0)
        setup.box.reopen()
        setup.add()
        snapshot = setup.watcher.wait_for_state(setup.key, State.DOWNLOADING)

        assert snapshot.done_bytes >= done

    def test_keeps_in_mind_that_what_is_not_paused_yet_may_receive_more(self, setup: Setup) -> None:
        setup.box.bare.limit_upload(SLOW_BYTES_PER_S)
        setup.add(peers=(setup.box.peer,))
        setup.watcher.wait_for(Snapshot, lambda snapshot: snapshot.done_bytes > 1_000_000)
        swarm = setup.box.engine._swarm
        taken = swarm.torrents.get(setup.key)
        assert taken
        swarm.closing = True
        swarm.unpaused.add(setup.key)
        swarm.request_save(taken)
        while taken.is_saving or swarm.has_jobs:
            setup.watcher.poll(timeout_s=0.1)
        assert lagging(setup)


def spoil(setup: Setup) -> None:
    """Make all content wrong without changing a size: whoever checks it finds nothing."""
    for path in (setup.save_path / "songs").rglob("*.bin"):
        path.write_bytes(bytes(path.stat().st_size))


def lagging(setup: Setup) -> bool:
    return setup.resume_path().with_suffix(".lagging").exists()
