"""Two boxes, as users run them, trade with each other by nothing but the command line."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seedbox.domain.magnets import magnet_link
from seedbox.domain.metainfo import Metainfo
from seedbox.engine.metainfo import read_torrent_file
from tests.box import Box, free_port
from tests.builders import make_content, make_torrent_file

WAIT_S = 60
SIZES = {"a.bin": 300_000, "sub/b.bin": 40_000}


class Owner:
    """Somebody with a box, and a torrent of each version of the protocol whose content lies where the box looks."""

    def __init__(self, box: Box, endpoint: str, folder: Path, *, number: int) -> None:
        self.box = box
        self.endpoint = endpoint
        self.files: list[Path] = []
        self.torrents: list[Metainfo] = []
        for protocol in ("v1", "v2", "hybrid"):
            made = make_content(folder / f"{protocol} songs of {number}", SIZES, seed=number)
            metainfo = read_torrent_file(make_torrent_file(made, protocol=protocol))
            self.torrents.append(metainfo)
            self.files.append(folder / f"{protocol}-{number}.torrent")
            self.files[-1].write_bytes(metainfo.torrent_file)
            make_content(self.path_of(metainfo) / made.name, SIZES, seed=number)

    def path_of(self, metainfo: Metainfo) -> Path:
        return self.box.data / "downloads" / (metainfo.info_hash_v1 or metainfo.info_hash_v2)

    def add(self, *sources: str, peer: str = "") -> None:
        peers = [f"--peer={peer}"] if peer else []
        outcome = self.box.manage("torrents", "add", *sources, *peers, "--wait", str(WAIT_S), "--json")
        assert outcome.returncode == 0, outcome.stderr
        assert [row["progress_ppm"] for row in json.loads(outcome.stdout)] == [1_000_000] * len(sources)

    def has_all_of(self, other: "Owner") -> bool:
        return all(
            (self.path_of(metainfo) / file.path).read_bytes() == (other.path_of(metainfo) / file.path).read_bytes()
            for metainfo in other.torrents
            for file in metainfo.files
        )


@pytest.fixture
def owners(tmp_path: Path) -> Iterator[tuple[Owner, Owner]]:
    with ExitStack() as running:
        places = [f"127.0.33.{90 + number}:{free_port()}" for number in range(2)]
        boxes = [running.enter_context(Box(NODE_LISTEN=place)) for place in places]
        one, other = (
            Owner(box, place, tmp_path, number=n) for n, (box, place) in enumerate(zip(boxes, places, strict=True))
        )
        yield one, other


class TestTwoBoxes:
    def test_trade_torrents_of_every_version_by_file_one_way_and_by_magnet_the_other(
        self, owners: tuple[Owner, Owner]
    ) -> None:
        one, other = owners
        for owner in owners:
            owner.add(*map(str, owner.files))
        other.add(*map(str, one.files), peer=one.endpoint)
        assert other.has_all_of(one)
        magnets = [
            magnet_link(info_hash_v1=each.info_hash_v1, info_hash_v2=each.info_hash_v2, name="", trackers=[])
            for each in other.torrents
        ]
        one.add(*magnets, peer=other.endpoint)
        assert one.has_all_of(other)
