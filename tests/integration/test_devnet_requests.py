"""Requests to the development chain as bytes: one after the other, too much, too slow, from elsewhere, or none."""

import http.client
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.devnet import RunningDevnet, devnet_here
from wallet.devnet import application, connections
from wallet.devnet.connections import MOST_BODY_BYTES, MOST_HEAD_BYTES

PATIENCE_S = 60.0
GOOD = (
    b"GET /wallet/getnowblock?visible=true HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b'POST /wallet/getblockbynum HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"num":1}',
    b'POST /wallet/getblock HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"nu\r\n5\r\nm":1}\r\n0\r\n\r\n',
)


@pytest.fixture(scope="module")
def chain() -> Iterator[RunningDevnet]:
    with devnet_here() as running:
        running.mine()
        yield running


def raw(chain: RunningDevnet, data: bytes) -> bytes:
    """Send bytes over a connection of their own; return all that comes back until it ends."""
    host, port = chain.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


class TestRequests:
    def test_follow_each_other_on_one_connection(self, chain: RunningDevnet) -> None:
        host = chain.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=PATIENCE_S)
        for method, body in (("GET", None), ("POST", b""), ("POST", b'{"a":1}'), ("HEAD", None), ("GET", None)):
            connection.request(method, "/wallet/getnowblock", body)
            answer = connection.getresponse()
            assert answer.status == 200
            assert bool(answer.read()) is (method != "HEAD")
        connection.close()

    def test_may_come_in_chunks_and_in_any_kind(self, chain: RunningDevnet) -> None:
        chunks = [b'{"num"', b": 1}"]
        answer = chain.client.post("/wallet/getblockbynum", content=iter(chunks), headers={"content-type": "x/y"})
        assert answer.json()["block_header"]["raw_data"]["number"] == 1

    @pytest.mark.parametrize(
        "body", [b"[]", b"1", b"{", b"\xff", b'{"a":NaN}', b'{"num":' + b"9" * 5000 + b"}", b"[" * 99_999]
    )
    def test_with_a_body_that_is_no_object_are_told_so(self, chain: RunningDevnet, body: bytes) -> None:
        answer = chain.client.post("/wallet/getnowblock", content=body)
        assert answer.status_code == 200
        assert "JSONException" in answer.json()["Error"]

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"GET / HTTP/2.0\r\n\r\n", 400),
            (b"HELLO\r\n\r\n", 400),
            (b"GET wallet HTTP/1.1\r\n\r\n", 400),
            (b"DELETE / HTTP/1.1\r\n\r\n", 405),
            (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n folded: 1\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (MOST_BODY_BYTES + 1), 413),
            (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MOST_BODY_BYTES + 1), 413),
            (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
            (b"GET / HTTP/1.1\r\nX: " + b"a" * (MOST_HEAD_BYTES + 10) + b"\r\n\r\n", 431),
        ],
    )
    def test_that_are_none_end_their_connection(self, chain: RunningDevnet, data: bytes, status: int) -> None:
        answer = raw(chain, data)
        assert status_of(answer) == status
        assert b"Connection: close" in answer

    @given(st.data())
    def test_that_are_spoiled_leave_the_chain_as_it_was(self, chain: RunningDevnet, data: st.DataObject) -> None:
        good = data.draw(st.sampled_from(GOOD))
        start = data.draw(st.integers(0, len(good)))
        end = data.draw(st.integers(start, min(len(good), start + 8)))
        answer = raw(chain, good[:start] + data.draw(st.binary(max_size=8)) + good[end:])
        assert answer == b"" or status_of(answer) in {200, 400, 404, 405, 413, 431, 501}
        assert chain.order("info")["head"]["number"] == 2

    def test_that_end_too_early_are_forgotten(self, chain: RunningDevnet) -> None:
        assert (
            raw(chain, b"")
            == raw(chain, b"GET / HT")
            == raw(chain, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
            == b""
        )

    def test_that_come_too_slowly_are_not_waited_for(
        self, chain: RunningDevnet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections, "REQUEST_TIME_S", 0.05)
        host, port = chain.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
            connection.sendall(b"POST /wallet/getnowblock HTTP/1.1\r\nContent-Length: 2\r\n\r\n{")
            assert connection.recv(100) == b"", "the connection is ended from the other side"

    def test_over_too_many_connections_are_told_to_come_later(
        self, chain: RunningDevnet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections, "MOST_CONNECTIONS", 0)
        assert status_of(raw(chain, GOOD[0])) == 503

    def test_of_pages_of_other_origins_may_read_and_pay_but_not_order(self, chain: RunningDevnet) -> None:
        there = {"origin": "http://elsewhere.example", "sec-fetch-site": "cross-site"}
        asked = chain.client.options("/wallet/getnowblock", headers=there)
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
        assert chain.client.get("/wallet/getnowblock", headers=there).headers["access-control-allow-origin"] == "*"
        ordered = chain.client.post("/devnet/reset", headers=there)
        assert ordered.status_code == 403
        assert "access-control-allow-origin" not in ordered.headers
        leading_here = {"host": "evil.example", "sec-fetch-site": "same-origin"}
        assert chain.client.post("/devnet/reset", headers=leading_here).status_code == 403
        for near in ("localhost:9090", "127.0.0.1", "[::1]:9090", "devnet:9090"):
            assert chain.client.post("/devnet/info", headers={"host": near}).status_code == 200
        assert chain.client.post("/devnet/info", headers={"host": "[x"}).status_code in (400, 403)

    def test_for_what_is_not_there_are_told_so(self, chain: RunningDevnet) -> None:
        for path in (
            "wallet/nothing",
            "walletsolidity/broadcasttransaction",
            "v1/nothing",
            "devnet/nothing",
            "nothing",
        ):
            assert chain.client.post(f"/{path}", json={}).status_code == 404, path
        assert chain.client.get("/nothing/at/all").status_code == 404
        assert chain.client.get("/devnet/reset").status_code == 405
        assert chain.client.get("/healthcheck").status_code == 200

    def test_that_hit_a_fault_of_ours_get_an_answer(
        self, chain: RunningDevnet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*ignored: object) -> None:
            raise RuntimeError("a fault of ours")

        monkeypatch.setitem(application.EVERYWHERE, "getnowblock", broken)
        answer = chain.client.get("/wallet/getnowblock")
        assert answer.status_code == 500
        assert answer.json() == {"Error": "class java.lang.NullPointerException : null"}
