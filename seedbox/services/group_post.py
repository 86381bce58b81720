"""Messages to groups of sockets, many in one call to Redis.

The channel layer sends one message at a time and waits for Redis each time: for a thousand open pages that is most of
what a node has to do. Ours look to the sockets like the layer's own.
"""

from collections.abc import Iterable
from typing import Any

import redis.asyncio
from channels.layers import get_channel_layer
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

_PUBLISH = """
for i = 1, #ARGV, 2 do
  redis.call('PUBLISH', ARGV[i], ARGV[i + 1])
end
"""


class GroupPost:
    """The connection of one event loop. All methods raise what Redis raises."""

    def __init__(self, *, redis_url: str, timeout_s: float) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            redis_url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
        self._publish = self._redis.register_script(_PUBLISH)

    async def send(self, texts: Iterable[tuple[str, str]]) -> None:
        """Send texts, each with its group, in their order."""
        layer: Any = get_channel_layer()
        args: list[str | bytes] = []
        for group, text in texts:
            args += (layer._get_group_channel_name(group), layer.serialize({"type": "live.text", "text": text}))
        await self._publish(args=args)

    async def close(self) -> None:
        await self._redis.aclose()
