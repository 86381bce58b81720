"""Every page, light and dark, on desktop and phone: no finding of axe-core, no sideways scrolling, and a picture.

`make pictures` runs this file; the pictures are in tests/output/pages.
"""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import libtorrent as lt
import pytest
from playwright.sync_api import expect

from tests.box import Box
from tests.builders import make_content, make_torrent_file
from tests.e2e import steps
from tests.e2e.browser import DESKTOP, chromium, open_page, picture, violations
from tests.e2e.gallery import LOOKS, NO_PAGES, SHOTS, Shot
from tests.integration.test_isolation import names
from tests.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

MIB = 1024 * 1024
SLOW_BYTES_PER_S = 32 * 1024  # a download that still goes on when the last picture is taken
WHOLE, SLOW, BROKEN = "Sintel (2010) 1080p", "debian-13.1.0-amd64-netinst.iso", "Big Buck Bunny 2160p.mkv"
UNKNOWN = "magnet:?xt=urn:btih:" + "5a" * 20 + "&dn=Cosmos%20Laundromat"
NOT_FOUND = "status of 404"  # some of these pages say so
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Scene:
    """A box with torrents in several states, and somebody signed in for each kind of visitor."""

    def __init__(self, box: Box, browser: "Browser", folder: Path, cleanup: ExitStack) -> None:
        self._box = box
        self._words: dict[str, object] = {}
        self._pages: dict[str, Page] = {
            who: cleanup.enter_context(open_page(browser, box.url, DESKTOP, expected=NOT_FOUND))
            for who in ("admin", "newcomer", "invited", "anonymous")
        }
        self._add_torrents(folder, cleanup)
        self._sign_in()

    def _add_torrents(self, folder: Path, cleanup: ExitStack) -> None:
        make_content(folder, {f"{WHOLE}/film.mkv": 3 * MIB, f"{WHOLE}/subtitles/Français.srt": 90_000}, seed=1)
        make_content(folder, {SLOW: 8 * MIB, BROKEN: MIB}, seed=2)
        files = {name: folder / f"{name}.torrent" for name in (WHOLE, SLOW, BROKEN)}
        for name, path in files.items():
            path.write_bytes(make_torrent_file(folder / name, piece_size_bytes=65_536))
        in_the_way = self._box.data / "downloads" / str(lt.torrent_info(str(files[BROKEN])).info_hash())
        in_the_way.write_text("a file where the folder should be")
        whole, slow = (files[name].read_bytes() for name in (WHOLE, SLOW))
        seed = cleanup.enter_context(Peer(whole, folder, address="127.0.38.1"))
        slow_seed = cleanup.enter_context(Peer(slow, folder, address="127.0.38.2", up_bytes_per_s=SLOW_BYTES_PER_S))
        peers = ["--peer", seed.endpoint, "--peer", slow_seed.endpoint]
        added = self._box.manage("torrents", "add", *map(str, files.values()), UNKNOWN, *peers, "--json")
        assert added.returncode == 0, added.stderr
        for row, word in zip(json.loads(added.stdout), ("torrent", "slow", "broken", "magnet"), strict=True):
            self._words[word] = row["id"]

    def _sign_in(self) -> None:
        admin, newcomer = self._pages["admin"], self._pages["newcomer"]
        steps.sign_in(admin, self._box.admin_user, self._box.admin_password)
        steps.sign_up(newcomer, steps.invite(admin), "mia")
        link = steps.invite(admin)
        self._words["invitation"] = link.rstrip("/").rpartition("/")[2]

    def open(self, shot: Shot) -> "Page":
        page = self._pages[shot.who]
        page.goto(shot.address.format(**self._words))
        shot.ready(page)
        return page


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Scene]":
    with ExitStack() as cleanup:
        box = cleanup.enter_context(Box())
        browser = cleanup.enter_context(chromium())
        yield Scene(box, browser, tmp_path_factory.mktemp("scene"), cleanup)


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
