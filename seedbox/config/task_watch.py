"""Notes how long each task of a worker takes and whether it fails, for the operator's page and for /metrics."""

import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any

from celery import bootsteps, signals
from celery.states import FAILURE
from django.db import Error as DatabaseError
from django.db import connections

from seedbox.services.task_tallies import TaskTimes

STORE_EVERY_S = 10.0
STOP_S = 2.0  # a worker that ends waits so long for a database that does not answer
MOST_AT_ONCE = 1_000  # begun tasks that are remembered: one that never ends must not fill the memory

logger = logging.getLogger(__name__)


class TaskWatch(bootsteps.StartStopStep):
    """Writes down every few seconds what the worker has run, from a thread of its own; tasks never wait for that."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._stopping = threading.Event()
        self._begun_s: dict[str, float] = {}

    def create(self, worker: Any) -> None:
        # Each of our workers listens on one queue, which names it; its host's name says nothing to anybody.
        self._times = TaskTimes(",".join(sorted(worker.app.amqp.queues.consume_from)))
        self._thread = threading.Thread(target=self._run, name="task-watch", daemon=True)

    def start(self, worker: Any) -> None:
        signals.task_prerun.connect(self._begin, weak=False)
        signals.task_postrun.connect(self._end, weak=False)
        self._thread.start()

    def stop(self, worker: Any) -> None:
        signals.task_prerun.disconnect(self._begin)
        signals.task_postrun.disconnect(self._end)
        self._stopping.set()
        self._thread.join(STOP_S)

    def _begin(self, *, task_id: str, **kwargs: Any) -> None:
        if len(self._begun_s) < MOST_AT_ONCE:
            self._begun_s[task_id] = time.monotonic()

    def _end(self, *, task_id: str, task: Any, state: str | None = None, **kwargs: Any) -> None:
        begun_s = self._begun_s.pop(task_id, None)
        if begun_s is not None:
            took_ms = round((time.monotonic() - begun_s) * 1000)
            self._times.note(task.name, took_ms=took_ms, failed=state == FAILURE, now=datetime.now(UTC))

    def _run(self) -> None:
        while not self._stopping.wait(STORE_EVERY_S):
            self._store()
        self._store()
        connections.close_all()

    def _store(self) -> None:
        try:
            self._times.store(datetime.now(UTC))
        except DatabaseError as problem:
            connections.close_all()  # whatever state they are in
            logger.info("how long tasks take is written down later: %s", problem)
