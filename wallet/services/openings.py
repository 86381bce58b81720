"""Accounts that a transaction needs and that may not be there yet."""

from collections.abc import Iterable
from datetime import datetime

from wallet.domain.accounts import AccountName
from wallet.models import Account
from wallet.services import ledger


def open_absent(names: Iterable[AccountName], *, now: datetime) -> None:
    """Open what is not there yet, before the transaction that needs it: no lock is held while it is done."""
    absent = [
        name for name in names if not Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref).exists()
    ]
    if absent:
        ledger.whole(lambda: ledger.store().open_accounts(absent, now=now))
