from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from seedbox.models import User
from seedbox.services import first_admin
from seedbox.services.first_admin import BadFirstAdmin

NOW = datetime(2024, 11, 23, 12, tzinfo=UTC)
PASSWORD = "nine green bottles"


@pytest.mark.both_databases
@pytest.mark.django_db
class TestTheFirstAdmin:
    def test_is_made_on_an_empty_box(self) -> None:
        assert first_admin.is_needed()
        assert first_admin.create(name="Ada", password=PASSWORD, now=NOW)
        ada = User.objects.get()
        assert ada.username == "ada"  # as sign-in looks for it
        assert ada.is_admin and ada.check_password(PASSWORD) and ada.date_joined == NOW
        assert not first_admin.is_needed()

    def test_is_not_made_where_somebody_is(self, stranger: User) -> None:
        assert not first_admin.create(name="ada", password=PASSWORD, now=NOW)
        assert User.objects.get() == stranger

    @pytest.mark.parametrize(("name", "password"), [("ada", "short"), ("ada", ""), ("a d a", PASSWORD), ("", PASSWORD)])
    def test_needs_a_name_and_a_password_that_will_do(self, name: str, password: str) -> None:
        with pytest.raises(BadFirstAdmin):
            first_admin.create(name=name, password=password, now=NOW)
        assert first_admin.is_needed()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
class TestTwoBoxesThatStartAtOnce:
    def test_make_one_admin(self) -> None:
        def create(name: str) -> bool:
            try:
                return first_admin.create(name=name, password=PASSWORD, now=NOW)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as boxes:
            made = list(boxes.map(create, ["ada", "bob", "cleo", "dan"]))
        assert made.count(True) == 1
        assert User.objects.count() == 1
