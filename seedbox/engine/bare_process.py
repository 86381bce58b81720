"""A bare peer in a process of its own, for benches: `python -m seedbox.engine.bare_process '{"role": …}'`.

A seeder writes where it listens, and seeds until its standard input ends. A leecher fetches from one seeder over TCP
and throws everything away, so that neither disk nor hashing holds it up; it writes how long it took.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from seedbox.engine.bare import NO_DISK, BarePeer

LIMIT_S = 300.0
LOOK_EVERY_S = 0.01

LEECHER_SETTINGS = {
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "disable_hash_checks": True,
    "max_out_request_queue": 1_000,
    "max_queued_disk_bytes": 64 * 1024 * 1024,
}


def main() -> None:
    order = json.loads(sys.argv[1])
    if order["role"] == "seed":
        seed(order)
    else:
        leech(order)


def seed(order: dict[str, Any]) -> None:
    peer = BarePeer(order["address"], overrides=order["settings"], disk_io=order["disk_io"])
    peer.take(Path(order["torrent"]).read_bytes(), Path(order["folder"]), complete=True)
    peer.wait_until_complete(limit_s=LIMIT_S)
    tell({"endpoint": peer.endpoint})
    sys.stdin.read()
    peer.close()


def leech(order: dict[str, Any]) -> None:
    """Measure from the first byte that arrives, so that neither handshake nor unchoking counts."""
    peer = BarePeer(order["address"], overrides=LEECHER_SETTINGS, disk_io=NO_DISK)
    peer.take(
        Path(order["torrent"]).read_bytes(), Path(order["folder"]), empty=True
    )  # a disk that forgets would pass any check
    peer.connect(order["endpoint"])
    peer.wait_until(lambda: peer.done_bytes > 0, "receive anything", limit_s=LIMIT_S)
    first_bytes, started_at_s = peer.done_bytes, time.perf_counter()
    deadline_s = started_at_s + LIMIT_S
    while not peer.is_complete and time.perf_counter() < deadline_s:
        time.sleep(LOOK_EVERY_S)
    elapsed_s = time.perf_counter() - started_at_s
    tell({"bytes": peer.done_bytes - first_bytes, "elapsed_s": elapsed_s, "complete": peer.is_complete})
    peer.close()


def tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
