"""Bare peers in processes of their own, for benches of seeding: one that seeds, and the leecher that measures."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from seedbox.config import env
from seedbox.config.benches.files import BenchFailed
from seedbox.domain.units import MIB
from seedbox.engine import bare_process

LEECHER_ADDRESS = "127.0.0.43"
LEECH_LIMIT_S = 300.0


def leech(torrent: Path, folder: Path, endpoint: str) -> float:
    """Fetch everything from one seeder and return the speed in MiB/s."""
    order = {
        "role": "leech",
        "address": LEECHER_ADDRESS,
        "endpoint": endpoint,
        "torrent": str(torrent),
        "folder": str(folder / "nowhere"),
    }
    with bare(order) as process:
        answer = answer_of(process)
        process.communicate(timeout=LEECH_LIMIT_S)
    if not answer["complete"]:
        raise BenchFailed(f"the leecher did not get everything from {endpoint}")
    return float(answer["bytes"]) / MIB / float(answer["elapsed_s"])


def bare(order: dict[str, Any]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", bare_process.__name__, json.dumps(order)]
    return subprocess.Popen(command, cwd=env.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer_of(process: "subprocess.Popen[str]") -> dict[str, Any]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise BenchFailed("a bare peer ended without an answer")
    return dict(json.loads(line))
