from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from seedbox.engine.metainfo import read_torrent_file
from tests.builders import make_content, make_torrent_file
from tests.engines import SIZES, EngineBox, FakeBox, RealBox, Watcher


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["tests.passwords.QuickArgon2"]


@pytest.fixture
def torrent_file(tmp_path: Path) -> bytes:
    return make_torrent_file(make_content(tmp_path / "seed" / "songs", SIZES))


@pytest.fixture
def key(torrent_file: bytes) -> str:
    return read_torrent_file(torrent_file).info_hash_v1


@pytest.fixture(params=["fake", "libtorrent"])
def box(request: pytest.FixtureRequest, tmp_path: Path, torrent_file: bytes) -> Iterator[EngineBox]:
    box: EngineBox
    if request.param == "fake":
        box = FakeBox(tmp_path, torrent_file)
    else:
        box = RealBox(tmp_path, torrent_file, tmp_path / "seed" / "songs")
    yield box
    box.close()


@pytest.fixture
def watcher(box: EngineBox) -> Watcher:
    return Watcher(box)
