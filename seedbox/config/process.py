"""One child process seen from asyncio, without threads: its lines, its end, and what happens to it when we die."""

import asyncio
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable

READ_BYTES = 65_536
LINE_BYTES = 16_384  # a longer line is cut, so that a child without line ends can't fill our memory
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class LineReader:
    """Hand on a child's lines while the context lasts, and at its end what is left in the pipe."""

    def __init__(self, process: subprocess.Popen[bytes], take: Callable[[str], None]) -> None:
        assert process.stdout
        self._pipe = process.stdout
        self._take = take
        self._pending = b""

    def __enter__(self) -> None:
        os.set_blocking(self._pipe.fileno(), False)
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._read)

    def __exit__(self, *_: object) -> None:
        while self._read():
            pass
        asyncio.get_running_loop().remove_reader(self._pipe.fileno())
        self._pipe.close()
        if self._pending:
            self._take(self._pending.decode(errors="replace"))

    def _read(self) -> bool:
        try:
            chunk = os.read(self._pipe.fileno(), READ_BYTES)
        except BlockingIOError:
            return False
        if not chunk:
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            return False
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        if len(self._pending) > LINE_BYTES:
            lines.append(self._pending)
            self._pending = b""
        for line in lines:
            self._take(line.decode(errors="replace"))
        return True


def die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def exit_code(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process alone: asyncio's own wait needs a thread, and on some versions waits for the pipe too."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return process.wait()
