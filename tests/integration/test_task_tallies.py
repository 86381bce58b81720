"""How long tasks take, as their worker writes it down."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError

from seedbox.models import TaskTally
from seedbox.services.task_tallies import SLOWEST_KEPT, TaskTimes
from tests.builders import NOW

pytestmark = pytest.mark.django_db


def stored() -> TaskTally:
    return TaskTally.objects.get()


class TestATally:
    def test_adds_up_over_the_lives_of_a_worker(self) -> None:
        for _ in range(2):
            times = TaskTimes("wallet")
            times.note("wallet.sweep", took_ms=30, failed=False, now=NOW)
            times.note("wallet.sweep", took_ms=50, failed=True, now=NOW)
            times.store(NOW)
        row = stored()
        assert (row.worker, row.task, row.runs, row.failures, row.total_ms) == ("wallet", "wallet.sweep", 4, 2, 160)
        assert (row.last_ms, row.last_at, row.failed_at) == (50, NOW, NOW)

    def test_keeps_apart_what_different_workers_do(self) -> None:
        for worker in ("node.a", "node.b"):
            times = TaskTimes(worker)
            times.note("look", took_ms=1, failed=False, now=NOW)
            times.store(NOW)
        assert list(TaskTally.objects.order_by("worker").values_list("worker", "runs")) == [
            ("node.a", 1),
            ("node.b", 1),
        ]

    def test_keeps_the_slowest_of_the_last_hour_and_forgets_those_before(self) -> None:
        times = TaskTimes("wallet")
        times.note("look", took_ms=99_000, failed=False, now=NOW - timedelta(minutes=61))
        times.store(NOW - timedelta(minutes=61))
        for took_ms in range(1, SLOWEST_KEPT + 4):
            times.note("look", took_ms=took_ms, failed=False, now=NOW)
        times.store(NOW)
        at_s = int(NOW.timestamp())
        assert stored().slowest == [[at_s, took_ms] for took_ms in (8, 7, 6, 5, 4)]

    def test_of_nothing_new_is_not_written_again(self, django_assert_num_queries: Callable[[int], Any]) -> None:
        times = TaskTimes("wallet")
        times.note("look", took_ms=1, failed=False, now=NOW)
        times.store(NOW)
        with django_assert_num_queries(2):  # a savepoint and its release
            times.store(NOW)

    def test_that_could_not_be_written_is_written_the_next_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        times, late = TaskTimes("wallet"), datetime(2024, 11, 23, 12, 1, tzinfo=UTC)
        times.note("look", took_ms=10, failed=False, now=NOW)
        with monkeypatch.context() as away:
            away.setattr(TaskTally.objects, "get_or_create", refuse)
            with pytest.raises(DatabaseError):
                times.store(NOW)
        times.note("look", took_ms=5, failed=False, now=late)
        times.note("other", took_ms=5, failed=False, now=late)
        times.store(late)
        assert list(TaskTally.objects.order_by("task").values_list("task", "runs", "total_ms", "last_ms")) == [
            ("look", 2, 15, 5),
            ("other", 1, 5, 5),
        ]


def refuse(**fields: object) -> None:
    raise DatabaseError
