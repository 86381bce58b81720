"""The box below a path of an https address, behind a real nginx: everything stays below it, safe and live."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.box import Box, free_port
from tests.builders import make_content, make_torrent_file
from tests.e2e import steps
from tests.e2e.browser import DESKTOP, open_page, picture, violations
from tests.nginx import documented_location, nginx
from tests.peer import Peer
from tests.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Request, WebSocket

PATH = "/box"
NAME = "film.mkv"
SIZE_BYTES = 1_048_576


class Traffic:
    """Every address that a page has asked for, and every socket."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        self.sockets: list[str] = []
        page.on("request", self._note_request)
        page.on("websocket", self._note_socket)

    def _note_request(self, request: "Request") -> None:
        if not request.url.startswith("data:"):
            self.asked.append(request.url)

    def _note_socket(self, socket: "WebSocket") -> None:
        self.sockets.append(socket.url)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[str]":
    port = free_port()
    url = f"https://localhost:{port}{PATH}"
    with Box(SEEDBOX_PUBLIC_URL=url, SEEDBOX_TRUSTED_PROXIES="127.0.0.1") as box:
        location = documented_location(path=PATH, box_port=box.port)
        with nginx(tmp_path_factory.mktemp("nginx"), port=port, location=location):
            yield url


@pytest.fixture
def page(browser: "Browser", url: str) -> "Iterator[Page]":
    with open_page(browser, f"{url}/", DESKTOP, any_certificate=True) as fresh:
        yield fresh


class TestABoxBelowAPath:
    def test_signs_in_adds_is_live_and_saves_without_leaving_its_path(
        self, page: Page, url: str, tmp_path: Path
    ) -> None:
        traffic = Traffic(page)
        make_content(tmp_path, {NAME: SIZE_BYTES})
        with Tracker() as tracker:
            torrent_file = make_torrent_file(tmp_path / NAME, tracker=tracker.url)
            (tmp_path / "film.torrent").write_bytes(torrent_file)
            with Peer(torrent_file, tmp_path, address="127.0.37.2") as seed:
                tracker.peers.append(seed.endpoint)
                steps.sign_in(page, "ada", "a long password of ada", at="./torrents/")
                steps.add_file(page, tmp_path / "film.torrent")
                row = page.get_by_role("row").filter(has_text=NAME)
                expect(row.locator("[data-cell=state_label]")).to_have_text("Seeding")
            page.get_by_role("link", name=NAME, exact=True).click()
            with page.expect_download() as download:
                page.get_by_role("link", name=f"Save {NAME}").click()
        saved = Path(download.value.path()).read_bytes()
        assert hashlib.sha256(saved).hexdigest() == hashlib.sha256((tmp_path / NAME).read_bytes()).hexdigest()
        assert_cookies_are_bound(page)
        page.goto("accounts/password/change/")
        expect(page.get_by_role("heading", name="Change password")).to_be_visible()
        page.goto("torrents/")
        steps.sign_out(page, "ada")
        page.get_by_role("link", name="Seedbox").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert [asked for asked in traffic.asked if not asked.startswith(f"{url}/")] == []
        assert set(traffic.sockets) == {f"{url.replace('https', 'wss')}/live/"}

    def test_asks_for_https_and_redirects_below_its_path(self, url: str) -> None:
        with httpx.Client(verify=False) as client:
            response = client.get(f"{url}/")
            assert response.headers["Location"].startswith(f"{PATH}/accounts/login/?next={PATH}/")
            assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
            assert "upgrade-insecure-requests" in response.headers["Content-Security-Policy"]

    def test_takes_no_form_from_another_site(self, url: str) -> None:
        with httpx.Client(verify=False) as client:
            page = client.get(f"{url}/accounts/login/")
            token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
            form = {"csrfmiddlewaretoken": token, "login": "ada", "password": "wrong"}
            answers = {
                origin: client.post(f"{url}/accounts/login/", data=form, headers={"Origin": origin}).status_code
                for origin in (f"https://{urlsplit(url).netloc}", "https://evil.example", "null")
            }
        assert list(answers.values()) == [200, 403, 403]


def assert_cookies_are_bound(page: Page) -> None:
    cookies = page.context.cookies()
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie["name"].startswith("__Secure-seedbox_")
        assert (cookie["secure"], cookie["httpOnly"], cookie["path"]) == (True, True, f"{PATH}/")
        assert cookie["sameSite"] == "Lax"


class TestAPasswordField:
    def test_shows_what_was_typed_or_pasted_and_how_good_it_is(self, page: Page) -> None:
        steps.sign_in(page, "ada", "a long password of ada", at="./torrents/")
        page.goto("accounts/password/change/")
        field = page.get_by_label("New Password", exact=True)
        word = page.locator(".password-tools [role=status]")
        field.focus()
        page.keyboard.insert_text("aaaaaaaaaaaaaaaa")  # as one piece, which is how a password store pastes it
        expect(word).to_have_text("Far too easy to guess")
        field.fill("correct horse battery staple")
        expect(word).to_have_text("Very good")
        tools = page.locator(".password-tools").filter(has=page.get_by_role("status"))
        tools.get_by_role("button", name="Show").click()
        expect(field).to_have_attribute("type", "text")
        assert violations(page) == []
        picture(page, "password-desktop")
        tools.get_by_role("button", name="Hide").click()
        expect(field).to_have_attribute("type", "password")
