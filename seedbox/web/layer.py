"""The channel layer of the live sockets: Channels' own, but it keeps nothing of sockets that are gone.

It also knows when it was deaf: what is published while its connection to Redis is broken comes to nobody.
"""

import asyncio
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer, RedisSingleShardConnection
from channels_redis.utils import _wrap_close
from redis import RedisError
from redis.asyncio.client import PubSub


class LiveLayer(RedisPubSubChannelLayer):  # type: ignore[misc]  # it has no types
    def _get_layer(self) -> "_LoopLayer":
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            self._layers[loop] = _LoopLayer(*self._args, **self._kwargs, channel_layer=self)
            _wrap_close(self, loop)
        layer: _LoopLayer = self._layers[loop]
        return layer


class _LoopLayer(RedisPubSubLoopLayer):  # type: ignore[misc]  # likewise
    """What the sockets of one event loop hear."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shards: list[_Connection] = [_Connection(shard.host, self) for shard in self._shards]

    @property
    def breaks(self) -> int:
        """How often something may have been missed, counted when it is heard again."""
        return sum(connection.breaks for connection in self._shards)

    async def forget(self, channel: str) -> None:
        """Keep nothing of a socket's channel; its groups are left before.

        Channels leaves this to a wait for messages that is cancelled: one that has just got its message, or has not
        begun, would leave the channel behind for ever.
        """
        if self.channels.pop(channel, None) is not None:
            await self._get_shard(channel).unsubscribe(channel)

    async def _subscribe_to_channel(self, channel: str) -> None:
        try:
            await super()._subscribe_to_channel(channel)
        except BaseException:
            self.channels.pop(channel, None)
            raise


class _Connection(RedisSingleShardConnection):  # type: ignore[misc]  # likewise
    @property
    def breaks(self) -> int:
        return self._pubsub.breaks if self._pubsub else 0

    def _ensure_redis(self) -> None:
        is_new = self._redis is None
        super()._ensure_redis()
        if is_new:
            self._pubsub = _Subscriptions(self._redis.connection_pool)

    async def unsubscribe(self, channel: str) -> None:
        """Hear a channel no more; a dead Redis has forgotten it, and is not told of it when it is back."""
        try:
            await super().unsubscribe(channel)
        except (RedisError, OSError):
            self._subscribed_to.discard(channel)
            self._pubsub.channels.pop(channel.encode(), None)


class _Subscriptions(PubSub):
    breaks = 0

    async def on_connect(self, connection: Any) -> None:
        """Subscribe to everything again; Redis's client calls this after the first connection was lost."""
        await super().on_connect(connection)
        self.breaks += 1
