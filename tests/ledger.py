"""Accounts with money and items with plain defaults, for tests of the ledger; and the way around its guards."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection

from tests.builders import NOW
from wallet.domain.accounts import AccountKind, AccountName, own_account, user_account
from wallet.domain.items import EndHold, HoldEnd, HoldPurpose, PlaceHold, Transfer
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.posting import Outcome
from wallet.domain.routes import ROUTES, is_way
from wallet.models import Account
from wallet.services import ledger

BTT = 1_000_000
ASSET = Asset.TRC20
CHAIN = own_account(ASSET, AccountKind.CHAIN)
TREASURY = own_account(ASSET, AccountKind.TREASURY)
TABLES = (
    "kindrollup",
    "rollupcursor",
    "receiptversion",
    "speedkey",
    "pairingcode",
    "hubcall",
    "hubnonce",
    "huboffer",
    "hubrules",
    "hubkey",
    "attemptevent",
    "attempt",
    "withdrawal",
    "withdrawalrules",
    "answer",
    "endedhold",
    "hold",
    "transfer",
    "seal",
    "liabilityleaf",
    "liabilitysnapshot",
    "operatoract",
    "sweep",
    "depositaddress",
    "depositkey",
    "installaddress",
    "deposit",
    "pendingdeposit",
    "chainmovement",
    "owntransaction",
    "chaincursor",
    "reconciliation",
    "halt",
    "channel",
    "account",
)

_keys = itertools.count(1)


def fresh_key() -> str:
    return f"test/{next(_keys)}"


def user(user_id: int) -> AccountName:
    return user_account(ASSET, user_id)


def kind_of(debit: AccountName, credit: AccountName) -> TransferKind | None:
    """Return the first reason for which money may move this way."""
    return next((kind for kind in ROUTES if is_way(kind, debit.kind, credit.kind)), None)


def transfer(debit: AccountName, credit: AccountName, amount_ubtt: int, **fields: Any) -> Transfer:
    defaults: dict[str, Any] = {"key": fresh_key(), "cause": "tip/1", "event_at": NOW}
    defaults["kind"] = kind_of(debit, credit) or TransferKind.TIP
    return Transfer(debit=debit, credit=credit, amount_ubtt=amount_ubtt, **defaults | fields)


def place_hold(account: AccountName, amount_ubtt: int, **fields: Any) -> PlaceHold:
    defaults: dict[str, Any] = {
        "key": fresh_key(),
        "purpose": HoldPurpose.BUDGET,
        "cause": "budget/1",
        "expires_at": NOW + timedelta(hours=1),
    }
    return PlaceHold(account=account, amount_ubtt=amount_ubtt, **defaults | fields)


def void(hold: int, **fields: Any) -> EndHold:
    defaults: dict[str, Any] = {"key": fresh_key(), "end": HoldEnd.VOIDED}
    return EndHold(hold=hold, **defaults | fields)


def fund(name: AccountName, amount_ubtt: int) -> None:
    """Let an account have money, as a deposit would bring it."""
    deposit = transfer(own_account(name.asset, AccountKind.CHAIN), name, amount_ubtt, kind=TransferKind.DEPOSIT)
    assert post(deposit).is_done


def post(item: Any) -> Outcome:
    return ledger.post_one(item, now=NOW)


def balance(name: AccountName) -> int:
    found = Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref).first()
    return found.balance_ubtt if found else 0


@contextmanager
def lifted_guards() -> Iterator[None]:
    """Let a superuser change and delete what the triggers keep."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = origin")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'wallet_%%'", [])
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, statement in triggers:
            cursor.execute(statement)


def empty_the_books() -> None:
    """Delete everything of the ledger, which nothing but a test may do: Django's own way fails at the guards."""
    with lifted_guards(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM wallet_{table}")
