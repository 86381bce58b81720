"""The books in SQLite: one writer, who holds the lock of the whole file from the beginning of the transaction.

The same steps as in PostgreSQL, over the driver itself; the database is in this process, so a row costs a microsecond.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.items import HoldEnd, PlaceHold
from wallet.domain.money import Asset
from wallet.domain.posting import Account, Answer, Books, Code, Decision, Hashed, Hold, Known, Original, Outcome
from wallet.services.books import Request, user_table

AT_ONCE = 900  # values of one statement; SQLite takes 999 everywhere

_ACCOUNTS = """
SELECT ref, id, balance_ubtt, held_ubtt, version, is_frozen FROM wallet_account
WHERE asset = {asset:d} AND kind = {kind:d} AND ref IN
"""
_OPEN = """
INSERT OR IGNORE INTO wallet_account (asset, kind, ref, balance_ubtt, held_ubtt, version, is_frozen, created_at)
SELECT ?1, ?2, ?3, 0, 0, 0, 0, ?4
WHERE ?2 <> {user} OR EXISTS (SELECT 1 FROM "{users}" WHERE "{key}" = CAST(?3 AS INTEGER))
"""
_ANSWERS = 'SELECT key_hash, body_hash, code, NULL, hold_id, "end" FROM wallet_answer WHERE key_hash IN '
_TRANSFERS = "SELECT key_hash, body_hash, 'ok', id, hold_id, NULL FROM wallet_transfer WHERE key_hash IN "
_HOLDS = """
SELECT h.id, a.asset, a.kind, a.ref, h.amount_ubtt, h.expires_at, e."end" FROM wallet_hold h
JOIN wallet_account a ON a.id = h.account_id LEFT JOIN wallet_endedhold e ON e.hold_id = h.id WHERE h.id IN
"""
_ORIGINALS = """
SELECT t.id, t.debit_id, t.credit_id, t.amount_ubtt, t.reverses_id IS NOT NULL,
       EXISTS (SELECT 1 FROM wallet_transfer r WHERE r.reverses_id = t.id)
FROM wallet_transfer t WHERE t.id IN
"""
_NEXT_ID = "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'wallet_transfer'), 0) + 1"
_INSERT = """
INSERT INTO wallet_transfer (id, asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version,
    debit_balance_ubtt, credit_balance_ubtt, event_at, written_at, key_hash, body_hash, cause, memo, hold_id,
    reverses_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_CHANGE = "UPDATE wallet_account SET balance_ubtt = ?, held_ubtt = ?, version = ? WHERE id = ?"
_PLACE = """
INSERT INTO wallet_hold (account_id, amount_ubtt, purpose, cause, placed_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
"""
_END = """
INSERT INTO wallet_endedhold (hold_id, "end", posted_ubtt, transfer_id, ended_at) VALUES (?, ?, ?, ?, ?)
"""
_ANSWER = """
INSERT INTO wallet_answer (key_hash, body_hash, code, hold_id, "end", written_at) VALUES (?, ?, ?, ?, ?, ?)
"""


class SqliteStore:
    """The `Store` of SQLite."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._django = connection

    def prepare(self, wishes: Sequence[Hashed]) -> None:
        """Nothing: rows go to SQLite as they are."""

    def lock(self, request: Request) -> Books:
        with self._django.wrap_database_errors:
            held = {}
            for row in self._those(_HOLDS, request.holds):
                name = AccountName(Asset(row[1]), AccountKind(row[2]), row[3])
                held[row[0]] = Hold(row[0], name, row[4], self._time(row[5]), HoldEnd(row[6]) if row[6] else None)
            accounts = self._accounts({*request.names, *(hold.account for hold in held.values())})
            originals = {
                row[0]: Original(row[0], row[1], row[2], row[3], bool(row[4]), bool(row[5]))
                for row in self._those(_ORIGINALS, request.originals)
            }
            return Books(accounts, self._known(request.keys), held, originals)

    def open_accounts(self, names: Iterable[AccountName], *, now: datetime) -> None:
        users, key = user_table()
        statement = _OPEN.format(user=int(AccountKind.USER), users=users, key=key)
        with self._django.wrap_database_errors:
            self._django.ensure_connection()
            self._raw().executemany(statement, [(*name, self._text(now)) for name in names])

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        with self._django.wrap_database_errors:
            self._django.ensure_connection()
            return self._known(keys)

    def write(self, decision: Decision, *, now: datetime) -> None:
        with self._django.wrap_database_errors:
            raw, written_at = self._raw(), self._text(now)
            raw.executemany(_INSERT, self._rows(decision, written_at))
            for answer in decision.answers:
                if isinstance(answer.item, PlaceHold) and answer.outcome.code is Code.OK:
                    answer.outcome.hold_id = self._place(answer.item, decision, written_at)
            raw.executemany(
                _END,
                [
                    (one.hold.id, int(one.end), one.posted_ubtt, one.outcome.transfer_id, written_at)
                    for one in decision.ended
                ],
            )
            raw.executemany(_ANSWER, [_answer_row(answer, written_at) for answer in decision.answers])
            raw.executemany(
                _CHANGE,
                [
                    (account.balance_ubtt, account.held_ubtt, account.version, account.id)
                    for account in decision.changed.values()
                ],
            )

    def _accounts(self, names: set[AccountName]) -> dict[AccountName, Account]:
        by_kind: dict[tuple[Asset, AccountKind], dict[str, AccountName]] = {}
        for name in names:
            by_kind.setdefault((name.asset, name.kind), {})[name.ref] = name
        found = {}
        for (asset, kind), by_ref in by_kind.items():
            for row in self._those(_ACCOUNTS.format(asset=asset, kind=kind), list(by_ref)):
                name = by_ref[row[0]]
                found[name] = Account(row[1], name, row[2], row[3], row[4], bool(row[5]))
        return found

    def _rows(self, decision: Decision, written_at: str) -> Iterator[tuple[Any, ...]]:
        next_id = self._raw().execute(_NEXT_ID).fetchone()[0]
        times: dict[datetime, str] = {}
        for line in decision.lines:
            item = line.item
            event_at = times.get(item.event_at)
            if event_at is None:
                event_at = times[item.event_at] = self._text(item.event_at)
            line.outcome.transfer_id = next_id
            yield (
                next_id,
                item.debit.asset,
                item.kind,
                line.debit_id,
                line.credit_id,
                item.amount_ubtt,
                line.debit_version,
                line.credit_version,
                line.debit_balance_ubtt,
                line.credit_balance_ubtt,
                event_at,
                written_at,
                line.key_hash,
                line.body_hash,
                item.cause,
                item.memo,
                item.hold,
                item.reverses,
            )
            next_id += 1

    def _place(self, item: PlaceHold, decision: Decision, written_at: str) -> int:
        account = next(found for found in decision.changed.values() if found.name == item.account)
        expires_at = self._text(item.expires_at) if item.expires_at else None
        row = (account.id, item.amount_ubtt, int(item.purpose), item.cause, written_at, expires_at)
        hold_id = self._raw().execute(_PLACE, row).lastrowid
        assert hold_id is not None
        return hold_id

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        """Read answers, then transfers: of two decisions under one key the one that moved money counts."""
        known = {}
        for statement in (_ANSWERS, _TRANSFERS):
            for key, body, code, transfer_id, hold_id, end in self._those(statement, keys):
                how = HoldEnd.POSTED if hold_id is not None and transfer_id is not None else end
                known[key] = Known(body, Outcome(Code(code), transfer_id, hold_id, HoldEnd(how) if how else None))
        return known

    def _those(self, statement: str, values: Sequence[object]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(values), AT_ONCE):
            part = values[start : start + AT_ONCE]
            found += self._raw().execute(f"{statement} ({','.join('?' * len(part))})", part).fetchall()
        return found

    def _text(self, at: datetime) -> str:
        return str(self._django.ops.adapt_datetimefield_value(at))

    def _time(self, text: str | None) -> datetime | None:
        return datetime.fromisoformat(f"{text}+00:00") if text else None

    def _raw(self) -> Connection:
        raw: Connection = self._django.connection
        return raw


def _answer_row(answer: Answer, written_at: str) -> tuple[Any, ...]:
    outcome = answer.outcome
    end = int(outcome.end) if outcome.end else None
    return (answer.key_hash, answer.body_hash, str(outcome.code), outcome.hold_id, end, written_at)
