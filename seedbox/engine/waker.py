"""One thing to wait for: libtorrent has alerts, or somebody wants the owner thread."""

import contextlib
import select
import socket
import threading


class Waker:
    """A pair of sockets. libtorrent writes into one end when its alert queue fills, `wake` writes there too."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)
        self._poll = select.poll()  # select.select refuses descriptors from 1024 on
        self._poll.register(self._reader, select.POLLIN)
        self._woken = threading.Event()

    @property
    def write_descriptor(self) -> int:
        return self._writer.fileno()

    def wake(self) -> None:
        self._woken.set()
        self.ring()

    def ring(self) -> None:
        """End a wait without asking the owner to return."""
        # Full: it will wake up anyway. Closed: nobody waits any more.
        with contextlib.suppress(OSError):
            self._writer.send(b"w")

    def take_woken(self) -> bool:
        """Say whether `wake` was called since the last time."""
        woken = self._woken.is_set()
        self._woken.clear()
        return woken

    def wait(self, timeout_s: float) -> None:
        """Wait for a byte, and take all that are there: look at what they stand for afterwards, not before."""
        if self._poll.poll(max(timeout_s, 0) * 1000):
            self._drain()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
