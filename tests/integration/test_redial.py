"""After a kill the engine goes back to its peers by itself: nobody tells it of them, and none of them comes to it.

The next life listens at another address than the killed one, so that no peer can find it. Peers of libtorrent that are
left alone come back after one minute or two over TCP; over uTP never, unless it was they who had dialled.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libtorrent as lt
import pytest

from seedbox.domain.states import State
from seedbox.engine import peers
from seedbox.engine.bare import BarePeer
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent
from seedbox.engine.settings import EngineSettings, Setting
from tests.box import free_port, wait_until
from tests.builders import make_content, make_torrent_file
from tests.engine_child import start_engine_child
from tests.engines import LIMIT_S, Watcher

SIZE_BYTES = 8 * 524_288
PIECE_BYTES = 524_288  # eight pieces: libtorrent's own count of good ones is below zero then
SLOW_BYTES_PER_S = 250_000
ONLY: dict[str, dict[str, Setting]] = {
    "TCP": {"enable_incoming_utp": False, "enable_outgoing_utp": False},
    "uTP": {"enable_incoming_tcp": False, "enable_outgoing_tcp": False},
}


class Lives:
    """One node's folders and two lives over them: a child process to kill, and an engine here that comes after it."""

    def __init__(self, folder: Path, over: str) -> None:
        self.folder = folder
        content = make_content(folder / "elsewhere" / "songs", {"a.bin": SIZE_BYTES})
        self.torrent_file = make_torrent_file(content, piece_size_bytes=PIECE_BYTES)
        self.torrent = folder / "songs.torrent"
        self.torrent.write_bytes(self.torrent_file)
        self.key = read_torrent_file(self.torrent_file).info_hash_v1
        self.downloads = folder / "downloads"
        self.engine: LibtorrentEngine
        self.settings = EngineSettings(folder / "resume", self.downloads, ("127.0.33.61:0",), isolated=True)
        self.bare = BarePeer("127.0.33.62", overrides=ONLY[over])
        self.first = f"127.0.33.60:{free_port()}"

    def kill_once_known(self, peer: str = "") -> None:
        """Begin the first life, let it trade until its resume data names the other, and kill it."""
        with start_engine_child(self.folder, self.torrent, self.key, peer=peer, listen=self.first) as child:
            if not peer:
                wait_until(self._resume.exists, "the child to have looked at its files", LIMIT_S)
                self.bare.connect(self.first)
            wait_until(lambda: self.bare.endpoint in self.saved_peers(), "the child to have saved its peer", LIMIT_S)
            child.kill()

    def live(self, *peers: str) -> Watcher:
        """Begin the life that ends with the test."""
        self.engine = LibtorrentEngine(self.settings)
        save_path = str(self.downloads / self.key)
        self.engine.apply(AddTorrent(self.key, save_path, torrent_file=self.torrent_file, peers=peers))
        return Watcher(self)

    def put_content_into_downloads(self) -> None:
        (self.downloads / self.key).mkdir(parents=True)
        (self.folder / "elsewhere" / "songs").rename(self.downloads / self.key / "songs")

    def begin_to_fetch(self) -> None:
        self.bare.take(self.torrent_file, self.folder / "fetched", empty=True)
        self.bare.limit_download(SLOW_BYTES_PER_S)

    def let_everything_come(self, watcher: Watcher) -> None:
        self.bare.limit_download(0)

        def is_complete() -> bool:
            watcher.poll(0)
            return self.bare.is_complete

        wait_until(is_complete, "the other peer to have everything", LIMIT_S)

    def close(self) -> None:
        self.engine.close(timeout_s=3)
        self.bare.close()

    @property
    def marker(self) -> Path:
        return self._resume.with_suffix(".lagging")

    def saved_peers(self) -> set[str]:
        if not self._resume.exists():
            return set()
        saved = lt.read_resume_data(self._resume.read_bytes())
        return {f"{address}:{port}" for address, port in saved.peers}

    @property
    def _resume(self) -> Path:
        return self.folder / "resume" / f"{self.key}.resume"


@pytest.fixture(params=["TCP", "uTP"])
def lives(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lives]:
    lives = Lives(tmp_path, request.param)
    yield lives
    lives.close()


class TestAnEngineThatWasKilled:
    def test_goes_on_to_download_from_whom_it_knew(self, lives: Lives) -> None:
        lives.bare.take(lives.torrent_file, lives.folder / "elsewhere", complete=True)
        lives.bare.limit_upload(SLOW_BYTES_PER_S)
        lives.kill_once_known(lives.bare.endpoint)
        lives.bare.limit_upload(0)

        lives.live().wait_for_state(lives.key, State.SEEDING)

    def test_goes_on_to_send_to_whoever_had_come_to_download(self, lives: Lives) -> None:
        lives.put_content_into_downloads()
        lives.begin_to_fetch()
        lives.kill_once_known()
        assert not lives.bare.is_complete

        lives.let_everything_come(lives.live())


class TestAnEngineThatLives:
    @pytest.mark.parametrize("lives", ["uTP"], indirect=True)
    def test_goes_back_to_whoever_had_come_over_utp_and_died(self, lives: Lives) -> None:
        lives.put_content_into_downloads()
        lives.settings = replace(lives.settings, overrides={"min_reconnect_time": 0})
        watcher = lives.live()
        watcher.wait_for_state(lives.key, State.SEEDING)
        lives.begin_to_fetch()
        lives.bare.connect(lives.engine.listening[0])
        lives.bare.wait_until(lambda: lives.bare.received_bytes > 0, "get a part", limit_s=LIMIT_S)
        endpoint = lives.bare.endpoint
        lives.bare.close()

        lives.bare = BarePeer("127.0.33.62", overrides={**ONLY["uTP"], "listen_interfaces": endpoint})
        lives.begin_to_fetch()
        lives.let_everything_come(watcher)

    @pytest.mark.parametrize("lives", ["TCP"], indirect=True)
    def test_saves_whom_it_knows_however_much_they_sent(self, lives: Lives) -> None:
        lives.bare.take(lives.torrent_file, lives.folder / "elsewhere", complete=True)
        watcher = lives.live(lives.bare.endpoint)
        watcher.wait_for_state(lives.key, State.SEEDING)
        while lives.marker.exists():
            watcher.poll()

        assert lives.bare.endpoint in lives.saved_peers()


class TestAPeerThatIsAway:
    def test_is_asked_more_often_than_thrice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(peers, "REMIND_EVERY_S", 0.0)
        torrent_file = make_torrent_file(make_content(tmp_path / "songs", {"a.bin": 100_000}))
        key = read_torrent_file(torrent_file).info_hash_v1
        soon: dict[str, Setting] = {**ONLY["TCP"], "min_reconnect_time": 0}
        folder = tmp_path / "downloads"
        engine = LibtorrentEngine(
            EngineSettings(tmp_path / "resume", folder, ("127.0.33.61:0",), isolated=True, overrides=soon)
        )
        nobody = f"127.0.33.63:{free_port()}"
        engine.apply(AddTorrent(key, str(folder / key), torrent_file=torrent_file, peers=(nobody,)))

        def is_tried_again() -> bool:
            engine.poll(timeout_s=0.1)
            return engine.counters().get("peers_not_reached", 0) > 3

        wait_until(is_tried_again, "a fourth try", LIMIT_S)
        engine.close(timeout_s=3)
