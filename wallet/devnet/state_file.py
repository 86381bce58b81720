"""Where the chain is kept: one SQLite file, or memory without one. A block is written whole before anybody sees it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from wallet.devnet import written
from wallet.devnet.accounts import Value
from wallet.devnet.answers import Block, BlockRef, Info
from wallet.devnet.recent_blocks import RecentBlocks
from wallet.devnet.state import Undo
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import decode_header, encode_header

MAX_RECENT = 4_000  # transactions that stay in memory, about 2 kB each, and as many receipts: of 100 full blocks
MAX_BLOCK_TRANSACTIONS = 1 << 20  # a transaction's place is its block's number and, in these bits, its position
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS block (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL, header BLOB NOT NULL, signature BLOB NOT NULL, undo TEXT
);
CREATE TABLE IF NOT EXISTS chain_tx (
    place INTEGER PRIMARY KEY, tx_id BLOB NOT NULL UNIQUE, content BLOB NOT NULL, info TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS party (address BLOB, place INTEGER, PRIMARY KEY (address, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS value (key BLOB PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class StateFileRefused(Exception):
    """The state file cannot be used; each kind says why, and what to do."""


class StateFileInUse(StateFileRefused):
    """Another development chain has this state file open: stop it, or name another file."""


class StateFileUnreadable(StateFileRefused):
    """This file is no state of a development chain, or one of another version: remove it, or name another."""


class StateFileUnwritable(StateFileRefused):
    """The state file cannot be written: make room for it, or let this user write there."""


class StateFile:
    def __init__(self, path: Path | None) -> None:
        """Open or make the file. Raises StateFileRefused."""
        self._path = path
        self._recent = RecentBlocks[Block](MAX_RECENT)
        self._recent_infos = RecentBlocks[tuple[Info, ...]](MAX_RECENT)
        with self.being_opened():
            # The chain's lock lets one thread in at a time, so any may come.
            self._connection = sqlite3.connect(
                ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, timeout=0
            )
            try:
                self._open(is_file=path is not None)
            except BaseException:
                self.close()
                raise

    @contextmanager
    def being_opened(self) -> Iterator[None]:
        """Say in a sentence what SQLite says of a file that cannot be used. Raises StateFileRefused."""
        try:
            yield
        except sqlite3.OperationalError as problem:
            if "locked" in str(problem):
                raise StateFileInUse(f"{StateFileInUse.__doc__} ({self._path})") from None
            raise StateFileUnwritable(f"{StateFileUnwritable.__doc__} ({self._path}: {problem})") from None
        except (sqlite3.DatabaseError, ValueError, KeyError) as problem:  # a page that is damaged, or text in it
            raise StateFileUnreadable(f"{StateFileUnreadable.__doc__} ({self._path}: {problem})") from None

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write all that the block of code writes, or, if it fails, nothing."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as problem:
            self._forget_from(0)
            if self._connection.in_transaction:  # a full disk has ended it already
                self._connection.execute("ROLLBACK")
            if isinstance(problem, sqlite3.Error):
                raise StateFileUnwritable(f"{StateFileUnwritable.__doc__} ({problem})") from problem
            raise

    # Settings

    def setting(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    # Blocks

    def add_block(self, block: Block, contents: Sequence[bytes], infos: Sequence[Info], undo: Undo) -> None:
        first = block.number * MAX_BLOCK_TRANSACTIONS
        self._connection.execute(
            "INSERT INTO block VALUES (?, ?, ?, ?, ?)",
            (
                block.number,
                block.id,
                encode_header(written.header_of(block)),
                block.witness_signature,
                written.undo_to_text(undo),
            ),
        )
        self._connection.executemany(
            "INSERT INTO chain_tx VALUES (?, ?, ?, ?)",
            [
                (first + at, info.tx_id, content, written.info_to_text(info))
                for at, (content, info) in enumerate(zip(contents, infos, strict=True))
            ],
        )
        self._connection.executemany(
            "INSERT INTO party VALUES (?, ?)",
            [
                (party, first + at)
                for at, (chain_tx, info) in enumerate(zip(block.transactions, infos, strict=True))
                for party in written.parties_of(chain_tx.raw.contract, info)
            ],
        )
        self._remember(block, tuple(infos))

    def remove_blocks_from(self, number: int) -> None:
        place = number * MAX_BLOCK_TRANSACTIONS
        self._connection.execute("DELETE FROM block WHERE number >= ?", (number,))
        self._connection.execute("DELETE FROM chain_tx WHERE place >= ?", (place,))
        self._connection.execute("DELETE FROM party WHERE place >= ?", (place,))
        self._forget_from(number)

    def remove_all(self) -> None:
        self.remove_blocks_from(0)
        self._connection.execute("DELETE FROM setting")
        self._connection.execute("DELETE FROM value")

    def height(self) -> int | None:
        number = self._connection.execute("SELECT max(number) FROM block").fetchone()[0]
        return None if number is None else int(number)

    def block(self, number: int) -> Block | None:
        if (recent := self._recent.get(number)) is not None:
            return recent
        found = self._header(number)
        if found is None:
            return None
        rows = self._connection.execute(
            "SELECT content FROM chain_tx WHERE place >= ? AND place < ? ORDER BY place", _places(number)
        )
        block = written.block_from(*found, (content for (content,) in rows))
        self._recent.add(number, block, 1 + len(block.transactions))
        return block

    def infos(self, number: int) -> tuple[Info, ...]:
        if (recent := self._recent_infos.get(number)) is not None:
            return recent
        ref = self.ref(number)
        if ref is None:
            return ()
        rows = self._connection.execute(
            "SELECT tx_id, info FROM chain_tx WHERE place >= ? AND place < ? ORDER BY place", _places(number)
        )
        infos = tuple(written.info_from_text(tx_id, ref, text) for tx_id, text in rows)
        self._recent_infos.add(number, infos, 1 + len(infos))
        return infos

    def ref(self, number: int) -> BlockRef | None:
        if (recent := self._recent.get(number)) is not None:
            return recent.ref
        found = self._header(number)
        return None if found is None else BlockRef(number, found[0], decode_header(found[1]).timestamp_ms)

    def newest_ids(self, count: int) -> list[tuple[int, bytes]]:
        return list(self._connection.execute("SELECT number, id FROM block ORDER BY number DESC LIMIT ?", (count,)))

    def ids(self, first: int, end: int) -> list[tuple[int, bytes]]:
        return list(
            self._connection.execute(
                "SELECT number, id FROM block WHERE number >= ? AND number < ? ORDER BY number", (first, end)
            )
        )

    def id_of(self, number: int) -> bytes | None:
        row = self._connection.execute("SELECT id FROM block WHERE number = ?", (number,)).fetchone()
        return None if row is None else bytes(row[0])

    def place_of(self, tx_id: bytes) -> tuple[int, int] | None:
        """Return the block's number and the position of a transaction that is in one."""
        row = self._connection.execute("SELECT place FROM chain_tx WHERE tx_id = ?", (tx_id,)).fetchone()
        return None if row is None else divmod(row[0], MAX_BLOCK_TRANSACTIONS)

    def places_of(
        self, address: Address, *, start: tuple[int, int], end: tuple[int, int], limit: int, is_oldest_first: bool
    ) -> list[tuple[int, int]]:
        """Return where an address takes part, from a place up to, not including, another."""
        order = "ASC" if is_oldest_first else "DESC"
        rows = self._connection.execute(
            f"SELECT place FROM party WHERE address = ? AND place >= ? AND place < ? ORDER BY place {order} LIMIT ?",
            (address, *(number * MAX_BLOCK_TRANSACTIONS + at for number, at in (start, end)), limit),
        )
        return [divmod(place, MAX_BLOCK_TRANSACTIONS) for (place,) in rows]

    # State

    def put_values(self, values: dict[bytes, Value | None]) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO value VALUES (?, ?)",
            [(key, written.value_to_text(value)) for key, value in values.items() if value is not None],
        )
        self._connection.executemany(
            "DELETE FROM value WHERE key = ?", [(key,) for key, value in values.items() if value is None]
        )

    def values(self) -> dict[bytes, Value]:
        rows = self._connection.execute("SELECT key, value FROM value")
        return {key: written.value_from_text(text) for key, text in rows}

    def layers(self) -> list[tuple[int, Undo]]:
        rows = self._connection.execute("SELECT number, undo FROM block WHERE undo IS NOT NULL ORDER BY number")
        return [(number, written.undo_from_text(text)) for number, text in rows]

    def forget_layers(self, numbers: Sequence[int]) -> None:
        self._connection.executemany("UPDATE block SET undo = NULL WHERE number = ?", [(number,) for number in numbers])

    def _header(self, number: int) -> tuple[bytes, bytes, bytes] | None:
        """Return a block's id, its header and its witness's signature."""
        row: tuple[bytes, bytes, bytes] | None = self._connection.execute(
            "SELECT id, header, signature FROM block WHERE number = ?", (number,)
        ).fetchone()
        return row

    def _remember(self, block: Block, infos: tuple[Info, ...]) -> None:
        self._recent.add(block.number, block, 1 + len(infos))
        self._recent_infos.add(block.number, infos, 1 + len(infos))

    def _forget_from(self, number: int) -> None:
        self._recent.forget_from(number)
        self._recent_infos.forget_from(number)

    def _open(self, *, is_file: bool) -> None:
        if is_file:
            # One process writes and reads: whoever opens the file second is told so, and not when it first writes.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version != _VERSION and (version or tables):
            raise sqlite3.DatabaseError("another version")
        if is_file:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")


def _places(number: int) -> tuple[int, int]:
    """Return the first place in a block, and the first behind it."""
    return number * MAX_BLOCK_TRANSACTIONS, (number + 1) * MAX_BLOCK_TRANSACTIONS
