"""The last one standing: stops the box's processes when the supervisor was killed before it could.

Runs as a script of its own, in its own session, with its patience in seconds and the process groups that run already
as arguments. The supervisor writes `+GROUP` and `-GROUP` lines as others come and go; the end of the input means that
the supervisor is gone.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

LOOK_AGAIN_S = 0.05


def main(patience_s: float, groups: set[int]) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # the end of the input is what ends us
    for line in sys.stdin.buffer:
        (groups.add if line.startswith(b"+") else groups.discard)(int(line[1:]))
    remaining = signal_groups(groups, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while (remaining := living(remaining)) and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_S)
    signal_groups(remaining, signal.SIGKILL)


def living(groups: set[int]) -> set[int]:
    """Return those groups in which somebody still runs.

    The dead that nobody has buried yet don't count, as a signal would: who takes them over may not be quick.
    """
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat") if groups else ():
        with contextlib.suppress(OSError):
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
            if state not in "ZX":
                found.add(int(group))
    return groups & found


def signal_groups(groups: Iterable[int], number: int) -> set[int]:
    """Signal each process group and return those that still had a member."""
    return {group for group in groups if _signal_group(group, number)}


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main(float(sys.argv[1]), {int(group) for group in sys.argv[2:]})
