"""Whether a proxy is there and lets us in, asked of it without naming anybody we want to reach."""

import base64
import socket
import time

from seedbox.domain.kept import kept as _
from seedbox.domain.network import NetworkSettings, ProxyKind

TIMEOUT_S = 5.0  # for all of it
MAX_ANSWER_BYTES = 16_384
_NO_SIGN_IN, _BY_PASSWORD, _NONE_OF_THEM = 0, 2, 255
_PROXY_SIGN_IN_REQUIRED = 407


class ProxyProblem(Exception):
    """What is wrong with the proxy; the message is a sentence."""


def proxy_problem(settings: NetworkSettings) -> str:
    """Sign in to the proxy and leave again; say what is wrong, "" when nothing is. Waits for a few seconds at most."""
    deadline = time.monotonic() + TIMEOUT_S
    place = f"{settings.proxy_host}:{settings.proxy_port}"
    try:
        with socket.create_connection((settings.proxy_host, settings.proxy_port), TIMEOUT_S) as connection:
            wire = _Wire(connection, deadline)
            if settings.proxy_kind is ProxyKind.SOCKS5:
                _sign_in_to_socks5(wire, settings)
            else:
                _sign_in_to_http(wire, settings)
    except TimeoutError:
        return _(
            "The proxy %(place)s does not answer. Nothing connects until it does: check host and port.",
            {"place": place},
        )
    except socket.gaierror:
        return _(
            "The proxy's name %(proxy_host)s is not known. Nothing connects until it is: check the name.",
            {"proxy_host": settings.proxy_host},
        )
    except OSError as problem:
        why = problem.strerror or _("unknown error")
        return _(
            "The proxy %(place)s can't be reached (%(why)s). Nothing connects until it can: check host and port.",
            {"place": place, "why": why},
        )
    except (ProxyProblem, UnicodeError) as problem:
        return str(problem)
    return ""


class _Wire:
    """Bytes to and from the proxy, within the time that is left."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def send(self, data: bytes) -> None:
        self._limit()
        self._connection.sendall(data)

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self._receive(size - len(data))
        return data

    def read_line(self) -> bytes:
        data = b""
        while not data.endswith(b"\n"):
            data += self._receive(1)
            if len(data) > MAX_ANSWER_BYTES:
                raise ProxyProblem(_("The proxy does not speak HTTP. Check its kind and port."))
        return data

    def _receive(self, size: int) -> bytes:
        self._limit()
        data = self._connection.recv(size)
        if not data:
            raise ProxyProblem(_("The proxy hung up. Check its kind, port, user name and password."))
        return data

    def _limit(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)


def _sign_in_to_socks5(wire: _Wire, settings: NetworkSettings) -> None:
    """RFC 1928, and RFC 1929 when there is a user name."""
    methods = bytes([_NO_SIGN_IN, _BY_PASSWORD] if settings.proxy_user else [_NO_SIGN_IN])
    wire.send(bytes([5, len(methods)]) + methods)
    version, method = wire.read(2)
    if version != 5:
        raise ProxyProblem(_("The proxy does not speak SOCKS5. Check its kind and port."))
    if method == _NONE_OF_THEM or method not in methods:
        raise ProxyProblem(_("The proxy wants a user name and password, or others. Check them."))
    if method == _BY_PASSWORD:
        user, password = settings.proxy_user.encode(), settings.proxy_password.encode()
        wire.send(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
        if wire.read(2)[1] != 0:
            raise ProxyProblem(_("The proxy refused the user name or password. Check them."))


def _sign_in_to_http(wire: _Wire, settings: NetworkSettings) -> None:
    """Ask for a connection to the proxy itself: it says 407 when the sign-in is wrong, whatever else it would say."""
    host = f"[{settings.proxy_host}]" if ":" in settings.proxy_host else settings.proxy_host
    target = f"{host}:{settings.proxy_port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if settings.proxy_user:
        pair = f"{settings.proxy_user}:{settings.proxy_password}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair).decode()}")
    wire.send("\r\n".join([*lines, "", ""]).encode())
    words = wire.read_line().split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ProxyProblem(_("The proxy does not speak HTTP. Check its kind and port."))
    if int(words[1]) == _PROXY_SIGN_IN_REQUIRED:
        raise ProxyProblem(_("The proxy wants a user name and password, or others. Check them."))
