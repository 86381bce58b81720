"""What signals do to a demo: they end it, but never in the middle of what would be left behind then."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOP_NOW = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals_that(act: Callable[[], None]) -> Iterator[None]:
    def acting(_number: int, _frame: FrameType | None) -> None:
        act()

    before = {number: signal.signal(number, acting) for number in STOP_NOW}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let signals wait for the end of a process's start: one that nobody knows could not be stopped.

    Raises KeyboardInterrupt at the end if there was one.
    """
    came: list[bool] = []
    with signals_that(lambda: came.append(True)):
        yield
    if came:
        raise KeyboardInterrupt
