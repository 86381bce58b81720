"""Signs of life in a real Chromium: the bar when the box can't be reached, speeds in title and icon of the tab."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import override_settings
from playwright.sync_api import Browser, expect

from seedbox.services.totals import Speeds, speeds_row
from tests.e2e.browser import DESKTOP, open_page
from tests.e2e.live_page import ORIGIN, Box

NOON_S = 12 * 60 * 60
PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # whose names have no hashes
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Torrents · Seedbox</title>
<link rel="icon" href="/favicon.svg"><link rel="stylesheet" href="/box.css">
<script type="module" src="/connection.js"></script><script type="module" src="/speeds.js"></script>
<script type="module" src="/live.js"></script></head>
<body data-socket="/sub/live/"><span data-live-status></span><main id="content" tabindex="-1"></main>
<button data-speeds-toggle>Speeds</button><output data-row="one" data-cell="said"></output>{bar}</body></html>"""
SHOW = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def box(browser: Browser) -> Iterator[Box]:
    with open_page(browser, ORIGIN, DESKTOP) as page:
        with override_settings(STORAGES={**settings.STORAGES, "staticfiles": PLAIN}):
            box = Box(page, PAGE.format(bar=render_to_string("seedbox/_connection.html")))
        page.clock.install(time=0)
        page.goto("/")
        expect(page.locator("[data-live-status]")).to_have_text("Live")
        yield box


def say(box: Box, text: str) -> None:
    """Say something, and wait until the page has heard it."""
    box.say(type="rows", rows={"one": {"said": text}})
    expect(box.page.locator("output")).to_have_text(text)


class TestTheBar:
    def test_says_that_the_box_is_away_and_tries_at_once_when_told(self, box: Box) -> None:
        bar = box.page.locator("[data-connection]")
        box.is_down = True
        box.cut()
        retry = bar.get_by_role("button", name="Try now")
        expect(bar.get_by_role("status")).to_have_text("")
        for _ in range(3):
            box.page.clock.fast_forward(2_000)
        expect(bar.get_by_role("status")).to_contain_text("What you see is of ")
        box.page.clock.fast_forward(60_000)  # by now it tries rarely
        expect(bar).to_contain_text("Next try in")
        retry.focus()
        box.is_down = False
        retry.press("Enter")
        expect(bar.get_by_role("status")).to_have_text("")
        expect(retry).to_be_hidden()
        expect(box.page.locator("[data-live-status]")).to_have_text("Live")
        expect(box.page.locator("main")).to_be_focused()

    def test_says_of_when_the_figures_are_that_stand_still(self, box: Box) -> None:
        box.page.clock.pause_at(NOON_S)
        say(box, "the last word")
        box.page.clock.run_for(15_000)
        box.is_down = True
        box.cut()
        bar = box.page.locator("[data-connection]").get_by_role("status")

        def is_shown() -> bool:
            box.page.clock.run_for(500)
            return bool(bar.inner_text())

        box.until(is_shown, "no bar")
        noon = box.page.evaluate("at_s => new Date(at_s * 1000).toLocaleTimeString()", NOON_S)
        expect(bar).to_contain_text(f"is of {noon} and")


class TestTheLine:
    def test_hears_of_a_page_every_twenty_seconds_also_while_it_only_listens(self, box: Box) -> None:
        box.page.clock.pause_at(NOON_S)
        box.asked_alive.clear()
        for heard in range(1, 13):
            box.page.clock.run_for(5_000)
            say(box, str(heard))
        assert len(box.asked_alive) in (2, 3)

    def test_hears_of_a_page_once_in_twenty_seconds_when_nothing_is_said(self, box: Box) -> None:
        box.page.clock.pause_at(NOON_S)
        for asked in (1, 2):
            box.asked_alive.clear()
            box.page.clock.run_for(21_000)
            box.until(lambda: bool(box.asked_alive), f"was not asked {asked} times")
            assert len(box.asked_alive) == 1


class TestTheTab:
    def test_shows_what_moves_also_while_nobody_looks_and_not_where_it_is_not_wanted(self, box: Box) -> None:
        icon = box.page.locator("link[rel=icon]")
        box.hears(watch=["totals"])
        box.page.evaluate(SHOW, True)
        box.say(type="rows", rows={"speeds": dict(speeds_row(Speeds(2048, 0)))})
        expect(box.page).to_have_title("↓ 2.00 KiB/s · Torrents · Seedbox")
        assert (icon.get_attribute("href") or "").startswith("data:image/svg+xml,")
        box.say(type="rows", rows={"speeds": dict(speeds_row(Speeds(1024, 7)))})
        box.page.clock.fast_forward(1_000)
        expect(box.page).to_have_title("↓ 1.00 KiB/s ↑ 7 B/s · Torrents · Seedbox")
        box.page.evaluate(SHOW, False)
        toggle = box.page.get_by_role("button", name="Speeds")
        toggle.click()
        box.hears(watch=[])
        expect(toggle).to_have_attribute("aria-pressed", "false")
        expect(box.page).to_have_title("Torrents · Seedbox")
        expect(icon).to_have_attribute("href", f"{ORIGIN}/favicon.svg")

    def test_tells_no_speeds_that_are_not_true_any_more(self, box: Box) -> None:
        box.say(type="rows", rows={"speeds": dict(speeds_row(Speeds(2048, 0)))})
        expect(box.page).to_have_title("↓ 2.00 KiB/s · Torrents · Seedbox")
        box.is_down = True
        box.cut()
        box.page.clock.fast_forward(2_000)
        expect(box.page).to_have_title("Torrents · Seedbox")
