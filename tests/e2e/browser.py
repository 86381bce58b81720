"""A real Chromium for the journeys, and what every page of them must keep to."""

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.aria2 import tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import ConsoleMessage

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 30_000
BROKEN_OFF = "AbortError: signal is aborted without reason"  # htmx of a request that a newer one took the place of
PICTURES = bool(os.environ.get("PICTURES"))
_AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# In a menu that is closed movement rests, and never ends.
_UNTIL_ALL_STANDS_STILL = """() => Promise.allSettled(
    document.getAnimations()
        .filter((one) => one.playState === "running" && one.effect.getComputedTiming().iterations !== Infinity)
        .filter((one) => one.effect.target.checkVisibility({ contentVisibilityAuto: true }))
        .map((one) => one.finished)
).then(() => null)"""
# The name of a torrent is text; its row's menu leads to the same page. A box to tick counts with the label around it,
# and alone with the 24 px that WCAG 2.5.8 asks for.
_SMALL = """() => [...document.querySelectorAll("a, button, summary, select, textarea, input")].flatMap((one) => {
    const ticks = one.matches("[type=checkbox], [type=radio]");
    const box = (one.closest("label") ?? one).getBoundingClientRect();
    const isLine = one.matches("a") && getComputedStyle(one).display.startsWith("inline") &&
        !["inline-flex", "inline-block"].includes(getComputedStyle(one).display);
    if (!one.checkVisibility({ visibilityProperty: true }) || isLine) return [];
    if (one.matches(".visually-hidden-focusable, .torrent-name")) return [];
    const least = ticks ? 23.5 : 43.5;
    if (Math.min(box.width, box.height) >= least || (box.height >= least && !ticks)) return [];
    return [`${one.outerHTML.slice(0, 110)} ${Math.round(box.width)}x${Math.round(box.height)}`];
})"""
# Without them Chromium looks for its maker's hosts at every start.
_QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@contextmanager
def chromium() -> "Iterator[Browser]":
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("chromium", package="chromium"), args=_QUIET)
        yield browser
        browser.close()


@contextmanager
def open_page(
    browser: Browser,
    base_url: str,
    viewport: dict[str, int],
    *,
    dark: bool = False,
    expected: str = "nothing",
    any_certificate: bool = False,
) -> "Iterator[Page]":
    """Open a page in a fresh login session; at the end its console must have stayed free of errors but `expected`."""
    context = browser.new_context(
        base_url=base_url,
        viewport={"width": viewport["width"], "height": viewport["height"]},
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
        ignore_https_errors=any_certificate,
    )
    expect.set_options(timeout=PATIENCE_MS)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    problems: list[str] = []

    def note(message: "ConsoleMessage") -> None:
        if message.type in ("error", "warning") and not any(words in message.text for words in (expected, BROKEN_OFF)):
            problems.append(f"{message.type}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
    yield page
    context.close()
    assert not problems, problems


def violations(page: Page) -> list[str]:
    """Return all of axe-core's findings on the page, each with the elements it means."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE.read_text())  # evaluated by the debugger, so the page's own policy stays as it is
    page.evaluate(_UNTIL_ALL_STANDS_STILL)  # what is still fading in has less contrast than it will have
    result = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{finding['id']}: {finding['help']}: {[node['target'] for node in finding['nodes']]}"
        for finding in result["violations"]
    ]


def too_small(page: Page) -> list[str]:
    """Return what is to be tapped and smaller than a fingertip; links within a sentence are as large as their line."""
    return [f"too small to tap: {one}" for one in page.evaluate(_SMALL)]


def picture(page: Page, name: str) -> None:
    """Keep a screenshot under tests/output, to be looked at by people; only when asked for (`make pictures`)."""
    if not PICTURES:
        return
    folder = Path(__file__).parents[1] / "output"
    path = folder / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
