"""history.js in a real Chromium, on a small page whose older entries the test hands out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import DESKTOP, open_page

PAGE = """<!doctype html><html lang="en"><head><title>t</title>
<script type="module" src="/history.js"></script></head><body><section>
<p id="history-said" data-more="more:" data-no-more="no more"></p>
<div id="history" data-part="/part/"><table class="entry-table"><tbody>
<tr class="day" data-day="d"><td>Day</td></tr>{rows}</tbody></table>{older}</div></section></body></html>"""
OLDER = '<nav><a id="history-older" href="/older/" data-part="/older/part/">Older entries</a></nav>'
ENTRY = '<tr class="entry" data-key="{key}" data-day="d"><td>{key}</td></tr>'
ORIGIN = "http://box.test"
HISTORY_JS = Path(__file__).parents[2] / "static" / "history.js"
GOES_ON_MS = 5_000


class Box:
    """What answers the page."""

    def __init__(self, page: Page) -> None:
        self.is_well = False
        self.asked = 0  # for older entries
        page.route("**/*", self._serve)

    def _serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path == "/history.js":
            route.fulfill(path=HISTORY_JS, content_type="text/javascript")
        elif path == "/older/part/":
            self.asked += 1
            html = PAGE.format(rows=ENTRY.format(key="entry-1"), older="")
            route.fulfill(status=200 if self.is_well else 503, body=html, content_type="text/html")
        elif path == "/older/":
            route.fulfill(status=503, body="The box rests.", content_type="text/plain")
        else:
            html = PAGE.format(rows=ENTRY.format(key="entry-2"), older=OLDER)
            route.fulfill(body=html, content_type="text/html")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser, ORIGIN, DESKTOP, expected="503") as page:
        page.clock.install()
        yield page


def begin(page: Page) -> Box:
    box = Box(page)
    with page.expect_response("**/older/part/"):
        page.goto(ORIGIN)
    return box


def let_the_page_go_on(page: Page) -> None:
    """Wait for as many answers of the box as a page that asks all the time would have asked for more in."""
    page.evaluate("async () => { for (let turn = 0; turn < 10; turn += 1) await fetch('/') }")


class TestOlderEntries:
    def test_of_a_box_that_is_away_are_asked_for_now_and_then(self, page: Page) -> None:
        box = begin(page)
        let_the_page_go_on(page)
        assert box.asked == 1
        box.is_well = True
        page.clock.run_for(GOES_ON_MS)
        expect(page.locator(".entry")).to_have_text(["entry-2", "entry-1"])
        assert box.asked == 2

    def test_that_somebody_presses_for_lead_to_a_page_that_says_why_they_do_not_come(self, page: Page) -> None:
        begin(page)
        page.get_by_role("link", name="Older entries").click()
        expect(page.locator("body")).to_have_text("The box rests.")
