"""Who looks at what: names on somebody's screen, kept in Redis for a few seconds each, for all nodes and web processes.

A name is `holding-<id>` (its row), `detail-<id>` (its page), `totals-<user>` (see `moving`) or `<kind>-<user>` (see
`watchables`). Redis's own clock decides what has expired, so that machines whose clocks differ agree. A reader also
learns which names were asked for anew since it last read: those want to be sent whole, not as changes only.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from seedbox.services.backlog import Backlog, connect
from seedbox.services.rounds import Rounds

EXPIRY_S = 15  # three missed renewals
RENEWAL_S = 5
TIMEOUT_S = 0.5  # of one call; on one machine it takes well below a millisecond
RENEWED_AT_ONCE = 50  # pages: a thousand of them renew two hundred times a second
RENEWAL_PAUSE_S = 0.05

_TOTALS = "totals-"
_WATCHED_KEY = "seedbox:live:watched"  # name -> ms of expiry
_ASKED_KEY = "seedbox:live:asked"  # name -> ms when it was last asked for anew

_RENEW = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms)
local unknown = {}
local i = 2
while i <= #ARGV do
  local count = 0
  for k = i + 2, i + 1 + ARGV[i + 1] do
    local is_new = redis.call('ZADD', KEYS[1], now_ms + ARGV[1] * 1000, ARGV[k])
    count = count + is_new
    if is_new == 1 or ARGV[i] == '1' then
      redis.call('ZADD', KEYS[2], now_ms, ARGV[k])
    end
  end
  table.insert(unknown, count)
  i = i + 2 + ARGV[i + 1]
end
return unknown
"""

_READ = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now_ms - ARGV[2] * 1000)
return {now_ms, redis.call('ZRANGE', KEYS[1], 0, -1), redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[1], '+inf')}
"""


class WatchesUnknown(Exception):
    """Redis does not answer: nobody knows who looks at what."""


@dataclass(frozen=True)
class Watched:
    """Holdings on somebody's screen now; `asked` are the names that a reader has not yet seen asked for."""

    rows: frozenset[int] = frozenset()
    details: frozenset[int] = frozenset()
    asked: frozenset[str] = field(default=frozenset())
    totals: frozenset[int] = frozenset()  # users
    others: frozenset[str] = field(default=frozenset())  # names of other kinds: see `watchables`

    def __bool__(self) -> bool:
        return bool(self.rows or self.details or self.totals)


class WatchReader:
    """The node's view: all that is watched anywhere. Used by one thread."""

    def __init__(self, *, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(
            redis_url,
            decode_responses=True,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._read = self._redis.register_script(_READ)
        self._read_at_ms = 0

    def read(self) -> Watched:
        """Return what is watched now; raises WatchesUnknown within about half a second."""
        try:
            now_ms, names, asked = self._read(keys=[_WATCHED_KEY, _ASKED_KEY], args=[self._read_at_ms, EXPIRY_S])
        except (redis.RedisError, OSError) as problem:
            raise WatchesUnknown(str(problem)) from problem
        self._read_at_ms = int(now_ms)
        others = frozenset(name for name in names if not name.startswith(("holding-", "detail-", _TOTALS)))
        return Watched(_ids(names, "holding-"), _ids(names, "detail-"), frozenset(asked), _ids(names, _TOTALS), others)

    def close(self) -> None:
        self._redis.close()


@dataclass(frozen=True)
class _Renewal:
    names: tuple[str, ...]
    asked: bool


class WatchWriter:
    """A web process's end: tells what its sockets look at, for many at once. Belongs to one event loop."""

    def __init__(self, *, redis_url: str) -> None:
        self._redis = connect(redis_url, timeout_s=TIMEOUT_S)
        self.backlog = Backlog(self._redis)
        self._renew = self._redis.register_script(_RENEW)
        self._renewals = Rounds(self._renew_all, at_once=RENEWED_AT_ONCE, pause_s=RENEWAL_PAUSE_S)

    async def renew(self, names: Collection[str], *, asked: bool) -> bool:
        """Keep names watched for another while, `asked` also wants them whole; raises WatchesUnknown.

        Return whether all of them were known: if not, messages may have been missed, and they are asked for anew.
        """
        if not names:
            return True
        try:
            return await self._renewals.answer(_Renewal(tuple(names), asked))
        except (redis.RedisError, OSError) as problem:
            raise WatchesUnknown(str(problem)) from problem

    async def _renew_all(self, renewals: Sequence[_Renewal]) -> list[bool]:
        args: list[str | int] = [EXPIRY_S]
        for one in renewals:
            args += (int(one.asked), len(one.names), *one.names)
        unknown = await self._renew(keys=[_WATCHED_KEY, _ASKED_KEY], args=args)
        return [int(count) == 0 for count in unknown]

    async def close(self) -> None:
        await self._redis.aclose()


@dataclass
class _Shared:
    writer: WatchWriter
    users: int = 0


_shared: dict[asyncio.AbstractEventLoop, _Shared] = {}


@asynccontextmanager
async def shared_writer(*, redis_url: str) -> AsyncIterator[WatchWriter]:
    """Lend the running loop's one writer; the last to give it back closes it."""
    loop = asyncio.get_running_loop()
    if loop not in _shared:
        _shared[loop] = _Shared(WatchWriter(redis_url=redis_url))
    shared = _shared[loop]
    shared.users += 1
    try:
        yield shared.writer
    finally:
        shared.users -= 1
        if not shared.users:
            del _shared[loop]
            await shared.writer.close()


def _ids(names: Collection[str], prefix: str) -> frozenset[int]:
    return frozenset(int(name.removeprefix(prefix)) for name in names if name.startswith(prefix))
