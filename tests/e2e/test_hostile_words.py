"""Script and markup in every field that strangers write: a real browser shows it as text, and runs nothing."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import libtorrent as lt
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.box import Box
from tests.builders import make_content, make_torrent_file
from tests.e2e.browser import DESKTOP, open_page
from tests.e2e.steps import add_file, add_magnet, sign_in
from tests.e2e.visitors import signed_in
from tests.peer import Peer
from tests.tracker import Tracker

SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
# Runs in every page before its own scripts.
WATCH = """window.alert = window.confirm = () => { window.ran = true };
addEventListener("securitypolicyviolation", () => { window.broke = true })"""
PEER_ADDRESS = "127.0.36.2"


class HostileTracker(Tracker):
    def answer(self) -> bytes:
        answer: dict[bytes, Any] = {b"failure reason": f"go away {SCRIPT}".encode()}
        return bytes(lt.bencode(answer))


@pytest.fixture
def page(browser: Browser, box: Box) -> Iterator[Page]:
    with open_page(browser, box.url, DESKTOP) as fresh:
        fresh.add_init_script(WATCH)
        fresh.on("dialog", lambda dialog: pytest.fail(f"a dialog was opened: {dialog.message}"))
        sign_in(fresh, box.admin_user, box.admin_password)
        yield fresh
        assert fresh.evaluate("[window.ran, window.broke]") == [None, None]


def ran_nothing(page: Page) -> bool:
    return bool(page.evaluate("window.ran === undefined && window.broke === undefined"))


class TestWordsOfStrangers:
    def test_are_shown_as_they_were_written(self, page: Page, box: Box, tmp_path: Path) -> None:
        name, file = SCRIPT.replace("/", "-"), f"sub{SCRIPT.replace('/', '-')}.txt"
        content = make_content(tmp_path / "seed" / name, {f"{file}/{file}": 2_000_000, "b": 100})
        with HostileTracker() as tracker:
            data = make_torrent_file(content, tracker=f"{tracker.url}?{SCRIPT.replace(' ', '')}")
            torrent = tmp_path / f"{name[:40]}.torrent"
            torrent.write_bytes(data)
            add_file(page, torrent)
            link = page.get_by_role("link", name=name, exact=True)
            expect(link).to_be_visible()
            assert ran_nothing(page)
            with Peer(data, content.parent, address=PEER_ADDRESS, client=SCRIPT, up_bytes_per_s=20_000) as peer:
                peer.wait_until_complete()
                page.goto(str(link.get_attribute("href")))
                expect(page.get_by_role("heading", name=name)).to_be_visible()
                expect(page.get_by_text(file, exact=True).first).to_be_visible()
                page.get_by_role("link", name="Trackers").click()
                expect(page.get_by_text(f"go away {SCRIPT}")).to_be_visible()
                expect(page.locator(".tracker-url")).to_contain_text("<imgsrc=x")
                page.get_by_role("link", name="Peers").click()
                peer.connect(f"127.0.0.1:{box.node_port}")
                expect(page.locator(".peer-client")).to_have_text(SCRIPT)
                assert ran_nothing(page)
        for tab in ("Log", "Details"):
            page.get_by_role("link", name=tab).click()
            expect(page.get_by_role("heading", name=name)).to_be_visible()
        assert ran_nothing(page)

    def test_of_magnets_and_browsers_are_shown_so_too(self, page: Page, box: Box) -> None:
        with closing(signed_in(box, agent=SCRIPT)) as visitor:
            visitor.post("/torrents/add/", data={"magnets": f"magnet:?xt=urn:btih:{'ab' * 20}&dn={quote(SCRIPT)}"})
        page.goto("/torrents/")
        expect(page.get_by_role("link", name=SCRIPT)).to_be_visible()
        for log in ("/account/security/log/", "/audit/"):
            page.goto(log)
            expect(page.get_by_text(SCRIPT).first).to_be_visible()
            assert ran_nothing(page)
        page.goto("/torrents/")
        add_magnet(page, SCRIPT)
        expect(page.locator("#add-results")).to_contain_text(SCRIPT)
        assert page.get_by_label("Magnet links").input_value() == SCRIPT
        assert ran_nothing(page)


class TestTwoTabs:
    def test_show_what_the_other_did_and_say_when_a_torrent_is_gone(self, page: Page, box: Box) -> None:
        with closing(signed_in(box)) as visitor:
            visitor.post("/torrents/add/", data={"magnets": f"magnet:?xt=urn:btih:{'cd' * 20}&dn=twice", "start": "on"})
        page.goto("/torrents/")
        page.get_by_role("link", name="twice").click()
        other = page.context.new_page()
        problems: list[str] = []
        other.on("pageerror", lambda error: problems.append(str(error)))
        other.goto("/torrents/")
        row = other.get_by_role("row", name="twice")
        row.get_by_role("button", name="Stop twice").click()
        expect(page.locator(".torrent-head")).to_have_attribute("data-state", "stopped")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(row).not_to_have_attribute("data-state", "stopped")
        stale = other.context.new_page()
        stale.on("pageerror", lambda error: problems.append(str(error)))
        stale.route_web_socket("**/live/", lambda line: line.close())  # it hears of nothing
        stale.goto(page.url)
        page.goto("/health/")
        row.get_by_label("More for twice").click()
        other.get_by_role("button", name="Remove…").click()
        other.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(row).to_be_hidden()
        stale.get_by_role("button", name="Recheck").click()
        expect(stale.locator("#toasts")).to_contain_text("There is nothing here")
        stale.reload()
        expect(stale.get_by_role("heading", name="There is nothing here")).to_be_visible()
        assert not problems
