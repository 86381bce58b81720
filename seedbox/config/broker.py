"""Our workers' way to a Redis broker: a message that nobody can read is thrown away, and the worker goes on.

Kombu lets such a message end its worker. What is wrong further in (a pickle, an unknown task) Celery rejects itself.
"""

import logging
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

logger = logging.getLogger(__name__)


class Channel(redis.Channel):
    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # its stubs leave it out
        except (ValueError, TypeError, AttributeError, LookupError) as problem:
            logger.error("a message on this worker's queue can't be read and was thrown away: %s", problem)
            raise Empty from None


class Transport(redis.Transport):
    Channel = Channel


def use() -> None:
    """Make Celery use this wherever the broker's address says redis."""
    for name in ("redis", "rediss"):
        TRANSPORT_ALIASES[name] = f"{__name__}:Transport"
