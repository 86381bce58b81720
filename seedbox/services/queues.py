"""How many messages wait on the queues of the workers."""

from collections.abc import Mapping, Sequence

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from seedbox.services import nodes

TIMEOUT_S = 0.5
OF_REDIS = ("redis://", "rediss://", "unix://")


def names() -> list[str]:
    """Return the queues that workers of this box listen on."""
    of_nodes = [f"node.{name}" for name in nodes.names()]
    return of_nodes if settings.WALLET_NETWORK == "off" else [*of_nodes, "wallet"]


def depths(queues: Sequence[str]) -> Mapping[str, int | None]:
    """Return how many messages wait on each; None where the broker does not say it."""
    unknown = dict.fromkeys(queues)
    if not queues or not settings.REDIS_URL.startswith(OF_REDIS):
        return unknown
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            pipeline = client.pipeline(transaction=False)
            for queue in queues:
                pipeline.llen(queue)
            return dict(zip(queues, (int(depth) for depth in pipeline.execute()), strict=True))
    except (redis.RedisError, OSError):
        return unknown
