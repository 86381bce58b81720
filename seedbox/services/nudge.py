"""Nudges: "look at the database now" for a node, over the broker. A lost or doubled one changes nothing but a delay.

The sending side puts a task on the node's queue when the transaction commits. The receiving side is a registry: the
node says what a nudge shall call, the task calls it.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from celery import Celery, current_app
from django.db import transaction
from kombu.exceptions import OperationalError

TASK_NAME = "seedbox.tasks.reconcile_node"
REST_S = 5.0  # after a failure nothing is tried: every try could take a second, and nodes look by themselves
EXPIRY_S = 60  # a nudge that waited longer says nothing new: its node has looked by itself

logger = logging.getLogger(__name__)


class Sender:
    """A process's way to the broker: one attempt, and a rest after a failure."""

    def __init__(self, app: Celery) -> None:
        self.failed = 0  # nudges that were not sent
        self._app = app
        self._rest_until_s = 0.0

    def send(self, node_name: str) -> None:
        """Put a nudge on the node's queue; never raises for a dead broker."""
        if time.monotonic() < self._rest_until_s:
            self.failed += 1
            return
        try:
            self._app.send_task(
                TASK_NAME,
                kwargs={"node_name": node_name},
                queue=f"node.{node_name}",
                expires=EXPIRY_S,
                ignore_result=True,
                retry=False,
            )
        except (OperationalError, OSError) as problem:
            self.failed += 1
            self._rest_until_s = time.monotonic() + REST_S
            logger.warning("the broker does not take nudges, nodes look by themselves: %s", problem)


_sender = Sender(current_app)


def nudge_node(node_name: str) -> None:
    """Tell the node to look at the database, once the transaction is committed. Never raises for a dead broker."""
    transaction.on_commit(partial(_sender.send, node_name))


_listeners: dict[str, Callable[[], None]] = {}
_lock = threading.Lock()


def listen(node_name: str, callback: Callable[[], None] | None) -> None:
    """Call `callback`, from any thread, for each nudge that reaches this process for the node; None ends it."""
    with _lock:
        if callback is None:
            _listeners.pop(node_name, None)
        else:
            _listeners[node_name] = callback


def hear(node_name: str) -> None:
    """Pass a nudge on to the node if it lives in this process."""
    with _lock:
        callback = _listeners.get(node_name)
    if callback is not None:
        callback()
