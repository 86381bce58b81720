"""The signer's own memory: an append-only chain of entries in a SQLite file of its own.

Every entry's hash is an HMAC over the hash before it and its own fields, under a key that comes from the phrase:
without the keys nothing can be written, changed or taken out of the middle. What an HMAC can't show, that the end was
cut off or an older copy put back, three things outside the entries show: the `newest` file beside the store, the inode
of the file that a person has confirmed, and what the ledger says was signed. Any doubt lasts until a person confirms
the store.
"""

import contextlib
import hmac
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from wallet.domain import signer_words
from wallet.signer.protocol import SignerAway
from wallet.signer.secret import Secret

STORE_FILE = "store.sqlite3"
NEWEST_FILE = "newest"
NO_HASH = bytes(32)
_TABLE = """
CREATE TABLE entry (
    number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX entry_subject ON entry (kind, subject, number);
CREATE UNIQUE INDEX entry_signed_once ON entry (subject) WHERE kind = 'signature';
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries stay as they are'); END;
CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entries are kept'); END;
"""
_BROKEN = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)  # the others are the disk's fault
_COLUMNS = "number, at_ms, kind, subject, body, hash"
_INSERT = f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"


class Kind(StrEnum):
    OPENED = "opened"  # the first entry: whose store this is, and the inode of its file
    SIGNATURE = "signature"  # of an attempt, which is the subject
    DEAD = "dead"  # the proof that an attempt, the subject, can't be included any more
    ADDRESS = "address"  # a deposit address, the subject, that was shown to be ours
    RECEIPT = "receipt"  # of a version of a channel, which is the subject
    RULES = "rules"  # limits, from now on
    DOUBT = "doubt"  # nothing is signed from now on: the ledger has a signature of an attempt, the subject, and we not
    CONFIRMED = "confirmed"  # a person ended a doubt; with the inode of the file


@dataclass(frozen=True)
class Entry:
    number: int
    at_ms: int
    kind: str
    subject: str
    body: str  # JSON, as it was hashed
    hash: bytes

    @property
    def fields(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class BrokenStore(Exception):
    """The store is not as the signer left it: {reason}. Put a backup back, or begin a new one."""


class StoreUnwritable(SignerAway):
    """The store can't be written, or read, for now: {reason}. What was being written may be in it, or not."""


def entry_hash(key: bytes, before: bytes, entry: Entry) -> bytes:
    parts = [str(part).encode() for part in (entry.number, entry.at_ms, entry.kind, entry.subject, entry.body)]
    return hmac.digest(key, before + b"".join(len(part).to_bytes(4, "big") + part for part in parts), "sha256")


class Store:
    """An open store; one thread and one process at a time (the server holds a lock on the folder)."""

    def __init__(self, folder: Path, key: Secret) -> None:
        self._path = folder / STORE_FILE
        self._newest_path = folder / NEWEST_FILE
        self._key = key
        self._database: sqlite3.Connection | None = None
        self._is_together = False
        self.count = 0
        self.newest_hash = NO_HASH
        self.newest_signature: Entry | None = None
        self.doubt = ""

    def create(self, body: dict[str, Any], *, at_ms: int) -> None:
        """Begin a store; raises FileExistsError when there is one."""
        self._make_file()
        self._write_newest()
        self.append(Kind.OPENED, "", body | {"inode": self._inode()}, at_ms=at_ms)

    def put_back(self, entries: Sequence[Entry]) -> None:
        """Make a store of a backup's entries; who opens it next is told that it is a copy. Raises BrokenStore."""
        self._make_file()
        with self._connect() as database:
            for entry in entries:
                self._check(entry)
                database.execute(_INSERT, _values(entry))
                self._remember(entry)

    def open(self) -> Iterator[Entry]:
        """Verify every entry in turn and hand it on; afterwards `doubt` says what a person must look at.

        Raises BrokenStore, FileNotFoundError.
        """
        self._inode()
        confirmed_inode, doubted = 0, ""
        newest = self._read_newest()
        there = {0: NO_HASH}
        for entry in self._rows():
            self._check(entry)
            self._remember(entry)
            if newest and newest[0] == entry.number:
                there[entry.number] = entry.hash
            if entry.kind in (Kind.OPENED, Kind.CONFIRMED):
                confirmed_inode, doubted = entry.fields["inode"], ""
            elif entry.kind == Kind.DOUBT:
                doubted = entry.fields["reason"]
            yield entry
        if not self.count:
            self.doubt = signer_words.STORE_EMPTY
        elif newest is None:
            self.doubt = signer_words.FILE_GONE % {"name": self._newest_path.name}
        elif there.get(newest[0]) != newest[1]:
            self.doubt = signer_words.STORE_SHORTENED % {"newest": newest[0]}
        elif confirmed_inode != self._inode():
            self.doubt = signer_words.STORE_COPIED
        else:
            self.doubt = doubted

    def append(self, kind: Kind, subject: str, body: dict[str, Any], *, at_ms: int) -> Entry:
        """Add an entry; when this returns, or at the end of `together`, it is on the disk.

        Raises StoreUnwritable: close and open it again then.
        """
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        bare = Entry(self.count + 1, at_ms, kind.value, subject, text, NO_HASH)
        entry = Entry(*_values(bare)[:-1], entry_hash(self._key.reveal(), self.newest_hash, bare))
        with _disk_troubles():
            self._connect().execute(_INSERT, _values(entry))
            self._remember(entry)
            if not self._is_together:
                self._commit()
        return entry

    @contextmanager
    def together(self) -> Iterator[None]:
        """Put all entries that are added meanwhile on the disk at once, at the end: a flush is what costs most.

        Whatever is raised, close and open the store again: what was added is not there.
        """
        self._is_together = True
        try:
            yield
            with _disk_troubles():
                self._commit()
        finally:
            self._is_together = False
            if self._database:
                self._database.rollback()

    def _commit(self) -> None:
        if self._connect().in_transaction:
            self._connect().commit()
            self._write_newest()

    def cast_doubt(self, reason: str, *, subject: str, tx_id: str, at_ms: int) -> None:
        """Sign nothing from now on, also after a restart: the ledger knows of a signature that is not here."""
        self.append(Kind.DOUBT, subject, {"reason": reason, "tx_id": tx_id}, at_ms=at_ms)
        self.doubt = reason

    def confirm(self, reason: str, *, at_ms: int) -> None:
        """Note that a person has looked and takes the store as it is."""
        self.append(Kind.CONFIRMED, "", {"reason": reason, "inode": self._inode(), "doubt": self.doubt}, at_ms=at_ms)
        self.doubt = ""

    def newest(self, kind: Kind, subject: str) -> Entry | None:
        found = self._connect().execute(
            f"SELECT {_COLUMNS} FROM entry WHERE kind = ? AND subject = ? ORDER BY number DESC LIMIT 1", (kind, subject)
        )
        row = found.fetchone()
        return Entry(*row) if row else None

    def below(self, kind: Kind, subject: str) -> list[Entry]:
        """Return the entries whose subject is `subject` with a slash and more."""
        found = self._connect().execute(
            f"SELECT {_COLUMNS} FROM entry WHERE kind = ? AND subject > ? AND subject < ? ORDER BY number",
            (kind, f"{subject}/", f"{subject}0"),  # 0 follows the slash
        )
        return [Entry(*row) for row in found]

    def last_below(self, kind: Kind, subject: str) -> Entry | None:
        """Return the one of these whose subject is the last in the order of letters; of several with it the newest."""
        found = self._connect().execute(
            f"SELECT {_COLUMNS} FROM entry WHERE kind = ? AND subject > ? AND subject < ? "
            "ORDER BY subject DESC, number DESC LIMIT 1",
            (kind, f"{subject}/", f"{subject}0"),
        )
        row = found.fetchone()
        return Entry(*row) if row else None

    def close(self) -> None:
        if self._database:
            self._database.close()
            self._database = None
        self._key.wipe()

    def _make_file(self) -> None:
        os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._connect().executescript(_TABLE)

    def _check(self, entry: Entry) -> None:
        if entry.number != self.count + 1 or entry_hash(self._key.reveal(), self.newest_hash, entry) != entry.hash:
            raise BrokenStore(signer_words.STORE_CHANGED % {"count": self.count + 1})

    def _rows(self) -> Iterator[Entry]:
        try:
            rows = self._connect().execute(f"SELECT {_COLUMNS} FROM entry ORDER BY number")
            yield from (Entry(*row) for row in rows)
        except sqlite3.DatabaseError as problem:
            if problem.sqlite_errorcode & 0xFF in _BROKEN:
                raise BrokenStore(signer_words.STORE_UNREADABLE % {"problem": problem}) from None
            raise StoreUnwritable(signer_words.SIGNER_STORE_UNREADABLE % {"problem": problem}) from None

    def _connect(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = sqlite3.connect(self._path, isolation_level="IMMEDIATE")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
        return self._database

    def _remember(self, entry: Entry) -> None:
        self.count, self.newest_hash = entry.number, entry.hash
        if entry.kind == Kind.SIGNATURE:
            self.newest_signature = entry

    def _inode(self) -> int:
        return self._path.stat().st_ino

    def _read_newest(self) -> tuple[int, bytes] | None:
        with contextlib.suppress(OSError, ValueError):
            number, _, text = self._newest_path.read_text().strip().partition(" ")
            return int(number), bytes.fromhex(text)
        return None

    def _write_newest(self) -> None:
        """Note the newest entry in place; the entry itself is on the disk already, so this may be late, never early."""
        descriptor = os.open(self._newest_path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, f"{self.count:020} {self.newest_hash.hex()}\n".encode(), 0)
        finally:
            os.close(descriptor)


@contextmanager
def _disk_troubles() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as problem:
        raise StoreUnwritable(signer_words.STORE_UNWRITABLE % {"problem": problem}) from None


def _values(entry: Entry) -> tuple[int, int, str, str, str, bytes]:
    return entry.number, entry.at_ms, entry.kind, entry.subject, entry.body, entry.hash
