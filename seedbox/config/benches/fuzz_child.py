"""Feed inputs to targets in a process of its own, which may die of one: `python -m … '{"jobs": …}'`.

Before each input its bytes are put where they outlive the process. What went wrong, and how far it got, is told in
lines of JSON; silence means that an input never ends.
"""

import importlib
import json
import mmap
import random
import resource
import sys
import time
import traceback
from array import array
from pathlib import Path
from statistics import median
from typing import Any

from seedbox.config.benches.fuzz_mutations import MAX_INPUT_BYTES, Source

MAX_MEMORY_BYTES = 8 * 1024**3  # of addresses: an input that wants all of the machine's shall fail here
SLOW_S = 1.0
TELL_EVERY_S = 0.5
NOTE_BYTES = MAX_INPUT_BYTES + 4_096

_HEAD_BYTES = 128


class Note:
    """The input that is being read, kept in a file for whoever finds this process dead."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), NOTE_BYTES)

    def write(self, job: int, index: int, data: bytes) -> None:
        head = json.dumps([job, index, len(data)]).encode().ljust(_HEAD_BYTES)
        self._map[: len(head) + len(data)] = head + data


def read_note(path: Path) -> tuple[int, int, bytes]:
    """Return the job, the index and the bytes of the last input."""
    content = path.read_bytes()
    job, index, size = json.loads(content[:_HEAD_BYTES])
    return job, index, content[_HEAD_BYTES : _HEAD_BYTES + size]


def tell(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def place_of(problem: BaseException) -> str:
    """Name the error and the line of ours that it came from: two inputs with one place are one bug."""
    last = traceback.extract_tb(problem.__traceback__)[-1]
    words = str(problem)[:200] if isinstance(problem, AssertionError) else ""
    return f"{type(problem).__name__} at {'/'.join(Path(last.filename).parts[-2:])}:{last.lineno}: {words}"


def feed(target: Any, data: bytes) -> str:
    """Let a target read one input; return what is wrong with it, "" when it was taken or refused as it should be."""
    try:
        target.read(data)
    except target.refusals:
        return ""
    except Exception as problem:
        return place_of(problem)
    return ""


def work(order: dict[str, Any]) -> None:
    targets = {target.name: target for target in importlib.import_module(order["targets"]).TARGETS}
    note = Note(Path(order["note"]))
    for number, job in enumerate(order["jobs"]):
        target = targets[job["target"]]
        corpus = [path.read_bytes() for path in sorted((Path(order["corpus"]) / target.name).iterdir())]
        took_s, told_s = array("d"), time.monotonic()
        for index in range(job["start"], job["end"]):
            chance = random.Random(order["seed"] * 1_000_003 + index)
            # The kept inputs come first, as they are.
            data = corpus[index] if index < len(corpus) else target.mutate(Source(chance, corpus, target.words))
            note.write(number, index, data)
            began_s = time.perf_counter()
            problem = feed(target, data)
            took_s.append(time.perf_counter() - began_s)
            if problem or took_s[-1] > SLOW_S:
                tell(job=number, index=index, problem=problem, took_s=took_s[-1], input=data.hex())
            if time.monotonic() > told_s + TELL_EVERY_S:
                told_s = time.monotonic()
                tell(job=number, index=index)
        tell(job=number, index=job["end"], median_s=median(took_s) if took_s else 0.0)


def work_alone(order: dict[str, Any]) -> None:
    """Read one input three times and tell the shortest time: a busy machine makes none of them faster."""
    targets = {target.name: target for target in importlib.import_module(order["targets"]).TARGETS}
    data = Path(order["alone"]).read_bytes()
    took_s = []
    for _ in range(3):
        began_s = time.perf_counter()
        feed(targets[order["target"]], data)
        took_s.append(time.perf_counter() - began_s)
    tell(took_s=min(took_s))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    wanted = json.loads(sys.argv[1])
    if "weights" in wanted:
        tell(**{target.name: target.weight for target in importlib.import_module(wanted["targets"]).TARGETS})
    elif "alone" in wanted:
        work_alone(wanted)
    else:
        work(wanted)
