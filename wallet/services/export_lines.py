"""What an export is made of: transfers in the order they were written, with both accounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.db import connection

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.services.snapshot import Row, read, read_in_pieces

_ACCOUNTS = "SELECT id, asset, kind, ref, balance_ubtt FROM wallet_account ORDER BY id"
_FIRST = "SELECT MIN(id) FROM wallet_transfer WHERE written_at >= %s"
_LAST = "SELECT MAX(id) FROM wallet_transfer WHERE written_at < %s"
_LINES = """
SELECT id, asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version, debit_balance_ubtt,
    credit_balance_ubtt, event_at, written_at, key_hash, body_hash, cause, memo, hold_id, reverses_id
FROM wallet_transfer WHERE id >= %s AND id <= %s
"""
_ALL_IDS = (-(2**63), 2**63 - 1)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which transfers are exported. With days it is those from the first of the one to the last of the other."""

    user_id: int | None = None
    asset: Asset | None = None
    from_date: date | None = None
    to_date: date | None = None  # that day is in it

    @property
    def is_whole(self) -> bool:
        return self.user_id is None and self.from_date is None and self.to_date is None


@dataclass(frozen=True, slots=True)
class Side:
    """An account of an export. What somebody else has is nobody's business: then its balances are left out."""

    id: int
    name: AccountName
    balance_ubtt: int
    is_shown: bool


class Line(NamedTuple):
    """A transfer of an export."""

    id: int
    asset: Asset
    kind: TransferKind
    debit: Side
    credit: Side
    amount_ubtt: int
    debit_version: int
    credit_version: int
    debit_balance_ubtt: int
    credit_balance_ubtt: int
    event_at: datetime
    written_at: datetime
    key_hash: bytes
    body_hash: bytes
    cause: str
    memo: str
    hold: int | None
    reverses: int | None


def read_sides(selection: Selection) -> dict[int, Side]:
    """Return all accounts by id. They take some hundred bytes each."""
    sides = {}
    for rows in read_in_pieces(_ACCOUNTS):
        for account_id, asset, kind, ref, balance_ubtt in rows:
            name = AccountName(Asset(asset), AccountKind(kind), ref)
            is_shown = selection.user_id is None or _is_of(name, selection.user_id)
            sides[account_id] = Side(account_id, name, balance_ubtt, is_shown)
    return sides


def read_lines(selection: Selection, sides: dict[int, Side]) -> Iterator[list[Line]]:
    """Yield the selected transfers in pieces. Within a snapshot."""
    statement, params = _LINES, list(_bounds(selection))
    if selection.asset is not None:
        statement += " AND asset = %s"
        params.append(selection.asset)
    if selection.user_id is not None:
        own = [side.id for side in sides.values() if side.is_shown]
        if not own:
            return
        places = ", ".join(["%s"] * len(own))
        statement += f" AND (debit_id IN ({places}) OR credit_id IN ({places}))"
        params += own * 2
    for rows in read_in_pieces(f"{statement} ORDER BY id", params):
        yield [_line(row, sides) for row in rows]


def _bounds(selection: Selection) -> tuple[int, int]:
    """Return the first and the last id: between them nothing is left out, so balances go on from line to line."""
    first, last = _ALL_IDS
    if selection.from_date is not None:
        found = read(_FIRST, [_midnight(selection.from_date)])[0][0]
        first = last if found is None else found
    if selection.to_date is not None:
        found = read(_LAST, [_midnight(selection.to_date + timedelta(days=1))])[0][0]
        last = _ALL_IDS[0] if found is None else found
    return first, last


def _midnight(day: date) -> str:
    return str(connection.ops.adapt_datetimefield_value(datetime.combine(day, time(), UTC)))


def _is_of(name: AccountName, user_id: int) -> bool:
    return name.kind is AccountKind.USER and name.ref == str(user_id)


def _line(row: Row, sides: dict[int, Side]) -> Line:
    transfer_id, asset, kind, debit_id, credit_id, *rest = row
    line = Line(transfer_id, Asset(asset), TransferKind(kind), sides[debit_id], sides[credit_id], *rest)
    if line.written_at.tzinfo is None:  # SQLite
        event_at, written_at = line.event_at.replace(tzinfo=UTC), line.written_at.replace(tzinfo=UTC)
        return line._replace(event_at=event_at, written_at=written_at)
    return line
