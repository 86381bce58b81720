"""toasts.js in a real Chromium, on a small page: how long toasts stay, and what the bell shows of the socket's word."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

ORIGIN = "http://box.test"
SCRIPT = Path(__file__).parents[2] / "static" / "toasts.js"
NOON_S = 12 * 60 * 60
TOKEN = json.dumps({"X-CSRFToken": "secret"})
PAGE = f"""<!doctype html><html lang="en"><head><title>t</title><script type="module" src="/toasts.js"></script></head>
<body hx-headers:inherited='{TOKEN}'><svg class="icon"><use href="/icons.svg#bell"></use></svg>
<details data-bell data-newest="7" data-notices="/sub/notices/"><summary>Bell</summary>
<b data-bell-count data-count="1">1</b><div id="bell-list"></div></details>
<button>Elsewhere</button><div id="toasts" data-dismiss="Dismiss"></div></body></html>"""


def serve(route: Route) -> None:
    """Answer for the box, and for another one beside it."""
    if route.request.url.endswith("toasts.js"):
        route.fulfill(path=SCRIPT, content_type="text/javascript")
    elif route.request.method == "POST":
        route.fulfill(status=204)
    else:
        path = "/other/" if route.request.url.endswith("/other/") else "/sub/"
        route.fulfill(body=PAGE.replace("/sub/", path), content_type="text/html")


def opened(context: BrowserContext, path: str = "/") -> Page:
    """Open the page with a clock that stands still: what a slow machine takes is no time to it."""
    page = context.new_page()
    page.clock.install(time=0)
    page.goto(f"{ORIGIN}{path}")
    page.clock.pause_at(NOON_S)
    return page


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.route("**/*", serve)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return opened(context)


def say(page: Page, tone: str, text: str) -> None:
    detail = {"tone": tone, "text": text}
    page.evaluate("detail => document.dispatchEvent(new CustomEvent('box:say', { detail }))", detail)


def hear(page: Page, *, unread: int, fresh: dict[int, str], tone: str = "success", opened_s: int = NOON_S) -> None:
    news = [{"id": number, "tone": tone, "text": text} for number, text in fresh.items()]
    detail = {"type": "notices", "unread": unread, "newest": max(fresh, default=7), "fresh": news}
    detail["openedAt"] = opened_s * 1_000
    page.evaluate("detail => document.dispatchEvent(new CustomEvent('box:notices', { detail }))", detail)


def shown(page: Page) -> list[str]:
    return page.locator("[data-toast]").all_inner_texts()


class TestAToast:
    def test_goes_by_itself_unless_it_is_bad_news_or_somebody_is_at_it(self, page: Page) -> None:
        for tone, text in (("success", "good"), ("danger", "bad"), ("success", "held")):
            say(page, tone, text)
        page.locator("[data-toast]", has_text="held").get_by_label("Dismiss").focus()
        page.clock.run_for(7_000)
        assert shown(page) == ["bad", "held"]
        page.get_by_role("button", name="Elsewhere").focus()
        page.clock.run_for(7_000)
        assert shown(page) == ["bad"]
        assert page.get_by_role("alert").all_inner_texts() == ["bad"]
        page.get_by_label("Dismiss").click()
        assert shown(page) == []

    def test_makes_room_for_newer_ones_and_bad_news_go_last(self, page: Page) -> None:
        for number in range(6):
            say(page, "danger" if number == 0 else "success", str(number))
        assert shown(page) == ["0", "3", "4", "5"]


class TestTheBell:
    def test_counts_and_shows_what_is_new_once_in_all_tabs(self, context: BrowserContext, page: Page) -> None:
        other = opened(context)
        for one in (page, other):
            hear(one, unread=3, fresh={7: "known", 8: "new", 9: "newer"})
            expect(one.locator("[data-bell-count]")).to_have_text("3")
            hear(one, unread=3, fresh={8: "new", 9: "newer"})
        assert (shown(page), shown(other)) == (["new", "newer"], [])

    def test_shows_nothing_twice_in_a_tab_that_is_behind(self, context: BrowserContext, page: Page) -> None:
        behind = opened(context)
        hear(page, unread=3, fresh={8: "one", 9: "two"})
        hear(behind, unread=2, fresh={8: "one"})
        hear(behind, unread=3, fresh={8: "one", 9: "two"})
        for one in (behind, page):
            hear(one, unread=4, fresh={9: "two", 10: "three"})
        assert (shown(page), shown(behind)) == (["one", "two"], ["three"])

    def test_tells_again_in_one_tab_what_is_new_on_a_box_that_counts_anew(
        self, context: BrowserContext, page: Page
    ) -> None:
        hear(page, unread=2, fresh={90: "before"})
        other = opened(context)
        later_s = NOON_S + 60
        for one in (page, other):
            one.clock.pause_at(later_s)
        hear(page, unread=2, fresh={8: "restored"}, opened_s=later_s)  # both were cut off, one comes back first
        hear(page, unread=3, fresh={8: "restored", 9: "new"}, opened_s=later_s)
        hear(other, unread=2, fresh={8: "restored"}, opened_s=later_s)
        hear(other, unread=3, fresh={8: "restored", 9: "new"}, opened_s=later_s)
        for one in (other, page):
            hear(one, unread=4, fresh={9: "new", 10: "newer"}, opened_s=later_s)
        assert (shown(page), shown(other)) == (["new"], ["newer"])

    def test_of_another_box_on_the_same_host_is_another_one(self, context: BrowserContext, page: Page) -> None:
        hear(page, unread=2, fresh={90: "Film is complete."})
        other = opened(context, "/other/")
        hear(other, unread=2, fresh={8: "Song is complete."})
        assert shown(other) == ["Song is complete."]

    def test_keeps_what_is_no_news_to_itself(self, page: Page) -> None:
        hear(page, unread=2, fresh={8: "a deal ended"}, tone="info")
        assert shown(page) == []
        expect(page.locator("[data-bell-count]")).to_have_text("2")

    def test_has_a_notice_read_to_which_somebody_goes(self, page: Page) -> None:
        hear(page, unread=2, fresh={8: "new"})
        with page.expect_request(lambda request: request.method == "POST") as told:
            page.get_by_role("link", name="new").click()
        assert told.value.url == f"{ORIGIN}/sub/notices/8/read/"
        assert told.value.headers["x-csrftoken"] == "secret"
        page.wait_for_url(f"{ORIGIN}/sub/notices/8/")

    def test_has_it_read_with_the_middle_button_and_not_with_the_right_one(self, page: Page) -> None:
        told: list[str] = []
        page.on("request", lambda request: told.append(request.url) if request.method == "POST" else None)
        hear(page, unread=3, fresh={8: "new", 9: "newer"})
        page.get_by_role("link", name="newer").click(button="right")
        with page.expect_request(lambda request: request.method == "POST"):
            page.get_by_role("link", name="new", exact=True).click(button="middle")
        assert told == [f"{ORIGIN}/sub/notices/8/read/"]
