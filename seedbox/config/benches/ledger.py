"""How many payments the ledger takes, on PostgreSQL and SQLite, beside what plain SQL does with the same rows.

The limits are the least that any ledger with balances has to do in SQL: lock, insert, change balances, commit, durable
as ours; without keys, decisions or answers. They run in turns with ours, with as many clients. Medians over all rounds.
"""

import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedbox.config import env
from seedbox.config.benches.files import BenchFailed

SERVER_STOP_S = 20
# By name: what they import is not installed where a box runs that is not developed on.
_SERVER = "seedbox.config.benches.ledger_postgresql"
_PEER = "seedbox.config.benches.ledger_peer"
_CHILD = "seedbox.config.benches.ledger_child"  # which sets up Django for a database of its own


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--transfers", type=int, default=1_000_000, help="of the history whose pages and audit are timed"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("postgresql", "sqlite"), help="one database instead of both")
    parser.add_argument("--peers", action="store_true", help="the same single transfers with django-hordak, too")


def run(*, transfers: int, rounds: int, only: str | None, peers: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the figures of both databases; speeds per second, times in the unit of their names."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="box") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL run by root becomes another user
        if only != "sqlite":
            with postgresql(folder / "pg") as url:
                figures["postgresql"] = _child(folder / "a", url, transfers, rounds, say)
                if peers:
                    figures["peers"] = _peer(folder / "c", url, figures["postgresql"]["single_per_s"], say)
        if only != "postgresql":
            figures["sqlite"] = _child(folder / "b", "", transfers, rounds, say)
    return figures


def _child(data: Path, url: str, transfers: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    say(f"{'PostgreSQL' if url else 'SQLite'}: {transfers:,} transfers, {rounds} rounds")
    return _run(_CHILD, data, url, str(transfers), str(rounds))


def _peer(data: Path, url: str, ours_per_s: float, say: Callable[[str], None]) -> dict[str, Any]:
    say("django-hordak on PostgreSQL")
    figures = _run(_PEER, data, url)
    return figures | {"ratio_hordak": round(ours_per_s / figures["hordak_single_per_s"], 2)}


def _run(module: str, data: Path, url: str, *arguments: str) -> dict[str, Any]:
    data.mkdir()
    environ = {**os.environ, "SEEDBOX_DATA": str(data), "DATABASE_URL": url, "WALLET_NETWORK": "off"}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=env.ROOT, env=environ, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise BenchFailed(f"{module} ended with {done.returncode}; what it said is above")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", _SERVER, str(folder)]
    with subprocess.Popen(command, cwd=env.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        url = server.stdout.readline().strip()
        if not url:
            raise BenchFailed("no PostgreSQL came up: `make setup` installs one for tests and benches")
        try:
            yield url
        finally:
            server.communicate(timeout=SERVER_STOP_S)
