"""Notices when a worker's embedded beat has died: Celery would go on without it for ever, and without a word."""

import logging
import os
import signal
import threading
from typing import Any

from celery import bootsteps

LOOK_EVERY_S = 0.5

logger = logging.getLogger(__name__)


class BeatWatch(bootsteps.StartStopStep):
    """Ends a worker that has lost its beat, so that the supervisor starts both again."""

    requires = ("celery.worker.components:Beat",)

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._stopping = threading.Event()

    def include_if(self, worker: Any) -> bool:
        return worker.beat is not None

    def create(self, worker: Any) -> None:
        self._watch = threading.Thread(target=self._look, args=[worker.beat], name="beat-watch", daemon=True)

    def start(self, worker: Any) -> None:
        self._watch.start()

    def stop(self, worker: Any) -> None:
        self._stopping.set()

    def _look(self, beat: Any) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            if not beat.is_alive():
                logger.error("beat has died; this worker ends, to be started again with another")
                os.kill(os.getpid(), signal.SIGTERM)
                return
