"""What pages weigh, shift and hold up in Chromium: `python -m … ADDRESS COOKIE`; the last line is JSON.

In a process of its own, because Playwright belongs to the development packages only. Each width begins with an empty
cache; the worse one counts.
"""

import json
import shutil
import sys
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

WIDTHS = {"desktop": (1280, 800), "phone": (390, 844)}
PAGES = ("", "torrents/", "market/earnings/", "wallet/")
WATCHED_MS = 4_000  # of each page, while its rows change once a second
PATIENCE_MS = 60_000
BYTES_PER_KB = 1_000
_QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
# Before the page's own scripts, and from then on: what shifts without anybody's doing, and what holds the page up.
_OBSERVE = """(() => {
    const seen = window.__seen = {shift: 0, longest: 0};
    new PerformanceObserver((list) => list.getEntries().forEach((one) => {
        if (!one.hadRecentInput) seen.shift += one.value;
    })).observe({type: "layout-shift", buffered: true});
    new PerformanceObserver((list) => list.getEntries().forEach((one) => {
        seen.longest = Math.max(seen.longest, one.duration);
    })).observe({type: "longtask", buffered: true});
})()"""


class Line:
    """Counts what comes over the wire."""

    def __init__(self, page: Page) -> None:
        self._bytes = 0
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.loadingFinished", self._count)

    def _count(self, event: dict[str, Any]) -> None:
        self._bytes += int(event["encodedDataLength"])

    def take_kb(self) -> float:
        taken, self._bytes = self._bytes, 0
        return taken / BYTES_PER_KB


def look(browser: Browser, address: str, cookie: str, width: str) -> list[dict[str, Any]]:
    """Open one page after the other, and return what each was like."""
    across, down = WIDTHS[width]
    name, _, value = cookie.partition("=")
    context = browser.new_context(viewport={"width": across, "height": down})
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies([{"name": name, "value": value, "domain": urlsplit(address).hostname or "", "path": "/"}])
    context.add_init_script(_OBSERVE)
    page = context.new_page()
    line, found = Line(page), []
    for path in PAGES:
        page.goto(f"{address}/{path}", wait_until="networkidle")
        weight_kb = line.take_kb()
        page.wait_for_timeout(WATCHED_MS)
        seen = page.evaluate("() => window.__seen")
        found.append({"page": path or "overview", "width": width, "kb": round(weight_kb, 1), **seen})
        line.take_kb()
    context.close()
    return found


def run(address: str, cookie: str) -> dict[str, Any]:
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        if program is None:
            raise SystemExit("chromium is missing: run `make tools`")
        browser = playwright.chromium.launch(executable_path=program, args=_QUIET)
        looks = [look(browser, address, cookie, width) for width in WIDTHS]
        browser.close()
    seen = [one for pages in looks for one in pages]
    for one in seen:
        sys.stderr.write(f"{one}\n")
    return {
        "first_load_kb": max(pages[0]["kb"] for pages in looks),
        "page_kb": max(one["kb"] for pages in looks for one in pages[1:]),
        "cls": round(max(one["shift"] for one in seen), 4),
        "long_task_ms": round(max(one["longest"] for one in seen)),
        "looks": seen,
    }


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(run(sys.argv[1], sys.argv[2]))}\n")
