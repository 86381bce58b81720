"""What automatic bidding does for a slow torrent, with all the real parts: engines, agents, vouchers, hub and ledger.

A node of ours sells four fifths of its line of 2 MiB/s, which four leechers share that know nothing of each other. One
of them is a box with a chain, whose user has automatic bidding on and wishes for more than the line has; the others are
plain libtorrent. `engine_speedup` is that one's speed within 90 s of its first bid, in those seconds of paid blocks
that count when it is measured what paying changes, beside its speed before that bid. At best it is 3.2: four fifths
instead of a quarter. `engine_speedup_at_once` is the same of all paid seconds, with those in which its lane opens.

`granted_kib_s` is what rounds gave it on average: less than is for sale if its vouchers took long. `first_bid_s` and
`first_lane_s` are how long after its slow minute the first bid was decided, and the first lane granted;
`engine_reaction_rounds` is the latter in rounds. `uplift_pairs` are those of whole runs, if it is watched for so long.
`engine_over_budget` is 1 if a bid or a price was above the ceiling, or more signed than the budget. When all is over,
what was signed, what the seller was paid, and what is missing of the user's account must be the same: `unequal_ubtt` is
by how much they differ at most.
"""

import json
import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedbox.config.benches import autobid_seller
from seedbox.config.benches.market_swarm import ONLY_TCP
from seedbox.config.benches.seeding_box import SeedingBox, free_port, free_shared_memory, running_box
from seedbox.config.benches.seeding_deal import Ask, market_settings, ordered, sold_torrent
from seedbox.domain.units import KIB, MIB
from seedbox.engine.bare import NO_DISK, BarePeer
from seedbox.engine.metainfo import read_torrent_file
from speed.domain.rounds import ROUND_S

LINE_BYTES_PER_S = 2 * MIB  # of which a stranger is trusted with a lane of four fifths at once
SELLER_ADDRESS = "127.0.0.61"
OTHERS = ("127.0.0.62", "127.0.0.63", "127.0.0.64")
USER = "lea"
SETTLES_S, QUICK_SETTLES_S = 10, 3  # before anything is measured
SLOW_S, QUICK_SLOW_S = 60, 10
WITHIN_S, QUICK_WITHIN_S = 90, 30  # of the first bid: the first third of a block is not measured
BLOCK_S = 60
SPARE_S = 120  # while deals begin and end, and on a busy machine


def measure(*, seconds: float | None, quick: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Let one of four leechers be sped up by itself, and return what came of it."""
    settles_s, slow_s, within_s = (
        (QUICK_SETTLES_S, QUICK_SLOW_S, QUICK_WITHIN_S) if quick else (SETTLES_S, SLOW_S, WITHIN_S)
    )
    lasts_s = max(int(seconds or 0), within_s)
    with tempfile.TemporaryDirectory(prefix="box", dir=free_shared_memory()) as name:
        folder = Path(name)
        torrent = sold_torrent(folder, LINE_BYTES_PER_S * (settles_s + slow_s + lasts_s + SPARE_S))
        shorter = {"SPEED_SLOW_SECONDS": str(slow_s), "SPEED_BLOCK_SECONDS": str(BLOCK_S)}
        with running_box(folder, say=say, settings=market_settings() | shorter) as box:
            seller = f"{SELLER_ADDRESS}:{free_port(SELLER_ADDRESS)}"
            with _selling(box, folder, torrent, seller) as ask, _others(folder, torrent, seller):
                box.run("manage.py", "torrents", "add", str(torrent), "--user", USER, "--peer", seller)
                say("four leechers load")
                ask("load", seconds=settles_s)
                ask("turn_on")
                say("a first bid")
                seen = ask("go_on", seconds=lasts_s, within_s=within_s)
                seen |= ask("stop")
    found = _figures(seen)
    say(f"engine: {found}")
    return found


@contextmanager
def _selling(box: SeedingBox, folder: Path, torrent: Path, endpoint: str) -> Iterator[Ask]:
    """Run the node that sells, with the whole torrent."""
    place = folder / "selling" / read_torrent_file(torrent.read_bytes()).info_hash_v1
    place.mkdir(parents=True)
    (place / "film.bin").hardlink_to(folder / "sold" / "film.bin")
    environ = box.environ | {
        "NODE_NAME": autobid_seller.NAME,
        "NODE_FOLDERS": str(place.parent),
        "NODE_LISTEN": endpoint,
        "NODE_SPEED_LISTEN": f"{SELLER_ADDRESS}:{free_port(SELLER_ADDRESS)}",
    }
    order = json.dumps({"torrent": str(torrent), "line_bytes_per_s": LINE_BYTES_PER_S})
    with ordered(autobid_seller.__name__, environ, order) as ask:
        ask("begin", user=USER, buyer=box.endpoint)
        yield ask


@contextmanager
def _others(folder: Path, torrent: Path, seller: str) -> Iterator[None]:
    """Let plain leechers load from the seller, and throw everything away."""
    peers = [BarePeer(address, overrides=ONLY_TCP, disk_io=NO_DISK) for address in OTHERS]
    try:
        for peer in peers:
            peer.take(torrent.read_bytes(), folder / "nowhere", empty=True)
            peer.connect(seller)
        yield
    finally:
        for peer in peers:
            peer.close()


def _figures(seen: dict[str, Any]) -> dict[str, Any]:
    amounts = [seen[name] for name in ("signed_ubtt", "redeemed_ubtt", "left_ubtt")]
    return {
        "engine_speedup": round(seen["paid"] / seen["before"], 2),
        "engine_speedup_at_once": round(seen["all_paid"] / seen["before"], 2),
        "before_kib_s": round(seen["before"] / KIB),
        "paid_kib_s": round(seen["paid"] / KIB),
        "granted_kib_s": round(seen["granted"] / KIB),
        "first_bid_s": round(seen["first_bid_s"], 1),
        "first_lane_s": round(seen["first_lane_s"], 1),
        "engine_reaction_rounds": math.ceil(seen["first_lane_s"] / ROUND_S),
        "uplift_pairs": [round(math.exp(pair), 2) for pair in seen["pairs"]],
        "paid_mib": seen["paid_bytes"] // MIB,
        "signed_ubtt": seen["signed_ubtt"],
        "unequal_ubtt": max(amounts) - min(amounts),
        "engine_over_budget": seen["over_budget"],
        "audit_findings": seen["audit_findings"],
    }
