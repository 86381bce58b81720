"""Who wants to know that something of the market has moved on; the composition root registers them by name.

A listener is called by whoever wrote it, a node's market or a page, and must not wait for anything.
"""

import logging
from collections.abc import Callable, Iterable

Listener = Callable[[frozenset[int] | None], None]  # gets the ids of the users; None: of all whom it may concern

logger = logging.getLogger(__name__)
_listeners: dict[str, Listener] = {}


def listen(name: str, listener: Listener) -> None:
    _listeners[name] = listener


def stop_listening(name: str) -> None:
    _listeners.pop(name, None)


def tell(user_ids: Iterable[int] | None = None) -> None:
    """Tell the listeners whose market has changed. What they raise is logged and harms nobody."""
    told = None if user_ids is None else frozenset(user_ids)
    for name, listener in list(_listeners.items()):
        try:
            listener(told)
        except Exception:
            logger.exception("%s could not be told of the market", name)
