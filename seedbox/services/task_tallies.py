"""How long the tasks of a worker take, and how many fail: kept in its memory, written down every few seconds."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from seedbox.models import TaskTally
from seedbox.services import queues

RECENT = timedelta(hours=1)
SLOWEST_KEPT = 5  # of each task

Run = tuple[int, int]  # unix seconds when it ended, ms that it took


@dataclass
class Count:
    """What is to be added to a row."""

    last_at: datetime
    runs: int = 0
    failures: int = 0
    total_ms: int = 0
    last_ms: int = 0
    failed_at: datetime | None = None
    slowest: list[Run] = field(default_factory=list)

    def add(self, other: "Count") -> None:
        """Take in what came later."""
        self.runs += other.runs
        self.failures += other.failures
        self.total_ms += other.total_ms
        self.last_ms, self.last_at = other.last_ms, other.last_at
        self.failed_at = other.failed_at or self.failed_at
        self.slowest = slowest([*self.slowest, *other.slowest])


class TaskTimes:
    """The tasks that one worker has run and not written down yet. Any thread may call this."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._lock = threading.Lock()
        self._counts: dict[str, Count] = {}

    def note(self, task: str, *, took_ms: int, failed: bool, now: datetime) -> None:
        run = Count(now, 1, int(failed), took_ms, took_ms, now if failed else None, [(int(now.timestamp()), took_ms)])
        with self._lock:
            _add(self._counts, task, run)

    def store(self, now: datetime) -> None:
        """Write down what was noted since the last time; what can't be written is kept. Raises what databases raise."""
        with self._lock:
            taken, self._counts = self._counts, {}
        try:
            with transaction.atomic():
                for task, count in taken.items():
                    _write(self._worker, task, count, now)
        except Exception:
            with self._lock:
                for task, count in self._counts.items():
                    _add(taken, task, count)
                self._counts = taken
            raise


def _add(counts: dict[str, Count], task: str, later: Count) -> None:
    if task in counts:
        counts[task].add(later)
    else:
        counts[task] = later


def _write(worker: str, task: str, count: Count, now: datetime) -> None:
    row, _ = TaskTally.objects.get_or_create(worker=worker, task=task, defaults={"last_at": count.last_at})
    TaskTally.objects.filter(pk=row.pk).update(
        runs=F("runs") + count.runs,
        failures=F("failures") + count.failures,
        total_ms=F("total_ms") + count.total_ms,
        last_ms=count.last_ms,
        last_at=count.last_at,
        failed_at=count.failed_at or row.failed_at,
        slowest=slowest([*recent(row.slowest, now), *count.slowest]),
    )


def recent(runs: Iterable[Sequence[int]], now: datetime) -> list[Run]:
    """Return those that ended within the last hour."""
    since_s = (now - RECENT).timestamp()
    return [(ended_s, took_ms) for ended_s, took_ms in runs if ended_s >= since_s]


def slowest(runs: Iterable[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: run[1], reverse=True)[:SLOWEST_KEPT]


def tallies() -> list[TaskTally]:
    """Return those of the workers that this box has: one whose wallet was turned off has no word of it."""
    here = set(queues.names())
    return [one for one in TaskTally.objects.order_by("worker", "task") if here & set(one.worker.split(","))]
