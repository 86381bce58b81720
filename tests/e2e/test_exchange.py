"""Money that comes from the chain and goes back to it: on a real box with its own devnet, in a real browser."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.box import Box
from tests.devnet import RunningDevnet
from tests.e2e import steps
from tests.e2e.browser import DESKTOP, PHONE, open_page, picture, violations
from tests.factors import fresh_code
from tests.withdrawals import stranger_address
from wallet.domain.networks import DEVNET
from wallet.domain.tron.addresses import to_base58

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

DESTINATION = to_base58(stranger_address(7))
HURRY = "from tests import exchange_truth; exchange_truth.hurry_sweeps()"
LOOK = "from tests import exchange_truth; exchange_truth.tell()"
GIFT = "20,000,000"  # BTT that the faucet gives


class Chain(RunningDevnet):
    """The box's own devnet; a test decides when its blocks become irreversible."""

    def __init__(self, url: str) -> None:
        super().__init__(
            {
                "url": url,
                "trc10_id": DEVNET.assets.trc10_id,
                "trc20": to_base58(DEVNET.assets.trc20_contract),
                "funded": [],
            }
        )

    def hold(self) -> None:
        """Let no further block become irreversible."""
        self.order("lag", solid_held_at=self.order("info")["solid"]["number"])

    def release(self) -> None:
        self.order("lag", solid_held_at=None)


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    fast = {"WALLET_DEVNET_BLOCK_SECONDS": "0.3", "WALLET_DEVNET_SOLID_LAG": "3"}
    with Box(WALLET_NETWORK="devnet", **fast) as running:
        yield running


@pytest.fixture(scope="module")
def chain(box: Box) -> Iterator[Chain]:
    """The devnet. The address that pays has nothing there but what the faucet of the deposit page and sweeps bring."""
    found = Chain(f"http://127.0.0.1:{box.devnet_port}")
    yield found
    found.close()


@pytest.mark.timeout(300)  # blocks come when they come, and more slowly where a machine is busy
class TestMoneyOfTheChain:
    def test_comes_in_and_goes_out_under_the_eyes_of_its_user(
        self, page: Page, box: Box, chain: Chain, browser: "Browser"
    ) -> None:
        steps.sign_in(page, box.admin_user, box.admin_password)
        secret, codes = set_up_app(page)
        deposited = self.deposits(page, chain)
        self.is_swept(page, box)
        self.adds_an_address(page, codes[0])
        withdrawn = self.withdraws(page, chain, secret)
        self.finds_both_in_the_statement(page)
        self.finds_both_on_the_chain(browser, chain, deposited, withdrawn)
        self.leaves_books_that_agree(page, box, withdrawn)

    def deposits(self, page: Page, chain: Chain) -> str:
        """Let the faucet pay, see it on its way and see it credited; return its transaction."""
        page.get_by_role("link", name="Money", exact=True).click()
        page.get_by_role("link", name="Deposit", exact=True).click()
        expect(page.get_by_label("Address on TRON")).to_have_value(re.compile(r"^T\w{33}$"))
        assert violations(page) == []
        chain.hold()
        page.get_by_role("button", name="Get test money").click()
        row = page.locator("[data-list=pending] [data-key]").filter(has_text=GIFT)
        expect(row.locator("[data-cell=left]")).to_have_text(re.compile(r"^(about \d+\s(s|min)|any moment)$"))
        blocks = row.locator("[data-cell=blocks]")
        before = blocks.inner_text()
        expect(blocks).not_to_have_text(before)  # it counts, without a reload
        assert violations(page) == []
        picture(page, "exchange/deposit-pending")
        tx_id = row.locator("[data-cell=tx]").get_attribute("title")
        assert tx_id
        chain.release()
        credited = page.locator("#deposits [data-key]").filter(has_text=GIFT)
        expect(credited).to_contain_text("Credited")
        expect(row).to_have_count(0)
        assert credited.locator("[data-cell=tx]").get_attribute("title") == tx_id
        assert violations(page) == []
        return tx_id

    def is_swept(self, page: Page, box: Box) -> None:
        """See, without a reload, what was deposited arrive at the address that pays."""
        page.goto("/books/reserves/")
        told = box.manage("shell", "-v", "0", "-c", HURRY)
        assert told.returncode == 0, told.stderr
        expect(page.locator("[data-key=float-BTT] [data-cell=hot]")).to_have_text(GIFT)
        expect(page.locator("[data-list=sweeps] [data-key]").filter(has_text=GIFT)).to_contain_text("Final")

    def adds_an_address(self, page: Page, recovery_code: str) -> None:
        page.goto("/wallet/addresses/")
        page.get_by_label("Address", exact=True).fill(DESTINATION)
        page.get_by_label("Label").fill("hardware wallet")
        page.get_by_role("button", name="Add").click()
        confirm(page, recovery_code)
        expect(page.get_by_role("link", name=DESTINATION)).to_be_visible()
        assert violations(page) == []
        page.get_by_role("link", name=DESTINATION).click()

    def withdraws(self, page: Page, chain: Chain, secret: str) -> str:
        """Ask for it, confirm it, and see each step until it is final; return its transaction."""
        expect(page.get_by_label("Address", exact=True)).to_have_value(DESTINATION)
        page.get_by_label("Amount").fill("1,000.5")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Withdraw 1,000.5 BTT?")).to_be_visible()
        expect(page.locator(".quote-facts .sum")).to_contain_text("1,001.5 BTT")
        assert violations(page) == []
        picture(page, "exchange/withdraw-confirm")
        chain.hold()
        page.get_by_role("button", name="Withdraw 1,000.5 BTT").click()
        confirm(page, fresh_code(secret))
        expect(page.get_by_role("heading", name="Withdrawal of 1,000.5 BTT")).to_be_visible()
        expect(step(page, "block")).to_have_text("done")
        expect(step(page, "final")).to_have_text("now")
        assert violations(page) == []
        picture(page, "exchange/withdrawal-in-block")
        chain.release()
        expect(step(page, "final")).to_have_text("done")
        expect(page.locator("[data-cell=state_words]")).to_have_text("Arrived")
        assert violations(page) == []
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        assert violations(page) == []
        page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})
        return page.locator("[data-cell=tx_id]").inner_text()

    def finds_both_in_the_statement(self, page: Page) -> None:
        page.goto("/wallet/")
        entries = page.locator(".entry")
        expect(entries.filter(has_text="Deposit")).to_contain_text("20,000,000 BTT")
        expect(entries.filter(has_text="Withdrawal")).to_contain_text("1,001.5 BTT")
        expect(page.locator("[data-cell=available]")).to_have_text("19,998,998.5")

    def finds_both_on_the_chain(self, browser: "Browser", chain: Chain, deposited: str, withdrawn: str) -> None:
        with open_page(browser, chain.url, DESKTOP) as explorer:
            explorer.goto(f"/tx/{withdrawn}")
            expect(explorer.get_by_role("heading", level=1)).to_have_text("TRC-20 payment")
            expect(explorer.locator(".title")).to_contain_text("solid")
            expect(explorer.get_by_role("link", name=DESTINATION).first).to_be_visible()
            explorer.goto(f"/account/{DESTINATION}")
            expect(explorer.get_by_title(withdrawn)).to_be_visible()
            explorer.goto(f"/tx/{deposited}")
            expect(explorer.locator(".title")).to_contain_text("solid")

    def leaves_books_that_agree(self, page: Page, box: Box, withdrawn: str) -> None:
        """Hold the chain against the books, audit them, and find this one payment and no other."""
        told = box.manage("shell", "-v", "0", "-c", LOOK)
        assert told.returncode == 0, told.stderr
        truth = json.loads(told.stdout)
        assert truth["problems"] == []
        assert [paid["tx_id"] for paid in truth["paid"]] == [withdrawn]
        page.goto("/books/reserves/")
        for unit in ("BTT", "BTTOLD", "TRX"):
            row = page.locator("[data-row]").filter(has=page.get_by_text(unit, exact=True))
            expect(row.locator("[data-cell=difference]")).to_have_attribute("data-tone", "green")
        assert violations(page) == []


def set_up_app(page: Page) -> tuple[str, list[str]]:
    """Set up an authenticator app; return its secret and the recovery codes."""
    page.goto("/accounts/2fa/app/add/")
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Authenticator code").fill(fresh_code(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.locator(".codes li").all_inner_texts()
    page.get_by_role("link", name="I have saved them").click()
    return secret, codes


def confirm(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Confirm").click()


def step(page: Page, name: str) -> "Locator":
    return page.locator(f"[data-cell={name}_said]")
