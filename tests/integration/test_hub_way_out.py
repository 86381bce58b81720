"""Where questions to a foreign hub go out: where the node's peers are called from, or nowhere."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from speed.wire.hub_port import HubAway
from speed.wire.hub_sockets import BoundTransport
from speed.wire.hub_transport import HubTransport
from tests.box import wait_until
from tests.own_network import OwnNetwork

HUB = "192.0.2.9"
LONGEST_S = 40.0  # that a thread may take to end; less than the time limits of the questions here


class Callers:
    """An HTTP server that says {} to everybody and keeps from where it was called."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.seen: list[tuple[str, int]] = []
        self.may_answer = threading.Event()  # whoever asks for /silence
        callers = self

        class OneRequest(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                callers.seen.append((self.client_address[0], self.client_address[1]))
                if self.path == "/silence":
                    callers.may_answer.wait()
                    return
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer((address, 0), OneRequest)
        self.server.daemon_threads = True  # of connections that are kept
        self.port: int = self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def addresses(self) -> list[str]:
        return [address for address, _ in self.seen]

    @contextmanager
    def answering(self) -> Iterator["Callers"]:
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.may_answer.set()
            self.server.shutdown()
            thread.join()
            self.server.server_close()


@pytest.fixture
def callers() -> Iterator[Callers]:
    with Callers().answering() as made:
        yield made


@dataclass
class Way:
    """What a node's traffic is bound to, as a test wants it."""

    interface: str = ""
    problem: str = ""

    def __call__(self) -> str:
        if self.problem:
            raise HubAway(self.problem)
        return self.interface


@contextmanager
def calling(url: str, way: Way) -> Iterator[HubTransport]:
    transport = HubTransport(url, way_out=way, quiet_s=30, whole_answer_s=60)
    try:
        yield transport
    finally:
        transport.shut()


def ask(transport: HubTransport) -> None:
    assert transport.ask("GET", "/hub/1/info", b"", {}) == {}


class TestAQuestionToAHub:
    def test_comes_from_the_address_that_the_node_is_bound_to_by_now(self, callers: Callers) -> None:
        way = Way()
        with calling(callers.url, way) as transport:
            for way.interface in ("127.0.0.7", "127.0.0.7", "127.0.0.8", ""):
                ask(transport)
        assert callers.addresses == ["127.0.0.7", "127.0.0.7", "127.0.0.8", "127.0.0.1"]
        assert callers.seen[0] == callers.seen[1], "one connection is kept while nothing changes"

    def test_takes_that_of_the_hubs_addresses_which_is_of_the_same_family(self, callers: Callers) -> None:
        with calling(f"http://localhost:{callers.port}", Way("127.0.0.7")) as transport:
            ask(transport)
        assert callers.addresses == ["127.0.0.7"]

    @pytest.mark.parametrize(
        ("interface", "host", "why"),
        [
            ("::1", "192.0.2.2", "bound to ::1, from which 192.0.2.2 can't be reached"),
            ("127.0.0.7", "[2001:db8::2]", "bound to 127.0.0.7, from which 2001:db8::2 can't be reached"),
            ("192.0.2.1", "127.0.0.1", "The address 192.0.2.1 can't be used"),
            ("nosuchdevice", "192.0.2.2", "The network device nosuchdevice can't be used"),
        ],
    )
    def test_goes_out_no_other_way_and_says_why(self, callers: Callers, interface: str, host: str, why: str) -> None:
        scheme = "http" if host == "127.0.0.1" else "https"
        url = f"{scheme}://{host}:{callers.port}"
        with calling(url, Way(interface)) as transport, pytest.raises(HubAway, match=re.escape(why)):
            ask(transport)
        assert callers.seen == []

    @pytest.mark.parametrize("interface", ["nosuchdevice", "::1"])
    def test_finds_a_hub_on_this_machine_though_no_way_leads_there(self, callers: Callers, interface: str) -> None:
        with calling(callers.url, Way(interface)) as transport:
            ask(transport)
        assert callers.addresses == ["127.0.0.1"]

    def test_to_a_name_that_can_be_none_has_no_answer(self) -> None:
        with client_by("", ssl.create_default_context()) as client, pytest.raises(httpx.ConnectError, match="no name"):
            client.get("https://hub..example/")

    def test_is_not_sent_if_it_was_given_up_while_the_name_was_looked_up(
        self, callers: Callers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        is_asked, may_answer, look_up = threading.Event(), threading.Event(), socket.getaddrinfo

        def look_up_slowly(host: str, port: int, *, type: int) -> object:
            is_asked.set()
            may_answer.wait(LONGEST_S)
            return look_up(host, port, type=type)

        monkeypatch.setattr(socket, "getaddrinfo", look_up_slowly)
        with calling(callers.url, Way()) as transport:
            asking = InAThread(partial(ask, transport))
            assert is_asked.wait(LONGEST_S)
            transport.shut()
            may_answer.set()
            assert str(asking.end()) == "the hub does not answer (ConnectError)"
        assert callers.seen == []

    def test_is_not_asked_by_who_may_not_be_seen(self, callers: Callers) -> None:
        way = Way()
        with calling(callers.url, way) as transport:
            ask(transport)
            way.problem = "The node hides."
            with pytest.raises(HubAway, match="The node hides"):
                ask(transport)
            way.problem = ""
            ask(transport)
        assert len(set(callers.seen)) == len(callers.seen) == 2, "no connection outlives the change"


class TestThroughADevice:
    """Two ways lead to the hub, in networks of the test's own, and the one through the VPN is not the usual one."""

    def test_it_comes_from_there_though_another_way_is_nearer(self) -> None:
        with OwnNetwork() as ours, OwnNetwork() as far:
            for device, network, metric in (("eth0", "10.99.1", "10"), ("tun0", "10.99.2", "500")):
                ours.lay_cable(device, f"{network}.1", other=far, other_address=f"{network}.2")
                ours.ip("route", "add", "default", "via", f"{network}.2", "metric", metric)
                ours.run(partial(take_answers_from_anywhere, device))
            far.ip("address", "add", f"{HUB}/32", "dev", "lo")
            with far.run(lambda: Callers(HUB)).answering() as callers:
                for interface in ("", "tun0", "eth0"):
                    with client_by(interface, ssl.create_default_context()) as client:
                        ours.run(partial(client.get, f"http://{HUB}:{callers.port}/"))
        assert callers.addresses == ["10.99.1.1", "10.99.2.1", "10.99.1.1"]


def take_answers_from_anywhere(device: str) -> None:
    """Let answers come in on a device that is not the usual way to who sends them."""
    for scope in ("all", device):
        Path(f"/proc/sys/net/ipv4/conf/{scope}/rp_filter").write_text("0")


class TestOverTls:
    def test_the_hub_must_prove_its_name(self, callers: Callers, tmp_path: Path) -> None:
        trusting = speak_tls(callers, tmp_path)
        url = f"https://127.0.0.1:{callers.port}/"
        with client_by("127.0.0.7", trusting) as client:
            assert client.get(url).json() == client.get(url).json() == {}
        assert callers.seen[0] == callers.seen[1]
        with client_by("127.0.0.7", trusting) as client, pytest.raises(httpx.ConnectError):
            client.get(f"https://localhost:{callers.port}/")
        with calling(url, Way("127.0.0.7")) as transport, pytest.raises(HubAway):
            ask(transport)
        assert callers.addresses == ["127.0.0.7", "127.0.0.7"]

    def test_closing_ends_a_wait_and_touches_no_file_opened_later(self, callers: Callers, tmp_path: Path) -> None:
        trusting = speak_tls(callers, tmp_path)
        for turn in range(10):
            client = client_by("", trusting)
            waiting = InAThread(partial(client.get, f"https://127.0.0.1:{callers.port}/silence"))
            wait_until(lambda: callers.seen, "a question")
            callers.seen.clear()
            client.close()
            later = tmp_path / f"{turn}"
            with later.open("w+b") as file:  # takes the number that has become free
                file.write(b"no TLS" * 100)
                file.flush()
                file.seek(0)
                assert isinstance(waiting.end(), httpx.ReadError)
            assert later.read_bytes() == b"no TLS" * 100

    def test_closing_ends_the_wait_for_its_first_word(self) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as hub,
            calling(f"https://127.0.0.1:{hub.getsockname()[1]}", Way()) as transport,
        ):
            asking = InAThread(partial(ask, transport))
            connection, _ = hub.accept()
            with connection:
                assert connection.recv(1), "the node speaks first"
                transport.shut()
                assert str(asking.end()) == "the hub does not answer (ConnectError)"


class InAThread:
    """Something done in a thread; it fails, and how is what a test wants to know."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> Exception | None:
        self._thread.join(LONGEST_S)
        assert not self._thread.is_alive(), "it still waits"
        return self._problem

    def _run(self) -> None:
        try:
            self._work()
        except Exception as problem:
            self._problem = problem


def speak_tls(callers: Callers, folder: Path) -> ssl.SSLContext:
    """Let callers be answered over TLS only; return what trusts that answer."""
    certificate = make_certificate(folder)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    callers.server.socket = server_side.wrap_socket(callers.server.socket, server_side=True)
    return ssl.create_default_context(cafile=certificate)


def client_by(interface: str, ssl_context: ssl.SSLContext) -> httpx.Client:
    transport = BoundTransport(interface=interface, ssl_context=ssl_context, connections=4, kept_s=30)
    return httpx.Client(transport=transport, trust_env=False, timeout=60)


def make_certificate(folder: Path) -> Path:
    """Return a file with a key and a certificate of its own for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "hub.pem"
    path.write_bytes(secret + certificate.public_bytes(encoding))
    return path
