"""A real engine that takes torrents in with damaged resume data, one after the other, for the fuzz bench."""

import atexit
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddFailed, AddTorrent, Removed, RemoveTorrent, Snapshot
from seedbox.engine.settings import EngineSettings

ADDRESS = "127.0.36.90"
LIMIT_S = 15.0
INFO = b"d6:lengthi40000e4:name1:a12:piece lengthi16384e6:pieces60:" + b"x" * 60 + b"e"
TORRENT_FILE = b"d4:info" + INFO + b"e"


class _Intake:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="box"))
        self.resume = self.folder / "resume"
        self.engine = LibtorrentEngine(
            EngineSettings(
                resume_folder=self.resume,
                downloads_folder=self.folder / "downloads",
                listen=(f"{ADDRESS}:0",),
                isolated=True,
            )
        )
        self.key = read_torrent_file(TORRENT_FILE).info_hash_v1
        atexit.register(self.close)

    def close(self) -> None:
        """Let go of the session: left to the interpreter's end, its threads abort the process."""
        self.engine.close(timeout_s=5)
        shutil.rmtree(self.folder, ignore_errors=True)

    def take_in(self, data: bytes, *, by_magnet: bool) -> None:
        (self.resume / f"{self.key}.resume").write_bytes(data)
        magnet = f"magnet:?xt=urn:btih:{self.key}" if by_magnet else ""
        save_path = str(self.folder / "downloads" / self.key)
        file = b"" if by_magnet else TORRENT_FILE
        self.engine.apply(AddTorrent(self.key, save_path, torrent_file=file, magnet=magnet, runs=False))
        self._wait_for(Snapshot, AddFailed)
        self.engine.apply(RemoveTorrent(self.key, save_path))
        self._wait_for(Removed)

    def _wait_for(self, *kinds: type) -> None:
        deadline_s = time.monotonic() + LIMIT_S
        while not any(isinstance(event, kinds) for event in self.engine.poll(timeout_s=0.5)):
            if time.monotonic() > deadline_s:
                raise AssertionError(f"the engine gave no {kinds[0].__name__}")


_intake = cache(_Intake)


def take_in(data: bytes) -> None:
    """Add a torrent whose resume data this is, by file and by magnet, and remove it again."""
    for by_magnet in (False, True):
        _intake().take_in(data, by_magnet=by_magnet)
