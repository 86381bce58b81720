"""The Celery app: two kinds of worker, `node.<name>` and `wallet`. Tasks are nudges: nothing waits for a result."""

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seedbox.config.settings")

from django.conf import settings  # the line above must come first

from seedbox.config import broker

# What the wallet worker's beat asks for. A task that waited for longer than it may is worth nothing: the next does its
# work.
SCHEDULE: dict[str, dict[str, Any]] = {
    "seal": {"task": "wallet.seal_new", "schedule": 1.0, "options": {"expires": 5}},
    "withdrawals": {"task": "wallet.drive_withdrawals", "schedule": 2.0, "options": {"expires": 5}},
    "receipts": {"task": "wallet.sign_receipts", "schedule": 1.0, "options": {"expires": 5}},
    "sums by kind": {"task": "wallet.roll_up", "schedule": 3.0, "options": {"expires": 3}},
    "sums of trades": {"task": "speed.roll_up", "schedule": 3.0, "options": {"expires": 3}},
    "hub": {"task": "wallet.forget_hub_calls", "schedule": 60.0, "options": {"expires": 60}},
    "expire": {"task": "wallet.expire_due", "schedule": 10.0, "options": {"expires": 10}},
    "tell": {"task": "wallet.tell", "schedule": 5.0, "options": {"expires": 5}},
    "read chain": {"task": "wallet.read_chain", "schedule": 2.0, "options": {"expires": 4}},
    "sweep": {"task": "wallet.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "reconcile": {"task": "wallet.reconcile", "schedule": 60.0, "options": {"expires": 60}},
    "owed": {"task": "wallet.take_liabilities", "schedule": 600.0, "options": {"expires": 60}},
    "columns": {"task": "speed.fill_columns", "schedule": 30.0, "options": {"expires": 30}},
    "audit": {"task": "wallet.audit_books", "schedule": 600.0, "options": {"expires": 60}},
}

broker.use()
app = Celery("seedbox")
app.conf.update(
    broker_url=f"redis+socket://{settings.REDIS_URL.removeprefix('unix://')}"
    if settings.REDIS_URL.startswith("unix://")
    else settings.REDIS_URL,
    accept_content=["json"],
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A nudge to a dead broker keeps nobody waiting; workers have a patience of their own (the line above).
    broker_transport_options={"socket_connect_timeout": 1, "max_retries": 0},
    worker_cancel_long_running_tasks_on_connection_loss=True,  # a nudge is worth nothing later
    task_default_queue="unused",
    timezone="UTC",
    task_routes={"wallet.*": {"queue": "wallet"}, "speed.*": {"queue": "wallet"}},
    beat_schedule=SCHEDULE,
)
# By name: a step needs models, and this module is imported before they can be.
app.steps["worker"].add("seedbox.node.bootstep:NodeStep")
app.steps["worker"].add("speed.agent.bootstep:SpeedStep")
app.steps["worker"].add("seedbox.config.beat_watch:BeatWatch")
app.steps["worker"].add("seedbox.config.task_watch:TaskWatch")
app.autodiscover_tasks(["seedbox", "seedbox.config", "wallet", "speed"])
