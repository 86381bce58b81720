"""Two boxes with one shape: the fake engine with its scripted swarm, and the real one with a bare peer on loopback."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from seedbox.domain.kept import told
from seedbox.domain.metainfo import Metainfo
from seedbox.domain.states import State, is_legal_move
from seedbox.engine.bare import BarePeer
from seedbox.engine.fake import FakeEngine, FakeTorrent
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import ConnectPeers, Engine, Event, FilesProgress, Logged, Snapshot
from seedbox.engine.settings import EngineSettings
from tests.box import READY_WAIT_S, wait_until

LIMIT_S = 60.0
SIZES = {"a.bin": 300_000, "sub/b.bin": 70_000}  # of a box's torrent
SIZE_BYTES = sum(SIZES.values())
ADDRESS = "127.0.0.12"
PEER_ADDRESS = "127.0.0.13"
TAKER_ADDRESS = "127.0.0.14"
TAKER_BYTES_PER_S = 40_000
HELD_BACK_BYTES_PER_S = 2_000
MISSING_ADDRESS = "203.0.113.77"  # of no interface: TEST-NET-3

E = TypeVar("E")


class HasEngine(Protocol):
    @property
    def engine(self) -> Engine: ...


class EngineBox(HasEngine, Protocol):
    """An engine, a swarm that has the content of one torrent, and what was seen so far."""

    downloads: Path

    @property
    def peer(self) -> str: ...

    def lose_files(self, key: str) -> Callable[[], None]:
        """Take the torrent's files away; what is returned brings them back."""

    def let_peers_send(self) -> None:
        """From now on (again) the swarm delivers whatever is asked for."""

    def hold_peers_back(self) -> None:
        """Let the swarm deliver next to nothing, so that connections with it last: two that are complete part."""

    def let_somebody_take(self, key: str) -> None:
        """Let a peer on TAKER_ADDRESS connect to us, and fetch slowly what we have of a torrent."""

    def reopen(self) -> None:
        """Close the engine, and open another one over the same folders."""

    def close(self) -> None: ...


class ToldEngine:
    """An engine of ours, and all that it has told."""

    engine: LibtorrentEngine

    def __init__(self) -> None:
        self.seen: list[Event] = []

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        def look() -> bool:
            self.seen += self.engine.poll(timeout_s=0.1)
            return reached()

        wait_until(look, what, READY_WAIT_S)


class Watcher:
    """Polls an engine and checks each step: two snapshots in a row show a legal move."""

    def __init__(self, box: HasEngine) -> None:
        self.box = box
        self.seen: list[Event] = []
        self.states: dict[str, State] = {}
        self._next = 0

    def wait_for(self, kind: type[E], matches: Callable[[E], bool] = lambda event: True) -> E:
        """Return the first event that matches after the one returned last; AssertionError after LIMIT_S."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            while self._next < len(self.seen):
                event = self.seen[self._next]
                self._next += 1
                if isinstance(event, kind) and matches(event):
                    return event
            last = [str(event)[:300] for event in self.seen[-3:]]
            assert time.monotonic() < deadline, f"no {kind.__name__} came within {LIMIT_S} s; last seen: {last}"
            self.poll()

    def wait_for_state(self, key: str, state: State) -> Snapshot:
        return self.wait_for(Snapshot, lambda snapshot: (snapshot.key, snapshot.state) == (key, state))

    def forget(self) -> None:
        """Begin anew: a new engine knows nothing of what was seen."""
        self.seen.clear()
        self.states.clear()
        self._next = 0

    def poll(self, timeout_s: float = 0.5) -> list[Event]:
        events = list(self.box.engine.poll(timeout_s=timeout_s))
        for event in events:
            if isinstance(event, Snapshot):
                before = self.states.get(event.key, State.WAITING)
                assert is_legal_move(before, event.state), f"{before} -> {event.state}"
                self.states[event.key] = event.state
        self.seen += events
        return events

    def logged(self) -> str:
        return " ".join(told(event.text) for event in self.seen if isinstance(event, Logged))

    def wait_until_on_disk(self, key: str, metainfo: Metainfo) -> None:
        """Wait for every file to be flushed: a torrent is complete before that, when it has every piece."""
        whole = {file.index: file.size_bytes for file in metainfo.files if file.size_bytes}
        while not whole.items() <= self.files_done(key).items():
            self.wait_for(FilesProgress)

    def files_done(self, key: str) -> dict[int, int]:
        return files_done(self.seen, key)


def files_done(seen: Iterable[Event], key: str) -> dict[int, int]:
    """Return the bytes of files by index, as those events tell."""
    done: dict[int, int] = {}
    for event in seen:
        if isinstance(event, FilesProgress) and event.key == key:
            done |= event.done_bytes
    return done


class FakeBox:
    peer = "127.0.0.13:6881"

    def __init__(self, folder: Path, torrent_file: bytes) -> None:
        self.downloads = folder / "downloads"
        self._torrent_file = torrent_file
        self._kept: dict[str, FakeTorrent] = {}
        self.engine = self._fake = FakeEngine(self._kept)
        self._fake.missing_interfaces.add(MISSING_ADDRESS)

    def let_peers_send(self) -> None:
        metainfo = read_torrent_file(self._torrent_file)
        for key, torrent in self._fake.torrents.items():
            if torrent.metainfo is None and torrent.runs:
                self._fake.give_metadata(key, self._torrent_file)
            self._fake.deliver(key, metainfo.size_bytes)

    def hold_peers_back(self) -> None:
        pass  # it delivers nothing untold

    def lose_files(self, key: str) -> Callable[[], None]:
        self._fake.lose_files(key, "a.bin is gone.")
        return partial(self._fake.lose_files, key, "")

    def let_somebody_take(self, key: str) -> None:
        endpoint = f"{TAKER_ADDRESS}:6881"
        self._fake.apply(ConnectPeers(key, (endpoint,)))
        self._fake.poll(timeout_s=0)
        self._fake.upload(key, TAKER_BYTES_PER_S, endpoint=endpoint)

    def reopen(self) -> None:
        self._fake.close(timeout_s=5)
        self.engine = self._fake = FakeEngine(self._kept)

    def close(self) -> None:
        self._fake.close(timeout_s=5)


class RealBox:
    def __init__(self, folder: Path, torrent_file: bytes, content: Path) -> None:
        self.downloads = folder / "downloads"
        self.settings = EngineSettings(
            resume_folder=folder / "resume",
            downloads_folder=self.downloads,
            listen=(f"{ADDRESS}:0",),
            isolated=True,
        )
        self._torrent_file = torrent_file
        self._content = content
        self.engine = LibtorrentEngine(self.settings)
        self.bare = self._new_peer()
        self._taker: BarePeer | None = None

    @property
    def peer(self) -> str:
        return self.bare.endpoint

    def lose_files(self, key: str) -> Callable[[], None]:
        elsewhere = self.downloads / "elsewhere"
        (self.downloads / key).rename(elsewhere)

        def bring_back() -> None:
            elsewhere.rename(self.downloads / key)

        return bring_back

    def with_markers(self) -> EngineSettings:
        return replace(self.settings, has_markers=True)

    def let_somebody_take(self, key: str) -> None:
        self._taker = BarePeer(TAKER_ADDRESS)
        self._taker.take(self._torrent_file, self.downloads.parent / "taker", empty=True)
        self._taker.limit_download(TAKER_BYTES_PER_S)
        self._taker.connect(self.engine.listening[0])

    def use_another_peer(self) -> None:
        """Replace the peer by one that has counted nothing yet."""
        self.bare.close()
        self.bare = self._new_peer()

    def _new_peer(self) -> BarePeer:
        peer = BarePeer(PEER_ADDRESS)
        peer.take(self._torrent_file, self._content.parent)
        peer.wait_until_complete(limit_s=LIMIT_S)
        return peer

    def let_peers_send(self) -> None:
        pass  # a real peer sends without being told

    def hold_peers_back(self) -> None:
        self.bare.limit_upload(HELD_BACK_BYTES_PER_S)

    def reopen(self) -> None:
        self.engine.close(timeout_s=5)
        self.engine = LibtorrentEngine(self.settings)

    def close(self) -> None:
        self.engine.close(timeout_s=5)
        self.bare.close()
        if self._taker is not None:
            self._taker.close()
