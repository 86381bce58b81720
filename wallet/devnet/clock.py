"""The chain's clock: the wall clock, moved by whatever a test wants."""

import time
from collections.abc import Callable

SLOT_MS = 3_000  # between two blocks of a real chain; limits of time and the recovery of bandwidth count in it


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class Clock:
    def __init__(self, read_ms: Callable[[], int]) -> None:
        self._read_ms = read_ms
        self.offset_ms = 0

    def now_ms(self) -> int:
        return self._read_ms() + self.offset_ms
