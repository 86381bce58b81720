"""URLs in torrents that point into the node's own network."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest

from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.outside import is_peer_outside, trackers_outside, web_seeds_outside
from seedbox.engine.port import AddTorrent, ConnectPeers, SetTrackers
from seedbox.engine.settings import EngineSettings
from tests.box import wait_until
from tests.builders import make_content, make_torrent_file
from tests.tracker import Tracker

LIMIT_S = 20.0


class TestUrlsOutside:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:8000/x", "http://[::1]/x", "http://10.1.2.3/x", "http://192.168.0.1/", "http://169.254.169.254/latest",
            "http://localhost/x", "http://LOCALHOST./x", "http://[::ffff:127.0.0.1]/x", "http://2130706433/x", "http://0x7f000001/x",
            "http://127.1/x", "http://[fd00::1]/x", "http://printer.local/x", "http://[bad/x", "http:///x",
        ],
    )  # fmt: skip
    def test_leave_out_the_own_network(self, url: str) -> None:
        assert web_seeds_outside([url]) == trackers_outside([url]) == []

    @pytest.mark.parametrize("url", ["http://example.org/x", "https://1.1.1.1/x?y", "http://[2606:4700::1111]/x"])
    def test_keep_the_world(self, url: str) -> None:
        assert web_seeds_outside([url]) == trackers_outside([url]) == [url]

    def test_keep_what_can_only_be_an_announce(self) -> None:
        urls = ["http://10.0.0.5:6969/announce", "udp://10.0.0.5:6969"]
        assert trackers_outside([*urls, "http://10.0.0.5/admin", "http://10.0.0.5/announce?x=1"]) == urls
        assert web_seeds_outside(urls) == []


class TestAPeerThatAUserGives:
    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1"]
    )
    def test_is_not_this_machine(self, address: str) -> None:
        assert not is_peer_outside(address)

    @pytest.mark.parametrize("address", ["192.168.1.7", "10.0.0.9", "203.0.113.5", "2001:db8::7", "fd00::7"])
    def test_may_be_anywhere_else(self, address: str) -> None:
        assert is_peer_outside(address)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Something in the node's network that nobody may ask."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def is_asked(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("isolated", [True, False], ids=["isolated", "in the world"])
class TestATorrentThatNamesTheOwnNetwork:
    def test_is_believed_only_where_that_is_the_whole_world(
        self, tmp_path: Path, listener: socket.socket, isolated: bool
    ) -> None:
        port = listener.getsockname()[1]
        content = make_content(tmp_path / "songs", {"a.bin": 100_000})
        decoded: Any = lt.bdecode(make_torrent_file(content))
        data = bytes(lt.bencode(decoded | {b"url-list": f"http://127.0.0.1:{port}/secret/".encode()}))
        settings = EngineSettings(
            tmp_path / "resume",
            tmp_path / "downloads",
            ("127.0.33.40:0",),
            isolated=isolated,
            overrides={"enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False},
        )
        key = read_torrent_file(data).info_hash_v1
        with Tracker() as tracker:
            engine = LibtorrentEngine(settings)
            urls = (f"http://127.0.0.1:{port}/admin", tracker.url)
            save_path, peers = str(tmp_path / "downloads" / key), (f"127.0.0.1:{port}",)
            engine.apply(AddTorrent(key, save_path, torrent_file=data, trackers=urls, peers=peers))
            engine.apply(SetTrackers(key, urls))
            engine.apply(ConnectPeers(key, peers))

            def is_over() -> bool:
                engine.poll(timeout_s=0.1)
                return is_asked(listener) if isolated else len(tracker.announces) > 0

            wait_until(is_over, "the one that may be asked to be asked", LIMIT_S)
            engine.close(timeout_s=5)
        assert isolated or not is_asked(listener)
