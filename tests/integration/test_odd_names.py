"""Names of files that disks, shells and readers stumble over, downloaded for real: each file keeps its own."""

import hashlib
import os
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest

from seedbox.domain.states import State
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, Removed, RemoveTorrent
from seedbox.services.downloads import attachment, open_below
from tests.engines import RealBox, Watcher

SIZE_BYTES = 16_384
NAMES = [
    "Readme.txt",
    "README.TXT",
    "\N{LATIN SMALL LETTER E WITH ACUTE}.txt",
    "\N{LATIN CAPITAL LETTER E WITH ACUTE}.txt",
    "e\N{COMBINING ACUTE ACCENT}.txt",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe",
    "gnp.exe",
    "a\nb",
    "a_b",
    "-rf",
    " ",
    "dots. .",
    "com1.txt",
    "x" * 255,
    "y" * 300,
    "y" * 301,
    "<script>alert(1)<",
    'quoted".bin',
]


def content_of(name: str) -> bytes:
    return hashlib.shake_128(name.encode()).digest(SIZE_BYTES)


def odd_torrent(seed: Path) -> bytes:
    """Write the files as a plain libtorrent names them below `seed`; return their torrent file."""
    info = {
        b"name": b"odd",
        b"piece length": SIZE_BYTES,
        b"pieces": b"".join(hashlib.sha1(content_of(name), usedforsecurity=False).digest() for name in NAMES),
        b"files": [{b"length": SIZE_BYTES, b"path": [name.encode()]} for name in NAMES],
    }
    torrent: Any = {b"info": info}
    data = bytes(lt.bencode(torrent))
    params = lt.load_torrent_buffer(data)
    assert params.ti
    for index, name in enumerate(NAMES):
        path = seed / (params.renamed_files.get(index) or params.ti.layout().file_path(index))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(name))
    return data


class TestFilesWithOddNames:
    @pytest.mark.parametrize("by", ["file", "magnet"])
    def test_arrive_each_in_a_place_of_its_own_below_the_torrents_folder(self, tmp_path: Path, by: str) -> None:
        data = odd_torrent(tmp_path / "seed")
        metainfo = read_torrent_file(data)
        key = metainfo.info_hash_v1
        box = RealBox(tmp_path, data, tmp_path / "seed" / "odd")
        try:
            watcher = Watcher(box)
            folder = box.downloads / key
            source = {"torrent_file": data} if by == "file" else {"magnet": f"magnet:?xt=urn:btih:{key}"}
            box.engine.apply(AddTorrent(key, str(folder), peers=(box.peer,), **source))
            watcher.wait_for_state(key, State.SEEDING)
            watcher.wait_until_on_disk(key, metainfo)
            assert len({file.path.casefold() for file in metainfo.files}) == len(NAMES)
            for name, file in zip(NAMES, metainfo.files, strict=True):
                descriptor = open_below(str(folder), file.path)
                with os.fdopen(descriptor, "rb") as opened:
                    assert opened.read() == content_of(name), name
                assert attachment(Path(file.path).name).isprintable()
            on_disk = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
            assert on_disk == {file.path for file in metainfo.files}
            box.engine.apply(RemoveTorrent(key, str(folder)))
            watcher.wait_for(Removed)
            assert not folder.exists()
        finally:
            box.close()
