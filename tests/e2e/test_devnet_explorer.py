"""The development chain's own pages, as a person reads them: on desktop and phone, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tronpy import Tron
from tronpy.keys import PrivateKey
from tronpy.providers import HTTPProvider

from tests.devnet import RunningDevnet, devnet_here, private_key
from tests.e2e.browser import DESKTOP, PHONE, open_page, picture, violations
from wallet.devnet.genesis import FAKE_BTT
from wallet.domain.tron.addresses import to_base58

ADA = private_key("ada")
ADA_ADDRESS = PrivateKey(ADA).public_key.to_base58check_address()
BOB_ADDRESS = PrivateKey(private_key("bob")).public_key.to_base58check_address()
NASTY = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture(scope="module")
def chain() -> Iterator[RunningDevnet]:
    with devnet_here(keys=[ADA]) as running:
        yield running


@pytest.fixture(scope="module")
def paid(chain: RunningDevnet) -> dict[str, str]:
    """One transaction of each kind, by what it is."""
    provider = HTTPProvider(chain.url)
    tron = Tron(provider)
    token = tron.get_contract(chain.trc20)
    builders = {
        "trx": tron.trx.transfer(ADA_ADDRESS, BOB_ADDRESS, 5_500_000).memo(NASTY),
        "trc10": tron.trx.asset_transfer(ADA_ADDRESS, BOB_ADDRESS, 7_000_001, chain.trc10_id),
        "trc20": token.functions.transfer(BOB_ADDRESS, 1_234 * 10**18 + 1).with_owner(ADA_ADDRESS),
        "failed": token.functions.transfer(BOB_ADDRESS, 2**200).with_owner(ADA_ADDRESS),
    }
    found = {what: builder.build().sign(PrivateKey(ADA)).broadcast().txid for what, builder in builders.items()}
    chain.settle()
    provider.sess.close()
    return {what: str(tx_id) for what, tx_id in found.items()}


class TestTheExplorer:
    @pytest.mark.parametrize(("viewport", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop", "phone, dark"])
    def test_can_be_read_by_everybody(
        self, chain: RunningDevnet, paid: dict[str, str], browser: Browser, viewport: dict[str, int], dark: bool
    ) -> None:
        with open_page(browser, chain.url, viewport, dark=dark) as page:
            for path in ("", f"tx/{paid['trc20']}", f"account/{BOB_ADDRESS}"):
                page.goto(f"/{path}")
                picture(page, f"explorer/{path.partition('/')[0] or 'newest'}-{viewport['width']}")
                assert violations(page) == []
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"/{path} is too wide"

    def test_leads_from_the_newest_to_everything(
        self, chain: RunningDevnet, paid: dict[str, str], browser: Browser
    ) -> None:
        fake = to_base58(FAKE_BTT.address)
        chain.faucet(BOB_ADDRESS, tokens={fake: 9 * 10**18})
        with open_page(browser, chain.url, DESKTOP) as page:
            page.goto("/")
            row = page.get_by_role("row").filter(has=page.get_by_title(paid["trc20"]))
            expect(row).to_contain_text("1,234.000000000000000001 BTT")
            row.get_by_role("link").first.click()
            expect(page.get_by_role("heading", level=1)).to_have_text("TRC-20 payment")
            expect(page.locator(".title")).to_contain_text("solid")
            page.get_by_role("link", name=BOB_ADDRESS).first.click()
            expect(page.locator("section").first).to_contain_text("7.000001 BTT (1002000)")
            expect(page.locator("section").first).to_contain_text(f"9 BTT of {fake}")
            page.get_by_role("searchbox").fill(paid["failed"])
            page.get_by_role("searchbox").press("Enter")
            expect(page.locator(".title")).to_contain_text("revert")
            page.get_by_role("searchbox").fill("5")
            page.get_by_role("button", name="Find").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Block 5")
            (pending,) = chain.faucet(BOB_ADDRESS, trx=1)
            page.goto(f"/tx/{pending}")
            expect(page.locator(".title")).to_contain_text("pending")

    def test_shows_what_comes_without_being_asked_again(
        self, chain: RunningDevnet, paid: dict[str, str], browser: Browser
    ) -> None:
        with open_page(browser, chain.url, DESKTOP) as page:
            page.goto("/")
            (tx_id,) = chain.faucet(BOB_ADDRESS, trx=42)
            expect(page.get_by_title(tx_id)).to_be_visible()
            chain.mine()
            row = page.get_by_role("row").filter(has=page.get_by_title(tx_id))
            expect(row).to_contain_text("in a block")

    def test_takes_nothing_from_the_chain_or_from_an_address_as_html(
        self, chain: RunningDevnet, paid: dict[str, str]
    ) -> None:
        shown = chain.client.get(f"/tx/{paid['trx']}").text
        assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;" in shown
        assert "<img" not in shown
        for path in ("account/%3Cb%3E%22", "block/%3Cb%3E%22", "tx/%3Cb%3E%22"):
            answer = chain.client.get(f"/{path}")
            assert answer.status_code == 404
            assert "<b>" not in answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert chain.client.get("/search", params={"q": "//evil.example"}).headers["location"] == (
            "/account/%2F%2Fevil.example"
        )
