"""An engine in a process of its own, for tests that kill it: `python -m tests.engine_child FOLDER TORRENT KEY PEER`.

Writes the bytes that are done, one number a line. Closes the engine and ends when its standard input ends.
"""

import sys
import threading
from pathlib import Path

from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.port import AddTorrent, Snapshot
from seedbox.engine.settings import EngineSettings


def run(folder: Path, torrent: Path, key: str, peer: str) -> None:
    engine = LibtorrentEngine(
        EngineSettings(
            resume_folder=folder / "resume",
            downloads_folder=folder / "downloads",
            listen=("127.0.0.14:0",),
            isolated=True,
        )
    )
    ended = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ended.set()
        engine.wake()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    engine.apply(AddTorrent(key, str(folder / "downloads" / key), torrent_file=torrent.read_bytes(), peers=(peer,)))
    while not ended.is_set():
        for event in engine.poll(timeout_s=0.2):
            if isinstance(event, Snapshot):
                sys.stdout.write(f"{event.done_bytes}\n")
                sys.stdout.flush()
    engine.close(timeout_s=5)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
