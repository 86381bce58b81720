"""Who wants to know that somebody's money has changed: told once for each batch, after its commit."""

from collections.abc import Callable, Iterable
from functools import partial

from django.db import transaction

from wallet.domain.accounts import AccountKind, AccountName
from wallet.services.listeners import Listeners

Listener = Callable[[frozenset[int]], None]  # gets the ids of the users

_listeners: Listeners[Listener] = Listeners("users' money")
listen, stop_listening = _listeners.listen, _listeners.stop_listening


def tell_after_commit(names: Iterable[AccountName]) -> None:
    """Tell the listeners, when the transaction is committed, whose accounts these are; costs nothing without any."""
    if not _listeners:
        return
    tell_users_after_commit(int(name.ref) for name in names if name.kind is AccountKind.USER)


def tell_users_after_commit(user_ids: Iterable[int]) -> None:
    """Tell the listeners, when the transaction is committed, that something of these users' money has moved on."""
    told = frozenset(user_ids)
    if _listeners and told:
        transaction.on_commit(partial(_listeners.tell, lambda listener: listener(told)))
