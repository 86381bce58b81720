"""Who wants to know that something of the exchange has changed: told after the commit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from wallet.services import changes
from wallet.services.listeners import Listeners


def _nobody_asked(user_id: int) -> None:
    """Most hear of withdrawals with all that changes a user's money."""


@dataclass(frozen=True)
class Listener:
    deposits: Callable[[frozenset[int]], None]  # gets the ids of the users
    reserves: Callable[[], None]  # what operators see: heights, halts, sweeps, reconciliations
    desk: Callable[[], None]  # what operators see of withdrawals: their steps, why the queue waits, halts
    withdrawal: Callable[[int], None] = _nobody_asked  # a step of one of this user's


_listeners: Listeners[Listener] = Listeners("the exchange")
listen, stop_listening = _listeners.listen, _listeners.stop_listening


def deposits_changed(user_ids: Iterable[int]) -> None:
    """Tell, when the transaction is committed, that these users' deposits stand otherwise."""
    found = frozenset(user_ids)
    if found and _listeners:
        transaction.on_commit(partial(_listeners.tell, lambda listener: listener.deposits(found)))


def reserves_changed() -> None:
    if _listeners:
        transaction.on_commit(partial(_listeners.tell, lambda listener: listener.reserves()))


def withdrawal_changed(user_id: int) -> None:
    """Tell the user and operators, when the transaction is committed, that a withdrawal of this user's has moved on."""
    changes.tell_users_after_commit([user_id])
    if _listeners:
        transaction.on_commit(partial(_listeners.tell, lambda listener: listener.withdrawal(user_id)))
    desk_changed()


def desk_changed() -> None:
    if _listeners:
        transaction.on_commit(partial(_listeners.tell, lambda listener: listener.desk()))
