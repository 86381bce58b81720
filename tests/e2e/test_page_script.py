"""app.js in a real Chromium, on a small page: where the focus is when menus close, and how a page goes that is shut."""

from collections.abc import Iterator
from pathlib import Path

import django_htmx
import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import override_settings
from playwright.sync_api import Browser, Locator, Page, Route, expect

from seedbox.services.notices import Bell
from tests.e2e.browser import DESKTOP, open_page

ORIGIN = "http://box.test"
NOON_S = 12 * 60 * 60
SCRIPTS = {
    "/app.js": Path(__file__).parents[2] / "static" / "app.js",
    "/htmx.js": Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-4.min.js",
}
PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # whose names have no hashes
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title><script src="/htmx.js"></script>
<script type="module" src="/app.js"></script></head><body>{bell}
<details data-menu><summary>Account</summary><button data-open="keys">Shortcuts</button></details>
<div id="torrents" data-change="/change/"><table><tr><td><input name="ids" value="1"><details data-menu>
<summary>More</summary><button data-verb="recheck">Recheck</button>
<button data-verb="remove" data-name="film.mkv">Remove…</button></details></td></tr></table></div>
<dialog id="keys"><button data-close>Close</button></dialog>
<dialog id="confirm"><form method="dialog"><h2 id="confirm-title"></h2><p id="confirm-text"></p>
<button value="no" autofocus>Cancel</button></form></dialog></body></html>"""
SHUT = "() => { window.isSameDocument = true; document.dispatchEvent(new CustomEvent('box:shut')) }"
IS_SAME = "() => window.isSameDocument === true"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": PLAIN}):
        html = PAGE.format(bell=render_to_string("seedbox/_bell.html", {"bell": Bell(unread=1, newest=7)}))

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path in SCRIPTS:
            route.fulfill(path=SCRIPTS[path], content_type="text/javascript")
        elif path == "/":
            route.fulfill(body=html, content_type="text/html")
        else:
            route.fulfill(status=204)

    with open_page(browser, ORIGIN, DESKTOP) as page:
        page.route("**/*", serve)
        page.goto("/")
        yield page


def opened(page: Page, text: str) -> Locator:
    """Open the menu of this button, and return the button."""
    button = page.locator("summary", has_text=text)
    button.click()
    return button


class TestAMenu:
    def test_gives_the_focus_back_to_its_button_when_it_closes(self, page: Page) -> None:
        more = opened(page, "More")
        page.get_by_role("button", name="Recheck").press("Enter")
        expect(page.get_by_role("button", name="Recheck")).to_be_hidden()
        expect(more).to_be_focused()

    def test_takes_no_focus_that_went_elsewhere(self, page: Page) -> None:
        opened(page, "More")
        account = opened(page, "Account")
        expect(page.get_by_role("button", name="Recheck")).to_be_hidden()
        expect(account).to_be_focused()

    @pytest.mark.parametrize(
        ("menu", "item", "close"), [("More", "Remove…", "Cancel"), ("Account", "Shortcuts", "Close")]
    )
    def test_has_the_focus_again_after_a_dialog_that_was_opened_from_it(
        self, page: Page, menu: str, item: str, close: str
    ) -> None:
        for key in ("Enter", "Escape"):
            button = opened(page, menu)
            page.get_by_role("button", name=item).press("Enter")
            page.get_by_role("dialog").get_by_role("button", name=close).press(key)
            expect(page.get_by_role("dialog")).to_be_hidden()
            expect(button).to_be_focused()


class TestTheBell:
    def test_stays_open_for_what_is_done_in_it_and_closes_for_what_is_done_elsewhere(self, page: Page) -> None:
        opened(page, "Notices")
        read_all = page.get_by_role("button", name="Mark all read")
        with page.expect_response("**/notices/**"):
            read_all.click()
        expect(read_all).to_be_visible()
        opened(page, "More")
        expect(read_all).to_be_hidden()


class TestAPageWhoseLoginHasEnded:
    def test_is_loaded_anew_when_a_new_cookie_has_had_time_to_come(self, page: Page) -> None:
        page.clock.install(time=0)
        page.clock.pause_at(NOON_S)
        page.evaluate(SHUT)
        page.clock.run_for(900)
        assert page.evaluate(IS_SAME)
        with page.expect_navigation(url=f"{ORIGIN}/"):
            page.clock.run_for(200)

    def test_lets_the_form_that_ended_it_come_to_its_end(self, page: Page) -> None:
        page.clock.install(time=0)
        page.clock.pause_at(NOON_S)
        page.evaluate("() => dispatchEvent(new Event('beforeunload'))")  # as for a form that is sent
        page.evaluate(SHUT)
        page.clock.run_for(4_900)
        assert page.evaluate(IS_SAME)
        with page.expect_navigation(url=f"{ORIGIN}/"):
            page.clock.run_for(200)
