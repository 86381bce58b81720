"""Long reads of the books: all of it as it was at one moment, in pieces that fit into memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

AT_ONCE = 10_000  # rows in memory; a hundredth of a second's work and a few megabytes

Row = tuple[Any, ...]


@contextmanager
def snapshot() -> Iterator[None]:
    """Let every read within see the same moment, however long it takes; nothing can be written.

    In a transaction of the caller's it is that transaction. On SQLite readers stop checkpoints: the write-ahead log
    grows with whatever is written meanwhile, and shrinks again afterwards.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        connection.ensure_connection()
        # Django's own way takes the lock of the writer, and would hold it to the end.
        connection.connection.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            connection.connection.execute("ROLLBACK")


def read(statement: str, params: Sequence[int | str] = ()) -> list[Row]:
    """Return all rows of a statement that answers with few."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows: list[Row] = cursor.fetchall()
        return rows


def read_in_pieces(statement: str, params: Sequence[int | str] = ()) -> Iterator[list[Row]]:
    """Yield the rows of a statement that answers with many."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, params)
        while rows := cursor.fetchmany(AT_ONCE):
            yield rows


def raw_column(name: str) -> str:
    """Return how a column of times or hashes is read so that nothing in it can break the reading; see `as_time`."""
    return name if connection.vendor == "postgresql" else f"CAST({name} AS BLOB)"


def as_time(value: datetime | bytes) -> datetime:
    """Return the time that such a column had. Raises ValueError or TypeError where SQLite keeps something else."""
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value.decode()).replace(tzinfo=UTC)
