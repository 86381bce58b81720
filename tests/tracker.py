"""A BitTorrent tracker on loopback (BEP 3, compact answers of BEP 23), so that tests find peers as users do."""

import ipaddress
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

import libtorrent as lt

if TYPE_CHECKING:
    from types import TracebackType

_INTERVAL_S = 5


@dataclass
class Tracker:
    """Answers every announce with the peers it was told of; keeps the announces it saw."""

    peers: list[str] = field(default_factory=list)  # "IP:PORT"
    announces: list[dict[str, str]] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)  # IP addresses that announced
    agents: list[str] = field(default_factory=list)  # what they call themselves

    def __enter__(self) -> Self:
        tracker = self

        class Announces(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query, encoding="latin-1")
                tracker.clients.append(str(self.client_address[0]))
                tracker.agents.append(self.headers.get("User-Agent", ""))
                tracker.announces.append({name: values[0] for name, values in query.items()})
                body = tracker.answer()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Announces)
        self._thread = threading.Thread(target=self._server.serve_forever, name="tracker")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/announce"

    def answer(self) -> bytes:
        compact = b""
        for peer in self.peers:
            address, _, port = peer.rpartition(":")
            compact += ipaddress.IPv4Address(address).packed + struct.pack("!H", int(port))
        answer: dict[bytes, Any] = {b"interval": _INTERVAL_S, b"peers": compact}
        return bytes(lt.bencode(answer))
