"""`kill -9` of one process after the other while a torrent downloads: it is back by itself and ends right."""

import hashlib
import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.box import wait_until
from tests.builders import make_content, make_torrent_file
from tests.peer import Peer
from tests.servers import PROVE

if TYPE_CHECKING:
    from tests.box import Box

SIZE_BYTES = 24 * 1024 * 1024 * min(PROVE, 10)
UP_BYTES_PER_S = 4 * 1024 * 1024
IN_FLIGHT_BYTES = 6 * 1024 * 1024  # or in memory when a connection ends: 1.5 s of this download
WAIT_S = 120


def kill(box: "Box", name: str) -> None:
    """Kill a process of the box and wait until the supervisor has another in its place."""
    before = wait_until(lambda: box.child_pid(name), f"{name} to run")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: box.child_pid(name) not in (0, before), f"{name} to run again")


def has_sent(peer: Peer, size_bytes: int) -> bool:
    return peer.sent_bytes >= size_bytes


def wait_for_download(box: "Box", torrent_id: int) -> dict[str, Any]:
    wait_until(lambda: show(box, torrent_id)["progress_ppm"] == 1_000_000, "the download to be complete", WAIT_S)
    return show(box, torrent_id)


def show(box: "Box", torrent_id: int) -> dict[str, Any]:
    shown = box.manage("torrents", "show", str(torrent_id), "--json")
    assert shown.returncode == 0, shown.stderr
    rows: list[dict[str, Any]] = json.loads(shown.stdout)
    return rows[0]


@pytest.mark.parametrize(("names", "seed"), [(["node"] * 3 * min(PROVE, 4), 11), (["redis", "web"], 12)])
class TestADownload:
    def test_survives_kills_and_fetches_nothing_flushed_again(
        self, box: "Box", tmp_path: Path, names: list[str], seed: int
    ) -> None:
        make_content(tmp_path, {f"survivor-{seed}.bin": SIZE_BYTES}, seed=seed)
        content = tmp_path / f"survivor-{seed}.bin"
        torrent_file = make_torrent_file(content, piece_size_bytes=65_536)
        torrent = tmp_path / "survivor.torrent"
        torrent.write_bytes(torrent_file)
        with Peer(torrent_file, tmp_path, address=f"127.0.0.{seed}", up_bytes_per_s=UP_BYTES_PER_S) as source:
            added = box.manage("torrents", "add", str(torrent), "--peer", source.endpoint, "--json")
            assert added.returncode == 0, added.stderr
            torrent_id = json.loads(added.stdout)[0]["id"]
            for number, name in enumerate(names, start=1):
                part = SIZE_BYTES * number // (len(names) + 1)
                wait_until(partial(has_sent, source, part), f"{part} bytes to be sent", WAIT_S)
                kill(box, name)
            row = wait_for_download(box, torrent_id)
            fetched_twice = source.sent_bytes - SIZE_BYTES
        saved = Path(row["save_path"]) / content.name
        assert hashlib.sha256(saved.read_bytes()).hexdigest() == hashlib.sha256(content.read_bytes()).hexdigest()
        connections_lost = names.count("node") + 1  # a busy machine may cost one more
        assert fetched_twice <= connections_lost * IN_FLIGHT_BYTES
