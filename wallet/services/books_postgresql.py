"""The books in PostgreSQL: row locks in the order of ids, arrays in, one statement for each step.

Statements are the driver's, prepared: for a single transfer Django's and planning would take half the time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection, Cursor

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.items import HoldEnd, PlaceHold, Transfer
from wallet.domain.money import Asset
from wallet.domain.posting import (
    Account,
    Answer,
    Books,
    Code,
    Decision,
    EndedHold,
    Hashed,
    Hold,
    Known,
    Line,
    Original,
    Outcome,
)
from wallet.services.arrays import hashes, numbers, numbers_or_null, texts, times
from wallet.services.books import Request, user_table
from wallet.services.sealing_lock import POSTING

PREPARE_AFTER = 2  # uses; planning a statement takes longer than running it for one transfer

_NAMES = "unnest(%s::smallint[], %s::smallint[], %s::text[]) WITH ORDINALITY AS w(asset, kind, ref, place)"
_LOCK = f"""
SELECT w.place, a.id, a.balance_ubtt, a.held_ubtt, a.version, a.is_frozen
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
SELECT key_hash, body_hash, code, NULL::bigint, hold_id, "end" FROM wallet_answer
WHERE key_hash = ANY(%(keys)s::bytea[])
UNION ALL
SELECT key_hash, body_hash, 'ok', id, hold_id, NULL FROM wallet_transfer WHERE key_hash = ANY(%(keys)s::bytea[])
"""
_HOLDS = """
SELECT h.id, a.asset, a.kind, a.ref, h.amount_ubtt, h.expires_at, e."end" FROM wallet_hold h
JOIN wallet_account a ON a.id = h.account_id LEFT JOIN wallet_endedhold e ON e.hold_id = h.id
WHERE h.id = ANY(%s::bigint[])
"""
_ORIGINALS = """
SELECT t.id, t.debit_id, t.credit_id, t.amount_ubtt, t.reverses_id IS NOT NULL,
       EXISTS (SELECT 1 FROM wallet_transfer r WHERE r.reverses_id = t.id)
FROM wallet_transfer t WHERE t.id = ANY(%s::bigint[])
"""
_CHANGE = """
UPDATE wallet_account a SET balance_ubtt = v.balance, held_ubtt = v.held, version = v.version
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS v(id, balance, held, version) WHERE a.id = v.id
"""
_INSERT = """
INSERT INTO wallet_transfer (asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version,
    debit_balance_ubtt, credit_balance_ubtt, event_at, written_at, key_hash, body_hash, cause, memo, hold_id,
    reverses_id)
SELECT asset, kind, debit, credit, amount, debit_version, credit_version, debit_balance, credit_balance, event_at, %s,
    key_hash, body_hash, cause, memo, hold, reverses
FROM unnest(%s::smallint[], %s::smallint[], %s::bigint[], %s::timestamptz[], %s::bytea[], %s::bytea[], %s::text[],
    %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[]) WITH ORDINALITY AS t(asset, kind, amount, event_at, key_hash, body_hash, cause, memo, hold, reverses,
    debit, credit, debit_version, credit_version, debit_balance, credit_balance, n)
ORDER BY n RETURNING id, hold_id
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
SELECT e.hold, e.how, e.posted, inserted.id, %s
FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[]) AS e(hold, how, posted)
    LEFT JOIN inserted ON inserted.hold_id = e.hold
"""
_ANSWER = """
INSERT INTO wallet_answer (key_hash, body_hash, code, hold_id, "end", written_at)
SELECT a.key_hash, a.body_hash, a.code, COALESCE(a.hold, placed.id), a.how, %s
FROM unnest(%s::bytea[], %s::bytea[], %s::text[], %s::bigint[], %s::smallint[], %s::bigint[])
    AS a(key_hash, body_hash, code, hold, how, nth)
    LEFT JOIN (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM placed) AS placed ON placed.nth = a.nth
"""
# Each statement is a way to the database and back, which is what a single item pays most for.
_WRITE_LINES = f"WITH changed AS ({_CHANGE}), inserted AS ({_INSERT}) SELECT id FROM inserted ORDER BY id"
_WRITE_ALL = f"""
WITH changed AS ({_CHANGE}), inserted AS ({_INSERT}), placed AS ({_PLACE}), ended AS ({_END}), answered AS ({_ANSWER})
SELECT false AS is_hold, id FROM inserted UNION ALL SELECT true, id FROM placed ORDER BY is_hold, id
"""


class PostgresqlStore:
    """The `Store` of PostgreSQL, over the driver itself: arrays as text, statements prepared."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._django = connection
        self._prepared: tuple[int, tuple[str, ...]] = -1, ()  # of how many transfers

    def prepare(self, wishes: Sequence[Hashed]) -> None:
        transfers = [(item, key, body) for item, key, body in wishes if isinstance(item, Transfer)]
        self._prepared = len(transfers), _item_columns(transfers)

    def lock(self, request: Request) -> Books:
        with self._django.wrap_database_errors:
            # Whose holds they are never changes, so this is read before anything is locked.
            owners = {hold.account for hold in self._holds(request.to_end).values()}
            names = [*request.names, *owners.difference(request.names)]
            rows = self._run(_LOCK, *_columns(names)).fetchall()
            known = self._ask(request.keys)  # after the locks: whoever had them may have used it
            held = self._holds(request.holds)  # likewise: or ended it
            originals = self._run(_ORIGINALS, numbers(request.originals)) if request.originals else None
            accounts = {}
            for place, pk, balance_ubtt, held_ubtt, version, is_frozen in rows:
                name = names[place - 1]
                accounts[name] = Account(pk, name, balance_ubtt, held_ubtt, version, is_frozen)
            found = {row[0]: Original(*row) for row in originals or ()}
            return Books(accounts, known, held, found)

    def open_accounts(self, names: Iterable[AccountName], *, now: datetime) -> None:
        table, key = user_table()
        with self._django.wrap_database_errors:
            self._django.ensure_connection()
            self._run(_OPEN.format(users=table, key=key), now, *_columns(sorted(names)))

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        with self._django.wrap_database_errors:
            self._django.ensure_connection()
            return self._ask(keys)

    def write(self, decision: Decision, *, now: datetime) -> None:
        changed = list(decision.changed.values())
        lines = (
            numbers(account.id for account in changed),
            numbers(account.balance_ubtt for account in changed),
            numbers(account.held_ubtt for account in changed),
            numbers(account.version for account in changed),
            now,
            *self._columns_of(decision.lines),
        )
        placed: list[Answer] = []
        with self._django.wrap_database_errors:
            if decision.ended or decision.answers:
                placed = [answer for answer in decision.answers if _is_placed(answer)]
                more = (now, *_placed_columns(decision, placed), now, *_ended_columns(decision.ended), now)
                written = [row[1] for row in self._run(_WRITE_ALL, *lines, *more, *_answer_columns(decision.answers))]
            else:
                written = [row[0] for row in self._run(_WRITE_LINES, *lines)]
        outcomes = [*(line.outcome for line in decision.lines), *(answer.outcome for answer in placed)]
        for outcome, is_hold, new_id in zip(
            outcomes, [False] * len(decision.lines) + [True] * len(placed), written, strict=True
        ):
            if is_hold:
                outcome.hold_id = new_id
            else:
                outcome.transfer_id = new_id

    def _columns_of(self, lines: Sequence[Line]) -> tuple[str, ...]:
        count, columns = self._prepared
        if count != len(lines):  # some were refused, or answered before
            columns = _item_columns([(line.item, line.key_hash, line.body_hash) for line in lines])
        return *columns, *_line_columns(lines)

    def _ask(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        return _known(Cursor(self._raw()).execute(_KNOWN, {"keys": hashes(keys)}))

    def _holds(self, ids: Sequence[int]) -> dict[int, Hold]:
        if not ids:
            return {}
        return {
            row[0]: Hold(
                row[0],
                AccountName(Asset(row[1]), AccountKind(row[2]), row[3]),
                row[4],
                row[5],
                HoldEnd(row[6]) if row[6] else None,
            )
            for row in self._run(_HOLDS, numbers(ids))
        }

    def _raw(self) -> "Connection[Any]":
        raw: Connection[Any] = self._django.connection
        raw.prepare_threshold = PREPARE_AFTER
        return raw

    def _run(self, statement: str, *params: object) -> "Cursor[Any]":
        return Cursor(self._raw()).execute(statement, params)


def _columns(names: Iterable[AccountName]) -> tuple[str, str, str]:
    names = list(names)
    return numbers(name.asset for name in names), numbers(name.kind for name in names), texts(n.ref for n in names)


def _item_columns(wishes: Sequence[tuple[Transfer, bytes, bytes]]) -> tuple[str, ...]:
    """Return what a transfer brings along: the same whatever the books say."""
    items = [item for item, _, _ in wishes]
    return (
        numbers(item.debit.asset for item in items),
        numbers(item.kind for item in items),
        numbers(item.amount_ubtt for item in items),
        times(item.event_at for item in items),
        hashes(key for _, key, _ in wishes),
        hashes(body for _, _, body in wishes),
        texts(item.cause for item in items),
        texts(item.memo for item in items),
        numbers_or_null(item.hold for item in items),
        numbers_or_null(item.reverses for item in items),
    )


def _line_columns(lines: Sequence[Line]) -> tuple[str, ...]:
    """Return what the decision made of transfers."""
    return (
        numbers(line.debit_id for line in lines),
        numbers(line.credit_id for line in lines),
        numbers(line.debit_version for line in lines),
        numbers(line.credit_version for line in lines),
        numbers(line.debit_balance_ubtt for line in lines),
        numbers(line.credit_balance_ubtt for line in lines),
    )


def _placed_columns(decision: Decision, placed: Sequence[Answer]) -> tuple[str, ...]:
    ids = {account.name: account.id for account in decision.changed.values()}
    items = [answer.item for answer in placed if isinstance(answer.item, PlaceHold)]
    return (
        numbers(ids[item.account] for item in items),
        numbers(item.amount_ubtt for item in items),
        numbers(item.purpose for item in items),
        texts(item.cause for item in items),
        times(item.expires_at for item in items),
    )


def _ended_columns(ended: Sequence[EndedHold]) -> tuple[str, ...]:
    return (
        numbers(one.hold.id for one in ended),
        numbers(one.end for one in ended),
        numbers(one.posted_ubtt for one in ended),
    )


def _answer_columns(answers: Sequence[Answer]) -> tuple[str, ...]:
    """Return the columns of answers; the last says of which of the holds placed beside them each tells."""
    nth = count(1)
    return (
        hashes(answer.key_hash for answer in answers),
        hashes(answer.body_hash for answer in answers),
        texts(answer.outcome.code for answer in answers),
        numbers_or_null(answer.outcome.hold_id for answer in answers),
        numbers_or_null(answer.outcome.end for answer in answers),
        numbers_or_null(next(nth) if _is_placed(answer) else None for answer in answers),
    )


def _is_placed(answer: Answer) -> bool:
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
