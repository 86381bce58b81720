"""What is written as an array of PostgreSQL's comes back as it was, whatever is in it."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from wallet.services import arrays

pytestmark = pytest.mark.django_db

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))  # which PostgreSQL takes nowhere
NUMBERS = st.integers(-(2**63), 2**63 - 1)
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  # bounds are naive


def back(written: str, kind: str) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e FROM unnest(CAST(%s AS text)::" + kind + "[]) WITH ORDINALITY AS u(e, n) ORDER BY n", [written]
        )
        return [row[0] for row in cursor.fetchall()]


class TestAnArray:
    @given(st.lists(TEXTS))
    def test_of_texts_comes_back(self, values: list[str]) -> None:
        assert back(arrays.texts(values), "text") == values

    @given(st.lists(st.binary()))
    def test_of_hashes_comes_back(self, values: list[bytes]) -> None:
        assert [bytes(value) for value in back(arrays.hashes(values), "bytea")] == values  # type: ignore[call-overload]  # buffers

    @given(st.lists(NUMBERS | st.none()))
    def test_of_numbers_comes_back_with_what_is_missing(self, values: list[int | None]) -> None:
        assert back(arrays.numbers_or_null(values), "bigint") == values
        present = [value for value in values if value is not None]
        assert back(arrays.numbers(present), "bigint") == present

    @given(st.lists(TIMES | st.none()))
    def test_of_times_comes_back_with_what_is_missing(self, values: list[datetime | None]) -> None:
        assert back(arrays.times(values), "timestamptz") == values
