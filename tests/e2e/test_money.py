"""Somebody's money on the open page, while another process pays: on a real box with a wallet, in a real browser."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.box import Box
from tests.e2e import steps
from tests.e2e.browser import DESKTOP, open_page, picture, violations
from tests.insider import Insider
from tests.payer import Payment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator

TOP_OF = """name => [...document.querySelectorAll(".entry")]
    .find((entry) => entry.textContent.includes(name)).getBoundingClientRect().top"""

BACK_AT = f"([name, before]) => Math.abs(({TOP_OF})(name) - before) < 3"


@pytest.fixture(scope="module")
def box() -> "Iterator[Box]":
    with Box(WALLET_NETWORK="devnet") as running:
        yield running


@pytest.fixture(scope="module")
def insider(box: Box) -> "Iterator[Insider]":
    with Insider(box) as running:
        yield running


@pytest.fixture
def page(browser: "Browser", box: Box) -> "Iterator[Page]":
    with open_page(browser, box.url, DESKTOP, expected="status of 404") as fresh:
        yield fresh


@pytest.mark.timeout(300)  # a box has to start
class TestMoneyOnAnOpenPage:
    def test_comes_in_and_goes_out_as_it_happens(self, page: Page, box: Box, insider: Insider) -> None:
        steps.new_member(page, box, "olga")
        page.get_by_role("link", name="Money").click()
        expect(page.get_by_text("No BTT yet")).to_be_visible()
        expect(page.locator("[data-live-status=live]")).to_be_visible()
        picture(page, "money-empty")

        insider.pay(Payment("chain", "olga", "100", "DEPOSIT"))
        expect(balance(page)).to_have_text("100")
        expect(rows(page)).to_have_count(1)

        insider.pay(Payment("olga", box.admin_user, "2.5", memo="for the film"))
        expect(balance(page)).to_have_text("97.5")
        expect(rows(page)).to_have_count(2)
        newest = rows(page).first
        expect(newest).to_contain_text(f"Tip sent to {box.admin_user}")
        expect(newest).to_contain_text("paid 2.5 BTT")
        expect(newest.locator("[data-cell=balance]")).to_have_text("97.5")
        assert violations(page) == []

        newest.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Tip sent")).to_be_visible()
        expect(page.get_by_text(f"From you to {box.admin_user}")).to_be_visible()
        expect(page.get_by_text("Sealed", exact=True)).to_be_visible()  # by itself, once the wallet worker has done so
        page.get_by_role("button", name="Verify").click()
        expect(page.locator("#proof-answer")).to_have_attribute("data-verified", "yes")
        picture(page, "money-verified")
        assert violations(page) == []
        page.go_back()

        self.stays_where_it_is_read(page, box, insider)
        self.is_filtered(page)

    def stays_where_it_is_read(self, page: Page, box: Box, insider: Insider) -> None:
        insider.pay(*[Payment("olga", box.admin_user, "0.1", memo=f"number {number:02}") for number in range(60)])
        expect(rows(page)).to_have_count(50)  # more than a message carries: the list was fetched
        expect(rows(page).first).to_contain_text("number 59")
        page.evaluate("scrollTo(0, 2000)")
        expect(rows(page)).to_have_count(62)  # the rest has come by itself
        expect(page.get_by_role("link", name="Older entries")).to_have_count(0)
        before = page.evaluate(TOP_OF, "number 30")
        insider.pay(Payment("chain", "olga", "1", "DEPOSIT"))
        expect(rows(page)).to_have_count(63)
        assert page.evaluate(TOP_OF, "number 30") == pytest.approx(before, abs=1)
        steps.days_come_to(page, "came", "101")
        steps.days_come_to(page, "went", "-8.5")
        assert page.locator(".entry-table tbody > tr").first.get_attribute("class") == "day"

        page.reload()
        page.wait_for_function(BACK_AT, arg=["number 30", before])
        expect(rows(page)).to_have_count(63)

        page.goto("/wallet/?before=13")
        expect(rows(page)).to_have_count(12)
        insider.pay(Payment("chain", "olga", "1", "DEPOSIT"))
        expect(balance(page)).to_have_text("93.5")
        expect(rows(page)).to_have_count(12)
        page.get_by_role("link", name="Newest").click()
        expect(rows(page).first).to_contain_text("Deposit")

    def is_filtered(self, page: Page) -> None:
        page.get_by_label("Search the history").fill("film")
        page.get_by_label("Search the history").press("Enter")
        expect(rows(page)).to_have_count(1)
        expect(page).to_have_url(re.compile(r"/wallet/\?q=film$"))
        page.reload()
        expect(rows(page)).to_have_count(1)
        with page.expect_download() as taken:
            page.get_by_role("link", name="CSV").click()
        assert "for the film" in Path(taken.value.path()).read_text()
        page.get_by_role("link", name="Show everything").click()
        expect(rows(page).nth(40)).to_be_visible()


def balance(page: Page) -> "Locator":
    return page.locator("[data-cell=available]")


def rows(page: Page) -> "Locator":
    return page.locator(".entry")
