"""The books in PostgreSQL: row locks in the order of ids, arrays in, one statement for each step.

Statements are the driver's, prepared: for a single transfer Django's and planning would take half the time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection, Cursor

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.items import HoldEnd, PlaceHold
from wallet.domain.money import Asset
from wallet.domain.posting import Account, Books, Code, Decision, Hold, Known, Line, Original, Outcome
from wallet.services.books import Request, user_table
from wallet.services.sealing_lock import POSTING

PREPARE_AFTER = 2  # uses; planning a statement takes longer than running it for one transfer

_NAMES = "unnest(%s::smallint[], %s::smallint[], %s::text[]) AS w(asset, kind, ref)"
_LOCK = f"""
SELECT a.asset, a.kind, a.ref, a.id, a.balance_ubtt, a.held_ubtt, a.version, a.is_frozen
FROM wallet_account a JOIN {_NAMES} USING (asset, kind, ref), (SELECT pg_advisory_xact_lock_shared({POSTING})) AS shared
ORDER BY a.id FOR NO KEY UPDATE OF a
"""
_OPEN = f"""
INSERT INTO wallet_account (asset, kind, ref, balance_ubtt, held_ubtt, version, is_frozen, created_at)
SELECT w.asset, w.kind, w.ref, 0, 0, 0, false, %s FROM {_NAMES}
WHERE CASE WHEN w.kind = {AccountKind.USER:d} THEN EXISTS (
    SELECT 1 FROM "{{users}}" u WHERE u."{{key}}" = w.ref::bigint) ELSE true END
ORDER BY w.asset, w.kind, w.ref ON CONFLICT DO NOTHING
"""
_KNOWN = """
SELECT key_hash, body_hash, code, NULL::bigint, hold_id, "end" FROM wallet_answer WHERE key_hash = ANY(%s::bytea[])
UNION ALL
SELECT key_hash, body_hash, 'ok', id, hold_id, NULL FROM wallet_transfer WHERE key_hash = ANY(%s::bytea[])
"""
_HOLDS = """
SELECT h.id, a.asset, a.kind, a.ref, h.amount_ubtt, h.expires_at
FROM wallet_hold h JOIN wallet_account a ON a.id = h.account_id WHERE h.id = ANY(%s::bigint[])
"""
_ENDS = 'SELECT hold_id, "end" FROM wallet_endedhold WHERE hold_id = ANY(%s::bigint[])'
_ORIGINALS = """
SELECT t.id, t.debit_id, t.credit_id, t.amount_ubtt, t.reverses_id IS NOT NULL,
       EXISTS (SELECT 1 FROM wallet_transfer r WHERE r.reverses_id = t.id)
FROM wallet_transfer t WHERE t.id = ANY(%s::bigint[])
"""
_CHANGE = """
UPDATE wallet_account a SET balance_ubtt = v.balance, held_ubtt = v.held, version = v.version
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS v(id, balance, held, version) WHERE a.id = v.id
"""
_INSERT = f"""
WITH changed AS ({_CHANGE})
INSERT INTO wallet_transfer (asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version,
    debit_balance_ubtt, credit_balance_ubtt, event_at, written_at, key_hash, body_hash, cause, memo, hold_id,
    reverses_id)
SELECT asset, kind, debit, credit, amount, debit_version, credit_version, debit_balance, credit_balance, event_at, %s,
    key_hash, body_hash, cause, memo, hold, reverses
FROM unnest(%s::smallint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::timestamptz[], %s::bytea[], %s::bytea[], %s::text[], %s::text[], %s::bigint[],
    %s::bigint[]) WITH ORDINALITY AS t(asset, kind, debit, credit, amount, debit_version, credit_version, debit_balance,
    credit_balance, event_at, key_hash, body_hash, cause, memo, hold, reverses, n)
ORDER BY n RETURNING id
"""
_PLACE = """
INSERT INTO wallet_hold (account_id, amount_ubtt, purpose, cause, placed_at, expires_at)
SELECT account, amount, purpose, cause, %s, expires_at
FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::text[], %s::timestamptz[])
    WITH ORDINALITY AS t(account, amount, purpose, cause, expires_at, n)
ORDER BY n RETURNING id
"""
_END = """
INSERT INTO wallet_endedhold (hold_id, "end", posted_ubtt, transfer_id, ended_at)
SELECT hold, how, posted, transfer, %s
FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[]) AS t(hold, how, posted, transfer)
"""
_ANSWER = """
INSERT INTO wallet_answer (key_hash, body_hash, code, hold_id, "end", written_at)
SELECT key_hash, body_hash, code, hold, how, %s
FROM unnest(%s::bytea[], %s::bytea[], %s::text[], %s::bigint[], %s::smallint[])
    AS t(key_hash, body_hash, code, hold, how)
"""


class PostgresqlStore:
    """The `Store` of PostgreSQL, over the driver itself: arrays in binary, statements prepared."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._django = connection

    def lock(self, request: Request) -> Books:
        with self._django.wrap_database_errors:
            names, held = list(request.names), self._holds(request.holds)
            names += {hold.account for hold in held.values()} - set(names)
            rows = self._run(_LOCK, *_columns(names))
            known = self._run(_KNOWN, *[_bytes(request.keys)] * 2)  # after the locks: whoever had them may have used it
            ends = self._run(_ENDS, _numbers(held)) if held else None
            originals = self._run(_ORIGINALS, _numbers(request.originals)) if request.originals else None
            accounts = {}
            for asset, kind, ref, *numbers in rows:
                name = AccountName(Asset(asset), AccountKind(kind), ref)
                accounts[name] = Account(numbers[0], name, *numbers[1:])
            for hold_id, end in ends or ():
                held[hold_id].end = HoldEnd(end)
            found = {row[0]: Original(*row) for row in originals or ()}
            return Books(accounts, _known(known), held, found)

    def open_accounts(self, names: Iterable[AccountName], *, now: datetime) -> None:
        table, key = user_table()
        with self._django.wrap_database_errors:
            self._django.ensure_connection()
            self._run(_OPEN.format(users=table, key=key), now, *_columns(sorted(names)))

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        with self._django.wrap_database_errors:
            self._django.ensure_connection()
            return _known(self._run(_KNOWN, *[_bytes(keys)] * 2))

    def write(self, decision: Decision, *, now: datetime) -> None:
        placed = [answer for answer in decision.answers if _is_placed(answer)]
        with self._django.wrap_database_errors:
            changed = list(decision.changed.values())
            changes = (
                _numbers(account.id for account in changed),
                _numbers(account.balance_ubtt for account in changed),
                _numbers(account.held_ubtt for account in changed),
                _numbers(account.version for account in changed),
            )
            inserted = holds = None
            if decision.lines:
                inserted = self._run(_INSERT, *changes, now, *_line_columns(decision.lines))
            elif changed:
                self._run(_CHANGE, *changes)
            if placed:
                holds = self._place(decision, placed, now)
        if inserted is not None:
            for line, (transfer_id,) in zip(decision.lines, inserted, strict=True):
                line.outcome.transfer_id = transfer_id
        if holds is not None:
            for answer, (hold_id,) in zip(placed, holds, strict=True):
                answer.outcome.hold_id = hold_id
        if decision.ended or decision.answers:
            self._write_ends_and_answers(decision, now)

    def _place(self, decision: Decision, placed: list[Any], now: datetime) -> "Cursor[Any]":
        ids = {account.name: account.id for account in decision.changed.values()}
        items = [answer.item for answer in placed]
        return self._run(
            _PLACE,
            now,
            _numbers(ids[item.account] for item in items),
            _numbers(item.amount_ubtt for item in items),
            _numbers(item.purpose for item in items),
            _texts(item.cause for item in items),
            _times(item.expires_at for item in items),
        )

    def _write_ends_and_answers(self, decision: Decision, now: datetime) -> None:
        ended, answers = decision.ended, decision.answers
        with self._django.wrap_database_errors:
            if ended:
                self._run(
                    _END,
                    now,
                    _numbers(one.hold.id for one in ended),
                    _numbers(one.end for one in ended),
                    _numbers(one.posted_ubtt for one in ended),
                    _numbers(one.outcome.transfer_id for one in ended),
                )
            if answers:
                self._run(
                    _ANSWER,
                    now,
                    _bytes(answer.key_hash for answer in answers),
                    _bytes(answer.body_hash for answer in answers),
                    _texts(answer.outcome.code for answer in answers),
                    _numbers(answer.outcome.hold_id for answer in answers),
                    _numbers(answer.outcome.end for answer in answers),
                )

    def _holds(self, ids: Sequence[int]) -> dict[int, Hold]:
        """Read holds without their ends: what is read here never changes."""
        if not ids:
            return {}
        return {
            row[0]: Hold(row[0], AccountName(Asset(row[1]), AccountKind(row[2]), row[3]), row[4], row[5], None)
            for row in self._run(_HOLDS, _numbers(ids))
        }

    def _raw(self) -> "Connection[Any]":
        raw: Connection[Any] = self._django.connection
        raw.prepare_threshold = PREPARE_AFTER
        return raw

    def _run(self, statement: str, *params: object) -> "Cursor[Any]":
        return Cursor(self._raw()).execute(statement, params)


def _columns(names: Iterable[AccountName]) -> tuple[str, str, str]:
    names = list(names)
    return _numbers(name.asset for name in names), _numbers(name.kind for name in names), _texts(n.ref for n in names)


def _line_columns(lines: Sequence[Line]) -> tuple[str, ...]:
    items = [line.item for line in lines]
    return (
        _numbers(item.debit.asset for item in items),
        _numbers(item.kind for item in items),
        _numbers(line.debit_id for line in lines),
        _numbers(line.credit_id for line in lines),
        _numbers(item.amount_ubtt for item in items),
        _numbers(line.debit_version for line in lines),
        _numbers(line.credit_version for line in lines),
        _numbers(line.debit_balance_ubtt for line in lines),
        _numbers(line.credit_balance_ubtt for line in lines),
        _times(item.event_at for item in items),
        _bytes(line.key_hash for line in lines),
        _bytes(line.body_hash for line in lines),
        _texts(item.cause for item in items),
        _texts(item.memo for item in items),
        _numbers(item.hold for item in items),
        _numbers(item.reverses for item in items),
    )


# Arrays are written as PostgreSQL's own text: a tenth of the time of the driver's, and one type whatever is in them, so
# that each statement is prepared once.


def _numbers(values: Iterable[int | None]) -> str:
    return "{" + ",".join("NULL" if value is None else str(int(value)) for value in values) + "}"


def _texts(values: Iterable[str]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def _bytes(values: Iterable[bytes]) -> str:
    return "{" + ",".join(f'"\\\\x{value.hex()}"' for value in values) + "}"


def _times(values: Iterable[datetime | None]) -> str:
    return "{" + ",".join("NULL" if value is None else f'"{value.isoformat()}"' for value in values) + "}"


def _is_placed(answer: Any) -> bool:
    return isinstance(answer.item, PlaceHold) and answer.outcome.code is Code.OK


def _known(rows: "Cursor[Any]") -> dict[bytes, Known]:
    """Of two decisions under one key the one that moved money counts."""
    known: dict[bytes, Known] = {}
    for key, body, code, transfer_id, hold_id, end in rows:
        if hold_id is not None and transfer_id is not None:
            end = HoldEnd.POSTED
        if key in known and known[key].outcome.transfer_id is not None:
            continue
        known[key] = Known(body, Outcome(Code(code), transfer_id, hold_id, HoldEnd(end) if end else None))
    return known
