"""What stands in the books, added up again from their rows: it must agree with itself, whatever was done to them."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.money import Asset

Fetch = Callable[[str], list[tuple[Any, ...]]]

_ACCOUNTS = "SELECT id, asset, kind, ref, balance_ubtt, held_ubtt, version FROM wallet_account"
_TRANSFERS = """
SELECT id, debit_id, credit_id, amount_ubtt, debit_version, credit_version, debit_balance_ubtt, credit_balance_ubtt,
    key_hash, hold_id, reverses_id FROM wallet_transfer ORDER BY id
"""
_HOLDS = """
SELECT h.id, h.account_id, h.amount_ubtt, e."end", e.posted_ubtt, e.transfer_id
FROM wallet_hold h LEFT JOIN wallet_endedhold e ON e.hold_id = h.id
"""
_ANSWERS = "SELECT key_hash, code FROM wallet_answer"


@dataclass
class Truth:
    balance: dict[AccountName, int]
    held: dict[AccountName, int]
    codes: dict[bytes, str]  # by the hash of the key
    beaten: set[bytes]  # keys of transfers under which another body was refused at the same moment


def read_truth(fetch: Fetch | None = None) -> Truth:
    """Add everything up; fail where the books do not agree with themselves."""
    fetch = fetch or _fetch
    names, stands = {}, {}
    for account_id, asset, kind, ref, *numbers in fetch(_ACCOUNTS):
        names[account_id] = AccountName(Asset(asset), AccountKind(kind), ref)
        stands[account_id] = numbers
    codes, taken = _check_transfers(fetch, names, stands)
    _check_holds(fetch, stands, taken)
    answers = {bytes(key_hash): code for key_hash, code in fetch(_ANSWERS)}
    beaten = answers.keys() & codes.keys()
    assert not {"ok", "exists"} & {answers[key] for key in beaten}, "a key has moved money and done something else"
    for asset in Asset:
        assert not sum(stands[number][0] for number, name in names.items() if name.asset is asset), f"{asset} is not 0"
    return Truth(
        {name: stands[number][0] for number, name in names.items()},
        {name: stands[number][1] for number, name in names.items()},
        answers | codes,
        beaten,
    )


def _check_transfers(
    fetch: Fetch, names: dict[int, AccountName], stands: dict[int, list[int]]
) -> tuple[dict[bytes, str], dict[int, tuple[int, int]]]:
    codes: dict[bytes, str] = {}
    taken: dict[int, tuple[int, int]] = {}
    entries = defaultdict(list)
    sides: dict[int, tuple[int, int, int, int | None]] = {}
    for row in fetch(_TRANSFERS):
        number, debit, credit, amount_ubtt, *versions_and_balances, key_hash, hold_id, reverses = row
        debit_version, credit_version, debit_balance, credit_balance = versions_and_balances
        entries[debit].append((debit_version, -amount_ubtt, debit_balance))
        entries[credit].append((credit_version, amount_ubtt, credit_balance))
        assert bytes(key_hash) not in codes, "a key has moved money twice"
        codes[bytes(key_hash)] = "ok"
        if hold_id is not None:
            assert hold_id not in taken, f"hold {hold_id} was posted twice"
            taken[hold_id] = number, amount_ubtt
        if reverses is not None:
            assert sides[reverses] == (credit, debit, amount_ubtt, None), f"{number} is no mirror of {reverses}"
            assert reverses not in {three for *_, three in sides.values()}, f"{reverses} was reversed twice"
        sides[number] = debit, credit, amount_ubtt, reverses
    for account, (balance_ubtt, _, version) in stands.items():
        total = 0
        found = sorted(entries[account])
        assert [entry[0] for entry in found] == list(range(1, version + 1)), f"gaps in {names[account]}"
        for _, change_ubtt, stands_at in found:
            total += change_ubtt
            assert total == stands_at, f"{names[account]} does not add up"
            assert total >= 0 or names[account].kind is AccountKind.CHAIN, f"{names[account]} was below zero"
        assert total == balance_ubtt, f"{names[account]} does not add up"
    return codes, taken


def _check_holds(fetch: Fetch, stands: dict[int, list[int]], taken: dict[int, tuple[int, int]]) -> None:
    running: dict[int, int] = defaultdict(int)
    for hold_id, account, amount_ubtt, end, posted_ubtt, transfer_id in fetch(_HOLDS):
        if end is None:
            running[account] += amount_ubtt
        assert (transfer_id, posted_ubtt or 0) == taken.pop(hold_id, (None, 0)), f"hold {hold_id} was posted otherwise"
        assert (posted_ubtt or 0) <= amount_ubtt, f"hold {hold_id} gave more than it had"
    assert not taken, f"transfers post holds that are not there: {taken}"
    for account, (balance_ubtt, held_ubtt, _) in stands.items():
        assert held_ubtt == running[account], f"account {account} holds something else"
        assert held_ubtt == 0 or held_ubtt <= balance_ubtt, f"account {account} holds more than it has"


def _fetch(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
