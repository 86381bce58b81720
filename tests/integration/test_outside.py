"""URLs in torrents that point into the node's own network."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest

from seedbox.domain.kept import told
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.outside import is_peer_outside, trackers_outside, web_seeds_outside
from seedbox.engine.port import AddTorrent, ConnectPeers, Logged, SetTrackers
from seedbox.engine.settings import EngineSettings
from tests.box import wait_until
from tests.builders import make_content, make_torrent_file

LIMIT_S = 60.0


class TestUrlsOutside:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:8000/x", "http://[::1]/x", "http://10.1.2.3/x", "http://192.168.0.1/", "http://169.254.169.254/latest",
            "http://localhost/x", "http://LOCALHOST./x", "http://[::ffff:127.0.0.1]/x", "http://2130706433/x", "http://0x7f000001/x",
            "http://127.1/x", "http://[fd00::1]/x", "http://printer.local/x", "http://[bad/x", "http:///x",
            "http://0177.0.0.1/x", "http://0X7F.1/x", "http://127.0.0.0x1/x", "http://0.0.0.0/x", "http://[::]/x",
            "http://redis:6379/x", "http://metadata.google.internal/x", "http://wiki.corp/x", "http://nas.home.arpa/x",
            "http://example.org@127.0.0.1/x", "http://127.0.0.1#@example.org/x", "http://me.localhost/announce",
            "udp://127.0.0.1:6969", "http://127.0.0.1/announce", "http://169.254.169.254/announce", "udp://2130706433:1",
            "http://[::ffff:127.0.0.1]/announce",
        ],
    )  # fmt: skip
    def test_leave_out_the_own_network(self, url: str) -> None:
        assert web_seeds_outside([url]) == trackers_outside([url]) == []

    @pytest.mark.parametrize(
        "url",
        [
            "http://example.org/x",
            "https://1.1.1.1/x?y",
            "http://[2606:4700::1111]/x",
            "https://me:pass@lan.example.org/x",
        ],
    )
    def test_keep_the_world(self, url: str) -> None:
        assert web_seeds_outside([url]) == trackers_outside([url]) == [url]

    def test_keep_what_can_only_be_an_announce(self) -> None:
        urls = ["http://10.0.0.5:6969/announce", "udp://10.0.0.5:6969", "http://tracker:6969/announce"]
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
        engine = LibtorrentEngine(settings)
        urls = (f"http://127.0.0.1:{port}/admin", f"http://127.0.0.1:{port}/announce")
        save_path, peers = str(tmp_path / "downloads" / key), (f"127.0.0.1:{port}",)
        engine.apply(AddTorrent(key, save_path, torrent_file=data, trackers=urls, peers=peers))
        engine.apply(SetTrackers(key, urls))
        engine.apply(ConnectPeers(key, peers))

        def is_over() -> bool:
            said = [told(event.text) for event in engine.poll(timeout_s=0.1) if isinstance(event, Logged)]
            return is_asked(listener) if isolated else "Left out 3 trackers or web seeds" in " ".join(said)

        wait_until(is_over, "somebody to be asked, or to be left out", LIMIT_S)
        for _ in range(5):
            engine.poll(timeout_s=0.2)
        engine.close(timeout_s=5)
        assert isolated or not is_asked(listener)
