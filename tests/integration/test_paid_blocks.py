"""What a buyer pays for: blocks that a peer sent, two pieces of garbage at most, and nothing of a web server's."""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import libtorrent as lt

from seedbox.domain.lanes import PieceChecked, Received, Watch, place_of
from seedbox.engine.bare import BarePeer
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent
from seedbox.engine.settings import EngineSettings
from speed.domain.blocks import Counted, SellerBlocks
from tests.box import READY_WAIT_S
from tests.builders import make_content, make_torrent_file
from tests.engines import ToldEngine

SELLER, BUYER = "127.0.41.20", "127.0.41.21"
SIZE_BYTES = 400_000
PIECES = 25
LARGE_PIECES, LARGE_PIECE_BYTES = 3, 16 << 20


class Buyer(ToldEngine):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.engine = LibtorrentEngine(EngineSettings(folder / "resume", folder, (f"{BUYER}:0",), isolated=True))

    def close(self) -> None:
        self.engine.close(timeout_s=1)


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


class TestASellerOfGarbage:
    def test_is_paid_for_no_more_than_two_pieces(self, tmp_path: Path) -> None:
        """A plain client whose file was spoilt behind its back; libtorrent drops it when the first piece has failed."""
        content = tmp_path / "seller" / "film.bin"
        write_zeros(content)
        data = make_torrent_file(content, piece_size_bytes=LARGE_PIECE_BYTES)
        key = read_torrent_file(data).info_hash_v1
        blocks, deal, paid_bytes = SellerBlocks(), bytes(16), 0
        with closing(BarePeer(SELLER)) as seller, closing(Buyer(tmp_path)) as buyer:
            seller.take(data, content.parent)
            seller.wait_until_complete(limit_s=READY_WAIT_S)
            spoil(content)
            buyer.engine.apply(Watch(buys={key: frozenset({place_of(SELLER)})}))
            buyer.engine.apply(AddTorrent(key, str(tmp_path / "got"), torrent_file=data, peers=(seller.endpoint,)))
            buyer.wait(lambda: any(isinstance(event, PieceChecked) for event in buyer.seen), "a piece to fail")
        for event in buyer.seen:
            if isinstance(event, Received):
                for block in event.blocks:
                    one = Counted(deal, 0, block.size_bytes)
                    paid_bytes += total(blocks.received(one, piece=block.piece, piece_bytes=LARGE_PIECE_BYTES))
            elif isinstance(event, PieceChecked):
                assert not event.passed
                paid_bytes += total(blocks.checked(deal=deal, piece=event.piece, passed=False))
        assert LARGE_PIECE_BYTES <= paid_bytes <= 2 * LARGE_PIECE_BYTES
        assert blocks.failures > 0


def write_zeros(path: Path) -> None:
    """Make a file that takes no room."""
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(LARGE_PIECES * LARGE_PIECE_BYTES)


def spoil(path: Path) -> None:
    """Let each piece of a file be another one."""
    with path.open("r+b") as file:
        for piece in range(LARGE_PIECES):
            file.seek(piece * LARGE_PIECE_BYTES)
            file.write(b"garbage")


def total(counted: Iterable[Counted]) -> int:
    return sum(one.size_bytes for one in counted)


class TestAWebSeedAtTheSellersAddress:
    def test_is_used_and_not_paid(self, tmp_path: Path) -> None:
        content = make_content(tmp_path / "seed", {"a.bin": SIZE_BYTES}) / "a.bin"
        decoded = cast("dict[bytes, Any]", lt.bdecode(make_torrent_file(content)))
        with web_server(content.read_bytes()) as url, closing(Buyer(tmp_path)) as buyer:
            data = bytes(lt.bencode(decoded | {b"url-list": url.encode()}))
            key = read_torrent_file(data).info_hash_v1
            buyer.engine.apply(Watch(buys={key: frozenset({place_of(SELLER)})}))
            buyer.engine.apply(AddTorrent(key, str(tmp_path / "buyer" / key), torrent_file=data))
            buyer.wait(lambda: sum(isinstance(event, PieceChecked) for event in buyer.seen) == PIECES, "the last piece")
        assert not [event for event in buyer.seen if isinstance(event, Received)]
