"""An engine in a process of its own, for tests that kill it; `start_engine_child` starts one.

Writes the bytes that are done, one number a line. Closes the engine and ends when its standard input ends.
"""

import subprocess
import sys
import threading
from pathlib import Path

from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.port import AddTorrent, Snapshot
from seedbox.engine.settings import EngineSettings


def run(folder: Path, torrent: Path, key: str, peer: str, listen: str) -> None:
    engine = LibtorrentEngine(
        EngineSettings(
            resume_folder=folder / "resume",
            downloads_folder=folder / "downloads",
            listen=(listen,),
            isolated=True,
        )
    )
    ended = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ended.set()
        engine.wake()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    peers = (peer,) if peer else ()
    engine.apply(AddTorrent(key, str(folder / "downloads" / key), torrent_file=torrent.read_bytes(), peers=peers))
    while not ended.is_set():
        for event in engine.poll(timeout_s=0.2):
            if isinstance(event, Snapshot):
                sys.stdout.write(f"{event.done_bytes}\n")
                sys.stdout.flush()
    engine.close(timeout_s=5)


def start_engine_child(
    folder: Path, torrent: Path, key: str, *, peer: str = "", listen: str = "127.0.0.14:0"
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engine_child", str(folder), str(torrent), key, peer, listen],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:6])
