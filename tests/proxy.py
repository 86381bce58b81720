"""A SOCKS5 proxy (RFC 1928, 1929) and an HTTP CONNECT proxy on loopback, with sign-in, as small as they can be."""

import asyncio
import base64
import ipaddress
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

OUTGOING = "127.0.32.9"  # what those see whom a proxy connects to
_LISTENS_ON = "127.0.32.8"
_CHUNK_BYTES = 64 * 1024
_START_S = 10.0


@dataclass
class Proxy:
    """Carries TCP, and UDP if it speaks SOCKS5; keeps what it was asked for. `stop` and `start` keep its port."""

    kind: str = "socks5"
    user: str = ""
    password: str = ""
    port: int = 0
    reached: list[str] = field(default_factory=list)  # "HOST:PORT" that clients asked for over TCP, as they said it
    datagrams: list[str] = field(default_factory=list)  # and over UDP
    refused: int = 0  # clients with a wrong sign-in
    _clients: set[asyncio.Task[None]] = field(default_factory=set)
    _ends: list[asyncio.StreamWriter] = field(default_factory=list)  # of all connections, towards either side

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.stop()

    @property
    def host(self) -> str:
        return _LISTENS_ON

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        listens = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[listens], name=f"proxy-{self.kind}")
        self._thread.start()
        assert listens.wait(_START_S), "the proxy did not start"

    def stop(self) -> None:
        """Hang up on everybody."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    def _run(self, listens: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(listens))

    async def _serve(self, listens: threading.Event) -> None:
        self._clients, self._ends = set(), []
        server = await asyncio.start_server(self._take, _LISTENS_ON, self.port)
        self.port = server.sockets[0].getsockname()[1]
        listens.set()
        await self._ended.wait()
        # Nobody else is let in. A server that is closed leaves open whom it let in a moment before, so that comes last.
        asyncio.get_running_loop().remove_reader(server.sockets[0].fileno())
        await self._hang_up()
        server.close()

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.append(writer)
        self._clients.add(task := asyncio.create_task(self._speak(reader, writer)))
        task.add_done_callback(self._clients.discard)

    async def _hang_up(self) -> None:
        """End all connections, also those that the loop has just accepted and that have nobody to speak to yet."""
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in self._clients:
                task.cancel()
            for end in self._ends:
                end.transport.abort()  # to close would wait until the other side has read what is still to be sent
            await asyncio.wait(others)
        await asyncio.gather(*(end.wait_closed() for end in self._ends), return_exceptions=True)

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        speak = self._socks5 if self.kind == "socks5" else self._http
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await speak(reader, writer)
        writer.close()

    async def _reach(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(host, port, local_addr=(OUTGOING, 0))
        self._ends.append(writer)
        return reader, writer

    # --- SOCKS5

    async def _socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        method = 2 if self.user else 0
        writer.write(bytes([5, method if method in offered else 255]))
        if method not in offered or (self.user and not await self._knows(reader, writer)):
            self.refused += 1
            return
        _, verb, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        if verb == 3:
            await self._relay_datagrams(reader, writer)
            return
        self.reached.append(f"{host}:{port}")
        try:
            there = await self._reach(host, port)
        except OSError:
            writer.write(b"\x05\x05\x00\x01" + bytes(6))
            return
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await _join(reader, writer, *there)

    async def _knows(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        _, size = await reader.readexactly(2)
        user = (await reader.readexactly(size)).decode()
        password = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        knows = (user, password) == (self.user, self.password)
        writer.write(bytes([1, 0 if knows else 1]))
        return knows

    async def _relay_datagrams(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        relay = _Relay(self.datagrams)
        inside, _ = await loop.create_datagram_endpoint(lambda: _Side(relay.outwards), (_LISTENS_ON, 0))
        outside, _ = await loop.create_datagram_endpoint(lambda: _Side(relay.inwards), (OUTGOING, 0))
        relay.inside, relay.outside = inside, outside
        try:
            host, port = inside.get_extra_info("sockname")
            writer.write(b"\x05\x00\x00\x01" + ipaddress.ip_address(host).packed + struct.pack("!H", port))
            await reader.read()  # as long as the client stays
        finally:
            inside.abort()
            outside.abort()

    # --- HTTP

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        verb, target, _ = head.split("\r\n", 1)[0].split()
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if self.user and f"basic {pair}".lower() not in head.lower():
            self.refused += 1
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        place = target if verb == "CONNECT" else target.split("/")[2]
        host, _, port = place.rpartition(":")
        self.reached.append(place)
        try:
            there = await self._reach(host.strip("[]"), int(port))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        if verb == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            there[1].write(head.replace(f"http://{place}", "", 1).encode())
        await _join(reader, writer, *there)


class _Relay:
    """Datagrams between one client and everybody it writes to."""

    inside: asyncio.DatagramTransport
    outside: asyncio.DatagramTransport

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen
        self._client: tuple[str, int] = ("", 0)

    def outwards(self, data: bytes, source: tuple[str, int]) -> None:
        self._client = source
        if data[3] == 1:
            host, (port,) = str(ipaddress.ip_address(data[4:8])), struct.unpack("!H", data[8:10])
            self._seen.append(f"{host}:{port}")
            self.outside.sendto(data[10:], (host, port))

    def inwards(self, data: bytes, source: tuple[str, int]) -> None:
        head = b"\x00\x00\x00\x01" + ipaddress.ip_address(source[0]).packed + struct.pack("!H", source[1])
        self.inside.sendto(head + data, self._client)


class _Side(asyncio.DatagramProtocol):
    def __init__(self, take: "Callable[[bytes, tuple[str, int]], None]") -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, addr)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    there_writer: asyncio.StreamWriter,
) -> None:
    ways = [_carry(reader, there_writer), _carry(there, writer)]
    try:
        await asyncio.gather(*ways)
    finally:
        there_writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
    writer.close()
