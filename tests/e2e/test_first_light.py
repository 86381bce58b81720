"""The main job, as a new user does it: on a real box, in a real browser, with real peers."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import libtorrent as lt
import pytest
from playwright.sync_api import Page, expect

from tests.builders import make_content, make_torrent_file
from tests.e2e import steps
from tests.e2e.browser import picture, violations
from tests.peer import Peer
from tests.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.box import Box

SIZE_BYTES = 12 * 1024 * 1024
WATCHED_BYTES_PER_S = 256 * 1024  # nearly a minute for all of it: until somebody has seen it move


class Offer:
    """A file with an awkward name, somebody outside who seeds it, and the tracker that knows the seed."""

    def __init__(self, folder: Path, tracker: Tracker, *, number: int) -> None:
        name = f"Ünïcode film {number} — 夏.mkv"
        make_content(folder, {name: SIZE_BYTES}, seed=number)
        self.content = folder / name
        self.torrent_file = make_torrent_file(self.content, piece_size_bytes=65_536, tracker=tracker.url)
        self.torrent = folder / f"offer-{number}.torrent"
        self.torrent.write_bytes(self.torrent_file)
        self.magnet = lt.make_magnet_uri(lt.load_torrent_buffer(self.torrent_file))
        self.sha256 = hashlib.sha256(self.content.read_bytes()).hexdigest()
        self.name = name


@pytest.fixture
def tracker() -> "Iterator[Tracker]":
    with Tracker() as running:
        yield running


def watch_to_the_end(page: Page, offer: Offer, seed: Peer) -> None:
    """See the row move while it downloads, and end as seeding, without a reload."""
    row = page.get_by_role("row").filter(has_text=offer.name)
    expect(row.locator("[data-cell=down]")).to_contain_text("/s")
    seed.hurry()
    expect(row.locator("[data-cell=state_label]")).to_have_text("Seeding")
    expect(row.locator("[data-cell=progress]")).to_have_text("100 %")
    expect(page.locator("#tab-seeding .count")).to_have_text("1")
    expect(page.get_by_role("link", name=f"{offer.name} is complete.")).to_be_visible()
    expect(page.locator("[data-bell-count]")).not_to_have_text("0")


def stop_and_undo(page: Page, offer: Offer) -> None:
    """See a stop taken back from its toast, and nothing left to take back."""
    row = page.get_by_role("row").filter(has_text=offer.name)
    row.get_by_role("button", name="Stop").click()
    expect(row.locator("[data-cell=state_label]")).to_have_text("Finished")
    page.get_by_role("button", name="Undo").click()
    expect(row.locator("[data-cell=state_label]")).to_have_text("Seeding")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def assert_nothing_went_wrong(box: "Box") -> None:
    """See that the box wrote neither a warning of Python nor a traceback into its log."""
    assert "Warning:" not in box.said, box.said
    assert "Traceback" not in box.said, box.said


def save(page: Page, offer: Offer) -> str:
    """Save the finished file through the browser and return its SHA-256."""
    page.get_by_role("link", name=offer.name, exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name=f"Save {offer.name}").click()
    assert download.value.suggested_filename == offer.name
    return hashlib.sha256(Path(download.value.path()).read_bytes()).hexdigest()


class TestANewUser:
    def test_downloads_from_a_file_sees_it_seed_and_saves_it(
        self, page: Page, box: "Box", tracker: Tracker, tmp_path: Path
    ) -> None:
        offer = Offer(tmp_path, tracker, number=1)
        with Peer(offer.torrent_file, tmp_path, up_bytes_per_s=WATCHED_BYTES_PER_S) as seed:
            tracker.peers.append(seed.endpoint)
            steps.new_member(page, box, "nora")
            expect(page.get_by_text("Add your first torrent")).to_be_visible()
            steps.add_file(page, offer.torrent)
            watch_to_the_end(page, offer, seed)
            stop_and_undo(page, offer)
            assert violations(page) == []
            picture(page, "list-desktop")
        assert save(page, offer) == offer.sha256
        assert violations(page) == []
        picture(page, "torrent-desktop")
        elsewhere = tmp_path / "elsewhere"
        with Peer(offer.torrent_file, elsewhere, address="127.0.0.3") as leech:
            leech.connect(f"127.0.0.1:{box.node_port}")
            leech.wait_until_complete()
        assert hashlib.sha256((elsewhere / offer.name).read_bytes()).hexdigest() == offer.sha256
        assert_nothing_went_wrong(box)

    def test_downloads_from_a_magnet_on_a_phone(
        self, phone: Page, box: "Box", tracker: Tracker, tmp_path: Path
    ) -> None:
        offer = Offer(tmp_path, tracker, number=2)
        with Peer(offer.torrent_file, tmp_path, up_bytes_per_s=WATCHED_BYTES_PER_S) as seed:
            tracker.peers.append(seed.endpoint)
            steps.sign_in(phone, box.admin_user, box.admin_password)
            assert violations(phone) == []
            steps.add_magnet(phone, offer.magnet)
            watch_to_the_end(phone, offer, seed)
            assert violations(phone) == []
            picture(phone, "list-phone-dark")
        assert save(phone, offer) == offer.sha256
        assert violations(phone) == []
        picture(phone, "torrent-phone-dark")
        assert_nothing_went_wrong(box)
