"""Whatever column is changed by force the audit finds something, and nothing in a column makes it stumble."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, models, transaction

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import ASSET, BTT, fund, lifted_guards, place_hold, post, transfer, user, void
from tests.servers import ON_SQLITE
from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.kinds import TransferKind
from wallet.models import Account, EndedHold, Hold, Seal, Transfer
from wallet.services import audit, seals

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

# Of no consequence for what has happened: whether an account is frozen now, and times of holds and accounts, which are
# under no seal.
FREE = {"is_frozen", "created_at", "placed_at", "expires_at", "ended_at"}
TABLES = (Transfer, Account, Hold, EndedHold, Seal)
# SQLite keeps anything in any column; PostgreSQL makes numbers whole.
NONSENSE = ("nonsense", b"\xff\xfe", 7.5) if ON_SQLITE else ()


@pytest.fixture
def books(db: None) -> None:
    olga = user(User.objects.create(username="olga").pk)
    fund(olga, 100 * BTT)
    hold = post(place_hold(olga, 10 * BTT)).hold_id
    in_flight = own_account(ASSET, AccountKind.IN_FLIGHT)
    assert post(transfer(olga, in_flight, BTT, hold=hold, kind=TransferKind.WITHDRAWAL, memo="out")).is_done
    seals.seal_new(now=NOW)
    assert post(void(post(place_hold(olga, BTT)).hold_id or 0)).is_done
    assert post(place_hold(olga, BTT)).is_done
    fund(own_account(ASSET, AccountKind.TREASURY), BTT)
    seals.seal_new(now=NOW + timedelta(seconds=1))


def other_values(field: "models.Field[Any, Any]") -> tuple[Any, ...]:
    """Return values that nobody put there, as the column takes them."""
    if isinstance(field, models.BinaryField):
        return (b"\x07" * 32,)
    if isinstance(field, models.DateTimeField):
        return ("2024-11-24 07:00:00",)
    if isinstance(field, models.JSONField):
        return ('{"2": "7"}', '{"gold": 1}', "[]", "7")
    return ("77",) if isinstance(field, models.CharField) else (8_000,)


def is_set_by_force(model: type[models.Model], column: str, value: Any) -> bool:
    """Set a column of one row; return False where the database itself refuses, to a superuser too."""
    table, key = model._meta.db_table, model._meta.pk.column
    which = "MIN" if model is EndedHold else "MAX"  # its first posted something
    statement = f'UPDATE {table} SET "{column}" = %s WHERE {key} = (SELECT {which}({key}) FROM {table})'
    try:
        with transaction.atomic(), lifted_guards(), connection.cursor() as cursor:
            cursor.execute(statement, [value])
    except (DataError, IntegrityError, ProgrammingError):
        return False
    return True


class TestTheAudit:
    def test_has_nothing_to_say_of_books_that_are_well(self, books: None) -> None:
        assert audit.audit().findings == []

    @pytest.mark.parametrize("model", TABLES)
    def test_sees_every_column_that_was_changed(self, books: None, model: type[models.Model]) -> None:
        changed = 0
        for field in model._meta.concrete_fields:
            for value in (*other_values(field), *NONSENSE) if field.column not in FREE else ():
                with transaction.atomic():
                    if is_set_by_force(model, str(field.column), value):
                        changed += 1
                        assert audit.audit().finding_count > 0, (field.column, value)
                    transaction.set_rollback(True)
        assert changed > 2
