"""The demo that a box without torrents offers on its page: it can be stopped there, and does not outlive its box."""

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.box import Box, processes_with, wait_until
from tests.e2e.browser import DESKTOP, open_page, picture, violations
from tests.e2e.steps import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LIMIT_S = 300.0
LIMIT_MS = 1_000 * LIMIT_S


@pytest.fixture
def devnet_box() -> Iterator[Box]:
    """One with a folder for temporary files of its own, so that whatever a demo leaves is found."""
    box = Box(WALLET_NETWORK="devnet")
    (box.data / "temporary").mkdir()
    box.env |= {"TMPDIR": str(box.data / "temporary")}
    with box:
        yield box


def of_demo(box: Box) -> set[int]:
    """Return the processes of the demo and of its boxes."""
    return processes_with(f"TMPDIR={box.env['TMPDIR']}") - box.processes()


def begin(page: Page, box: Box) -> None:
    sign_in(page, box.admin_user, box.admin_password)
    page.get_by_role("link", name="See it work").click()
    page.get_by_role("button", name="Start the demo").click()
    expect(page.get_by_text("Two boxes start, each a whole install")).to_be_visible(timeout=LIMIT_MS)


@pytest.mark.timeout(600)
class TestTheDemoOnAPage:
    def test_is_stopped_there_and_leaves_nothing_and_ends_with_its_box(
        self, devnet_box: Box, browser: "Browser"
    ) -> None:
        with open_page(browser, devnet_box.url, DESKTOP) as page:
            begin(page, devnet_box)
            assert not violations(page)
            picture(page, "demo/page")
            wait_until(lambda: of_demo(devnet_box), "its boxes", LIMIT_S)
            page.get_by_role("button", name="Stop the demo").click()
            expect(page.get_by_text("Nothing is left of it.")).to_be_visible(timeout=LIMIT_MS)
            self._is_gone(devnet_box)
            page.get_by_role("button", name="Start it again").click()
            wait_until(lambda: of_demo(devnet_box), "its boxes again", LIMIT_S)
            page.goto("about:blank")
        os.kill(devnet_box.pid, signal.SIGKILL)
        self._is_gone(devnet_box)
        wait_until(lambda: not devnet_box.processes(), "all of the box to end", LIMIT_S)

    @staticmethod
    def _is_gone(box: Box) -> None:
        wait_until(lambda: not of_demo(box), "all of the demo to end", LIMIT_S)
        folder = box.data / "temporary"
        wait_until(lambda: not list(folder.glob("seedbox-demo-*")), "an empty folder", LIMIT_S)
