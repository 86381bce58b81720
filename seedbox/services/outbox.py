"""Group messages from ordinary threads to the sockets, over one event loop and one connection of their own.

`async_to_sync(layer.group_send)` would make a loop and a connection for every message.
"""

import asyncio
import threading
import time
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field

import redis
from channels.layers import get_channel_layer

MAX_WAITING = 1_000  # messages: a few seconds of a busy node; older news is worth less than memory
SEND_TIMEOUT_S = 0.5
REST_S = 2.0  # after a failure nothing is tried: every try could take the time-out
CLOSE_TIMEOUT_S = 2.0


@dataclass
class _Letter:
    group: str
    text: str
    sent: Future[bool] = field(default_factory=Future)


class Outbox:
    """Sends text to groups of sockets. Any thread may post; a dead Redis costs messages, which are counted."""

    def __init__(self, *, name: str) -> None:
        self.lost = 0
        self._waiting: deque[_Letter] = deque()
        self._rest_until_s = 0.0
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"outbox-{name}", daemon=True)
        self._thread.start()

    def post(self, *, group: str, text: str) -> bool:
        """Queue a message and return at once; false: it was dropped, for Redis is dead or too slow."""
        return self._post(_Letter(group, text))

    def post_and_wait(self, *, group: str, text: str) -> bool:
        """Queue a message and wait until it is sent, half a second at most; false: it may be lost."""
        letter = _Letter(group, text)
        if not self._post(letter):
            return False
        try:
            return letter.sent.result(timeout=SEND_TIMEOUT_S)
        except FutureTimeoutError:
            return False

    def close(self) -> None:
        """Send what is queued, then end the thread and its connection."""
        if self._closing:
            return
        self._closing = True
        self._loop.call_soon_threadsafe(self._wake.set)
        self._thread.join(CLOSE_TIMEOUT_S)

    def _post(self, letter: _Letter) -> bool:
        if self._closing or time.monotonic() < self._rest_until_s or len(self._waiting) >= MAX_WAITING:
            self.lost += 1
            return False
        self._waiting.append(letter)
        self._loop.call_soon_threadsafe(self._wake.set)
        return True

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._deliver())
        finally:
            self._loop.close()  # the channel layer closes its connection with its loop

    async def _deliver(self) -> None:
        while not self._closing or self._waiting:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._send(self._waiting.popleft())

    async def _send(self, letter: _Letter) -> None:
        layer = get_channel_layer()
        assert layer is not None  # the settings always name one
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await layer.group_send(letter.group, {"type": "live.text", "text": letter.text})
        except (redis.RedisError, OSError, TimeoutError):
            self._rest_until_s = time.monotonic() + REST_S
            for lost in (letter, *self._waiting):
                lost.sent.set_result(False)
                self.lost += 1
            self._waiting.clear()
        else:
            letter.sent.set_result(True)
