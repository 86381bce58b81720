"""Every page, light and dark, on desktop and phone: no finding of axe-core, no sideways scrolling, and a picture.

`make pictures` runs this file; the pictures are in tests/output/pages.
"""

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.box import Box
from tests.e2e.browser import chromium, picture, violations
from tests.e2e.gallery import LOOKS, NO_PAGES, SHOTS, Shot
from tests.e2e.scene import Scene
from tests.integration.test_isolation import names

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Scene]":
    with ExitStack() as cleanup:
        box = cleanup.enter_context(Box(WALLET_NETWORK="devnet"))
        browser = cleanup.enter_context(chromium())
        yield Scene(box, browser, tmp_path_factory.mktemp("scene"), cleanup)


@pytest.mark.timeout(400)  # the first one has a box started and filled
class TestEveryPage:
    @pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
    def test_is_accessible_and_fits_in_every_look(self, scene: Scene, shot: Shot) -> None:
        page = scene.open(shot)
        found = {}
        for look, viewport, colours in LOOKS:
            page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
            page.emulate_media(color_scheme=colours, reduced_motion="reduce")  # no colours between two
            expect(page.locator("html")).to_have_attribute("data-bs-theme", colours)
            picture(page, f"pages/{shot.name}-{look}")
            found[look] = violations(page)
            if page.evaluate(SIDEWAYS) > 0:
                found[look].append("the page scrolls sideways")
        assert found == {look: [] for look, _, _ in LOOKS}

    def test_stands_in_the_gallery_or_is_none(self) -> None:
        shown = {shot.url_name for shot in SHOTS} - {"not-found"}
        assert sorted(shown | set(NO_PAGES)) == sorted(names())
