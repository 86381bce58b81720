"""What a browser missed that was away for a moment.

A stream is what one publisher says to one group, numbered without a gap. The number of each stream's last message and
the last messages of each group are written to Redis in the step that sends them (see `group_post`), so that any web
process can tell a browser that comes back with the numbers it has whether nothing was sent since, what was, or that it
was too long ago. Of a group only a few small messages are kept, for seconds: after a longer break how everything stands
is no more to send.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

KEPT_S = 30  # longer than a name stays watched without its page: after that nobody said anything
MAX_KEPT = 16  # messages of a group: a node says one a second
MAX_KEPT_BYTES = 4_096  # of one; a larger one is as good as how everything stands
NUMBERS_S = 3_600  # a page that was not told anything for longer asks for everything
MAX_STREAMS = 32  # of a group: each process that says something begins one

NUMBERS_KEY = "seedbox:live:numbers:"  # and the group: stream -> number of its last message
KEPT_KEY = "seedbox:live:kept:"  # and the group: its last messages, "<stream> <number> <text>"


def connect(redis_url: str, *, timeout_s: float) -> redis.asyncio.Redis:
    """Return a connection of the event loop that uses it first; nothing is tried twice."""
    return redis.asyncio.Redis.from_url(
        redis_url,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )


@dataclass(frozen=True)
class Number:
    """The place of a message in its stream."""

    stream: str
    seq: int


class Streams:
    """One publisher's streams, one for each group."""

    def __init__(self) -> None:
        self._epoch = secrets.token_hex(4)
        self._seq: dict[str, int] = defaultdict(int)

    def next(self, group: str) -> Number:
        """Return the next message's number, for one thread at a time."""
        self._seq[group] += 1
        return Number(f"{self._epoch}/{group}", self._seq[group])


class Backlog:
    """The backlog, over a connection of one event loop. All methods raise what Redis raises."""

    def __init__(self, connection: redis.asyncio.Redis) -> None:
        self._redis = connection

    async def numbers(self, groups: Iterable[str]) -> dict[str, int]:
        """Return the number of the last message of each stream of these groups."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for group in groups:
                pipeline.hgetall(f"{NUMBERS_KEY}{group}")
            found = await pipeline.execute()
        return {stream: int(seq) for numbers in found for stream, seq in numbers.items()}

    async def missed(self, groups: Sequence[str], since: Mapping[str, int]) -> list[str] | None:
        """Return the messages after the numbers that a browser has of each stream; None if not all of them are kept."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            for group in groups:
                pipeline.hgetall(f"{NUMBERS_KEY}{group}")
                pipeline.lrange(f"{KEPT_KEY}{group}", 0, -1)
            found = await pipeline.execute()
        last = {stream: int(seq) for numbers in found[::2] for stream, seq in numbers.items()}
        ours = {stream: seq for stream, seq in since.items() if stream.partition("/")[2] in groups}
        return missed([text for texts in found[1::2] for text in texts], last=last, since=ours)


def missed(kept: Iterable[str], *, last: Mapping[str, int], since: Mapping[str, int]) -> list[str] | None:
    """Return the texts of those kept messages that come after `since`; None if some are missing up to the `last`."""
    if any(last.get(stream, -1) < seq for stream, seq in since.items()):
        return None  # Redis has forgotten what was sent, so nobody knows whether more was
    has = {stream: since.get(stream, 0) for stream in last}
    texts = []
    for entry in kept:
        stream, seq, text = entry.split(" ", 2)
        if int(seq) == has.get(stream, 0) + 1:
            has[stream] = int(seq)
            texts.append(text)
    return texts if has == last else None
