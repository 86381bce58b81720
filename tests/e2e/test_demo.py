"""The demo: its command sets up two boxes, and a slow torrent gets fast for money by what is done in Chromium.

`make prove` has it played by itself, too. It is on 127.0.0.0/8 alone, in a folder of its own, and nothing of it is
left when it is over.
"""

import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Self

import pytest
from playwright.sync_api import Page, expect

from tests.box import ManagedProcess, processes_with, wait_until
from tests.e2e.browser import DESKTOP, open_page, picture
from tests.e2e.steps import sign_in
from tests.servers import PROVE
from wallet.domain.accounts import AccountKind
from wallet.domain.money import Asset

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LIMIT_S = 300.0  # far more than any step takes
LIMIT_MS = 1_000 * LIMIT_S
DEMO_LIMIT_S = 900.0
BY_HAND, BY_ITSELF = "--by-hand", "--keep-open"
WAYS = [BY_HAND] if PROVE == 1 else [BY_HAND, BY_ITSELF]
KIB, FEE_PPM = 1024, 10_000
HAD_UBTT = 20_000_000 * 1_000_000  # from the faucet
SLOW_KIB_PER_S, FAST_KIB_PER_S = 400, 600  # a quarter of the seller's line is 256, the wish 768
_DOOR = re.compile(r"the (\w+)'s box: (\S+)  sign in as (\w+) with the password (\S+)")
_UPLIFT = re.compile(r"not known yet: [0-5] of 6 unpaid blocks measured")  # by how long all took so far
_SPEED = re.compile(r"([\d.]+) (KiB|MiB)/s")


class Demo(ManagedProcess):
    """`manage.py demo`, with a folder of its own for temporary files; ready when it has played or is to be played."""

    def __init__(self, way: str) -> None:
        super().__init__("demo")
        self.way = way
        self.env |= {"TMPDIR": str(self.data), "DEMO_OF_TEST": str(self.data)}
        self.doors: dict[str, tuple[str, str, str]] = {}  # by box: address, name, password

    def start(self) -> Self:
        self.launch("demo", self.way)
        for box in ("seller", "buyer"):
            line = self.wait_for_line(f"the {box}'s box: ", DEMO_LIMIT_S)
            found = _DOOR.search(line)
            assert found, line
            self.doors[found[1]] = (found[2], found[3], found[4])
        return self

    def processes(self) -> set[int]:
        return processes_with(f"DEMO_OF_TEST={self.data}")

    def ask(self, box: str, question: str) -> dict[str, int]:
        """Ask a box's database for one row."""
        (path,) = self.data.glob(f"seedbox-demo-*/{box}/data/seedbox.sqlite3")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=LIMIT_S)) as database:
            database.row_factory = sqlite3.Row
            return dict(database.execute(question).fetchone())

    @property
    def bought(self) -> dict[str, int]:
        return self.ask(
            "buyer", "SELECT sum(cumulative_ubtt) AS spent, min(is_closed) AS is_closed FROM speed_buyingdeal"
        )

    @property
    def sold(self) -> dict[str, int]:
        return self.ask(
            "seller", "SELECT sum(earned_ubtt) AS earned, min(is_closed) AS is_closed FROM speed_sellingdeal"
        )

    def has(self, person: str) -> int:
        """Return what somebody has in the buyer's ledger, which is the hub of both."""
        return self.ask(
            "buyer",
            "SELECT balance_ubtt FROM wallet_account JOIN seedbox_user ON ref = seedbox_user.id "
            f"WHERE asset = {Asset.TRC20.value} AND kind = {AccountKind.USER.value} AND username = '{person}'",
        )["balance_ubtt"]


@pytest.fixture(params=WAYS)
def demo(request: pytest.FixtureRequest) -> Iterator[Demo]:
    with Demo(request.param) as running:
        yield running
        running.stop()
    for pid in running.processes():
        os.kill(pid, signal.SIGKILL)


def door(demo: Demo, browser: "Browser", box: str) -> "Iterator[Page]":
    address, name, password = demo.doors[box]
    with open_page(browser, address, DESKTOP) as page:
        sign_in(page, name, password)
        yield page


@pytest.fixture
def buyer(demo: Demo, browser: "Browser") -> "Iterator[Page]":
    yield from door(demo, browser, "buyer")


@pytest.fixture
def seller(demo: Demo, browser: "Browser") -> "Iterator[Page]":
    yield from door(demo, browser, "seller")


def kib_per_s(page: Page) -> float:
    """Return how fast the list of torrents says that the film comes."""
    found = _SPEED.search(page.locator(".col-down[data-cell=down]").inner_text())
    return float(found[1]) * (KIB if found[2] == "MiB" else 1) if found else 0


def shown_ubtt(page: Page, name: str) -> int:
    """Return an amount that the page shows first under this name, in µBTT."""
    text = page.locator(f"[data-cell={name}]").first.inner_text()
    return int(Decimal(re.sub(r"[^\d.].*", "", text.replace(",", ""))) * 1_000_000)


@pytest.mark.timeout(2 * DEMO_LIMIT_S)
class TestASlowTorrentOfTheDemo:
    def test_gets_fast_for_money_that_both_ledgers_have_and_slow_again_and_nothing_is_left(
        self, demo: Demo, buyer: Page, seller: Page
    ) -> None:
        if demo.way == BY_HAND:
            self._play(demo, buyer, seller)
        self._money_agrees(demo, buyer)
        for page in (buyer, seller):
            page.goto("about:blank")  # an open page complains of a box that is gone
        self._nothing_is_left(demo)

    def _play(self, demo: Demo, buyer: Page, seller: Page) -> None:
        assert demo.has("bea") == HAD_UBTT
        wait_until(lambda: 0 < kib_per_s(buyer) < SLOW_KIB_PER_S, "a slow torrent", LIMIT_S)
        self._turn_on(buyer)
        row = buyer.locator("[data-row^=auto-]", has_text="A film that many want")
        expect(row).to_contain_text("The swarm gives", timeout=LIMIT_MS)
        expect(row.locator("[data-cell=sentence]")).to_contain_text(
            re.compile(r"1 seller from 10 BTT/GiB: bidding 10\.5, at most [\d.]+ BTT for this torrent"),
            timeout=LIMIT_MS,
        )
        buyer.goto("/torrents/")
        wait_until(lambda: kib_per_s(buyer) > FAST_KIB_PER_S, "a fast torrent", LIMIT_S)
        picture(buyer, "demo/torrents")
        seller.goto("/market/")
        wait_until(lambda: demo.sold["earned"], "earnings", LIMIT_S)
        picture(seller, "demo/selling")
        buyer.get_by_role("link", name="A film that many want.bin", exact=True).click()
        buyer.goto(f"{buyer.url}?tab=speed")
        story = buyer.locator("#story")
        expect(story).to_contain_text(_UPLIFT)
        expect(story.locator("svg").first).to_be_visible()
        picture(buyer, "demo/story")
        story.get_by_role("button", name="Turn off").click()
        expect(buyer.locator("#story .story-says")).to_contain_text("Stopped by its user", timeout=LIMIT_MS)
        buyer.goto("/torrents/")
        wait_until(lambda: demo.bought["is_closed"] and demo.sold["is_closed"], "the end of the deal", LIMIT_S)
        wait_until(lambda: 0 < kib_per_s(buyer) < SLOW_KIB_PER_S, "a slow torrent again", LIMIT_S)

    @staticmethod
    def _turn_on(page: Page) -> None:
        page.goto("/market/auto/")
        for label, text in (
            ("Ceiling", "40"),
            ("Budget for each torrent", "20"),
            ("Limit for 24 hours", "50"),
            ("Wished speed, MiB/s", "0.75"),
        ):
            page.get_by_label(label).fill(text)
        page.get_by_label("Ask hubs for sellers").check()
        page.get_by_role("button", name="Turn it on").click()
        expect(page.get_by_text("Slow torrents are bid for by themselves from now on")).to_be_visible()

    @staticmethod
    def _money_agrees(demo: Demo, page: Page) -> None:
        spent_ubtt, earned_ubtt = demo.bought["spent"], demo.sold["earned"]
        assert earned_ubtt == spent_ubtt - spent_ubtt * FEE_PPM // 1_000_000 == demo.has("sam")
        assert demo.has("bea") == HAD_UBTT - spent_ubtt
        page.goto("/market/auto/")
        assert shown_ubtt(page, "spent") == spent_ubtt > 0
        page.goto("/wallet/")
        assert shown_ubtt(page, "available") == HAD_UBTT - spent_ubtt

    @staticmethod
    def _nothing_is_left(demo: Demo) -> None:
        os.kill(demo.pid, signal.SIGINT)
        wait_until(lambda: not demo.is_running, "the end of the demo", LIMIT_S)
        assert demo.stop() == 0, demo.said
        assert "All has stopped, and nothing is left of it." in demo.said
        assert not list(demo.data.glob("seedbox-demo-*"))
        assert not demo.processes()
