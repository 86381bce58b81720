from typing import TYPE_CHECKING

import pytest

from tests.box import Box
from tests.e2e.browser import DESKTOP, PHONE, chromium, open_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def box() -> "Iterator[Box]":
    """One real box for the journeys of several files, in the order that `tests.order` gives them."""
    with Box() as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Ends with its module: Playwright's event loop would keep the ORM of later tests from running."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: "Browser", box: Box) -> "Iterator[Page]":
    with open_page(browser, box.url, DESKTOP) as fresh:
        yield fresh


@pytest.fixture
def phone(browser: "Browser", box: Box) -> "Iterator[Page]":
    with open_page(browser, box.url, PHONE, dark=True) as fresh:
        yield fresh
