"""How soon a user's action reaches the engine of an idle box, against the limit of 300 ms that we set ourselves.

A torrent of a real `manage.py up` is stopped and started in turns. The time runs from the call of the service until the
database says that the engine was told, so it holds two commits, the nudge over Redis and the node's turn.
"""

import json
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

from seedbox.config.benches import actions_turns
from seedbox.config.benches.seeding_box import running_box
from seedbox.domain.units import KIB
from seedbox.engine.bare import make_torrent_file

LIMIT_MS = 300
CONTENT_BYTES = 256 * KIB


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=50, help="actions, at least two")


def run(*, rounds: int, say: Callable[[str], None]) -> dict[str, float]:
    """Return median and 95th percentile in milliseconds, and the latter's part of the limit."""
    with tempfile.TemporaryDirectory(prefix="box") as name:
        folder = Path(name)
        content = folder / "content.bin"
        content.write_bytes(bytes(CONTENT_BYTES))
        torrent = folder / "content.torrent"
        torrent.write_bytes(make_torrent_file(content, piece_bytes=16 * KIB))
        with running_box(folder, say=say) as box:
            box.seed(torrent, content=content)
            say(f"{rounds} actions")
            took_ms = json.loads(box.run("-m", actions_turns.__name__, str(rounds)).splitlines()[-1])
    p95_ms = quantiles(took_ms, n=20, method="inclusive")[-1]
    return {
        "median_ms": round(median(took_ms), 1),
        "p95_ms": round(p95_ms, 1),
        "limit_ms": LIMIT_MS,
        "ratio_p95": round(p95_ms / LIMIT_MS, 3),
    }
