"""Who wants to know that somebody's money has changed; the composition root registers them by name.

A listener is called once for each batch, after its commit, in the thread that posted: it must not wait for anything.
What it raises is logged and harms nobody, for the money has moved already.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial

from django.db import transaction

from wallet.domain.accounts import AccountKind, AccountName

Listener = Callable[[frozenset[int]], None]  # gets the ids of the users

logger = logging.getLogger(__name__)
_listeners: dict[str, Listener] = {}


def listen(name: str, listener: Listener) -> None:
    _listeners[name] = listener


def stop_listening(name: str) -> None:
    _listeners.pop(name, None)


def tell_after_commit(names: Iterable[AccountName]) -> None:
    """Tell the listeners, when the transaction is committed, whose accounts these are; costs nothing without any."""
    if not _listeners:
        return
    tell_users_after_commit(int(name.ref) for name in names if name.kind is AccountKind.USER)


def tell_users_after_commit(user_ids: Iterable[int]) -> None:
    """Tell the listeners, when the transaction is committed, that something of these users' money has moved on."""
    told = frozenset(user_ids)
    if _listeners and told:
        transaction.on_commit(partial(_tell, told))


def _tell(user_ids: frozenset[int]) -> None:
    for name, listener in list(_listeners.items()):
        try:
            listener(user_ids)
        except Exception:  # not Django's `robust`, which fails over a partial
            logger.exception("%s could not be told of %d users' money", name, len(user_ids))
