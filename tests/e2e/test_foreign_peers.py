"""The box and clients that share no code with it."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.aria2 import aria2
from tests.box import free_port
from tests.builders import make_content, make_torrent_file
from tests.tracker import Tracker

if TYPE_CHECKING:
    from tests.box import Box

SIZE_BYTES = 8 * 1024 * 1024
WAIT_S = 60


class TestAria2:
    def test_seeds_to_the_box_and_then_downloads_from_it(self, box: "Box", tmp_path: Path) -> None:
        make_content(tmp_path, {"linux.iso": SIZE_BYTES}, seed=7)
        wanted = hashlib.sha256((tmp_path / "linux.iso").read_bytes()).hexdigest()
        torrent = tmp_path / "linux.torrent"
        with Tracker(peers=[f"127.0.0.1:{box.node_port}"]) as tracker:
            torrent.write_bytes(make_torrent_file(tmp_path / "linux.iso", tracker=tracker.url))
            port = free_port()
            with aria2(torrent, tmp_path, port=port, seeds=True):
                added = box.manage(
                    "torrents", "add", str(torrent), "--peer", f"127.0.0.1:{port}", "--wait", str(WAIT_S), "--json"
                )
            assert added.returncode == 0, added.stderr
            row = json.loads(added.stdout)[0]
            assert row["progress_ppm"] == 1_000_000
            assert (
                hashlib.sha256((box.data / "downloads" / row["info_hash"] / "linux.iso").read_bytes()).hexdigest()
                == wanted
            )
            leech_folder = tmp_path / "leech"
            with aria2(torrent, leech_folder, port=free_port(), seeds=False) as leech:
                assert leech.wait(WAIT_S) == 0
        assert hashlib.sha256((leech_folder / "linux.iso").read_bytes()).hexdigest() == wanted
