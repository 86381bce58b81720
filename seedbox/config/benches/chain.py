"""The way of money to and from the chain: how fast it is, and that nothing is paid twice or missed.

Speeds are those of one process on this machine, beside a development chain on loopback. The simulation runs over a
chain in memory, and its faults come from the seed: the same seed does the same again.
"""

import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seedbox.config.benches import chain_codec, chain_devnet, chain_signer


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--transactions", type=int, default=3_000, help="that the development chain is given")


def run(*, transactions: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the figures: speeds per second, times in seconds, counts."""
    say("the codec")
    figures: dict[str, Any] = dict(chain_codec.measure())
    with tempfile.TemporaryDirectory(prefix="box") as name:
        say(f"{transactions:,} transactions to the development chain")
        with chain_devnet.devnet(Path(name), block_seconds=1, solid_lag=2) as chain:
            figures |= chain_devnet.measure(chain, count=transactions)
        say(f"{transactions:,} transactions to the signer")
        figures |= chain_signer.measure(Path(name), count=transactions)
    return figures
