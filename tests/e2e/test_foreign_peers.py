"""The box and clients that share no code with it: what they give and take is compared byte by byte.

They know v1 only, and these versions can't read hybrid torrent files: aria2 1.36 computes another info-hash for them,
transmission 3.00 calls them damaged.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seedbox.engine.metainfo import read_torrent_file
from tests.aria2 import aria2
from tests.box import free_port
from tests.builders import make_content, make_torrent_file
from tests.tracker import Tracker
from tests.transmission import REQUIRED, TOLERATED, Transmission, transmission

if TYPE_CHECKING:
    from tests.box import Box

SIZE_BYTES = 2 * 1024 * 1024
WAIT_S = 60


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def added(box: "Box", *sources: str, peers: list[str]) -> list[dict[str, Any]]:
    """Let the box trade with those peers until it has everything."""
    outcome = box.manage(
        "torrents", "add", *sources, *(f"--peer={peer}" for peer in peers), "--wait", str(WAIT_S), "--json"
    )
    assert outcome.returncode == 0, outcome.stderr
    rows: list[dict[str, Any]] = json.loads(outcome.stdout)
    assert {row["progress_ppm"] for row in rows} == {1_000_000}
    return rows


class TestAria2:
    def test_seeds_to_the_box_and_then_downloads_from_it(self, box: "Box", tmp_path: Path) -> None:
        make_content(tmp_path, {"linux.iso": SIZE_BYTES}, seed=7)
        wanted = digest(tmp_path / "linux.iso")
        torrent = tmp_path / "linux.torrent"
        with Tracker(peers=[f"127.0.0.1:{box.node_port}"]) as tracker:
            torrent.write_bytes(make_torrent_file(tmp_path / "linux.iso", tracker=tracker.url))
            port = free_port()
            with aria2(torrent, tmp_path, port=port, seeds=True):
                (row,) = added(box, str(torrent), peers=[f"127.0.0.1:{port}"])
            assert digest(box.data / "downloads" / row["info_hash"] / "linux.iso") == wanted
            leech_folder = tmp_path / "leech"
            with aria2(torrent, leech_folder, port=free_port(), seeds=False) as leech:
                assert leech.wait(WAIT_S) == 0
        assert digest(leech_folder / "linux.iso") == wanted


@pytest.fixture(scope="class")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("transmission")


@pytest.fixture(scope="class")
def contents(folder: Path) -> dict[str, bytes]:
    """Torrent files by the name of their content, which lies in the seed's folder."""
    make_content(folder / "seed", {"plain.iso": 500_000, "album/a.bin": 300_000, "album/b.bin": 70_000}, seed=3)
    return {
        "plain.iso": make_torrent_file(folder / "seed" / "plain.iso"),
        "album": make_torrent_file(folder / "seed" / "album"),
    }


@pytest.fixture(scope="class")
def seed(folder: Path, contents: dict[str, bytes]) -> Iterator[Transmission]:
    """One that speaks to nobody in plain, and has everything."""
    with transmission(folder / "seed", address="127.0.33.2", encryption=REQUIRED) as running:
        for name, data in contents.items():
            (folder / f"{name}.torrent").write_bytes(data)
            running.add(str(folder / f"{name}.torrent"))
        running.wait_until_complete(set(contents), WAIT_S)
        yield running


class TestTransmission:
    def test_seeds_to_the_box_by_file_and_magnet_and_another_downloads_from_it_by_the_other(
        self, box: "Box", folder: Path, contents: dict[str, bytes], seed: Transmission
    ) -> None:
        plain, album = (read_torrent_file(contents[name]) for name in ("plain.iso", "album"))
        file, magnet = str(folder / "plain.iso.torrent"), f"magnet:?xt=urn:btih:{album.info_hash_v1}"
        with transmission(folder / "leech", address="127.0.33.3", encryption=TOLERATED) as leech:
            leech.add(f"magnet:?xt=urn:btih:{plain.info_hash_v1}")
            leech.add(str(folder / "album.torrent"))
            rows = {row["name"]: row for row in added(box, file, magnet, peers=[seed.endpoint, leech.endpoint])}
            leech.wait_until_complete(set(contents), WAIT_S)
        assert rows.keys() == contents.keys()
        for metainfo in (plain, album):
            for found in metainfo.files:
                wanted = digest(folder / "seed" / found.path)
                assert digest(Path(rows[metainfo.name]["save_path"]) / found.path) == wanted
                assert digest(folder / "leech" / found.path) == wanted
