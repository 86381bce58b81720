"""Who wants to know that something of the exchange has changed; the composition root registers them by name.

Told after the commit, in the thread that has changed it: a listener must not wait for anything. What it raises is
logged and harms nobody.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from wallet.services import changes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Listener:
    deposits: Callable[[frozenset[int]], None]  # gets the ids of the users
    reserves: Callable[[], None]  # what operators see: heights, halts, sweeps, reconciliations
    desk: Callable[[], None]  # what operators see of withdrawals: their steps, why the queue waits, halts


_listeners: dict[str, Listener] = {}


def listen(name: str, listener: Listener) -> None:
    _listeners[name] = listener


def stop_listening(name: str) -> None:
    _listeners.pop(name, None)


def deposits_changed(user_ids: Iterable[int]) -> None:
    """Tell, when the transaction is committed, that these users' deposits stand otherwise."""
    found = frozenset(user_ids)
    if found and _listeners:
        transaction.on_commit(partial(_tell, lambda listener: listener.deposits(found)))


def reserves_changed() -> None:
    if _listeners:
        transaction.on_commit(partial(_tell, lambda listener: listener.reserves()))


def withdrawal_changed(user_id: int) -> None:
    """Tell the user and operators, when the transaction is committed, that a withdrawal of this user's has moved on."""
    changes.tell_users_after_commit([user_id])
    desk_changed()


def desk_changed() -> None:
    if _listeners:
        transaction.on_commit(partial(_tell, lambda listener: listener.desk()))


def _tell(tell: Callable[[Listener], None]) -> None:
    for name, listener in list(_listeners.items()):
        try:
            tell(listener)
        except Exception:  # what stands is written; who could not be told reads it
            logger.exception("%s could not be told of the exchange", name)
