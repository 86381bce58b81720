"""keys.js and local.js in a real Chromium: one key acts, typing does not, and clocks are the reader's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

ORIGIN = "http://box.test"
STATIC = Path(__file__).parents[2] / "static"
ROW = """<tr data-row="{0}"><td><input type="checkbox" name="ids" value="{0}"></td><td><a class="torrent-name"
href="/torrents/{0}/">Torrent {0}</a></td><td><button data-verb="stop">Stop {0}</button>
<button data-verb="remove">Remove {0}</button></td>
<td><time datetime="2026-07-01T22:30:00+00:00">{1}</time></td></tr>"""
TABLE = "<table><thead><tr><th>-</th><th>Name</th><th>Do</th><th>Added (UTC)</th></tr></thead><tbody>"
PAGE = f"""<!doctype html><html lang="en"><head><title>t</title><script type="module" src="/keys.js"></script>
<script type="module" src="/local.js"></script></head><body data-your-time="your time"><main id="torrents">
<input type="search" aria-label="Search"><output></output>{TABLE}
{ROW.format(1, "2026-07-01 22:30")}{ROW.format(2, "2026-07-01 22:30")}</tbody></table>
<p id="at">since <time datetime="2026-01-05T03:04:05+00:00">2026-01-05 03:04:05 UTC</time></p>
<p id="utc" data-utc><time datetime="2026-01-05T03:04:05+00:00">2026-01-05 03:04 UTC</time></p>
<p id="behind">At <time datetime="2026-01-05T03:04:05+00:00">2026-01-05 03:04</time> UTC.</p>
<p id="bare"><time datetime="2026-01-05T03:04:05+00:00">2026-01-05 03:04</time></p>
<div data-clock><b data-zone>UTC</b><time datetime="2026-01-05T23:04:05Z">Jan 5, 23:04:05</time>
<time datetime="2026-01-05T23:04:05Z">23:04</time></div></main>
<dialog id="add">Add</dialog><dialog id="keys" aria-label="Keys"><a data-go="o" href="/overview/">o</a>
<a data-add href="/new/">n</a><label>
<input type="checkbox" data-keys-switch checked>On</label></dialog></body></html>"""


def serve(route: Route) -> None:
    name = route.request.url.rpartition("/")[2]
    if name.endswith(".js"):
        route.fulfill(path=STATIC / name, content_type="text/javascript")
    else:
        route.fulfill(body=PAGE, content_type="text/html")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(timezone_id="Asia/Kolkata")
    page = context.new_page()
    page.route("**/*", serve)
    page.goto(f"{ORIGIN}/list/")
    heard = "event => event.target.dataset.verb && document.querySelector('output').append(event.target.innerText)"
    page.evaluate(f"() => document.addEventListener('click', {heard})")
    yield page
    context.close()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


class TestOneKey:
    def test_moves_in_the_list_selects_stops_and_removes(self, page: Page) -> None:
        press(page, "j", "ArrowDown", "j", "x", "s", "Delete")
        expect(page.get_by_role("link", name="Torrent 2")).to_be_focused()
        expect(page.get_by_role("checkbox", checked=True)).to_have_value("2")
        expect(page.locator("output")).to_have_text("Stop 2Remove 2")
        press(page, "k", "Enter")
        page.wait_for_url("**/torrents/1/")

    def test_searches_adds_and_goes_elsewhere(self, page: Page) -> None:
        press(page, "/", "n")  # the second one is typed
        expect(page.get_by_label("Search")).to_have_value("n")
        page.get_by_label("Search").blur()
        press(page, "Control+n", "n")
        expect(page.locator("#add")).to_be_visible()
        press(page, "?", "Escape")
        expect(page.locator("#keys")).to_be_hidden()
        press(page, "g", "o")
        page.wait_for_url("**/overview/")

    def test_does_nothing_once_shortcuts_are_off_in_this_browser(self, page: Page) -> None:
        page.get_by_role("link", name="Torrent 1").focus()
        press(page, "?")
        page.get_by_role("checkbox", name="On").uncheck()
        press(page, "Escape")
        expect(page.get_by_role("link", name="Torrent 1")).to_be_focused()
        page.reload()
        press(page, "j", "?", "n")
        expect(page.locator("dialog[open]")).to_have_count(0)
        expect(page.locator("body")).to_be_focused()


class TestATime:
    def test_is_the_readers_own_where_it_says_utc_and_keeps_utc_as_title(self, page: Page) -> None:
        time = page.locator("#at time")
        expect(time).to_have_text("2026-01-05 08:34:05 GMT+5:30")
        expect(time).to_have_attribute("title", "2026-01-05 03:04:05 UTC")
        expect(page.locator("#utc")).to_have_text("2026-01-05 03:04 UTC")
        expect(page.locator("#bare")).to_have_text("2026-01-05 03:04")
        expect(page.locator("#behind")).to_have_text("At 2026-01-05 08:34 GMT+5:30.")
        expect(page.locator("[data-clock]")).to_have_text("your timeJan 6, 04:34:05 04:34")

    def test_that_comes_or_changes_later_is_too(self, page: Page) -> None:
        head = page.get_by_role("columnheader", name="Added")
        expect(head).to_have_text("Added (your time)")
        page.evaluate(
            "html => document.querySelector('tbody').insertAdjacentHTML('beforeend', html)",
            ROW.format(3, "2026-07-01 22:30"),
        )
        expect(page.locator("tbody time")).to_have_text(["2026-07-02 04:00"] * 3)
        change = "([one]) => { one.textContent = '2026-07-01 23:30'; one.dateTime = '2026-07-01T23:30:00Z' }"
        page.locator("tbody time").evaluate_all(change)
        page.locator("#behind time").evaluate_all(change)
        expect(page.locator("#behind")).to_have_text("At 2026-07-02 05:00 GMT+5:30.")
        expect(page.locator("tbody time").first).to_have_text("2026-07-02 05:00")
