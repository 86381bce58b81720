"""Connections to a hub, from where the node's peers are called and from nowhere else.

httpx alone would do for an address of ours, but it ties a connection to a network device only after it stands, when the
hub has seen another one.
"""

import ipaddress
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

import httpcore
import httpx

from speed.domain.dialling import IpAddress
from speed.wire.port import DialFailed
from speed.wire.sockets import address_in, bind

CONNECT_S = 3.0  # for all addresses of a hub together, and as much again for TLS
_MOST_ADDRESSES = 4  # of a hub; each has its share of the time
_SHORTEST_S = 0.01  # zero would mean not to wait at all


class BoundTransport(httpx.HTTPTransport):
    """HTTP over connections through a network device or from an address of ours; "" for any. No proxy.

    Raises DialFailed where that can't be, before a byte has left.
    """

    def __init__(self, *, interface: str, ssl_context: ssl.SSLContext, connections: int, kept_s: float) -> None:
        self._sockets = _Sockets(interface)
        # What httpx would make here connects by itself.
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=connections,
            keepalive_expiry=kept_s,
            network_backend=self._sockets,
        )

    def close(self) -> None:
        """End every connection and make no more; the pool knows none that is only being made."""
        self._sockets.close()
        super().close()


class _Sockets(httpcore.NetworkBackend):
    def __init__(self, interface: str) -> None:
        self._interface = interface
        self._lock = threading.Lock()
        self._streams: WeakSet[_Stream] = WeakSet()
        self._is_closed = False

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            streams = list(self._streams)
        for stream in streams:
            stream.close()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a stream to the first address of the host's that answers; raises DialFailed if none may be called."""
        forbidden: DialFailed | None = None
        silent: OSError | None = None
        with _named(httpcore.ConnectTimeout, httpcore.ConnectError):
            tried = _addresses_of(host, port, ours=address_in(self._interface))[:_MOST_ADDRESSES]
            ends_at = time.monotonic() + (CONNECT_S if timeout is None else timeout)
            for number, address in enumerate(tried):
                self._raise_if_closed()  # looking up a name has no time limit of ours
                share_s = max((ends_at - time.monotonic()) / (len(tried) - number), _SHORTEST_S)
                try:
                    sock = _connected(address, port, interface=self._interface, timeout_s=share_s)
                except DialFailed as problem:
                    forbidden = problem
                except OSError as problem:
                    silent = problem
                else:
                    return self._kept(_Stream(sock))
            raise silent or forbidden or OSError(f"{host} has no address")

    def _kept(self, stream: "_Stream") -> "_Stream":
        """Return the stream, which ends when this is closed."""
        with self._lock:
            self._streams.add(stream)
            is_late = self._is_closed
        if is_late:
            stream.close()
        self._raise_if_closed()
        return stream

    def _raise_if_closed(self) -> None:
        if self._is_closed:
            raise OSError("closed while it was connected")


class _Stream(httpcore.NetworkStream):
    """One connection. Any thread may close it, which ends at once what another is doing with it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._is_closed = False
        self._changing = threading.Lock()  # which socket it is, and its end
        self._using = threading.Lock()  # for as long as somebody reads or writes

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _named(httpcore.ReadTimeout, httpcore.ReadError), self._used(timeout) as sock:
            return sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _named(httpcore.WriteTimeout, httpcore.WriteError), self._used(timeout) as sock:
            sock.sendall(buffer)

    def close(self) -> None:
        with self._changing:
            self._is_closed = True
            with suppress(OSError):
                # Wakes whoever waits; TLS's own would take away what it works with.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
            with self._using:  # its number may be another file's as soon as it is free
                self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            with _named(httpcore.ConnectTimeout, httpcore.ConnectError):
                with self._changing:
                    secured = ssl_context.wrap_socket(
                        self._sock, server_hostname=server_hostname, do_handshake_on_connect=False
                    )
                    self._sock = secured
                with self._used(timeout):
                    secured.do_handshake()
        except BaseException:
            self.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """Tell what the pool asks: whether TLS has agreed on HTTP/2, and whether an idle connection was ended."""
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        return self._is_readable() if info == "is_readable" else None

    def _is_readable(self) -> bool:
        """Say whether something came, or an end, while nothing was asked; True if it is closed."""
        if not self._using.acquire(blocking=False):
            return self._is_closed  # somebody uses it or closes it
        try:
            return _is_readable(self._sock)
        finally:
            self._using.release()

    @contextmanager
    def _used(self, timeout_s: float | None) -> Iterator[socket.socket]:
        with self._using:
            self._sock.settimeout(timeout_s)
            yield self._sock
            if self._is_closed:  # the end that was read is not the other side's
                raise OSError("the connection was closed here")


def _addresses_of(host: str, port: int, *, ours: IpAddress | None) -> list[IpAddress]:
    """Return the host's addresses, first those of the family of ours."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as problem:
        raise OSError(f"{host} is no name of a host") from problem
    addresses = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    return sorted(addresses, key=lambda address: ours is not None and address.version != ours.version)


def _connected(address: IpAddress, port: int, *, interface: str, timeout_s: float) -> socket.socket:
    sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        ours = address_in(interface)
        # A hub on this machine is reached through no device, and from no address of the other family.
        is_within = address.is_loopback and (ours is None or ours.version != address.version)
        if interface and not is_within:
            bind(sock, interface, address)
        sock.settimeout(timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


def _is_readable(sock: socket.socket) -> bool:
    """Say whether something came, or an end, while nothing was asked; True of a socket that is closed."""
    if sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


@contextmanager
def _named(too_late: type[Exception], failed: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as problem:
        raise too_late(problem) from problem
    except OSError as problem:
        raise failed(problem) from problem
