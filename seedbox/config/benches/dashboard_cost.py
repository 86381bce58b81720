"""What processes cost, from the kernel's own books: work of their cores, and memory."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from seedbox.domain.units import KIB

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CORES = len(os.sched_getaffinity(0))
_IDLE_FIELDS = (3, 4)  # of the machine's line: idle, and waiting for a disk


class Family:
    """A process and all that it started."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def cpu_s(self) -> float:
        """Return what they have worked so far."""
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split() for pid in self._pids()]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / TICKS_PER_S

    def memory_mib(self) -> float:
        lines = [line for pid in self._pids() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / KIB

    def _pids(self) -> list[int]:
        pids = [self._pid]
        for pid in pids:
            pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return pids


class Meter:
    """Cores that each of several families takes from now on, and those that the rest of the machine takes."""

    def __init__(self, families: Mapping[str, list[Family]]) -> None:
        self._families = families
        self._began_s = time.monotonic()
        self._busy_s = _busy_s()
        self._worked_s = self._all_cpu_s()

    def cores(self) -> dict[str, float]:
        took_s = time.monotonic() - self._began_s
        now_s = self._all_cpu_s()
        cores = {name: (now_s[name] - before_s) / took_s for name, before_s in self._worked_s.items()}
        others = (_busy_s() - self._busy_s) / took_s - sum(cores.values())
        return {name: round(count, 3) for name, count in (cores | {"others": max(others, 0.0)}).items()}

    def _all_cpu_s(self) -> dict[str, float]:
        return {name: sum(one.cpu_s() for one in families) for name, families in self._families.items()}


def _busy_s() -> float:
    """Return what all cores of the machine have worked so far."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(ticks for place, ticks in enumerate(fields) if place not in _IDLE_FIELDS) / TICKS_PER_S
