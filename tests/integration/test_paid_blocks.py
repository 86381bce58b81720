"""What a buyer pays for: blocks that a peer sent, and nothing that came from a web server of the same address."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import libtorrent as lt

from seedbox.domain.lanes import PieceChecked, Received, Watch, place_of
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, Event
from seedbox.engine.settings import EngineSettings
from tests.box import wait_until
from tests.builders import make_content, make_torrent_file

SELLER, BUYER = "127.0.41.20", "127.0.41.21"
SIZE_BYTES = 400_000
PIECES = 25
LIMIT_S = 60.0


@contextmanager
def web_server(content: bytes) -> Iterator[str]:
    """Serve this under every path, also in ranges; the value is the server's URL."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            first, last = 0, len(content) - 1
            if found := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
                first, last = int(found[1]), int(found[2])
            part = content[first : last + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            self.wfile.write(part)

        def log_message(self, *_: object) -> None:
            """Say nothing in a test's output."""

    server = ThreadingHTTPServer((SELLER, 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://{SELLER}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class TestAWebSeedAtTheSellersAddress:
    def test_is_used_and_not_paid(self, tmp_path: Path) -> None:
        content = make_content(tmp_path / "seed", {"a.bin": SIZE_BYTES}) / "a.bin"
        decoded = cast("dict[bytes, Any]", lt.bdecode(make_torrent_file(content)))
        seen: list[Event] = []
        with web_server(content.read_bytes()) as url:
            data = bytes(lt.bencode(decoded | {b"url-list": url.encode()}))
            key = read_torrent_file(data).info_hash_v1
            engine = LibtorrentEngine(
                EngineSettings(tmp_path / "resume", tmp_path / "buyer", (f"{BUYER}:0",), isolated=True)
            )
            engine.apply(Watch(buys={key: frozenset({place_of(SELLER)})}))
            engine.apply(AddTorrent(key, str(tmp_path / "buyer" / key), torrent_file=data))

            def is_all_checked() -> bool:
                seen.extend(engine.poll(timeout_s=0.1))
                return sum(isinstance(event, PieceChecked) for event in seen) == PIECES

            try:
                wait_until(is_all_checked, "the last piece", LIMIT_S)
            finally:
                engine.close(timeout_s=1)
        assert not [event for event in seen if isinstance(event, Received)]
