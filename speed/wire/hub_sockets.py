"""Connections to a hub, from where the node's peers are called and from nowhere else.

httpx alone would do for an address of ours, but it ties a connection to a network device only after it stands, when the
hub has seen another one.
"""

import ipaddress
import select
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from speed.domain.dialling import IpAddress
from speed.wire.port import DialFailed
from speed.wire.sockets import address_in, bind


class BoundTransport(httpx.HTTPTransport):
    """HTTP over connections through a network device or from an address of ours; "" for any. No proxy.

    Raises DialFailed where that can't be, before a byte has left.
    """

    def __init__(self, *, interface: str, ssl_context: ssl.SSLContext, connections: int, kept_s: float) -> None:
        # What httpx would make here connects by itself.
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=connections,
            keepalive_expiry=kept_s,
            network_backend=_Sockets(interface),
        )


class _Sockets(httpcore.NetworkBackend):
    def __init__(self, interface: str) -> None:
        self._interface = interface

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
            for address in _addresses_of(host, port):
                try:
                    return _Stream(_connected(address, port, interface=self._interface, timeout_s=timeout))
                except DialFailed as problem:
                    forbidden = problem
                except OSError as problem:
                    silent = problem
            raise silent or forbidden or OSError(f"{host} has no address")


class _Stream(httpcore.NetworkStream):
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _named(httpcore.ReadTimeout, httpcore.ReadError):
            self._sock.settimeout(timeout)
            return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _named(httpcore.WriteTimeout, httpcore.WriteError):
            self._sock.settimeout(timeout)
            self._sock.sendall(buffer)

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            with _named(httpcore.ConnectTimeout, httpcore.ConnectError):
                self._sock.settimeout(timeout)
                return _Stream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname))
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Tell what the pool asks: whether TLS has agreed on HTTP/2, and whether an idle connection was ended."""
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        return _is_readable(self._sock) if info == "is_readable" else None


def _addresses_of(host: str, port: int) -> list[IpAddress]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]


def _connected(address: IpAddress, port: int, *, interface: str, timeout_s: float | None) -> socket.socket:
    sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        # A hub on this machine is reached through no device.
        if interface and not (address.is_loopback and address_in(interface) is None):
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
