"""BitTorrent trackers on loopback, so that tests find peers as users do: over HTTP (BEP 3, 7, 23) and UDP (BEP 15)."""

import ipaddress
import itertools
import socket
import socketserver
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
_MAGIC = 0x417_2710_1980  # stands for a connection ID that one does not have yet
_CONNECT, _ANNOUNCE, _ERROR = 0, 1, 3  # scrapes (2) are not answered


@dataclass
class Tracker:
    """Answers every announce with the peers it was told of; keeps the announces it saw."""

    peers: list[str] = field(default_factory=list)  # "IP:PORT", IPv6 in brackets
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
        answer: dict[bytes, Any] = {b"interval": _INTERVAL_S, b"peers": _compact(self.peers, version=4)}
        if others := _compact(self.peers, version=6):
            answer[b"peers6"] = others
        return bytes(lt.bencode(answer))


class UdpTracker:
    """Answers as the one above, to who has fetched a connection ID before; over IPv6 with the IPv6 peers only."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.peers: list[str] = []
        self.announces: list[dict[str, str]] = []
        self._address = address
        self._version = ipaddress.ip_address(address).version
        self._connections: set[int] = set()
        self._fresh = itertools.count(0x5EED_0000_0000)
        tracker = self

        class Packets(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                packet, answering = self.request
                answering.sendto(tracker.answer(packet), self.client_address)

        class Server(socketserver.ThreadingUDPServer):
            address_family = socket.AF_INET6 if tracker._version == 6 else socket.AF_INET

        self._server = Server((address, 0), Packets)
        self._thread = threading.Thread(target=self._server.serve_forever, name="udp tracker")

    def __enter__(self) -> Self:
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
        host = f"[{self._address}]" if self._version == 6 else self._address
        return f"udp://{host}:{self._server.server_address[1]}/announce"

    def answer(self, packet: bytes) -> bytes:
        connection, action, number = struct.unpack_from("!QII", packet)
        if action == _CONNECT and connection == _MAGIC:
            fresh = next(self._fresh)
            self._connections.add(fresh)
            return struct.pack("!IIQ", _CONNECT, number, fresh)
        if action != _ANNOUNCE or connection not in self._connections:
            return struct.pack("!II", _ERROR, number) + b"connect first, then announce"
        info_hash, _, _, left, _, _, _, _, _, port = struct.unpack_from("!20s20sQQQIIIiH", packet, 16)
        self.announces.append({"info_hash": info_hash.decode("latin-1"), "left": str(left), "port": str(port)})
        head = struct.pack("!IIIII", _ANNOUNCE, number, _INTERVAL_S, 0, len(self.peers))
        return head + _compact(self.peers, version=self._version)


def _compact(peers: list[str], *, version: int) -> bytes:
    """Pack the peers of one version of IP: address and port, one after the other."""
    found = b""
    for peer in peers:
        address, _, port = peer.rpartition(":")
        ip = ipaddress.ip_address(address.strip("[]"))
        if ip.version == version:
            found += ip.packed + struct.pack("!H", int(port))
    return found
