"""A server that answers as it pleases gets no more of our time and memory than we have set apart for it."""

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.box import wait_until
from wallet.chain.port import BadAnswer, ChainBusy, ChainUnreachable
from wallet.chain.transport import TooLarge, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Answer = Callable[[socket.socket, threading.Event], None]


class Server:
    """Reads a request and lets a function answer; the next connection is the next request's."""

    def __init__(self) -> None:
        self.answer: Answer = lambda line, over: None
        self.requests: list[bytes] = []
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with closing(line):
                line.settimeout(5)
                try:
                    self.requests.append(_request(line))
                    self.answer(line, self._over)
                except OSError:
                    continue

    def close(self) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def _request(line: socket.socket) -> bytes:
    with line.makefile("rb") as reader:
        head = b"".join(iter(reader.readline, b"\r\n"))
        length = next(int(one.split(b":")[1]) for one in head.splitlines() if one.lower().startswith(b"content-length"))
        return head + b"\r\n" + reader.read(length)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def transport(server: Server) -> Iterator[Transport]:
    transport = Transport(f"http://me:secret@127.0.0.1:{server.port}/path", max_answer_bytes=100_000)
    yield transport
    transport.close()


@pytest.fixture
def hasty(server: Server) -> Iterator[Transport]:
    transport = Transport(f"http://127.0.0.1:{server.port}", quiet_s=0.3, whole_answer_s=0.5)
    yield transport
    transport.close()


def says(raw: bytes) -> Answer:
    return lambda line, over: line.sendall(raw)


def drips(head: bytes, drop: bytes) -> Answer:
    """Answer a little every tenth of a second, for ever."""

    def answer(line: socket.socket, over: threading.Event) -> None:
        line.sendall(head)
        while not over.wait(0.1):
            line.sendall(drop)

    return answer


def answers(transport: Transport) -> bool:
    try:
        return bool(transport.ask("wallet/getblock", {}) == [])
    except ChainUnreachable:
        return False  # a slow machine


class TestTheTransport:
    def test_posts_json_and_reads_json(self, server: Server, transport: Transport) -> None:
        server.answer = says(OK + b"Content-Length: 20\r\n\r\n" + b'{"number": ' + b"1" * 8 + b"}")
        assert transport.ask("wallet/getblock", {"detail": False}) == {"number": 11_111_111}
        assert server.requests[0].startswith(b"POST /path/wallet/getblock HTTP/1.1\r\n")
        assert json.loads(server.requests[0].rpartition(b"\r\n\r\n")[2]) == {"detail": False}

    def test_tells_no_secret_of_an_address(
        self, server: Server, transport: Transport, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.answer = says(b"HTTP/1.1 500 No\r\n\r\n")
        with pytest.raises(ChainUnreachable) as problem:
            transport.ask("wallet/getblock", {})
        assert str(problem.value) == f"127.0.0.1:{server.port}: status 500 for wallet/getblock"
        assert "secret" not in repr(problem.value) + caplog.text

    @pytest.mark.parametrize(
        ("raw", "error"),
        [
            (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", ChainBusy),
            (b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", ChainBusy),
            (b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", ChainUnreachable),
            (b"HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n", BadAnswer),
            (b"HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", BadAnswer),
            (b"HTTP/1.1 204 None\r\n\r\n", BadAnswer),
            (b"I am no HTTP server\r\n\r\n", ChainUnreachable),
            (b"", ChainUnreachable),
            (OK + b"Content-Length: 50\r\n\r\n{}", ChainUnreachable),
            (OK + b"Content-Length: 2\r\n\r\n{", ChainUnreachable),
            (OK + b"Content-Length: 5\r\n\r\n<htm>", BadAnswer),
            (OK + b'Content-Length: 20\r\n\r\n{"Error": "no class"}'[:-1] + b"}", BadAnswer),
            (OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", BadAnswer),
            (OK + b"\r\n[" + b"1," * 60_000, TooLarge),
            (OK + b"X: " + b"x" * 200_000 + b"\r\n\r\n{}", ChainUnreachable),
        ],
    )
    def test_raises_what_its_caller_must_know(
        self, server: Server, transport: Transport, raw: bytes, error: type[Exception]
    ) -> None:
        server.answer = says(raw)
        with pytest.raises(error) as problem:
            transport.ask("wallet/getblock", {})
        assert type(problem.value) is error

    def test_opens_no_bomb(self, server: Server, transport: Transport) -> None:
        bomb = gzip.compress(b"[" + b"0," * 1_000_000 + b"0]")
        server.answer = says(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
        with pytest.raises(BadAnswer, match="compressed"):
            transport.ask("wallet/getblock", {})

    @pytest.mark.parametrize(
        "answer",
        [
            lambda line, over: line.recv(1),
            drips(OK + b"Content-Length: 90000\r\n\r\n", b"1"),
            drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n"),
            drips(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
            drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ],
        ids=["silence", "body", "chunks", "headers", "continue"],
    )
    def test_ends_what_never_ends(self, server: Server, hasty: Transport, answer: Answer) -> None:
        server.answer = answer
        with pytest.raises(ChainUnreachable):
            hasty.ask("wallet/getblock", {})
        server.answer = says(OK + b"Content-Length: 2\r\n\r\n[]")
        wait_until(lambda: answers(hasty), "an answer")

    def test_says_so_when_nobody_listens(self) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(ChainUnreachable, match="ConnectError"):
            Transport(f"http://127.0.0.1:{port}").ask("wallet/getblock", {})
