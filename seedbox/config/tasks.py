"""The box's own task: it looks into all three apps, on the wallet worker's queue."""

from datetime import UTC, datetime

from celery import shared_task
from django.db import InterfaceError, OperationalError

from seedbox.config.telling import Crier

_crier = Crier()


@shared_task(name="wallet.tell", ignore_result=True, throws=(OperationalError, InterfaceError))
def tell() -> None:
    """Tell people what books, market and nodes have done since the last time."""
    _crier.tell(now=datetime.now(UTC))
