"""Every page, light and dark, on desktop and phone: no finding of axe-core, no sideways scrolling, on a phone nothing
too small to tap, and a picture.

`make test` lets axe-core look at each page once, by turns on a desktop and on a phone, in light and in dark, and
measures each on a phone; `make prove` looks four times at each, as does `make pictures`, which runs this file; the
pictures are in tests/output/pages.
"""

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.box import Box
from tests.e2e.browser import DESKTOP, PHONE, PICTURES, chromium, picture, too_small, violations
from tests.e2e.gallery import LOOKS, NO_PAGES, SHOTS, Look, Shot
from tests.e2e.scene import Scene
from tests.integration.test_isolation import names
from tests.servers import PROVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Route

WIDTHS_PX = (320, 768, 1024)  # the smallest phone or a page at four times its size, a tablet, a small window
# In the second picture from now: charts take up a new width when they have seen it.
SIDEWAYS = """() => new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() =>
    tell(document.documentElement.scrollWidth - document.documentElement.clientWidth))))"""

# On a phone, where there is least room: times in one piece within their cells, headings of days as wide as their list.
ASKEW = """() => [
    ...[...document.querySelectorAll("time")].filter((one) => one.checkVisibility()).flatMap((one) => {
        const text = document.createRange();
        text.selectNodeContents(one);
        const boxes = [...text.getClientRects()];
        const room = one.closest("td, th, dd, dl > div, li, p, div").getBoundingClientRect();
        if (new Set(boxes.map((box) => Math.round(box.bottom))).size > 1) return [`in pieces: ${one.outerHTML}`];
        return boxes.some((box) => box.right > room.right + 1) ? [`sticks out: ${one.outerHTML}`] : [];
    }),
    ...[...document.querySelectorAll("tr.day > th")].flatMap((one) => {
        const lack_px = one.closest("table").clientWidth - one.getBoundingClientRect().width;
        return Math.abs(lack_px) > 2 ? [`${lack_px} px narrower than its list: ${one.innerText}`] : [];
    }),
]"""

# On a desktop amounts of one column have their decimal signs, or the places where these would be, below each other.
RAGGED = """() => [...document.querySelectorAll("table")].filter((one) => one.checkVisibility()).flatMap((table) => {
    const columns = {};
    for (const one of table.querySelectorAll("td [data-decimals], td[data-decimals]")) {
        const text = one.firstChild;
        const whole = document.createRange();
        whole.setStart(text, 0);
        whole.setEnd(text, text.length - (Number(one.dataset.decimals) && Number(one.dataset.decimals) + 1));
        (columns[one.closest("td").cellIndex] ??= []).push(whole.getBoundingClientRect().right);
    }
    const apart = Object.values(columns).map((ends) => Math.max(...ends) - Math.min(...ends));
    return apart.filter((px) => px > 1.5).map((px) => `${px} px out of line: ${table.innerText.slice(0, 200)}`);
})"""

IS_STORY = re.compile(r"/story/\?span=")
IS_WISH = re.compile(r"/\d+/\?tab=speed&span=all")
TWO_FRAMES = "() => new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(tell)))"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Scene]":
    with ExitStack() as cleanup:
        box = cleanup.enter_context(Box(WALLET_NETWORK="devnet"))
        browser = cleanup.enter_context(chromium())
        yield Scene(box, browser, tmp_path_factory.mktemp("scene"), cleanup)


def looks_of(shot: Shot) -> tuple[Look, ...]:
    """Return all four where things are proved or pictures are wanted, else one, by turns."""
    if PICTURES or PROVE > 1:
        return LOOKS
    return (LOOKS[SHOTS.index(shot) % len(LOOKS)],)


@pytest.mark.timeout(400)  # the first one has a box started and filled
class TestEveryPage:
    @pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
    def test_is_accessible_and_fits_in_its_looks(self, scene: Scene, shot: Shot) -> None:
        page = scene.open(shot)
        found = {}
        for look, viewport, colours in looks_of(shot):
            page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
            page.emulate_media(color_scheme=colours, reduced_motion="reduce")  # no colours between two
            expect(page.locator("html")).to_have_attribute("data-bs-theme", colours)
            picture(page, f"pages/{shot.name}-{look}")
            found[look] = violations(page)
            if page.evaluate(SIDEWAYS) > 0:
                found[look].append("the page scrolls sideways")
        page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})
        found["desktop"] = page.evaluate(RAGGED)
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        found["phone"] = ["the page scrolls sideways"] * (page.evaluate(SIDEWAYS) > 0) + too_small(page)
        found["phone"] += page.evaluate(ASKEW)
        for width_px in WIDTHS_PX:
            page.set_viewport_size({"width": width_px, "height": 640})
            found[f"{width_px} px"] = ["the page scrolls sideways"] * (page.evaluate(SIDEWAYS) > 0)
        assert found == {look: [] for look in found}

    def test_of_the_overview_is_arranged_by_keyboard_alone_and_stays_so(self, scene: Scene) -> None:
        page = scene.open(next(shot for shot in SHOTS if shot.name == "overview_layout"))
        names = page.get_by_role("region", name="Shown, in this order").locator(".arrange-name")
        first, second, *rest = names.all_inner_texts()
        down = page.get_by_role("button", name=f"Move {first} down")
        down.focus()
        page.keyboard.press("Enter")
        expect(names).to_have_text([second, first, *rest])
        expect(down).to_be_focused()  # the list has changed under it
        page.get_by_role("button", name=f"Hide {second}").focus()
        page.keyboard.press("Enter")
        expect(names).to_have_text([first, *rest])
        page.get_by_role("link", name="Overview").last.press("Enter")
        expect(page.locator(".tile-title")).to_have_text([first, *rest])
        page.get_by_role("link", name="Arrange").press("Enter")
        page.get_by_role("button", name="Back to how it was").press("Enter")
        expect(names).to_have_text([first, second, *rest])

    def test_of_a_bid_that_goes_on_follows_it_and_keeps_open_what_is_open(self, scene: Scene) -> None:
        page = scene.open(next(shot for shot in SHOTS if shot.name == "torrent-story"))
        figures = page.get_by_role("table", name="Newest figures")
        before = figures.locator("tbody tr").first.inner_text()
        sentence = "All ask for more than it may cost."
        scene.run(f"from tests import auto_story; auto_story.go_on({sentence!r})")
        expect(page.get_by_text(sentence)).to_have_count(2)  # now, and in the log
        expect(page.locator("#story .state").first).to_have_text("Too dear")
        expect(figures).to_be_visible()
        expect(figures.locator("tbody tr").first).to_contain_text("51 BTT/GiB")
        expect(figures.locator("tbody tr").first).not_to_have_text(before)
        page.route(IS_STORY, lambda _: None)  # what follows is still on its way when something else is asked for
        with page.expect_request(IS_STORY):
            page.locator("#story").dispatch_event("refetch")
        wished: list[Route] = []
        page.route(IS_WISH, lambda route: wished.append(route))
        with page.expect_request(IS_WISH):  # what follows would put the old span there again
            page.get_by_role("link", name="All", exact=True).click()
        page.evaluate(TWO_FRAMES)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.locator("#story").dispatch_event("refetch")  # so would this, while the wish is on its way
        page.evaluate(TWO_FRAMES)
        assert not [url for url in asked if IS_STORY.search(url)]
        page.unroute(IS_STORY)
        with page.expect_request(IS_STORY):  # when it has come
            wished[0].continue_()
        page.unroute(IS_WISH)
        expect(page.locator("#span-all")).to_have_attribute("aria-current", "true")
        assert "span=all" in next(url for url in asked if IS_STORY.search(url))
        page.get_by_role("link", name="Show older").click()
        expect(page.locator(".story-log li")).to_have_count(20)
        expect(figures).to_be_visible()

    def test_of_a_deal_follows_it_with_all_its_tables(self, scene: Scene) -> None:
        page = scene.open(next(shot for shot in SHOTS if shot.name == "market_selling"))
        counted = page.locator("#deal dd", has_text="as the buyer counts")
        before = counted.inner_text()
        more = "update(accepted_bytes=F('accepted_bytes') + 1024 * 1024)"
        scene.run(f"from django.db.models import F; from speed.models import SellingDeal; SellingDeal.objects.{more}")
        expect(counted).not_to_have_text(before)

    def test_of_slow_torrents_shows_one_that_comes_while_it_is_open(self, scene: Scene) -> None:
        page = scene.open(next(shot for shot in SHOTS if shot.name == "market_auto"))
        torrents = page.get_by_role("region", name="Torrents bid for by themselves").get_by_role("listitem")
        expect(torrents.first).to_be_visible()
        before = torrents.count()
        scene.run("from tests import auto_rows; auto_rows.add()")
        expect(torrents).to_have_count(before + 1)

    def test_stands_in_the_gallery_or_is_none(self) -> None:
        shown = {shot.url_name for shot in SHOTS} - {"not-found"}
        assert sorted(shown | set(NO_PAGES)) == sorted(names())
