"""Empty the database after a test whose commits were real, at a price that hundreds of such tests can pay.

Django's own way rewrites every table, also those without a row, and then makes the kinds of rows and permissions
anew, which no test has changed: half a second and more each time.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase

_KEPT = {ContentType._meta.db_table, Permission._meta.db_table}


def empty_tables(_: TransactionTestCase) -> None:
    """Delete all rows but those that migrating makes. The ledger's guards refuse theirs: see `empty_the_books`."""
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - _KEPT)
    names = [connection.ops.quote_name(table) for table in tables]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # SQLite has one writer anyway
            # Rows that somebody is about to commit are waited for, or they would stay for the next test.
            cursor.execute(f"LOCK TABLE {', '.join(names)} IN SHARE ROW EXCLUSIVE MODE")
        looks = (f"SELECT {place} WHERE EXISTS (SELECT 1 FROM {name})" for place, name in enumerate(names))
        cursor.execute(" UNION ALL ".join(looks))
        for (place,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {names[place]}")


@contextmanager
def undone() -> Iterator[None]:
    """Take back what happens in the database meanwhile: making it anew for each of many looks would cost more."""
    before = transaction.savepoint()
    yield
    transaction.savepoint_rollback(before)
