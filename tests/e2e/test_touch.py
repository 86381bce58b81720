"""On a phone, what is tapped is as large as a fingertip; links within a sentence are as large as their line."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import steps

if TYPE_CHECKING:
    from tests.box import Box

PAGES = ("/", "/torrents/", "/torrents/new/", "/notices/", "/health/")
MAGNET = "magnet:?xt=urn:btih:" + "6b" * 20 + "&dn=Cosmos%20Laundromat"
# The name of a torrent is text; its row's menu leads to the same page. A box to tick counts with the label around it,
# and alone with the 24 px that WCAG 2.5.8 asks for.
SMALL = """() => [...document.querySelectorAll("a, button, summary, select, textarea, input")].flatMap((one) => {
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


@pytest.mark.timeout(300)  # a box has to start
def test_on_a_phone_everything_to_tap_is_as_large_as_a_fingertip(phone: Page, box: "Box") -> None:
    steps.sign_in(phone, box.admin_user, box.admin_password)
    steps.add_magnet(phone, MAGNET)
    small = {}
    for path in PAGES:
        phone.goto(path)
        expect(phone.locator("h1").first).to_be_visible()
        small[path] = phone.evaluate(SMALL)
    assert small == {path: [] for path in PAGES}
