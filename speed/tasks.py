"""The market's tasks besides the nodes' agents, on the queue `wallet`. Each is a nudge, and beat gives it again."""

from datetime import UTC, datetime

from celery import shared_task
from django.db import InterfaceError, OperationalError

from speed.services import list_columns, rollups

AWAY = (OperationalError, InterfaceError)  # or there would be a traceback each time; web says that it is away


@shared_task(name="speed.roll_up", ignore_result=True, throws=AWAY)
def roll_up() -> None:
    """Add what was sealed to the sums by torrent and node."""
    rollups.catch_up(datetime.now(UTC))


@shared_task(name="speed.fill_columns", ignore_result=True, throws=AWAY)
def fill_columns() -> None:
    """Bring what the market adds to the list of torrents up to date."""
    list_columns.fill()
