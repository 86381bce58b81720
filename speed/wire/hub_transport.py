"""Questions to a foreign hub over HTTPS. Its answers have a limit in size and in time, and it leads us nowhere.

Its address comes from the operator alone. Redirects are not followed, and no proxy of the environment is used. A hub
takes where a question comes from for where the node is, so it goes out where the node's own traffic does.
"""

import ipaddress
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from speed.wire.hub_port import HubAway
from speed.wire.hub_sockets import CONNECT_S, BoundTransport
from speed.wire.port import DialFailed
from wallet.domain.hub import HubRefused, Refusal
from wallet.domain.hub_json import MAX_TEXT_CHARS, refusal_of
from wallet.domain.json_fields import Json, obj
from wallet.domain.language import said as _

QUIET_S = 8.0  # without a byte; a hub may let us wait for a receipt for five
WHOLE_ANSWER_S = 15.0
MAX_ANSWER_BYTES = 1_048_576
MAX_WAIT_S = 3_600  # that a hub may tell us to stay away for
_CONNECTIONS = 4
_KEPT_S = 30.0  # a connection that is not used


class BadHubAddress(ValueError):
    """This is no address of a hub: write https://HOST, with a path if it has one; plain http only on this machine."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This is no address of a hub: write https://HOST, with a path if it has one; plain http only on this "
                "machine."
            )
        )


def check_address(url: str) -> str:
    """Return the address without a slash at its end; raises BadHubAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")  # refuses a part of a name that is empty or too long
    except ValueError:
        raise BadHubAddress from None
    is_plain = parts.scheme == "http" and _is_this_machine(parts.hostname or "")
    has_more = parts.username or parts.password or parts.query or parts.fragment or port == 0
    if not (is_plain or parts.scheme == "https") or not parts.hostname or has_more or not url.isascii():
        raise BadHubAddress
    return url.rstrip("/")


def anywhere() -> str:
    """Say that it does not matter where a question goes out: it is asked for no node."""
    return ""


class HubTransport:
    """The address of one hub. Safe for threads.

    Before each question `way_out` says through which device or from which address it goes; it raises HubAway if it may
    not be asked at all.
    """

    def __init__(self, url: str, *, way_out: Callable[[], str], quiet_s: float, whole_answer_s: float) -> None:
        self._url = check_address(url)
        self._way_out = way_out
        self._quiet_s = quiet_s
        self._whole_answer_s = whole_answer_s
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._interface = ""  # that the client's connections go out by

    def ask(self, method: str, path: str, raw: bytes, headers: dict[str, str]) -> Json:
        client = self._opened(self._allowed_way())
        # The client's own timeouts count from byte to byte, so a trickle would never end. Closing it ends the request.
        watch = threading.Timer(self._whole_answer_s, self._give_up, [client])
        watch.daemon = True
        watch.start()
        try:
            with client.stream(method, self._url + path, content=raw or None, headers=headers) as response:
                return self._read(response, self._bytes_of(response))
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, RuntimeError, OSError) as problem:
            # A client that the watch has closed raises RuntimeError.
            raise HubAway(_("the hub does not answer (%(why)s)") % {"why": type(problem).__name__}) from None
        except DialFailed as problem:
            raise HubAway(_("the hub can't be called: %(why)s") % {"why": problem}) from None
        finally:
            watch.cancel()

    def _allowed_way(self) -> str:
        try:
            return self._way_out()
        except HubAway:
            self.shut()  # an idle connection would still show us
            raise

    def _opened(self, interface: str) -> httpx.Client:
        """Return a client whose connections all go out by this interface."""
        with self._lock:
            former = self._client if self._interface != interface else None
            if self._client is None or former is not None:
                self._client, self._interface = _client(interface, quiet_s=self._quiet_s), interface
            client = self._client
        if former is not None:
            former.close()
        return client

    def _bytes_of(self, response: httpx.Response) -> bytes:
        ends_at = time.monotonic() + self._whole_answer_s
        parts: list[bytes] = []
        size = 0
        for part in response.iter_raw():
            parts.append(part)
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise HubAway(_("the hub's answer is larger than %(most)s bytes") % {"most": MAX_ANSWER_BYTES})
            if time.monotonic() > ends_at:
                raise HubAway(_("the hub's answer takes longer than %(most)s s") % {"most": self._whole_answer_s})
        return b"".join(parts)

    def _read(self, response: httpx.Response, raw: bytes) -> Json:
        """Return what the hub answers; raises HubRefused, HubAway, BadJson."""
        status = response.status_code
        if 300 <= status < 400:
            raise HubAway(_("the hub leads elsewhere, where we do not go: look at its address"))
        given = _parsed(raw)
        if status < 300:
            return given
        code, text = given.get("code"), given.get("text")
        if not isinstance(code, str) or not isinstance(text, str):
            raise HubAway(_("the hub answers with status %(status)s and nothing that can be read") % {"status": status})
        if status >= 500 and refusal_of(code) is Refusal.REFUSED:
            raise HubAway(_("the hub is out of order (status %(status)s)") % {"status": status})
        waits = response.headers.get("Retry-After", "")
        wait_s = min(int(waits), MAX_WAIT_S) if waits.isdecimal() and len(waits) < 6 else 0
        raise HubRefused(refusal_of(code), _in_one_line(text), wait_s=wait_s)

    def shut(self) -> None:
        """Let go of the connections; the next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _give_up(self, client: httpx.Client) -> None:
        """Let go of this client's connections; by now others may be asking through a newer one."""
        with self._lock:
            if self._client is client:
                self._client = None
        client.close()


def _client(interface: str, *, quiet_s: float) -> httpx.Client:
    transport = BoundTransport(
        interface=interface,
        ssl_context=httpx.create_ssl_context(trust_env=False),
        connections=_CONNECTIONS,
        kept_s=_KEPT_S,
    )
    return httpx.Client(
        # No compression: a small answer could otherwise become a large one. No proxy of the environment.
        headers={"Accept-Encoding": "identity", "User-Agent": "seedbox"},
        timeout=httpx.Timeout(quiet_s, connect=CONNECT_S),
        transport=transport,
        trust_env=False,
        follow_redirects=False,
    )


def _parsed(raw: bytes) -> Json:
    try:
        given: Any = json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise HubAway(_("the hub's answer is no JSON: look at its address")) from None
    return obj(given, "answer")


def _in_one_line(text: str) -> str:
    """Return a stranger's words fit to be shown."""
    shown = text[:MAX_TEXT_CHARS]
    return "".join(letter if letter.isprintable() else " " for letter in shown)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
