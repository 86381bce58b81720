"""The only door by which money moves: `post` takes a list of items and answers each.

Three steps in one transaction: the accounts are locked in the order of their ids, and what is known of them and of the
keys is read; a pure function decides item by item; what it decided is written in sets, one net change per account.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from wallet.domain.items import Item, Transfer, check_batch, key_hash
from wallet.domain.posting import Decision, Hashed, Known, Outcome, decide, hashed
from wallet.services import changes
from wallet.services.books import Absent, Request, Store
from wallet.services.books_postgresql import PostgresqlStore
from wallet.services.books_sqlite import SqliteStore
from wallet.services.teller import Teller

TRIES = 5  # two keys that meet, a deadlock, a lost connection: each time everything is asked anew
PAUSE_S = 0.005  # before the second try at most; twice as long before each further one, so that two don't meet again

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


class LedgerBusy(OperationalError):
    """The ledger could not be reached, or was too busy. Ask again with the same keys: nothing is done twice.

    Its cause is what the database said last. To a page that does not catch it, it is trouble with the database like any
    other.
    """

    def __init__(self) -> None:
        super().__init__("The ledger is too busy. Try again: with the same key nothing happens twice.")


def post(items: Sequence[Item], *, now: datetime) -> list[Outcome]:
    """Carry out the items in their order and return an outcome for each.

    1 to 10,000 items. An item that is refused changes nothing and hinders no other; linked ones are done all or none.
    Each has its effect once for its key: the same again is answered as before, another body is a CONFLICT. A key
    belongs to the kind of its item: a transfer and a hold under the same are two wishes. Raises BadItem for what is
    malformed, and then nothing was done at all, and LedgerBusy.

    In a transaction of the caller's, `whole` has to be around it.
    """
    check_batch(items)
    if connection.in_atomic_block:
        return _post(items, now)
    return _teller.serve(items, now)


def whole(work: Callable[[], Result]) -> Result:
    """Do several things in one transaction, and all of them again when the database gives up. Raises LedgerBusy.

    Equal keys that meet, a deadlock or a lost connection undo everything; keys make the repetition harmless.
    """
    if connection.in_atomic_block:
        return work()

    def try_once() -> Result:
        with transaction.atomic():
            return work()

    return _repeated(try_once)


def _repeated(try_once: Callable[[], Result]) -> Result:
    cause: Exception | None = None
    for number in range(TRIES):
        if cause is not None:
            logger.info("the ledger asks again: %s", type(cause).__name__)
            time.sleep(random.uniform(0, PAUSE_S * 2 ** (number - 1)))
        try:
            return try_once()
        except (IntegrityError, OperationalError, InterfaceError) as problem:
            connection.close_if_unusable_or_obsolete()
            cause = problem
            if connection.vendor == "sqlite" and isinstance(problem, OperationalError):
                break  # locked, after the driver has waited for long, or full: another try would wait as long in vain
    raise LedgerBusy from cause


def _post_alone(items: Sequence[Item], now: datetime) -> list[Outcome]:
    return _repeated(partial(_post, items, now))


def _post(items: Sequence[Item], now: datetime) -> list[Outcome]:
    wishes = hashed(items)
    request = Request.of(wishes)
    try:
        return _try_to_post(wishes, request, now, takes_absent=False)
    except Absent as absent:
        store().open_accounts(absent.names, now=now)
        return _try_to_post(wishes, request, now, takes_absent=True)


def _try_to_post(wishes: Sequence[Hashed], request: Request, now: datetime, *, takes_absent: bool) -> list[Outcome]:
    way = store()
    way.prepare(wishes)
    with transaction.atomic():
        books = way.lock(request)
        absent = request.openable - books.accounts.keys()
        if absent and not takes_absent:
            raise Absent(sorted(absent))  # opened without the locks held, or two batches could wait for each other
        decision = decide(wishes, books, now=now)
        _write(decision, way, now)
    return decision.outcomes


def _write(decision: Decision, way: Store, now: datetime) -> None:
    if decision.lines or decision.answers or decision.ended:
        way.write(decision, now=now)
        changes.tell_after_commit(account.name for account in decision.changed.values())
    for outcome, first in decision.replays:
        outcome.transfer_id, outcome.hold_id = first.transfer_id, first.hold_id


def _is_everybodys(problem: Exception) -> bool:
    """Tell trouble with the database from trouble with what was asked of it."""
    return isinstance(problem, LedgerBusy) and not isinstance(problem.__cause__, IntegrityError)


_teller = Teller(_post_alone, is_everybodys=_is_everybodys)


def post_one(item: Item, *, now: datetime) -> Outcome:
    return post([item], now=now)[0]


def outcome_of(key: str, of: type[Item] = Transfer) -> Outcome | None:
    """Return what was decided under a key of that kind of item, or None when nothing was.

    Then it can be asked for again, or was never heard. Raises LedgerBusy.
    """
    digest = key_hash(key, of)

    def ask() -> dict[bytes, Known]:
        return store().known([digest])

    known = ask() if connection.in_atomic_block else _repeated(ask)
    return known[digest].outcome if known else None


def store() -> Store:
    """Return the way to the books in the database that is used."""
    if connection.vendor == "postgresql":
        return PostgresqlStore(connection)
    return SqliteStore(connection)
