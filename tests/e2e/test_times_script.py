"""times.js in a real Chromium that lives elsewhere: its user reads and writes their own time, the box UTC."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, Route, expect

ORIGIN = "http://box.test"
SCRIPT = Path(__file__).parents[2] / "static" / "times.js"
PAGE = """<!doctype html><html lang="en"><head><title>t</title><script type="module" src="/times.js"></script></head>
<body><form method="post" autocomplete="off"><label for="at">Finished by, UTC</label>
<input type="datetime-local" id="at" name="at" value="2026-07-01T02:30"><input name="other" value="UTC">
<button>Save</button></form></body></html>"""


def serve(route: Route) -> None:
    if route.request.url.endswith("times.js"):
        route.fulfill(path=SCRIPT, content_type="text/javascript")
    else:
        route.fulfill(body=PAGE, content_type="text/html")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(timezone_id="America/New_York")
    page = context.new_page()
    page.route("**/*", serve)
    page.goto(ORIGIN)
    yield page
    context.close()


def sent(page: Page) -> dict[str, list[str]]:
    with page.expect_request(lambda request: request.method == "POST") as posted:
        page.get_by_role("button", name="Save").click()
    return parse_qs(posted.value.post_data or "", keep_blank_values=True)


class TestAFieldOfTime:
    def test_shows_ones_own_time_and_sends_the_boxes(self, page: Page) -> None:
        field = page.get_by_label("Finished by, your time")
        expect(field).to_have_value("2026-06-30T22:30")
        assert sent(page) == {"at": ["2026-07-01T02:30"], "other": ["UTC"]}

    def test_goes_by_the_clock_of_the_day_that_is_meant(self, page: Page) -> None:
        page.get_by_label("Finished by").fill("2026-12-24T18:00")  # an hour less from UTC than in summer
        assert sent(page)["at"] == ["2026-12-24T23:00"]

    def test_that_is_empty_stays_so(self, page: Page) -> None:
        page.get_by_label("Finished by").fill("")
        assert sent(page)["at"] == [""]
