"""Feed broken torrent files, magnets, frames, headers and resume data to every parser of ours, and count what breaks.

A crash is any error but the parser's own refusal, or the death of the process: libtorrent is C++. A hang takes over
one second and two hundred times the median of its target, also when it is read once more with nothing beside it. What
failed is kept in the corpus, once for each place in the code; the corpus is what inputs are made from.
"""

import json
import math
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any

from seedbox.config import env
from seedbox.config.benches import fuzz_child
from seedbox.config.benches.files import BenchFailed

CORPUS = env.ROOT / "tests" / "fuzz" / "corpus"
TARGETS = "seedbox.config.benches.fuzz_targets"
PROCESSES = 2
SILENCE_S = 30.0  # a child tells how far it is twice a second
ALONE_S = 20.0  # for one input three times, with nothing beside it
START_LIMIT_S = 60.0
HANG_S = 1.0
HANG_MEDIANS = 200


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--inputs", type=int, default=100_000, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other inputs")


@dataclass
class Job:
    """One target's inputs from `start` up to and without `end`."""

    target: str
    start: int
    end: int


@dataclass
class Findings:
    """What was found; several threads add to it."""

    corpus: Path
    say: Callable[[str], None]
    done: Counter[str] = field(default_factory=Counter)
    crashes: dict[str, int] = field(default_factory=dict)  # place -> how often
    slow: list[tuple[str, float, bytes]] = field(default_factory=list)
    stalled: list[tuple[str, bytes]] = field(default_factory=list)
    medians_s: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def crash(self, target: str, place: str, data: bytes) -> None:
        with self.lock:
            known = f"{target}: {place}"
            if known not in self.crashes:
                self.say(f"{known}\n  kept as {self.keep(target, data)}")
            self.crashes[known] = self.crashes.get(known, 0) + 1

    def keep(self, target: str, data: bytes) -> Path:
        path = self.corpus / target / f"failed-{sha1(data, usedforsecurity=False).hexdigest()[:16]}"
        path.write_bytes(data)
        return path


def run(
    *,
    inputs: int,
    seed: int,
    say: Callable[[str], None],
    corpus: Path = CORPUS,
    targets: str = TARGETS,
    silence_s: float = SILENCE_S,
    alone_s: float = ALONE_S,
) -> dict[str, Any]:
    """Return how many inputs were read, and what they broke."""
    if not corpus.is_dir():
        raise BenchFailed(f"{corpus} is missing: run this in a copy of the source")
    with tempfile.TemporaryDirectory(prefix="box") as folder:
        bench = _Bench(Path(folder), Findings(corpus, say), seed, targets, silence_s, alone_s)
        shares = bench.share_out(inputs)
        began_s = time.monotonic()
        with ThreadPoolExecutor(PROCESSES) as threads:
            list(threads.map(bench.run_share, range(PROCESSES), shares))
        took_s = time.monotonic() - began_s
        hangs = bench.confirm_hangs()
    found = bench.found
    return {
        "inputs": found.done.total(),
        "crashes": sum(found.crashes.values()),
        "hangs": hangs,
        "targets": dict(sorted(found.done.items())),
        "inputs_per_s": round(found.done.total() / took_s),
    }


class _Bench:
    def __init__(
        self, folder: Path, found: Findings, seed: int, targets: str, silence_s: float, alone_s: float
    ) -> None:
        self.folder = folder
        self.found = found
        self.silence_s = silence_s
        self.alone_s = alone_s
        self.order = {"targets": targets, "seed": seed, "corpus": str(found.corpus)}
        self.environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        self.environ |= {
            "DJANGO_SETTINGS_MODULE": "seedbox.config.settings",
            "SEEDBOX_DATA": str(folder / "data"),
            "SEEDBOX_SECRET_KEY": "of a bench",
            "WALLET_NETWORK": "off",
            "TMPDIR": str(folder),
            "PYTHONFAULTHANDLER": "1",
        }

    def share_out(self, inputs: int) -> list[list[Job]]:
        """Divide the inputs among the targets by weight, and each target's among the processes."""
        weights = json.loads(self._ask("weights"))
        for name in weights:
            folder = self.found.corpus / name
            if not folder.is_dir() or not any(folder.iterdir()):
                raise BenchFailed(f"{folder} is empty: put one good input for this target into it")
        shares: list[list[Job]] = [[] for _ in range(PROCESSES)]
        for name, weight in weights.items():
            count = max(math.ceil(inputs * weight / sum(weights.values())), PROCESSES)
            bounds = [count * part // PROCESSES for part in range(PROCESSES + 1)]
            for share, start, end in zip(shares, bounds, bounds[1:], strict=False):
                share.append(Job(name, start, end))
        return shares

    def run_share(self, number: int, jobs: list[Job]) -> None:
        """Run a child over the jobs; when it dies of an input, keep that one and go on behind it."""
        note = self.folder / f"note-{number}"
        while jobs:
            note.write_bytes(b"\0" * fuzz_child.NOTE_BYTES)
            order = self.order | {"jobs": [vars(job) for job in jobs], "note": str(note)}
            child = self._start(order, self.folder / f"said-{number}")
            finished, is_silent = self._listen(child, jobs)
            code = child.wait()
            if finished:
                return
            jobs = self._after_death(jobs, note, code, is_silent=is_silent)

    def _listen(self, child: "subprocess.Popen[bytes]", jobs: Sequence[Job]) -> tuple[bool, bool]:
        """Take in what the child tells; return whether it read everything, and whether it fell silent."""
        assert child.stdout
        pending, finished = b"", False
        with child.stdout as pipe:
            while select.select([pipe], [], [], self.silence_s)[0]:
                if not (chunk := os.read(pipe.fileno(), 65_536)):
                    return finished, False
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    finished |= self._hear(json.loads(line), jobs)
            child.kill()
        return False, True

    def _hear(self, told: dict[str, Any], jobs: Sequence[Job]) -> bool:
        """Take in one line; true when it says that the last job is done."""
        job = jobs[told["job"]]
        if "input" in told:
            data = bytes.fromhex(told["input"])
            if told["problem"]:
                self.found.crash(job.target, told["problem"], data)
            elif told["took_s"] > HANG_S:
                with self.found.lock:
                    self.found.slow.append((job.target, told["took_s"], data))
        if "median_s" not in told:
            return False
        with self.found.lock:
            self.found.done[job.target] += job.end - job.start
            self.found.medians_s[job.target] = told["median_s"]
        return bool(told["job"] == len(jobs) - 1)

    def _after_death(self, jobs: list[Job], note: Path, code: int, *, is_silent: bool) -> list[Job]:
        """Note what the child died of; return the jobs that are left."""
        if not note.read_bytes().strip(b"\0"):
            said = "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("said-*")))
            raise BenchFailed(f"a child ended ({code}) before its first input: {said[-2000:]}")
        number, index, data = fuzz_child.read_note(note)
        job = jobs[number]
        if is_silent:
            with self.found.lock:
                self.found.stalled.append((job.target, data))
        else:
            self.found.crash(job.target, f"the process ended with {code}", data)
        with self.found.lock:
            self.found.done[job.target] += index + 1 - job.start
        return [Job(job.target, index + 1, job.end), *jobs[number + 1 :]]

    def confirm_hangs(self) -> int:
        """Read once more, alone, what took too long; return how many of them do so again."""
        hangs = 0
        waiting = [(name, data) for name, _, data in self.found.slow] + self.found.stalled
        for target, data in waiting:
            limit_s = max(HANG_S, HANG_MEDIANS * self.found.medians_s.get(target, 0.0))
            took_s = self._alone(target, data)
            if took_s > limit_s:
                hangs += 1
                kept = self.found.keep(target, data)
                self.found.say(f"{target}: took {took_s:.1f} s, more than {limit_s:.1f} s\n  kept as {kept}")
        return hangs

    def _alone(self, target: str, data: bytes) -> float:
        path = self.folder / "alone"
        path.write_bytes(data)
        child = self._start(self.order | {"alone": str(path), "target": target}, self.folder / "said-alone")
        try:
            told, _ = child.communicate(timeout=self.alone_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return self.alone_s
        return float(json.loads(told)["took_s"]) if told else self.alone_s

    def _ask(self, what: str) -> str:
        child = self._start(self.order | {what: True}, self.folder / "said-first")
        told, _ = child.communicate(timeout=START_LIMIT_S)
        if child.returncode:
            raise BenchFailed(f"a child did not start: {(self.folder / 'said-first').read_text()[-2000:]}")
        return told.decode()

    def _start(self, order: dict[str, Any], said: Path) -> "subprocess.Popen[bytes]":
        with said.open("wb") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", fuzz_child.__name__, json.dumps(order)],
                env=self.environ,
                cwd=env.ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
