"""Peers that trackers name: over HTTP and UDP, of IPv4 and IPv6."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from seedbox.engine.bare import BarePeer
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, Details, Event, WatchTorrents
from seedbox.engine.settings import EngineSettings
from tests.box import wait_until
from tests.builders import make_content, make_torrent_file
from tests.engines import files_done
from tests.tracker import Tracker, UdpTracker

LIMIT_S = 60.0
SIZE_BYTES = 300_000
V4, V6 = "127.0.33.71", "[::1]"


@pytest.mark.parametrize(
    ("kind", "of_tracker", "of_peer"),
    [("http", "127.0.0.1", V4), ("http", "127.0.0.1", V6), ("udp", "127.0.0.1", V4), ("udp", "::1", V6)],
    ids=["HTTP", "HTTP that names IPv6 peers", "UDP", "UDP over IPv6"],
)
class TestATracker:
    def test_is_told_of_us_and_names_the_peer_that_has_it_all(
        self, tmp_path: Path, kind: str, of_tracker: str, of_peer: str
    ) -> None:
        content = make_content(tmp_path / "songs", {"a.bin": SIZE_BYTES})
        data = make_torrent_file(content)
        key = read_torrent_file(data).info_hash_v1
        with (
            closing(BarePeer(of_peer)) as seed,
            Tracker() if kind == "http" else UdpTracker(of_tracker) as tracker,
        ):
            seed.take(data, tmp_path, complete=True)
            tracker.peers.append(seed.endpoint)
            engine = LibtorrentEngine(
                EngineSettings(tmp_path / "resume", tmp_path, ("127.0.33.70:0", "[::1]:0"), isolated=True)
            )
            seen: list[Event] = []

            def look(reached: Callable[[], bool]) -> bool:
                seen.extend(engine.poll(timeout_s=0.1))
                return reached()

            try:
                wait_until(lambda: look(lambda: len(engine.listening) == 2), "both addresses", LIMIT_S)
                engine.apply(WatchTorrents(frozenset({key})))
                engine.apply(AddTorrent(key, str(tmp_path / "k"), torrent_file=data, trackers=(tracker.url,)))
                wait_until(lambda: look(lambda: files_done(seen, key) == {0: SIZE_BYTES}), "the content", LIMIT_S)
                wait_until(lambda: look(lambda: "working" in statuses(seen)), "news of the tracker", LIMIT_S)
            finally:
                engine.close(timeout_s=3)
        assert (tmp_path / "k" / "songs" / "a.bin").read_bytes() == (content / "a.bin").read_bytes()
        told = tracker.announces[0]
        assert told["info_hash"].encode("latin-1").hex() == key
        assert told["left"] == str(SIZE_BYTES)
        assert told["port"] in {endpoint.rpartition(":")[2] for endpoint in engine.listening}


def statuses(seen: list[Event]) -> set[str]:
    return {tracker.status for event in seen if isinstance(event, Details) for tracker in event.trackers}
