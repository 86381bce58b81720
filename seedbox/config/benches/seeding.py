"""The whole node, bare libtorrent and aria2 serve one file from memory to one bare libtorrent leecher, in turns.

The leecher fetches over TCP and throws everything away. The node runs as it does in a house: database, Redis and web
beside it, and a page that watches the torrent. Bare libtorrent runs with its defaults, and with a small grid of
settings; the best of the grid is what a perfect choice of settings could have given. Medians over all rounds.

Then the same node serves the same leecher with a deal running beside it, and without: `seeding_deal` says how.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from seedbox.config.benches import seeding_deal
from seedbox.config.benches.files import BenchFailed
from seedbox.config.benches.seeding_box import SeedingBox, free_port, free_shared_memory, running_box
from seedbox.config.benches.seeding_peers import answer_of, bare, leech
from seedbox.domain.units import GIB, KIB, MIB
from seedbox.engine.bare import DEFAULT_DISK, make_torrent_file
from seedbox.engine.settings import SPEED, Setting

ARIA2_ADDRESS = "127.0.0.42"
BARE_ADDRESSES = tuple(f"127.0.0.{number}" for number in range(44, 60))
PIECE_BYTES = MIB
LISTEN_LIMIT_S = 60.0
LOOK_AGAIN_S = 0.1
ROOM = 1.1  # times the file must fit into memory
NODE, DEFAULT, ARIA2 = "node", "libtorrent", "aria2"


@dataclass(frozen=True)
class Choice:
    """A point of the grid: libtorrent's settings that matter for a seeder."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    disk_io: str = DEFAULT_DISK


GRID: Mapping[str, Choice] = {
    "ours": Choice(SPEED),
    "ours, 1 MiB": Choice({**SPEED, "send_buffer_watermark": MIB, "send_buffer_low_watermark": 256 * KIB}),
    "ours, 3 MiB": Choice({**SPEED, "send_buffer_watermark": 3 * MIB}),
    "ours, 2 disk threads": Choice({**SPEED, "aio_threads": 2}),
    "ours, 10 disk threads": Choice({**SPEED, "aio_threads": 10}),
    "ours, mmap": Choice(SPEED, "mmap_disk_io_constructor"),
}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=("seeders", "deal"), help="one part instead of both")
    parser.add_argument(
        "--quick", action="store_true", help="one box for both parts, one point of the grid: to see that it works"
    )


def run(
    *, size_mib: int, rounds: int, only: str | None, quick: bool, say: Callable[[str], None]
) -> dict[str, float | None]:
    """Measure in turns and return the speeds and their ratios; what is missing on this machine is None."""
    figures: dict[str, float | None] = {}
    with ExitStack() as stack:
        folder = _folder(stack, size_mib)
        content, torrent = _content(folder, size_mib, say)

        def box(name: str, settings: Mapping[str, str]) -> AbstractContextManager[SeedingBox]:
            return _seeding(folder / name, torrent, content, settings=settings, say=say)

        shared = nullcontext(stack.enter_context(box("box", seeding_deal.market_settings()))) if quick else None
        if only != "deal":
            grid = dict(list(GRID.items())[:1]) if quick else GRID
            with shared or box("box", {}) as seeder:
                figures |= _beside_others(seeder, folder, torrent, content, grid=grid, rounds=rounds, say=say)
        if only != "seeders":
            with shared or box("deal", seeding_deal.market_settings()) as seeder:
                figures |= seeding_deal.measure(seeder, folder, torrent, rounds=rounds, say=say)
    return figures


@contextmanager
def _seeding(
    folder: Path, torrent: Path, content: Path, *, settings: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[SeedingBox]:
    """Run a box that seeds the torrent while somebody watches."""
    with running_box(folder, say=say, settings=settings) as box, box.watched(box.seed(torrent, content=content)):
        yield box


def _beside_others(
    box: SeedingBox,
    folder: Path,
    torrent: Path,
    content: Path,
    *,
    grid: Mapping[str, Choice],
    rounds: int,
    say: Callable[[str], None],
) -> dict[str, float | None]:
    with ExitStack() as stack:
        bare_ones = _bare_seeders(stack, {DEFAULT: Choice(), **grid}, torrent, content)
        seeders = {NODE: box.endpoint, **bare_ones, **_aria2(stack, torrent, content, say)}
        speeds: dict[str, list[float]] = {name: [] for name in seeders}
        cpu_s = 0.0
        for endpoint in seeders.values():
            leech(torrent, folder, endpoint)  # the first one is slower everywhere
        for number in range(1, rounds + 1):
            for name in _rotated(list(seeders), number):
                before_s = box.cpu_s()
                speeds[name].append(leech(torrent, folder, seeders[name]))
                cpu_s += box.cpu_s() - before_s if name == NODE else 0
            say(f"round {number}: " + ", ".join(f"{name} {speeds[name][-1]:.0f}" for name in seeders) + " MiB/s")
        say(f"the watching page got {box.updates} updates")
    medians = {name: median(values) for name, values in speeds.items()}
    best = max(medians[name] for name in bare_ones)
    return _figures(medians, best, cpu_s * GIB / (content.stat().st_size * rounds))


def _rotated(names: list[str], by: int) -> list[str]:
    """Let everybody be the first once: what a neighbour leaves behind shall not always hit the same."""
    start = by % len(names)
    return names[start:] + names[:start]


def _figures(speeds: Mapping[str, float], best: float, cpu_s_per_gib: float) -> dict[str, float | None]:
    node, default, aria2 = speeds[NODE], speeds[DEFAULT], speeds.get(ARIA2)
    return {
        "node_mib_s": round(node, 1),
        "libtorrent_mib_s": round(default, 1),
        "libtorrent_best_mib_s": round(best, 1),
        "aria2_mib_s": aria2 and round(aria2, 1),
        "ratio_libtorrent": round(node / default, 3),
        "ratio_best": round(node / best, 3),
        "ratio_aria2": aria2 and round(node / aria2, 3),
        "cpu_s_per_gib": round(cpu_s_per_gib, 2),
    }


def _folder(stack: ExitStack, size_mib: int) -> Path:
    memory = free_shared_memory()
    if memory is None or shutil.disk_usage(memory).free < ROOM * size_mib * MIB:
        memory = None  # the page cache serves as well once the file was written
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="box", dir=memory)))


def _content(folder: Path, size_mib: int, say: Callable[[str], None]) -> tuple[Path, Path]:
    say(f"making a file of {size_mib} MiB")
    content = folder / "content" / "large.bin"
    content.parent.mkdir()
    with content.open("wb") as file:
        for _ in range(size_mib):
            file.write(os.urandom(MIB))
    torrent = folder / "large.torrent"
    torrent.write_bytes(make_torrent_file(content, piece_bytes=PIECE_BYTES))
    return content, torrent


def _bare_seeders(stack: ExitStack, choices: Mapping[str, Choice], torrent: Path, content: Path) -> dict[str, str]:
    """Start a bare libtorrent for each choice of settings, and say where they listen."""
    return {
        name: stack.enter_context(_bare_seeder(choice, address, torrent, content))
        for (name, choice), address in zip(choices.items(), BARE_ADDRESSES, strict=False)
    }


@contextmanager
def _bare_seeder(choice: Choice, address: str, torrent: Path, content: Path) -> Iterator[str]:
    order = {
        "role": "seed",
        "address": address,
        "settings": dict(choice.settings),
        "disk_io": choice.disk_io,
        "torrent": str(torrent),
        "folder": str(content.parent),
    }
    with bare(order) as process:
        yield str(answer_of(process)["endpoint"])
        process.communicate()  # the end of its input is its end


def _aria2(stack: ExitStack, torrent: Path, content: Path, say: Callable[[str], None]) -> dict[str, str]:
    program = shutil.which("aria2c")
    if program is None:
        say("aria2 is missing and left out; `make tools` installs it")
        return {}
    port = free_port(ARIA2_ADDRESS)
    quiet = ["--no-conf", "--quiet", "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false"]
    quiet += ["--enable-peer-exchange=false", f"--interface={ARIA2_ADDRESS}", f"--listen-port={port}"]
    seed = [f"--dir={content.parent}", "--bt-seed-unverified=true", "--seed-ratio=0.0", str(torrent)]
    process = subprocess.Popen([program, *quiet, *seed], stdin=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    _wait_for_port(ARIA2_ADDRESS, port)
    return {ARIA2: f"{ARIA2_ADDRESS}:{port}"}


def _wait_for_port(address: str, port: int) -> None:
    deadline_s = time.monotonic() + LISTEN_LIMIT_S
    while time.monotonic() < deadline_s:
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                return
        time.sleep(LOOK_AGAIN_S)
    raise BenchFailed(f"nothing listens on {address}:{port}")
