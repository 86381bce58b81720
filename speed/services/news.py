"""Who wants to know that something of the market has moved on: a node's market and pages tell it."""

from collections.abc import Callable, Iterable

from wallet.services.listeners import Listeners

Listener = Callable[[frozenset[int] | None], None]  # gets the ids of the users; None: of all whom it may concern

_listeners: Listeners[Listener] = Listeners("the market")
listen, stop_listening = _listeners.listen, _listeners.stop_listening


def tell(user_ids: Iterable[int] | None = None) -> None:
    """Tell the listeners whose market has changed."""
    told = None if user_ids is None else frozenset(user_ids)
    _listeners.tell(lambda listener: listener(told))
