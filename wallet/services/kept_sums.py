"""Adding to rows that keep sums, in few statements, on both databases."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Aggregate, CharField, QuerySet
from django.db.models.functions import Cast, Left

from wallet.domain.spans import Run, Span
from wallet.services.long_sums import FULL

ROWS_AT_ONCE = 500
# As text, for `flows.written_hour`: to make a time of each of thousands of rows takes longer than to read them.
BEGINNING = Left(Cast("begins_at", CharField()), Span.HOUR.letters)


class CountedBefore(RuntimeError):
    """These transfers, or newer ones, are in the sums already."""


def add(
    model: type[models.Model],
    *,
    keys: Sequence[str],
    sums: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    after: int,
) -> None:
    """Add each row to the one with the same keys, or make it. A row is keys, sums, and the id of its newest transfer.

    A sum stops at FULL, as one that is handed in does: beyond it the databases would fail, or keep something else.
    Keys are columns, and no two rows have the same. Raises CountedBefore if a row that is there goes beyond the
    transfer `after`: neither a crash nor a second writer can have counted anything twice.
    """
    table = model._meta.db_table
    unique = ", ".join(keys)
    columns = f"{unique}, {', '.join(sums)}, last_id"
    adds = ", ".join(
        f"{name} = CASE WHEN {table}.{name} > {FULL:d} - excluded.{name} THEN {FULL:d} "
        f"ELSE {table}.{name} + excluded.{name} END"
        for name in sums
    )
    place = f"({', '.join(['%s'] * (len(keys) + len(sums) + 1))})"
    with connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            statement = (
                f"INSERT INTO {table} ({columns}) VALUES {', '.join([place] * len(some))} "
                f"ON CONFLICT ({unique}) DO UPDATE SET {adds}, last_id = excluded.last_id "
                f"WHERE {table}.last_id <= %s"
            )
            cursor.execute(statement, [*(_adapted(value) for row in some for value in row), after])
            if cursor.rowcount != len(some):
                raise CountedBefore(f"{len(some) - cursor.rowcount} rows of {table} go beyond transfer {after}")


def of_run(rows: QuerySet[Any], run: Run) -> QuerySet[Any]:
    """Return the rows of a run of months, days or hours."""
    span, since, until = run
    return rows.filter(span=span, begins_at__gte=since, begins_at__lt=until).order_by()


def of_runs(rows: QuerySet[Any], runs: Iterable[Run], columns: Sequence[str], **added: Aggregate) -> list[Any]:
    """Return what is asked for of each run, in one statement that goes through an index once for each.

    Of conditions that are joined by "or" SQLite would read all that a user has.
    """
    first, *others = (of_run(rows, run).values_list(*columns).annotate(**added) for run in runs)
    return list(first.union(*others, all=True))


def _adapted(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
