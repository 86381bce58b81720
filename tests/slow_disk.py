"""A disk that takes its time: whoever opens a file for writing waits until it is told that it may."""

import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def writes_held_back(path: Path) -> Iterator[None]:
    """Let nobody begin to write to a file until the end; reading goes on. The kernel gives up after 45 s.

    A lease (fcntl(2)) of a reader does that. Its holder is told by SIGIO, which would end this process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    descriptor = os.open(path, os.O_RDONLY)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        yield
    finally:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        signal.signal(signal.SIGIO, before)
        os.close(descriptor)
