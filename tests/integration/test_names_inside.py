"""Names of strangers that lead to the node's own machine, and answers that do: in a network of the test's own."""

import socket
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any

import libtorrent as lt
import pytest

from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, Details, WatchTorrents
from seedbox.engine.settings import EngineSettings
from tests.box import wait_until
from tests.builders import make_content, make_torrent_file
from tests.own_network import OwnNetwork

OURS, ROUTER, WORLD = "10.66.1.2", "10.66.1.1", "1.2.3.4"
METADATA = "169.254.169.254"  # where clouds tell a machine its secrets
PORT = 8080
NAMES = {
    "world.example.org": WORLD,
    "machine.example.org": "127.0.0.1",
    "any.example.org": "0.0.0.0",
    "mapped.example.org": "::ffff:127.0.0.1",
    "cloud.example.org": METADATA,
}
TRACKERS = (
    f"http://world.example.org:{PORT}/announce",
    f"http://world.example.org:{PORT}/away",
    f"http://machine.example.org:{PORT}/announce",
    f"http://any.example.org:{PORT}/announce",
    f"http://cloud.example.org:{PORT}/latest",
)
WEB_SEEDS = tuple(f"http://{name}:{PORT}/seed/" for name in NAMES)
SONG, BY_PEERS = "/seed/songs/a.bin", "a peer"
IN_THE_WORLD = {(WORLD, "/announce"), (WORLD, "/away"), (WORLD, SONG)}
INSIDE = {  # by name, by what a tracker leads on to, by what it says of peers; 0.0.0.0 is this machine, too
    ("127.0.0.1", "/announce"),
    ("127.0.0.1", SONG),
    ("127.0.0.1", BY_PEERS),
    (METADATA, "/latest"),
    (METADATA, "/announce/secret"),
    (METADATA, SONG),
}


class Server:
    """Keeps what it is asked for, and on which of its addresses; leads whoever asks on to the machine itself."""

    def __init__(self) -> None:
        self.asked: set[tuple[str, str]] = set()  # address and path
        server = self

        class Answers(BaseHTTPRequestHandler):
            connection: socket.socket

            def handle(self) -> None:
                if self.connection.recv(1, socket.MSG_PEEK) == b"\x13":  # how a peer greets
                    server.asked.add((self.connection.getsockname()[0], BY_PEERS))
                else:
                    super().handle()

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                server.asked.add((self.connection.getsockname()[0], path))
                body = server.peers() if path == "/announce" else b""
                self.send_response({"/announce": 200, "/away": 302}.get(path, 404))
                self.send_header("Location", f"http://{METADATA}:{PORT}/announce/secret")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent."""

        self._server = ThreadingTCPServer(("", PORT), Answers)  # an HTTP server asks DNS who it is
        self._server.daemon_threads = True  # a peer may wait for our greeting
        threading.Thread(target=self._server.serve_forever, name="server").start()

    def peers(self) -> bytes:
        answer: dict[bytes, Any] = {
            b"interval": 1800,
            b"peers": socket.inet_aton("127.0.0.1") + PORT.to_bytes(2, "big"),
        }
        return bytes(lt.bencode(answer))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class TestNamesOfStrangers:
    @pytest.mark.parametrize("isolated", [True, False], ids=["isolated", "in the world"])
    def test_lead_to_the_own_machine_only_where_that_is_the_whole_world(self, tmp_path: Path, isolated: bool) -> None:
        with OwnNetwork() as world, OwnNetwork() as ours:
            for address in (WORLD, METADATA):
                world.ip("address", "add", f"{address}/32", "dev", "lo")
            ours.lay_cable("eth0", OURS, other=world, other_address=ROUTER)
            ours.ip("route", "add", "default", "via", ROUTER)
            ours.know_names(NAMES, tmp_path)
            there, here = world.run(Server), ours.run(Server)
            try:
                ours.run(lambda: _ask_everybody(tmp_path, there, here, isolated=isolated))
            finally:
                there.close()
                here.close()
        if isolated:
            assert there.asked | here.asked >= INSIDE
        else:
            assert (there.asked, here.asked) == (IN_THE_WORLD, set())


def _ask_everybody(folder: Path, there: Server, here: Server, *, isolated: bool) -> None:
    content = make_content(folder / "songs", {"a.bin": 100_000})
    decoded: Any = lt.bdecode(make_torrent_file(content))
    data = bytes(lt.bencode(decoded | {b"url-list": [url.encode() for url in WEB_SEEDS]}))
    key = read_torrent_file(data).info_hash_v1
    off = {"enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False}
    plain = {"enable_outgoing_utp": False, "out_enc_policy": lt.enc_policy.pe_disabled, "max_web_seed_connections": 10}
    settings = EngineSettings(
        folder / "resume",
        folder / "downloads",
        ("0.0.0.0:6881",),
        isolated=isolated,
        overrides={**off, **plain, "outgoing_interfaces": ""},
    )
    engine = LibtorrentEngine(settings)
    engine.apply(AddTorrent(key, str(folder / "downloads" / key), torrent_file=data, trackers=TRACKERS))
    engine.apply(WatchTorrents(frozenset({key})))

    def is_over() -> bool:
        events = engine.poll(timeout_s=0.1)
        return there.asked >= IN_THE_WORLD and (
            there.asked | here.asked >= INSIDE if isolated else _all_have_answered(events)
        )

    try:
        wait_until(is_over, "everybody to be asked")
        for _ in range(3):  # whoever else would be asked is asked at the same time
            engine.poll(timeout_s=0.2)
    finally:
        engine.close(timeout_s=5)


def _all_have_answered(events: Iterable[object]) -> bool:
    """Say whether each tracker has answered or was refused."""
    for event in events:
        if isinstance(event, Details) and len(event.trackers) == len(TRACKERS):
            return all(tracker.status in ("working", "error") for tracker in event.trackers)
    return False
