"""Messages to groups of sockets, many in one call to Redis, which keeps each that is numbered in the same step.

The channel layer sends one message at a time and waits for Redis each time: for a thousand open pages that is most of
what a node has to do. Ours look to the sockets like the layer's own. Nobody finds a number in the backlog (see
`backlog`) whose message is not out yet, or hears one whose number is not kept.
"""

from collections.abc import Iterable
from typing import Any

from channels.layers import get_channel_layer

from seedbox.services import backlog
from seedbox.services.backlog import Number

_POST = """
for i = 7, #ARGV, 6 do
  local group, stream, number, text = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  if stream ~= '' then
    local numbers, kept = ARGV[1] .. group, ARGV[2] .. group
    if redis.call('HSET', numbers, stream, number) == 1 and redis.call('HLEN', numbers) > tonumber(ARGV[6]) then
      redis.call('DEL', numbers, kept)
      redis.call('HSET', numbers, stream, number)
    end
    redis.call('EXPIRE', numbers, ARGV[3])
    if text == '' then
      redis.call('DEL', kept)
    else
      redis.call('RPUSH', kept, stream .. ' ' .. number .. ' ' .. text)
      redis.call('LTRIM', kept, -ARGV[5], -1)
      redis.call('EXPIRE', kept, ARGV[4])
    end
  end
  redis.call('PUBLISH', ARGV[i + 4], ARGV[i + 5])
end
"""


class GroupPost:
    """The connection of one event loop. All methods raise what Redis raises."""

    def __init__(self, *, redis_url: str, timeout_s: float) -> None:
        self._redis = backlog.connect(redis_url, timeout_s=timeout_s)
        self._post = self._redis.register_script(_POST)

    async def send(self, messages: Iterable[tuple[str, str, Number | None]]) -> None:
        """Keep and send texts, each with its group, in their order; one without a number is sent only."""
        layer: Any = get_channel_layer()
        args: list[str | bytes | int] = [
            backlog.NUMBERS_KEY,
            backlog.KEPT_KEY,
            backlog.NUMBERS_S,
            backlog.KEPT_S,
            backlog.MAX_KEPT,
            backlog.MAX_STREAMS,
        ]
        for group, text, number in messages:
            kept = text if number is not None and len(text.encode()) <= backlog.MAX_KEPT_BYTES else ""
            args += (group, number.stream if number else "", number.seq if number else 0, kept)
            args += (layer._get_group_channel_name(group), layer.serialize({"type": "live.text", "text": text}))
        await self._post(args=args)

    async def close(self) -> None:
        await self._redis.aclose()
