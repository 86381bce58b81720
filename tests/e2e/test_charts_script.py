"""charts.js in a real Chromium, on a small page whose amounts the test makes up."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import DESKTOP, open_page

ORIGIN = "http://box.test"
STATIC = Path(__file__).parents[2] / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'"
)
DAY_S = 86_400
STEPS = 30
PAGE = """<!doctype html><html lang="en" data-bs-theme="light"><head><title>t</title>
<link rel="stylesheet" href="/tokens.css">
<link rel="stylesheet" href="/box.css"><link rel="stylesheet" href="/vendor/uplot.min.css">
<link rel="stylesheet" href="/charts.css">
<script src="/vendor/uplot.min.js" defer></script><script type="module" src="/charts.js"></script></head><body>
<p data-sum="earned">old</p>
<section data-chart data-picture="/chart_picture.js" data-name="earnings" data-src="/data/?by=node" data-version="1">
<button data-chart-act="in">In</button><button data-chart-act="out">Out</button>
<button data-chart-act="reset">Reset</button><button data-chart-act="png">PNG</button>
<a data-chart-csv href="/export.csv?by=node">CSV</a>
<div class="chart-plot" data-plot tabindex="0"></div><p data-says></p>
<table data-legend><thead><tr><th></th><td data-under></td><th></th></tr></thead><tbody></tbody></table>
<table data-figures><thead></thead><tbody></tbody></table></section></body></html>"""


def series(key: str, colour: int, *values: int) -> dict[str, Any]:
    texts = [str(value).replace("-", "\N{MINUS SIGN}") if value else "" for value in values]
    drawn = {"draw": "stack", "scale": "money", "unit": "BTT", "per": 1, "colour": colour}
    return {"key": key, "label": key.title(), "total": str(sum(values)), "texts": texts} | drawn


class Box:
    """What answers the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.numerals = ".,"  # of who reads it
        self.data: dict[str, Any] = {
            "name": "Earned by node",
            "title": "Earned by node, BTT: day 0 to day 29",
            "since": 1_790_000_000 // DAY_S * DAY_S,
            "step_s": DAY_S,
            "at": [f"day {step}" for step in range(STEPS)],
            "names": {"step": "Day", "total": "Together"},
            "sums": {"earned": "90"},
            "version": "2",
            "series": [series("fast", 1, *([2] * STEPS)), series("slow", 2, *([0, 0, -1] * (STEPS // 3)))],
            "totals": ["2"] * STEPS,
        }
        page.route("**/*", self._serve)

    def _serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
        if path == "/":
            said = PAGE.replace("<html", f'<html data-numerals="{self.numerals}"')
            route.fulfill(body=said, content_type="text/html", headers={"Content-Security-Policy": POLICY})
        elif path == "/data/":
            route.fulfill(json=self.data)
        else:
            route.fulfill(path=STATIC / path.lstrip("/"))

    def seen(self) -> tuple[float, float]:
        """Return from which step to which one the chart is zoomed, as its file would have it."""
        address = str(self.page.get_by_role("link", name="CSV").get_attribute("href"))
        words = dict(word.split("=") for word in address.partition("?")[2].split("&"))
        since = self.data["since"]
        ends = int(words.get("from", since)), int(words.get("to", since + STEPS * DAY_S))
        return (ends[0] - since) / DAY_S, (ends[1] - since) / DAY_S

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def colours(self, red: int, green: int, blue: int) -> int:
        """Return how many points of the drawing have just that colour."""
        script = """(canvas, wanted) => {
            const dots = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let found = 0;
            for (let at = 0; at < dots.length; at += 4) found += wanted.every((part, by) => dots[at + by] === part);
            return found;
        }"""
        return int(self.page.locator("canvas").first.evaluate(script, [red, green, blue]))


@pytest.fixture
def box(browser: Browser) -> Iterator[Box]:
    with open_page(browser, ORIGIN, DESKTOP, expected="readback") as page:  # of the drawing, by the test
        box = Box(page)
        page.goto("/")
        expect(page.locator("[data-chart]")).to_have_attribute("data-chart", "drawn")
        yield box


TEAL, BLUE = (0x0F, 0x76, 0x6E), (0x3B, 0x78, 0xD8)


class TestAChart:
    def test_draws_what_it_was_told_and_says_the_same_beside_it(self, box: Box) -> None:
        assert box.colours(*TEAL) > 5 * box.colours(*BLUE) > 500
        expect(box.page.locator("[data-legend] tbody tr")).to_have_text(["Fast60", "Slow-10"])
        expect(box.page.locator("[data-sum]")).to_have_text("90")
        expect(box.page.locator("[data-chart]")).to_have_attribute("data-version", "2")
        expect(box.page.locator("[data-figures] tbody tr")).to_have_count(STEPS)
        expect(box.page.locator("[data-figures] tr").nth(1)).to_have_text("day 292\N{MINUS SIGN}12")

    def test_zooms_by_buttons_and_by_dragging_and_back(self, box: Box) -> None:
        box.press("In")
        assert box.seen() == (7.5, 22.5)
        box.press("Out")
        assert box.seen() == (0, STEPS)
        over = box.page.locator(".u-over").bounding_box()
        assert over is not None
        middle = over["y"] + over["height"] / 2
        box.page.mouse.move(over["x"] + over["width"] / 3, middle)
        box.page.mouse.down()
        box.page.mouse.move(over["x"] + over["width"] * 2 / 3, middle, steps=3)
        box.page.mouse.up()
        assert box.seen() == pytest.approx((10, 20), abs=0.3)
        box.press("Reset")
        assert box.seen() == (0, STEPS)

    def test_shows_values_under_the_pointer_and_on_the_way_of_the_keys(self, box: Box) -> None:
        box.page.locator(".u-over").hover()
        values = box.page.locator("[data-value]")
        expect(values.first).to_have_text("2")
        plot = box.page.locator("[data-plot]")
        plot.focus()
        plot.press("End")
        expect(box.page.locator("[data-under]")).to_have_text("day 29")
        expect(values).to_have_text(["2", "\N{MINUS SIGN}1"])
        plot.press("ArrowLeft")
        expect(box.page.locator("[data-says]")).to_have_text("day 28: Fast 2")
        plot.press("+")
        assert box.seen() == (15, 30)

    def test_switches_a_series_off_by_keyboard_and_leaves_it_out_of_the_file(self, box: Box) -> None:
        toggle = box.page.get_by_role("button", name="Slow")
        toggle.focus()
        toggle.press("Enter")
        expect(box.page.get_by_role("button", name="Slow")).to_have_attribute("aria-pressed", "false")
        expect(box.page.get_by_role("button", name="Slow")).to_be_focused()
        assert box.colours(*BLUE) == 0
        expect(box.page.get_by_role("link", name="CSV")).to_have_attribute(
            "href", f"{ORIGIN}/export.csv?by=node&without=slow"
        )
        toggle.press("Enter")
        assert box.colours(*BLUE) > 100

    def test_follows_without_losing_what_is_looked_at(self, box: Box) -> None:
        box.press("In")
        box.press("Slow")
        box.data["series"][0] = series("fast", 1, *([2] * (STEPS - 1)), 5)
        box.data["sums"] = {"earned": "93"}
        box.page.locator("[data-chart]").evaluate("section => section.dispatchEvent(new CustomEvent('refetch'))")
        expect(box.page.locator("[data-sum]")).to_have_text("93")
        expect(box.page.locator("[data-legend] tbody tr").first).to_have_text("Fast63")
        assert box.seen() == (7.5, 22.5)
        expect(box.page.get_by_role("button", name="Slow")).to_have_attribute("aria-pressed", "false")

    def test_is_the_same_for_who_writes_numbers_in_another_way(self, box: Box) -> None:
        drawn = []
        for box.numerals, large, small in ((".,", "1,500.5", "20.25"), (",.", "1.500,5", "20,25")):
            box.data["series"] = [series("fast", 1, *([2] * STEPS)), series("slow", 2, *([1] * STEPS))]
            for one, text in zip(box.data["series"], (large, small), strict=True):
                one["texts"] = [text] * STEPS
            box.page.reload()
            expect(box.page.locator("[data-figures] tr").nth(1)).to_have_text(f"day 29{large}{small}2")
            drawn.append((box.colours(*TEAL), box.colours(*BLUE)))
        assert drawn[0] == drawn[1]
        assert drawn[0][0] > 10 * drawn[0][1] > 0

    def test_is_kept_as_a_picture_with_its_title_and_series(self, box: Box) -> None:
        with box.page.expect_download() as download:
            box.press("PNG")
        assert download.value.suggested_filename == "earnings.png"
        png = Path(download.value.path()).read_bytes()
        width, height = struct.unpack(">II", png[16:24])
        assert png.startswith(b"\x89PNG")
        assert width > DESKTOP["width"] - 100
        assert height > 340
        assert len(png) > 3_000

    @pytest.mark.parametrize(
        ("numerals", "amounts", "sum_of_part"),
        [
            (".,", ("1,500.5", "9,007,199,254.740993", "0.000001", "\N{MINUS SIGN}0.25"), "9,007,199,254.490994"),
            (",.", ("1.500,5", "0,75", "0,000001", "\N{MINUS SIGN}1.000.000,25"), "\N{MINUS SIGN}999.999,499999"),
        ],
    )
    def test_is_kept_as_a_picture_of_what_is_zoomed_in_to(
        self, box: Box, numerals: str, amounts: tuple[str, ...], sum_of_part: str
    ) -> None:
        outside, *inside = amounts
        one = box.data["series"][0]
        one["total"] = "all"
        one["texts"] = [outside, *[""] * 9, *inside, *[""] * (STEPS - 10 - len(inside))]
        sold, price = ({**series(key, 2), "draw": draw} for key, draw in (("sold", "bars"), ("price", "line")))
        for other, value in ((sold, 2), (price, 7)):
            del other["texts"]
            other["points"] = [[step, value, str(value)] for step in range(STEPS)]
            other["total"] = "of all"
        box.data["series"] = [one, sold, price]
        box.numerals = numerals
        box.page.goto("/")
        expect(box.page.locator("[data-chart]")).to_have_attribute("data-chart", "drawn")
        # What is written on a picture is seen in what it writes with.
        box.page.evaluate("""() => {
            kept = [];
            const write = CanvasRenderingContext2D.prototype.fillText;
            CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
                if (!this.canvas.isConnected) kept.push(text);
                return write.call(this, text, ...place);
            };
        }""")
        for presses, words in (
            ((), ["Earned by node, BTT: day 0 to day 29", "Fast: all", "Sold: of all", "Price: of all"]),
            (("In",), ["Earned by node: day 7 \N{EN DASH} day 22", f"Fast: {sum_of_part}", "Sold: 32 BTT", "Price"]),
            (("Sold", "Price"), ["Earned by node, BTT: day 7 \N{EN DASH} day 22", f"Fast: {sum_of_part}"]),
        ):
            for name in presses:
                box.press(name)
            box.page.evaluate("() => { kept = [] }")
            with box.page.expect_download():
                box.press("PNG")
            assert box.page.evaluate("kept") == words

    def test_takes_the_colours_of_the_page_when_they_change(self, box: Box) -> None:
        box.page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        expect(box.page.locator("canvas")).to_have_count(1)
        assert box.colours(0x2B, 0xB5, 0xA4) > 500
        assert box.colours(*TEAL) == 0
