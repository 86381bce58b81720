"""The way of money to and from the chain: how fast it is, and that nothing is paid twice or missed.

Speeds are those of one process on this machine, beside a development chain on loopback. The simulation runs over a
chain in memory, with each token in turn, and its faults come from the seed: the same seed does the same again.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from seedbox.config import env
from seedbox.config.benches import chain_codec, chain_devnet, chain_goals, chain_signer
from seedbox.config.benches.files import BenchFailed

# By name: each sets up Django for a database of its own.
_SIMULATION = "seedbox.config.benches.chain_child"
_SCAN = "seedbox.config.benches.chain_scan"
_ASSETS = ("trc20", "trc10")
_WRONGS = ("double_pays", "missed_deposits", "false_deposits", "unpaid", "unexplained", "unbalanced")
BLOCK_S, LAG_BLOCKS = 1, 5  # of the development chain; a real one has 3 s and 19
EMPTY_FOR_A_FULL = 40  # blocks: a full one is two hundred times the work
AT_ONCE = 250  # withdrawals of one simulation, so that a seed that goes wrong is soon seen again
WRONGS_SHOWN = 10


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--transactions", type=int, default=3_000, help="that the development chain is given")
    parser.add_argument("--blocks", type=int, default=2_000, help="empty ones to scan, and a full one for each 40")
    parser.add_argument("--withdrawals", type=int, default=10_000, help="of the simulation")
    parser.add_argument("--seed", type=int, default=1, help="of the simulation")
    parser.add_argument("--only", choices=("speeds", "simulation"), help="one part instead of both")


def run(
    *, transactions: int, blocks: int, withdrawals: int, seed: int, only: str | None, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return figures and goals: speeds per second, times in seconds, counts. Raises BenchFailed for any wrong."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="box") as name:
        if only != "simulation":
            figures |= _speeds(Path(name), transactions, blocks, say)
        if only != "speeds":
            say(f"{withdrawals:,} withdrawals from seed {seed}")
            figures |= _simulate(Path(name), withdrawals, seed, say)
    return figures | {"goals": chain_goals.judge(figures, say)}


def _speeds(folder: Path, transactions: int, blocks: int, say: Callable[[str], None]) -> dict[str, Any]:
    say("the codec and the signer")
    figures: dict[str, Any] = chain_codec.measure() | chain_signer.measure(folder, count=transactions)
    say(f"the scanner: {blocks:,} blocks, and the way of a deposit; then {transactions:,} transactions")
    with chain_devnet.devnet(folder, block_seconds=BLOCK_S, solid_lag=LAG_BLOCKS) as chain:
        figures |= _scan(folder / "scan", chain, blocks) | {"solid_lag_s": BLOCK_S * LAG_BLOCKS}
        return figures | chain_devnet.measure(chain, count=transactions)


def _scan(data: Path, chain: chain_devnet.Devnet, blocks: int) -> dict[str, Any]:
    arguments = [_SCAN, chain.url, str(blocks), str(blocks // EMPTY_FOR_A_FULL)]
    with _child(data, arguments, WALLET_DEVNET_PORT=str(chain.port)) as child:
        return _figures_of(child)


def _simulate(folder: Path, wanted: int, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Simulate again and again, each with a seed, a token and a database of its own, two at once, and add up."""
    made = folder / "made"
    with _child(made, [_SIMULATION, "0", "0"]) as child:
        _figures_of(child)

    def simulate(number: int) -> dict[str, Any]:
        data, asset = folder / f"simulation{number}", _ASSETS[number % len(_ASSETS)]
        shutil.copytree(made, data)
        arguments = [_SIMULATION, str(seed + number), str(min(AT_ONCE, wanted - number * AT_ONCE))]
        with _child(data, arguments, WALLET_ASSET=asset) as child:
            figures = _figures_of(child)
        say(f"seed {seed + number} with {asset}: {figures['withdrawals']} withdrawals, {len(figures['wrongs'])} wrongs")
        shutil.rmtree(data)
        return figures

    with ThreadPoolExecutor(len(_ASSETS)) as pool:
        found = list(pool.map(simulate, range(-(-wanted // AT_ONCE))))
    wrongs = [f"seed {seed + number}: {wrong}" for number, one in enumerate(found) for wrong in one["wrongs"]]
    if wrongs:
        raise BenchFailed(f"{len(wrongs)} wrongs: {'; '.join(wrongs[:WRONGS_SHOWN])}")
    sums = {name: sum(one[name] for one in found) for name in (*_WRONGS, "deposits", "attempts", "sweeps", "killed")}
    faults = sum(sum(one["faults"].values()) for one in found)
    return {"withdrawals_simulated": sum(one["withdrawals"] for one in found), **sums, "faults": faults}


def _child(data: Path, arguments: Sequence[str], **environ: str) -> "subprocess.Popen[str]":
    data.mkdir(exist_ok=True)
    own = {"SEEDBOX_DATA": str(data), "DATABASE_URL": "", "WALLET_NETWORK": "devnet"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.Popen(
        command, cwd=env.ROOT, env={**os.environ, **own, **environ}, stdout=subprocess.PIPE, text=True
    )


def _figures_of(child: "subprocess.Popen[str]") -> dict[str, Any]:
    said = child.communicate()[0]
    if child.returncode:
        raise BenchFailed("a part of the bench broke off; what it said is above")
    figures: dict[str, Any] = json.loads(said.splitlines()[-1])
    return figures
