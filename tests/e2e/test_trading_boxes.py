"""Two whole boxes trade: one sells and keeps the ledger, the other buys with money that its user has there."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seedbox.engine.bare import BarePeer
from tests.box import Box, free_port
from tests.builders import make_content
from tests.installs import HAS_BTT, told_by
from tests.ledger import BTT
from tests.sources import make_metainfo

SIZE_BYTES = (6 << 20) + 5_000
SLOW_BYTES_PER_S = 20_000
LIMIT_S = 300  # two boxes start, on two cores
FREE_BYTES = 1 << 20  # what the buyer may have had of the free peers' share


class Scene:
    def __init__(self, west: Box, east: Box, folder: Path, neighbour: BarePeer) -> None:
        self.west, self.east, self.neighbour = west, east, neighbour
        self.metainfo = make_metainfo("film", files={"film.bin": SIZE_BYTES}, private=True)
        self.torrent_file = folder / "film.torrent"
        self.torrent_file.write_bytes(self.metainfo.torrent_file)
        make_content(west.data / "downloads" / self.metainfo.info_hash_v1, {"film/film.bin": SIZE_BYTES})
        self._folder = folder

    def begin(self) -> None:
        """Let the one sell, somebody have its only free slot, and the other bid."""
        told_by(self.west, "serve_one_peer_at_a_time")
        told = told_by(self.west, "offer", str(self.torrent_file))
        self.neighbour.take(self.metainfo.torrent_file, self._folder / "neighbour", empty=True)
        self.neighbour.limit_download(SLOW_BYTES_PER_S)
        self.neighbour.connect(self.west.env["NODE_LISTEN"])
        self.neighbour.wait_until(lambda: self.neighbour.received_bytes > 0, "receive anything", limit_s=30)
        hub = told["hub_id"], told["code"]
        told_by(self.east, "seek", str(self.torrent_file), self.west.env["NODE_LISTEN"], self.west.url, *hub)


def _places(number: int) -> dict[str, str]:
    return {name: f"127.0.45.{number}:{free_port()}" for name in ("NODE_LISTEN", "NODE_SPEED_LISTEN")}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as running:
        boxes = [Box(WALLET_NETWORK="devnet", **_places(number)) for number in (1, 2)]
        for box in boxes:
            running.enter_context(box)
        neighbour = BarePeer("127.0.45.9")
        running.callback(neighbour.close)
        yield Scene(boxes[0], boxes[1], tmp_path, neighbour)


class TestTwoBoxesOverOneHub:
    @pytest.mark.timeout(LIMIT_S)
    def test_trade_and_their_books_agree_to_the_last_micro(self, scene: Scene) -> None:
        scene.begin()
        bought = told_by(scene.east, "wait_until_bought")
        books = told_by(scene.west, "books")
        assert bought["done_bytes"] == SIZE_BYTES
        assert SIZE_BYTES - FREE_BYTES < bought["accepted_bytes"] <= SIZE_BYTES
        assert bought["paid_ubtt"] == bought["owed_ubtt"] == books["redeemed_ubtt"] > 0
        assert books["olga"] == HAS_BTT * BTT - bought["paid_ubtt"]
        assert books["ada"] + books["fees_ubtt"] == bought["paid_ubtt"]
        audit = scene.west.manage("ledger", "audit")
        assert audit.returncode == 0, audit.stdout
