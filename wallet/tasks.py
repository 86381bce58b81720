"""The wallet's tasks. Each is only a nudge, and beat gives it again: what is to be done stands in the database.

Their queue is `wallet`.
"""

from datetime import UTC, datetime

from celery import shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError

from wallet import wiring
from wallet.services import (
    auditing,
    chain_rounds,
    channels,
    holds,
    hub_calls,
    hub_doorway,
    hub_offers,
    hub_receipts,
    liabilities,
    rollups,
    seals,
    speed_keys,
    withdrawing,
)

AWAY = (OperationalError, InterfaceError)  # or there would be a traceback each second; web says that it is away


@shared_task(name="wallet.seal_new", ignore_result=True, throws=AWAY)
def seal_new() -> None:
    """Seal what was written since the last time."""
    seals.seal_new(now=datetime.now(UTC))


@shared_task(name="wallet.roll_up", ignore_result=True, throws=AWAY)
def roll_up() -> None:
    """Add what was sealed to the sums by kind."""
    rollups.catch_up(datetime.now(UTC))


@shared_task(name="wallet.take_liabilities", ignore_result=True, throws=AWAY)
def take_liabilities() -> None:
    """Write down once a day what is owed to the users."""
    liabilities.take_due(datetime.now(UTC))


@shared_task(name="wallet.expire_due", ignore_result=True, throws=AWAY)
def expire_due() -> None:
    """Give back what holds and channels keep whose time is over."""
    now = datetime.now(UTC)
    holds.expire_due(now=now)
    channels.expire_due(now=now)


@shared_task(name="wallet.sign_receipts", ignore_result=True, throws=AWAY)
def sign_receipts() -> None:
    """Have signed what channels hold by now."""
    hub_receipts.sign_waiting(wiring.signer(), now=datetime.now(UTC))


@shared_task(name="wallet.forget_hub_calls", ignore_result=True, throws=AWAY)
def forget_hub_calls() -> None:
    """Forget what the hub kept of calls, nonces, codes and offers whose time is over."""
    now = datetime.now(UTC)
    hub_calls.forget(now=now)
    hub_doorway.forget_nonces(now=now)
    speed_keys.forget_codes(now=now)
    hub_offers.forget(now=now)


@shared_task(name="wallet.audit_books", ignore_result=True, throws=AWAY)
def audit_books() -> None:
    """Audit the books once a day."""
    auditing.audit_if_due(data_folder=settings.DATA_DIR, now=datetime.now(UTC))


@shared_task(name="wallet.read_chain", ignore_result=True, throws=AWAY)
def read_chain() -> None:
    """Credit deposits from the blocks that came since the last time."""
    chain_rounds.read(wiring.chain(), wiring.signer(), now=datetime.now(UTC))


@shared_task(name="wallet.sweep", ignore_result=True, throws=AWAY)
def sweep() -> None:
    """Bring what users have deposited to the hot address, if that is worth it."""
    chain_rounds.sweep(wiring.chain(), wiring.signer(), now=datetime.now(UTC))


@shared_task(name="wallet.reconcile", ignore_result=True, throws=AWAY)
def reconcile() -> None:
    """Hold the chain against the books."""
    chain_rounds.reconcile(wiring.chain(), now=datetime.now(UTC))


@shared_task(name="wallet.drive_withdrawals", ignore_result=True, throws=AWAY)
def drive_withdrawals() -> None:
    """Bring every withdrawal as far as it goes now."""
    withdrawing.step(wiring.chain(), wiring.signer(), now=datetime.now(UTC))
