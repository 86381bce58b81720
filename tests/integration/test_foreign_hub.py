"""A hub that lies, dawdles or talks too much: whoever calls it is told that it is away, and believes nothing."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from seedbox.models import User
from speed.models import Hub
from speed.wire.hub_foreign import ForeignHub
from speed.wire.hub_port import HubAway
from speed.wire.hub_transport import MAX_ANSWER_BYTES, BadHubAddress, anywhere, check_address
from tests.builders import signed_in
from tests.hubs import BUYER_KEY, HOUR_S, SELLER
from wallet.domain.hub import HubRefused, Refusal, SignedVoucher
from wallet.domain.money import Asset
from wallet.domain.speed1.hub_info import HubInfo
from wallet.domain.speed1.receipt import SpeedNetwork
from wallet.domain.speed1.signing import hub_id_of
from wallet.domain.tron.keys import public_key_of

HUB_KEY, OTHER_KEY = bytes(31) + b"\x63", bytes(31) + b"\x64"
HUB_ID = hub_id_of(public_key_of(HUB_KEY))
CHANNEL = "ab" * 16
Answer = Callable[[str], tuple[int, Any, dict[str, str]]]


def now() -> datetime:
    return datetime.now(UTC)


def info(query: str, *, ahead_s: int = 0, key: bytes = HUB_KEY, **bent: Any) -> tuple[int, Any, dict[str, str]]:
    """Answer as a hub does, or not quite."""
    nonce = bytes.fromhex(parse_qs(query)["nonce"][0])
    time_s = int(now().timestamp()) + ahead_s
    asset, network = bent.get("asset", Asset.TRC20), bent.get("network", SpeedNetwork.DEVNET)
    said = HubInfo(bent.get("hub_id", HUB_ID), bent.get("nonce", nonce), network, asset, 25_000, time_s)
    public_key = bent.get("public_key", public_key_of(key))
    body = {"key": public_key.hex(), "network": network, "asset": asset, "fee_ppm": bent.get("fee_ppm", 25_000)}
    return 200, body | {"time": time_s, "sig": said.sign(key).hex()}, {}


class Liar:
    """An HTTP server that answers `info` and everything else as a test says, and keeps what it was asked."""

    def __init__(self, answers: Answer, of_itself: Answer) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        liar = self

        class OneRequest(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = urlsplit(self.path)
                liar.asked.append((self.path, dict(self.headers)))
                is_info = parts.path.endswith("/info")
                status, body, headers = of_itself(parts.query) if is_info else answers(self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if callable(body):
                    self.trickle(body())
                    return
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def trickle(self, parts: Iterator[bytes]) -> None:
                self.close_connection = True
                self.end_headers()
                with contextlib.suppress(OSError):
                    for part in parts:
                        self.wfile.write(part)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), OneRequest)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/box"

    @contextmanager
    def answering(self) -> Iterator["Liar"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


@contextmanager
def hub_of(answers: Answer, of_itself: Answer = info, **settings: Any) -> Iterator[tuple[ForeignHub, Liar]]:
    with Liar(answers, of_itself).answering() as liar:
        hub = ForeignHub(
            liar.url,
            hub_id=HUB_ID,
            network=SpeedNetwork.DEVNET,
            asset=Asset.TRC20,
            speed_private_key=BUYER_KEY,
            clock=now,
            **{"way_out": anywhere} | settings,
        )
        try:
            yield hub, liar
        finally:
            hub.shut()


def says(status: int, body: Any, **headers: str) -> Answer:
    return lambda path: (status, body, headers)


class TestWhatItSaysOfItself:
    @pytest.mark.parametrize(
        "bent",
        [
            {"key": OTHER_KEY},
            {"key": OTHER_KEY, "public_key": public_key_of(HUB_KEY)},
            {"nonce": bytes(16)},
            {"hub_id": bytes(20)},
            {"fee_ppm": 0},
            {"network": SpeedNetwork.MAINNET},
            {"asset": Asset.TRC10},
            {"public_key": bytes(33)},
        ],
    )
    def test_is_not_believed_unless_the_trusted_hub_has_signed_it(self, bent: dict[str, Any]) -> None:
        with hub_of(says(200, {}), lambda query: info(query, **bent)) as (hub, _):
            for call in (hub.info, hub.now, hub.accounts):
                with pytest.raises(HubAway):
                    call()

    @pytest.mark.parametrize("ahead_s", [-5_000, 7, 5_000])
    def test_tells_its_time_by_which_requests_are_signed(self, ahead_s: int) -> None:
        with hub_of(says(200, {"accounts": []}), lambda query: info(query, ahead_s=ahead_s)) as (hub, liar):
            assert hub.accounts() == []
            (_, headers) = liar.asked[-1]
            assert abs(int(headers["Speed-Time"]) - ahead_s - now().timestamp()) < 60
            assert liar.asked[-1][0] == "/box/hub/1/account"

    def test_is_asked_for_again_when_its_clock_was_set(self) -> None:
        times = iter([0, 5_000, 5_000])
        answers: Iterator[tuple[int, Any, dict[str, str]]] = iter(
            [(401, {"code": "stale", "text": "Too late."}, {}), (200, {"accounts": []}, {})]
        )
        with hub_of(lambda path: next(answers), lambda query: info(query, ahead_s=next(times))) as (hub, liar):
            assert hub.accounts() == []
            assert [path.partition("?")[0].rpartition("/")[2] for path, _ in liar.asked] == [
                *("info", "account", "info", "account")
            ]


class TestItsAnswers:
    @pytest.mark.parametrize(
        ("status", "body", "headers"),
        [
            (200, b"<html>", {}),
            (200, b"[]", {}),
            (200, b"[" * 100_000, {}),
            (200, {"accounts": [{"account": 7}]}, {}),
            (200, {"accounts": "none"}, {}),
            (200, b"x" * (MAX_ANSWER_BYTES + 1), {}),
            (302, b"", {"Location": "http://192.0.2.1/"}),
            (404, b"not here", {}),
            (500, {"code": "failed", "text": "It broke."}, {}),
            (503, {"code": "busy", "text": "Later."}, {"Retry-After": "5"}),
            (401, {"code": "replayed", "text": "Once more."}, {}),
            (429, {"code": "too_often", "text": "Slowly."}, {"Retry-After": "7"}),
        ],
    )
    def test_that_decide_nothing_are_none(self, status: int, body: Any, headers: dict[str, str]) -> None:
        with hub_of(says(status, body, **headers)) as (hub, liar), pytest.raises(HubAway) as away:
            hub.accounts()
        assert away.value.wait_s == int(headers.get("Retry-After", 0))
        assert len(liar.asked) == 2

    def test_that_decide_are_passed_on_in_one_line(self) -> None:
        body = {"code": "insufficient", "text": "Too\nlittle\x1b[2J" + "x" * 500}
        with hub_of(says(409, body)) as (hub, _), pytest.raises(HubRefused) as refused:
            hub.open_channel(key="1", account="7", payee_key=SELLER, amount_ubtt=1, expires_s=HOUR_S)
        assert refused.value.code is Refusal.INSUFFICIENT
        assert refused.value.text.isprintable()
        assert len(refused.value.text) <= 300

    def test_with_a_code_of_a_newer_hub_are_a_plain_refusal(self) -> None:
        with hub_of(says(403, {"code": "full_moon", "text": "Not tonight."})) as (hub, _):
            with pytest.raises(HubRefused) as refused:
                hub.top_up(CHANNEL, key="1", amount_ubtt=1, expires_s=HOUR_S)
            assert refused.value.code is Refusal.REFUSED

    def test_about_other_vouchers_than_were_brought_are_none(self) -> None:
        row = {"channel": "cd" * 16, "outcome": "paid", "paid_ubtt": 1, "redeemed_ubtt": 1, "code": None, "text": ""}
        with hub_of(says(200, {"vouchers": [row]})) as (hub, _), pytest.raises(HubAway):
            hub.redeem([SignedVoucher(CHANNEL, 1, bytes(65))], key="1")

    @pytest.mark.parametrize("limits", [{"quiet_s": 0.2}, {"whole_answer_s": 0.5}])
    def test_that_never_end_are_cut_off(self, limits: dict[str, Any]) -> None:
        stop = threading.Event()

        def trickle() -> Iterator[bytes]:
            pause_s = 0.01 if "whole_answer_s" in limits else 30
            while not stop.wait(pause_s):
                yield b" "

        try:
            with hub_of(says(200, trickle), **limits) as (hub, _):
                hub.info()
                with pytest.raises(HubAway):
                    hub.accounts()
                stop.set()
        finally:
            stop.set()

    def test_do_not_come_where_nobody_listens(self) -> None:
        with hub_of(says(200, {})) as (hub, _):
            pass
        with pytest.raises(HubAway):
            hub.info()


class TestAnAddress:
    @pytest.mark.parametrize(
        "url", ["https://hub.example", "https://hub.example:8443/box/", "http://127.0.0.1:8000", "http://[::1]/box"]
    )
    def test_of_a_hub_is_taken(self, url: str) -> None:
        assert check_address(url) == url.rstrip("/")

    @pytest.mark.parametrize(
        "url",
        [
            *("", "hub.example", "http://hub.example", "http://192.168.1.2", "ftp://hub.example", "file:///etc/passwd"),
            *("https://", "https://u:p@hub.example", "https://hub.example/?x=1", "https://hub.example/#x"),
            *("https://hub.example:0", "https://hub.example:99999", "https://[::1", "http://127.0.0.1.evil.example"),
            *("https://h\u00fcb.example", "https://hub..example", f"https://{'h' * 64}.example"),
        ],
    )
    def test_that_is_none_is_refused(self, url: str) -> None:
        with pytest.raises(BadHubAddress):
            check_address(url)


@pytest.mark.django_db
class TestAnotherAddress:
    def test_is_taken_if_the_same_hub_answers_there(self, admin: User) -> None:
        hub = Hub.objects.create(hub_id=HUB_ID.hex(), url="https://hub.example.org")
        with Liar(says(404, {}), info).answering() as liar:
            page = self.move(admin, hub, liar.url)
        assert "The hub has answered there" in page
        hub.refresh_from_db()
        assert hub.url == liar.url

    def test_of_another_hub_or_of_nobody_changes_nothing_and_stays_in_the_form(self, admin: User) -> None:
        hub = Hub.objects.create(hub_id=HUB_ID.hex(), url="https://hub.example.org")
        with Liar(says(404, {}), partial(info, key=OTHER_KEY)).answering() as liar:
            page = self.move(admin, hub, liar.url)
        assert "another hub answers there" in page
        assert f'value="{liar.url}"' in page
        assert "the hub does not answer" in self.move(admin, hub, liar.url)
        assert "This is no address of a hub" in self.move(admin, hub, "hub.example.org")
        hub.refresh_from_db()
        assert hub.url == "https://hub.example.org"

    def move(self, admin: User, hub: Hub, url: str) -> str:
        address = reverse("market_hub_move", args=[hub.pk])
        return signed_in(admin).post(address, {"new_url": url}, follow=True).content.decode()
