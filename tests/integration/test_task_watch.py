"""A worker's tasks as the watch notes them: with Celery's own signals, and written down by its thread."""

from types import SimpleNamespace

import pytest
from celery import Celery

from seedbox.config.task_watch import TaskWatch
from seedbox.models import TaskTally

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def app() -> Celery:
    made = Celery("watched", set_as_current=False)

    @made.task(name="well")
    def go() -> None:
        pass

    @made.task(name="ill")
    def fail() -> None:
        raise ZeroDivisionError

    return made


def test_the_watch_writes_down_what_has_run_and_what_has_failed_when_its_worker_ends(app: Celery) -> None:
    queues = SimpleNamespace(consume_from={"wallet": None})
    worker = SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=queues)))
    watch = TaskWatch(worker)
    watch.create(worker)
    watch.start(worker)
    for name in ("well", "ill", "well"):
        app.tasks[name].apply()
    watch.stop(worker)
    app.tasks["well"].apply()  # nobody notes it any more
    found = TaskTally.objects.order_by("task").values_list("worker", "task", "runs", "failures")
    assert list(found) == [("wallet", "ill", 1, 1), ("wallet", "well", 2, 0)]
