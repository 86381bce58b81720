"""The limits: what plain SQL can do with the same rows, indexes and durability, and no ledger around it.

A batch locks and reads its accounts, steps through its transfers, inserts them with versions and balances and changes
each account once: without names, keys, bodies, holds, refusals or answers.
"""

import json
import random
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from wallet.services.arrays import hashes, numbers

AT = datetime(2026, 1, 1, tzinfo=UTC)
SQLITE_WAIT_S = 60

Job = Callable[[], object]

_POSTGRESQL = """
CREATE TABLE raw_transfer (LIKE wallet_transfer INCLUDING ALL);
CREATE TABLE raw_account (LIKE wallet_account INCLUDING ALL);
ALTER TABLE raw_account SET (fillfactor = 50);
INSERT INTO raw_account SELECT * FROM wallet_account WHERE kind = 2;
CREATE FUNCTION raw_post(key bytea, body bytea, payer bigint, payee bigint, amount bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    payer_balance bigint; payer_version bigint; payee_balance bigint; payee_version bigint; transfer bigint;
BEGIN
    PERFORM 1 FROM raw_account WHERE id IN (payer, payee) ORDER BY id FOR NO KEY UPDATE;
    UPDATE raw_account SET balance_ubtt = balance_ubtt - amount, version = version + 1 WHERE id = payer
        RETURNING balance_ubtt, version INTO payer_balance, payer_version;
    UPDATE raw_account SET balance_ubtt = balance_ubtt + amount, version = version + 1 WHERE id = payee
        RETURNING balance_ubtt, version INTO payee_balance, payee_version;
    INSERT INTO raw_transfer (asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version,
        debit_balance_ubtt, credit_balance_ubtt, event_at, written_at, key_hash, body_hash, cause, memo)
    VALUES (2, 11, payer, payee, amount, payer_version, payee_version, payer_balance, payee_balance, now(), now(), key,
        body, 'tip/1', '') RETURNING id INTO transfer;
    RETURN transfer;
END $$
"""
_LOCK = """
SELECT id, balance_ubtt, version FROM raw_account WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
_INSERT = """
INSERT INTO raw_transfer (asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version,
    debit_balance_ubtt, credit_balance_ubtt, event_at, written_at, key_hash, body_hash, cause, memo)
SELECT 2, 11, payer, payee, 1, payer_version, payee_version, payer_balance, payee_balance, %s, %s, key, body,
    'tip/1', ''
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bytea[],
    %s::bytea[]) AS t(payer, payee, payer_version, payee_version, payer_balance, payee_balance, key, body)
"""
_CHANGE = """
UPDATE raw_account a SET balance_ubtt = v.balance, version = v.version
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(id, balance, version) WHERE a.id = v.id
"""
_SQLITE_READ = "SELECT id, balance_ubtt, version FROM wallet_account WHERE id IN (SELECT value FROM json_each(?))"
_SQLITE_INSERT = """
INSERT INTO wallet_transfer (asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version,
    debit_balance_ubtt, credit_balance_ubtt, event_at, written_at, key_hash, body_hash, cause, memo)
VALUES (2, 11, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, 'tip/1', '')
"""
_SQLITE_CHANGE = "UPDATE wallet_account SET balance_ubtt = ?, version = ? WHERE id = ?"


def prepare() -> None:
    """Make tables like ours beside them; in SQLite a copy of the whole file, without triggers."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_POSTGRESQL)
        return
    ours, raw = sqlite3.connect(settings.DATABASES["default"]["NAME"]), sqlite3.connect(_copy())
    ours.backup(raw)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    ours.close()
    raw.close()


def client(accounts: Sequence[int], *, number: int) -> "RawPostgresql | RawSqlite":
    return (RawPostgresql if connection.vendor == "postgresql" else RawSqlite)(accounts, number=number)


class RawPostgresql:
    """One connection; `batch` and `single` make up their rows, and what they return is to be timed."""

    def __init__(self, accounts: Sequence[int], *, number: int) -> None:
        self._accounts = accounts
        self._random = random.Random(number)
        parts: dict[str, Any] = connection.get_connection_params()
        wanted = {name: parts[name] for name in ("dbname", "user", "host", "port", "password") if parts.get(name)}
        self._raw = psycopg.connect(**wanted, autocommit=True)
        self._raw.prepare_threshold = 2

    def batch(self, size: int) -> Job:
        pairs = [self._random.sample(self._accounts, 2) for _ in range(size)]
        touched = numbers(sorted(set(chain.from_iterable(pairs))))
        keys, bodies = hashes(_hashes(size, 16)), hashes(_hashes(size, 32))
        payers, payees = numbers(pair[0] for pair in pairs), numbers(pair[1] for pair in pairs)

        def job() -> None:
            with self._raw.transaction():
                stands = {row[0]: [row[1], row[2]] for row in self._raw.execute(_LOCK, [touched]).fetchall()}
                steps = _walk(pairs, stands)
                columns = [numbers(step[place] for step in steps) for place in range(4)]
                self._raw.execute(_INSERT, [AT, AT, payers, payees, *columns, keys, bodies])
                balances = numbers(balance for balance, _ in stands.values())
                versions = numbers(version for _, version in stands.values())
                self._raw.execute(_CHANGE, [numbers(stands), balances, versions])

        return job

    def single(self) -> Job:
        row = (*_hashes(1, 16), *_hashes(1, 32), *self._random.sample(self._accounts, 2), 1)
        return lambda: self._raw.execute("SELECT raw_post(%b, %b, %b::bigint, %b::bigint, %b::bigint)", row).fetchone()


class RawSqlite:
    """As RawPostgresql, on a file of its own."""

    def __init__(self, accounts: Sequence[int], *, number: int) -> None:
        self._accounts = accounts
        self._random = random.Random(number)
        self._raw = sqlite3.connect(_copy(), isolation_level=None, timeout=SQLITE_WAIT_S, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._raw.execute(f"PRAGMA {pragma}")

    def batch(self, size: int) -> Job:
        pairs = [self._random.sample(self._accounts, 2) for _ in range(size)]
        touched = json.dumps(sorted(set(chain.from_iterable(pairs))))
        keys, bodies, at = _hashes(size, 16), _hashes(size, 32), str(AT)

        def job() -> None:
            self._raw.execute("BEGIN IMMEDIATE")
            stands = {row[0]: [row[1], row[2]] for row in self._raw.execute(_SQLITE_READ, [touched])}
            steps = _walk(pairs, stands)
            columns = (pairs, steps, keys, bodies)
            rows = [(*pair, *step, at, at, key, body) for pair, step, key, body in zip(*columns, strict=True)]
            self._raw.executemany(_SQLITE_INSERT, rows)
            changes = [(balance, version, pk) for pk, (balance, version) in stands.items()]
            self._raw.executemany(_SQLITE_CHANGE, changes)
            self._raw.execute("COMMIT")

        return job

    def single(self) -> Job:
        return self.batch(1)


def _walk(pairs: Sequence[Sequence[int]], stands: dict[int, list[int]]) -> list[tuple[int, int, int, int]]:
    """Return versions and balances after each transfer of 1 µBTT, and leave the accounts as the last one does."""
    steps = []
    for payer, payee in pairs:
        from_, to = stands[payer], stands[payee]
        from_[0] -= 1
        from_[1] += 1
        to[0] += 1
        to[1] += 1
        steps.append((from_[1], to[1], from_[0], to[0]))
    return steps


def _hashes(count_of: int, size: int) -> list[bytes]:
    return [secrets.token_bytes(size) for _ in range(count_of)]


def _copy() -> Path:
    path: Path = settings.DATA_DIR / "raw.sqlite3"
    return path
