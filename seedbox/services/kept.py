"""A value that costs something to find out, found out at most so often, however many ask."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Reads a value when it is asked for and the last one is older than that. Any thread may ask; others wait."""

    def __init__(
        self, read: Callable[[], Value], *, for_s: float, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._for_s = for_s
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._found: tuple[float, Value] | None = None

    def value(self) -> Value:
        with self._lock:
            if self._found is None or self._clock_s() - self._found[0] >= self._for_s:
                self._found = self._clock_s(), self._read()
            return self._found[1]

    def forget(self) -> None:
        """Read anew the next time."""
        with self._lock:
            self._found = None


class KeptEach(Generic[Value]):
    """Keeps a value for each way in which it is written. There must be few ways: none is let go."""

    def __init__(self, read: Callable[[], Value], *, way: Callable[[], Hashable], for_s: float) -> None:
        self._read = read
        self._way = way
        self._for_s = for_s
        self._kept: dict[Hashable, Kept[Value]] = {}

    def value(self) -> Value:
        return self._kept.setdefault(self._way(), Kept(self._read, for_s=self._for_s)).value()

    def forget(self) -> None:
        """Read all anew the next time."""
        self._kept.clear()
