"""Threads in which hubs are asked."""

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Self

from speed.wire.hub_port import Hub

THREADS = 2  # of each hub


class HubThreads:
    """Each hub has its own: one that hangs keeps only those waiting who ask that one."""

    def __init__(self) -> None:
        self._of: dict[Hub, ThreadPoolExecutor] = {}

    def of(self, hub: Hub) -> Executor:
        if hub not in self._of:
            self._of[hub] = ThreadPoolExecutor(THREADS, f"speed-hub-{len(self._of)}")
        return self._of[hub]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_how: object) -> None:
        """Wait for calls that run, and make none of those that wait."""
        for threads in self._of.values():
            threads.shutdown(wait=False, cancel_futures=True)
        for threads in self._of.values():
            threads.shutdown()
