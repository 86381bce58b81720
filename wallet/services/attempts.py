"""Transactions of services that do more than post: they test something under the ledger's locks, or write beside it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

from wallet.domain.accounts import AccountName
from wallet.models import Account
from wallet.services import ledger

Result = TypeVar("Result")


def in_one_transaction(work: Callable[[], Result]) -> Result:
    """Run `work` in a transaction; when the database gives up (equal keys at once, a deadlock), run all of it again.

    In a transaction of the caller's the caller repeats. Raises LedgerBusy after as many tries as the ledger takes.
    """
    is_ours = not connection.in_atomic_block
    for _ in range(ledger.TRIES):
        try:
            with transaction.atomic():
                return work()
        except (IntegrityError, OperationalError):
            if not is_ours:
                raise
            connection.close_if_unusable_or_obsolete()
    raise ledger.LedgerBusy


def open_absent(names: Iterable[AccountName], *, now: datetime) -> None:
    """Open what a batch needs and is not there yet, before its transaction: no lock is held while it is done."""
    absent = [
        name for name in names if not Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref).exists()
    ]
    if absent:
        ledger.store().open_accounts(absent, now=now)
