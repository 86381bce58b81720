"""Group messages from ordinary threads to the sockets, over one event loop and one connection of their own.

`async_to_sync(layer.group_send)` would make a loop and a connection for every message.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field

import redis
from django.conf import settings

from seedbox.services.backlog import Number, Streams
from seedbox.services.encoding import encode
from seedbox.services.group_post import GroupPost

MAX_WAITING_CHARS = 32 * 1024 * 1024  # a few seconds of a busy node; older news is worth less than memory
SENT_AT_ONCE = 100  # messages: Redis serves nobody else meanwhile, for a millisecond or two
WAIT_S = 0.5  # of who wants to know that a message is sent
SEND_TIMEOUT_S = 2.0  # of one call: a machine that is out of breath must not look like a dead Redis
REST_S = 2.0  # after a failure nothing is tried: every try could take the time-out
CLOSE_TIMEOUT_S = 2.0


@dataclass
class _Letter:
    group: str
    text: str
    number: Number | None = None
    sent: Future[bool] = field(default_factory=Future)


class Outbox:
    """Sends to groups of sockets. Any thread may post; a dead Redis costs messages, which are counted.

    A message is numbered and kept for a while (see `backlog`), so that a browser that missed it notices and gets it;
    mere text is neither.
    """

    def __init__(self, *, name: str) -> None:
        self.lost = 0
        self._waiting: deque[_Letter] = deque()
        self._waiting_chars = 0
        self._counting = threading.Lock()
        self._streams = Streams()
        self._numbering = threading.Lock()  # messages wait in the order of their numbers
        self._is_woken = False
        self._rest_until_s = 0.0
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"outbox-{name}", daemon=True)
        self._thread.start()

    def post(self, *, group: str, text: str) -> bool:
        """Queue text and return at once; false: it was dropped, for Redis is dead or too slow."""
        return self._post(_Letter(group, text))

    def post_and_wait(self, *, group: str, text: str) -> bool:
        """Queue text and wait until it is sent, half a second at most; false: it may be lost."""
        letter = _Letter(group, text)
        return self._post(letter) and self._is_sent(letter)

    def post_message(self, *, group: str, message: Mapping[str, object]) -> bool:
        """Queue a message as `post` does. One that is dropped has had its number: browsers see the gap."""
        return self._post_message(group, message)[0]

    def post_message_and_wait(self, *, group: str, message: Mapping[str, object]) -> bool:
        """Queue a message and wait as `post_and_wait` does."""
        is_queued, letter = self._post_message(group, message)
        return is_queued and self._is_sent(letter)

    def _post_message(self, group: str, message: Mapping[str, object]) -> tuple[bool, _Letter]:
        with self._numbering:
            number = self._streams.next(group)
            letter = _Letter(group, encode({**message, "stream": number.stream, "seq": number.seq}), number)
            return self._post(letter), letter

    def _is_sent(self, letter: _Letter) -> bool:
        try:
            return letter.sent.result(timeout=WAIT_S)
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
        with self._counting:
            if (
                self._closing
                or time.monotonic() < self._rest_until_s
                or self._waiting_chars + len(letter.text) > MAX_WAITING_CHARS
            ):
                self.lost += 1
                return False
            self._waiting.append(letter)
            self._waiting_chars += len(letter.text)
            must_wake, self._is_woken = not self._is_woken, True
        if must_wake:  # once for all that wait: each time costs this thread its turn
            self._loop.call_soon_threadsafe(self._wake.set)
        return True

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._deliver())
        finally:
            self._loop.close()

    async def _deliver(self) -> None:
        post = GroupPost(redis_url=settings.REDIS_URL, timeout_s=SEND_TIMEOUT_S)
        while not self._closing or self._waiting:
            await self._wake.wait()
            self._wake.clear()
            while letters := self._take(SENT_AT_ONCE):
                await self._send(post, letters)
        await post.close()

    def _take(self, count: int) -> list[_Letter]:
        with self._counting:
            letters = [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
            self._waiting_chars -= sum(len(letter.text) for letter in letters)
            self._is_woken = bool(letters)
            return letters

    async def _send(self, post: GroupPost, letters: list[_Letter]) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await post.send((letter.group, letter.text, letter.number) for letter in letters)
        except (redis.RedisError, OSError, TimeoutError):
            self._rest_until_s = time.monotonic() + REST_S
            lost = letters + self._take(len(self._waiting))
            for letter in lost:
                letter.sent.set_result(False)
            with self._counting:
                self.lost += len(lost)
        else:
            for letter in letters:
                letter.sent.set_result(True)
