"""Two browsers at once on a real box with a wallet: what one does, or what happens to the box, the other page shows."""

import os
import signal
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import libtorrent as lt
import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.box import Box, wait_until
from tests.builders import make_content, make_torrent_file
from tests.e2e import steps
from tests.e2e.browser import DESKTOP, PATIENCE_MS, open_page
from tests.e2e.keyboard import Keyboard
from tests.insider import Insider
from tests.payer import Payment
from tests.peer import Peer
from tests.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

NO_WEB = "net::ERR_"  # what a browser says of a socket to a box that has no web process just then
RARE_TRIES_MS = 3 * PATIENCE_MS  # a page that was refused for long tries every half a minute
NOBODY_LOOKS = "Object.defineProperty(document, 'hidden', { get: () => true })"  # as in a tab in the background
MARK = "() => { window.isSameDocument = true }"
IS_MARKED = "() => window.isSameDocument === true"
KEYS = "() => [...document.querySelectorAll('.entry')].map((row) => row.dataset.key)"
TEXTS = "() => [...document.querySelectorAll('.entry, .day')].map((row) => row.innerText.replace(/\\s+/g, ' '))"


@pytest.fixture(scope="module")
def box() -> "Iterator[Box]":
    with Box(WALLET_NETWORK="devnet") as running:
        yield running


@pytest.fixture(scope="module")
def insider(box: Box) -> "Iterator[Insider]":
    with Insider(box) as running:
        yield running


@pytest.fixture
def other(browser: "Browser", box: Box) -> "Iterator[Page]":
    """A second browser."""
    with open_page(browser, box.url, DESKTOP, expected=NO_WEB) as fresh:
        yield fresh


@contextmanager
def without_reload(page: Page) -> "Iterator[None]":
    """See that what happens meanwhile happens on the page that is open."""
    page.evaluate(MARK)
    yield
    assert page.evaluate(IS_MARKED), "the page was loaded anew"


def is_live(page: Page) -> None:
    expect(page.locator("[data-live-status]")).to_have_text("Live")


def shows_what_a_fresh_page_shows(page: Page) -> None:
    """Compare the history as it became with what the box says of it to who comes now."""
    keys = page.evaluate(KEYS)
    assert len(keys) == len(set(keys)), "an entry stands there twice"
    became = page.evaluate(TEXTS)
    page.goto("/wallet/")
    assert became == page.evaluate(TEXTS)


class Cut:
    """A line to the box that can be cut: sockets end, and new ones come to nothing."""

    def __init__(self, page: Page) -> None:
        self._sockets: list[WebSocketRoute] = []
        self._is_whole = True
        page.route_web_socket("**/live/", self._connected)

    def _connected(self, socket: WebSocketRoute) -> None:
        if self._is_whole:
            socket.connect_to_server()
            self._sockets.append(socket)
        else:
            socket.close(code=1011)

    def cut(self) -> None:
        self._is_whole = False
        for socket in self._sockets:
            socket.close(code=1011)

    def mend(self, page: Page) -> None:
        self._is_whole = True
        page.evaluate("() => dispatchEvent(new Event('online'))")  # as the browser says when its network is back


@pytest.mark.timeout(300)  # a box has to start, and processes pay
class TestTwoWindowsOfOneUser:
    def test_show_in_one_what_was_done_in_the_other(
        self, page: Page, other: Page, box: Box, insider: Insider, tmp_path: "Path"
    ) -> None:
        make_content(tmp_path, {"film.mkv": 8 << 20}, seed=3)
        with Tracker() as tracker:
            torrent_file = make_torrent_file(tmp_path / "film.mkv", piece_size_bytes=65_536, tracker=tracker.url)
            with Peer(torrent_file, tmp_path, address="127.0.41.1", up_bytes_per_s=128 << 10) as seed:
                tracker.peers.append(seed.endpoint)
                insider.login_of("vera").open(page, box, "/torrents/")
                insider.login_of("vera").open(other, box, "/torrents/")
                is_live(other)
                with without_reload(other):
                    steps.add_magnet(page, lt.make_magnet_uri(lt.load_torrent_buffer(torrent_file)))
                    row = other.get_by_role("row").filter(has_text="film.mkv")
                    expect(row.locator("[data-cell=down]")).to_contain_text("/s")
                with self.rows_elsewhere(other):
                    other.goto("/")
                    is_live(other)
                    self.ends_and_leaves_the_overview(page, other, seed)

    @contextmanager
    def rows_elsewhere(self, other: Page) -> "Iterator[None]":
        """See that the list and the torrent's page lose it, too, and say so."""
        listed, detailed = other.context.new_page(), other.context.new_page()
        for page in (listed, detailed):
            page.goto("/torrents/")
            is_live(page)
        detailed.get_by_role("link", name="film.mkv").click()
        is_live(detailed)
        expect(detailed.locator("[data-cell=state_label]")).to_be_visible()
        with without_reload(listed), without_reload(detailed):
            yield
            expect(listed.get_by_role("row").filter(has_text="film.mkv")).to_have_count(0)
            expect(detailed.get_by_role("heading", name="This torrent left your list")).to_be_visible()
            expect(detailed.locator("[data-row^=holding-]")).to_have_count(0)
        detailed.get_by_role("link", name="Back to the torrents").click()
        expect(detailed.get_by_role("heading", name="Torrents", exact=True)).to_be_visible()

    def ends_and_leaves_the_overview(self, page: Page, other: Page, seed: Peer) -> None:
        active = other.locator("#tile-active")
        loading = other.locator("#tile-counts li").nth(0).locator(".figure")
        seeding = other.locator("#tile-counts li").nth(1).locator(".figure")
        with without_reload(other):
            expect(active.locator("[data-cell=name]")).to_have_text("film.mkv")
            expect(loading).to_have_text("1")
            seed.hurry()
            expect(seeding).to_have_text("1")
            expect(loading).to_have_text("0")
            expect(other.locator("[data-bell-count]")).to_have_text("1")
            row = page.get_by_role("row").filter(has_text="film.mkv")
            row.locator("[data-menu] > summary").click()
            row.locator("[data-verb=remove]").click()
            page.get_by_role("button", name="Remove", exact=True).click()
            expect(row).to_have_count(0)
            expect(seeding).to_have_text("0")
            expect(active).to_contain_text("Nothing moves now.")


@pytest.mark.timeout(300)  # a box has to start, and processes pay
class TestMoneyFromSomebodyElse:
    def test_comes_on_overview_bell_and_history_and_is_missing_nowhere_when_the_line_was_cut(
        self, page: Page, other: Page, box: Box, insider: Insider
    ) -> None:
        insider.pay(Payment("chain", box.admin_user, "500", "DEPOSIT"))
        insider.login_of("ben").open(other, box, "/")
        insider.login_of(box.admin_user).open(page, box, "/")
        is_live(other)
        with without_reload(other):
            steps.tip(page, "ben", "2.5", memo="for the subtitles")
            expect(other.locator("[data-row=purse] [data-cell=available]")).to_have_text("2.5")
            expect(other.locator("[data-bell-count]")).to_have_text("1")
        line = Cut(other)
        other.goto("/wallet/")
        is_live(other)
        with without_reload(other):
            line.cut()
            expect(other.locator("[data-live-status]")).to_have_text("Reconnecting…")
            several = [Payment(box.admin_user, "ben", "0.1", memo=f"number {number:02}") for number in range(30)]
            insider.pay(*several)
            expect(other.locator(".entry")).to_have_count(1)
            line.mend(other)
            is_live(other)
            expect(other.locator(".entry")).to_have_count(31)
            expect(other.locator("[data-cell=available]")).to_have_text("5.5")
            steps.tip(page, "ben", "1")
            expect(other.locator(".entry")).to_have_count(32)
            steps.days_come_to(other, "came", "6.5")
        shows_what_a_fresh_page_shows(other)


@pytest.mark.timeout(300)  # a box has to start, and processes pay
class TestAWebProcessThatDies:
    def test_is_missed_for_a_moment_and_its_pages_then_show_the_truth(
        self, other: Page, box: Box, insider: Insider
    ) -> None:
        insider.login_of("carl").open(other, box, "/wallet/")
        is_live(other)
        insider.pay(Payment("chain", "carl", "10", "DEPOSIT"))
        expect(other.locator(".entry")).to_have_count(1)
        with without_reload(other):
            died = box.child_pid("web")
            os.kill(died, signal.SIGKILL)
            insider.pay(Payment("chain", "carl", "5", "DEPOSIT"))
            wait_until(lambda: box.child_pid("web") not in (0, died) and box.health() == 200, "another web process")
            expect(other.locator(".entry")).to_have_count(2, timeout=RARE_TRIES_MS)
            is_live(other)
            expect(other.locator("[data-cell=available]")).to_have_text("15")
            insider.pay(Payment("chain", "carl", "1", "DEPOSIT"))
            expect(other.locator(".entry")).to_have_count(3)
        shows_what_a_fresh_page_shows(other)


@pytest.mark.timeout(300)  # a box has to start, and processes pay
class TestWhoIsShutOut:
    def test_loses_the_page_at_once(self, page: Page, other: Page, box: Box, insider: Insider) -> None:
        insider.login_of("dora").open(other, box, "/")
        is_live(other)
        insider.login_of(box.admin_user).open(page, box, "/people/")
        page.locator("summary[aria-label='Change dora']").click()
        page.get_by_role("row").filter(has_text="dora").get_by_role("button", name="Shut out").click()
        expect(page.get_by_role("row").filter(has_text="dora")).to_contain_text("Shut out")
        expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.timeout(300)  # a box has to start, and processes pay
class TestAnAdminWhoIsMadeAMember:
    def test_loses_what_is_for_admins_and_sees_what_to_do(
        self, page: Page, other: Page, box: Box, insider: Insider
    ) -> None:
        insider.login_of("eve", is_admin=True).open(other, box, "/operator/")
        pages = [other]
        # The last has parts for admins; the three before it have no live rows.
        for path in ("/books/reserves/", "/people/", "/audit/", "/styleguide/", "/health/"):
            pages.append(other.context.new_page())
            pages[-1].goto(path)
        health = pages[-1]
        settings = health.get_by_role("link", name="Network settings of node")
        expect(settings).to_be_visible()
        pages.append(other.context.new_page())
        pages[-1].add_init_script(NOBODY_LOOKS)
        pages[-1].goto("/people/")
        for one in pages:
            is_live(one)
        expect(other.locator("[data-list=operator-glance] > [data-key]").first).to_be_visible()
        insider.login_of(box.admin_user).open(page, box, "/people/")
        with ExitStack() as unchanged:
            for one in pages:
                unchanged.enter_context(without_reload(one))
            page.locator("summary[aria-label='Change eve']").click()
            page.get_by_role("row").filter(has_text="eve").get_by_role("button", name="Make a member").click()
            for one in pages:
                expect(one.get_by_role("heading", name="You are not an admin any more")).to_be_visible()
                expect(one.locator("main [data-watch], main [data-list], main [data-row]")).to_have_count(0)
                is_live(one)
        other.get_by_role("link", name="To the overview").click()
        expect(other.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
        expect(other.get_by_role("link", name="Operator")).to_have_count(0)
        health.get_by_role("link", name="Load the page again").click()
        expect(health.get_by_role("heading", name="Health", exact=True)).to_be_visible()
        expect(settings).to_have_count(0)


@pytest.mark.timeout(300)  # a box has to start, and processes pay
class TestWhoHasNoMouse:
    def test_adds_a_torrent_watches_it_pays_somebody_and_finds_that_in_the_history(
        self, page: Page, box: Box, insider: Insider, tmp_path: "Path"
    ) -> None:
        insider.login_of("kim")
        insider.pay(Payment("chain", box.admin_user, "50", "DEPOSIT"))
        make_content(tmp_path, {"song.flac": 1 << 20}, seed=4)
        keys = Keyboard(page)
        with Tracker() as tracker:
            torrent_file = make_torrent_file(tmp_path / "song.flac", piece_size_bytes=65_536, tracker=tracker.url)
            with Peer(torrent_file, tmp_path, address="127.0.41.2") as seed:
                tracker.peers.append(seed.endpoint)
                self.signs_in(keys, box)
                self.adds(keys, lt.make_magnet_uri(lt.load_torrent_buffer(torrent_file)))
                row = page.get_by_role("row").filter(has_text="song.flac")
                expect(row.locator("[data-cell=state_label]")).to_have_text("Seeding")
                keys.assert_has_a_place()
        self.pays(keys)
        entry = page.locator(".entry").filter(has_text="for the song").get_by_role("link")
        keys.press(page.get_by_role("navigation", name="Main").get_by_role("link", name="Money"))
        expect(page.get_by_role("heading", name="Money", exact=True)).to_be_visible()
        keys.press(entry)
        expect(page.get_by_role("heading", name="Tip sent")).to_be_visible()

    def signs_in(self, keys: Keyboard, box: Box) -> None:
        keys.page.goto("/torrents/")
        keys.write(keys.page.get_by_label("Username"), box.admin_user)
        keys.write(keys.page.get_by_label("Password", exact=True), box.admin_password)
        keys.page.keyboard.press("Enter")
        expect(keys.page.get_by_role("heading", name="Torrents", exact=True)).to_be_visible()

    def adds(self, keys: Keyboard, magnet: str) -> None:
        keys.press(keys.page.get_by_role("button", name="Add torrents").first)
        keys.assert_has_a_place()
        keys.write(keys.page.get_by_label("Magnet links"), magnet)
        keys.press(keys.page.get_by_role("button", name="Add", exact=True))
        expect(keys.page.locator("dialog#add")).to_be_hidden()

    def pays(self, keys: Keyboard) -> None:
        page = keys.page
        keys.press(page.get_by_role("navigation", name="Main").get_by_role("link", name="Money"))
        keys.press(page.locator(".money-acts").get_by_role("link", name="Send"))
        keys.write(page.get_by_label("To", exact=True), "kim")
        keys.write(page.get_by_label("Amount"), "1.25")
        keys.write(page.get_by_label("Memo"), "for the song")
        keys.press(page.get_by_role("button", name="Continue"))
        keys.press(page.get_by_role("button", name="Send"))
        expect(page.locator("#toasts")).to_contain_text("Sent 1.25")
