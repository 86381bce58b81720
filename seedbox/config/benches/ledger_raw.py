"""The limits: what plain SQL can do with the same rows, indexes and durability, and no ledger around it."""

import random
import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

AT = datetime(2026, 1, 1, tzinfo=UTC)
SQLITE_WAIT_S = 60
VERSIONS_APART = 10**9  # each client counts its own, so that they don't meet at an index

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
_LOCK = "SELECT id, balance_ubtt FROM raw_account WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_INSERT = """
INSERT INTO raw_transfer (asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version,
    debit_balance_ubtt, credit_balance_ubtt, event_at, written_at, key_hash, body_hash, cause, memo)
SELECT 2, 11, payer, payee, 1, version, version, 1, 1, %s, %s, key, body, 'tip/1', ''
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[]) AS t(payer, payee, version, key, body)
"""
_CHANGE = """
UPDATE raw_account a SET balance_ubtt = balance_ubtt + v.change, version = a.version + 1
FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, change) WHERE a.id = v.id
"""
_SQLITE_INSERT = """
INSERT INTO wallet_transfer (asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version,
    debit_balance_ubtt, credit_balance_ubtt, event_at, written_at, key_hash, body_hash, cause, memo)
VALUES (2, 11, ?, ?, 1, ?, ?, 1, 1, ?, ?, ?, ?, 'tip/1', '')
"""
_SQLITE_CHANGE = "UPDATE wallet_account SET balance_ubtt = balance_ubtt + ?, version = version + 1 WHERE id = ?"


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
        self._versions = count(number * VERSIONS_APART)
        parts: dict[str, Any] = connection.get_connection_params()
        wanted = {name: parts[name] for name in ("dbname", "user", "host", "port", "password") if parts.get(name)}
        self._raw = psycopg.connect(**wanted, autocommit=True)
        self._raw.prepare_threshold = 2

    def batch(self, size: int) -> Job:
        pairs = [self._random.sample(self._accounts, 2) for _ in range(size)]
        payers, payees = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        changes = Counter(payees)
        changes.subtract(payers)
        keys, bodies = _hashes(size, 16), _hashes(size, 32)
        versions = [next(self._versions) for _ in pairs]

        def job() -> None:
            with self._raw.transaction():
                self._raw.execute(_LOCK, [list(changes)]).fetchall()
                self._raw.execute(_INSERT, [AT, AT, payers, payees, versions, keys, bodies])
                self._raw.execute(_CHANGE, [list(changes), list(changes.values())])

        return job

    def single(self) -> Job:
        row = (*_hashes(1, 16), *_hashes(1, 32), *self._random.sample(self._accounts, 2), 1)
        return lambda: self._raw.execute("SELECT raw_post(%b, %b, %b::bigint, %b::bigint, %b::bigint)", row).fetchone()


class RawSqlite:
    """As RawPostgresql, on a file of its own."""

    def __init__(self, accounts: Sequence[int], *, number: int) -> None:
        self._accounts = accounts
        self._random = random.Random(number)
        self._versions = count(number * VERSIONS_APART)
        self._raw = sqlite3.connect(_copy(), isolation_level=None, timeout=SQLITE_WAIT_S, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._raw.execute(f"PRAGMA {pragma}")

    def batch(self, size: int) -> Job:
        pairs = [self._random.sample(self._accounts, 2) for _ in range(size)]
        changes = Counter(pair[1] for pair in pairs)
        changes.subtract(pair[0] for pair in pairs)
        at, rows = str(AT), []
        for (payer, payee), key, body in zip(pairs, _hashes(size, 16), _hashes(size, 32), strict=True):
            version = next(self._versions)
            rows.append((payer, payee, version, version, at, at, key, body))
        amounts = [(change, account) for account, change in changes.items()]

        def job() -> None:
            self._raw.execute("BEGIN IMMEDIATE")
            self._raw.executemany(_SQLITE_INSERT, rows)
            self._raw.executemany(_SQLITE_CHANGE, amounts)
            self._raw.execute("COMMIT")

        return job

    def single(self) -> Job:
        return self.batch(1)


def _hashes(count_of: int, size: int) -> list[bytes]:
    return [secrets.token_bytes(size) for _ in range(count_of)]


def _copy() -> Path:
    path: Path = settings.DATA_DIR / "raw.sqlite3"
    return path
