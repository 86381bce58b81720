"""Removes the folder of a demo that was killed before it could.

Runs as a script of its own, in its own session; its arguments are the folder, and others that go with it. The end of
its input means that the demo is gone: it waits until no box in the folder runs any more, and removes them. A demo that
has swept itself left nothing.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path

LOOK_AGAIN_S = 0.2
PATIENCE_S = 180.0


def main(folder: Path, *others: Path) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # the end of the input is what ends us
    sys.stdin.buffer.read()
    deadline = time.monotonic() + PATIENCE_S
    while any(in_use(lock) for lock in folder.glob("*/data/lock")) and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_S)
    for leftover in (folder, *others):
        shutil.rmtree(leftover, ignore_errors=True)


def in_use(lock: Path) -> bool:
    """Say whether a process of the box still runs: they all have inherited this lock."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(lock, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
    return False


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
