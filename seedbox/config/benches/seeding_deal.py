"""What a deal costs those that don't pay: how fast the node serves a free leecher while it sells a lane, and while not.

A box with the development chain seeds. A second node of it, in a process of its own, buys another torrent through a
lane of 1 MiB/s, of a limit far above what anybody reaches, and pays by vouchers; the leecher knows nothing of money.
Half of the rounds without the deal are before it, half behind it, so that a machine that gets slower hits both alike.
The buyer idles then, and yields to the others while it buys: on a machine of its own it would take nothing of this one
at any time.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from seedbox.config import env
from seedbox.config.benches import seeding_buyer
from seedbox.config.benches.files import BenchFailed
from seedbox.config.benches.seeding_box import NODE_ADDRESS, SeedingBox, free_port
from seedbox.config.benches.seeding_peers import answer_of, leech
from seedbox.domain.units import MIB
from seedbox.engine.bare import make_torrent_file

BUYER_ADDRESS = "127.0.0.60"
SOLD_BYTES = 256 * MIB  # of nothing but holes; at the lane's speed more than enough for all rounds
PIECE_BYTES = MIB
LANE_BYTES_PER_S = MIB
FETCHES_PERCENT = 125  # of a lane: what a buyer fetches at most
YIELDS = 19  # niceness of a process that takes what nobody else wants
STOP_LIMIT_S = 60.0

Seen = dict[str, Any]


def measure(
    box: SeedingBox, folder: Path, torrent: Path, *, rounds: int, say: Callable[[str], None]
) -> dict[str, float | None]:
    """Return the leecher's speed with the deal and without, their ratio, and what ran through the lane meanwhile.

    The box has `market_settings()`, and seeds the torrent that the leecher fetches.
    """
    sold = sold_torrent(folder, SOLD_BYTES)
    box.seed(sold, content=folder / "sold" / "film.bin")
    with buyer(box, folder, sold, lane_bytes_per_s=LANE_BYTES_PER_S, niceness=YIELDS) as ask:
        say("the buyer is ready")

        def fetched(times: int, what: str) -> list[float]:
            speeds = [leech(torrent, folder, box.endpoint) for _ in range(times)]
            say(f"{what}: " + ", ".join(f"{speed:.0f}" for speed in speeds) + " MiB/s")
            return speeds

        fetched(1, "the first one is slower everywhere")
        without = fetched(-(-rounds // 2), "no deal")
        before = ask("buy")
        during = fetched(rounds, "a deal")
        after = ask("stop")
        without += fetched(rounds // 2, "no deal")
    return _figures(without, during, before, after)


def _figures(without: list[float], during: list[float], before: Seen, after: Seen) -> dict[str, float | None]:
    paid_bytes, took_s = (after[name] - before[name] for name in ("accepted_bytes", "at_s"))
    return {
        "node_alone_mib_s": round(median(without), 1),
        "node_deal_mib_s": round(median(during), 1),
        "ratio_deal": round(median(during) / median(without), 3),
        "lane_mib_s": round(paid_bytes / MIB / took_s, 2),
        "paid_ubtt": after["paid_ubtt"],
    }


class Ask(Protocol):
    """Tells the buyer's node to do something, and returns what it has seen when that is done; raises BenchFailed."""

    def __call__(self, verb: str, **order: Any) -> Seen: ...


def sold_torrent(folder: Path, size_bytes: int) -> Path:
    """Make a private torrent: hubs tell where it is for sale, and no DHT is needed."""
    content = folder / "sold" / "film.bin"
    content.parent.mkdir()
    with content.open("wb") as file:
        file.truncate(size_bytes)
    torrent = folder / "film.torrent"
    torrent.write_bytes(make_torrent_file(content, piece_bytes=PIECE_BYTES, private=True))
    return torrent


def market_settings() -> dict[str, str]:
    """Return the settings of a box whose node can sell, beside a chain of its own."""
    return {
        "WALLET_NETWORK": "devnet",
        "WALLET_DEVNET_PORT": str(free_port()),
        "WALLET_DEVNET_BLOCK_SECONDS": "1",
        "WALLET_DEVNET_SOLID_LAG": "1",
        "NODE_SPEED_LISTEN": f"{NODE_ADDRESS}:{free_port(NODE_ADDRESS)}",
    }


@contextmanager
def buyer(box: SeedingBox, folder: Path, sold: Path, *, lane_bytes_per_s: int, niceness: int = 0) -> Iterator[Ask]:
    """Start the buyer's node, which can begin, buy, go on, and stop."""
    environ = box.environ | {
        "NODE_NAME": seeding_buyer.NAME,
        "NODE_FOLDERS": str(folder / "bought"),
        "NODE_LISTEN": f"{BUYER_ADDRESS}:{free_port(BUYER_ADDRESS)}",
        "NODE_SPEED_LISTEN": f"{BUYER_ADDRESS}:{free_port(BUYER_ADDRESS)}",
    }
    order = json.dumps(
        {
            "torrent": str(sold),
            "seller": box.endpoint,
            "lane_bytes_per_s": lane_bytes_per_s,
            "fetches_bytes_per_s": lane_bytes_per_s * FETCHES_PERCENT // 100,
            "niceness": niceness,
        }
    )
    with ordered(seeding_buyer.__name__, environ, order) as ask:
        ask("begin")
        yield ask


@contextmanager
def ordered(module: str, environ: Mapping[str, str], order: str) -> Iterator[Ask]:
    """Start a node of this module, see `ordered_node`, with its first order."""
    command = [sys.executable, "-m", module, order]
    with subprocess.Popen(
        command, cwd=env.ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def ask(verb: str, **order: Any) -> Seen:
            assert process.stdin
            process.stdin.write(json.dumps({"verb": verb, **order}) + "\n")
            process.stdin.flush()
            answer = answer_of(process)
            if "failed" in answer:
                raise BenchFailed(f"the node waited in vain for {answer['failed']}")
            return answer

        yield ask
        process.communicate(timeout=STOP_LIMIT_S)  # the end of its input is its end
