"""Halts: while one stands, no withdrawal and no sweep is signed. Deposits are still recorded and credited.

Machines halt, people lift. Whoever signs asks `is_halted` in the transaction in which it decides.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from wallet.models import Halt, HaltReason
from wallet.services.operators import Actor, check_reason
from wallet.services.refusals import Refused

MAX_DETAIL_CHARS = 600  # what names the first rows; the rest stands in what found them

Listener = Callable[[], None]

logger = logging.getLogger(__name__)
_listeners: dict[str, Listener] = {}


def is_halted() -> bool:
    return Halt.objects.filter(lifted_at=None).exists()


def standing() -> Sequence[Halt]:
    """Return the halts that stand, oldest first."""
    return list(Halt.objects.filter(lifted_at=None).order_by("pk"))


def halt(reason: HaltReason, detail: str, now: datetime) -> None:
    """Halt for a reason. While a halt for that reason stands, it says nothing new. May run twice."""
    if Halt.objects.filter(reason=reason, lifted_at=None).exists():
        return
    try:
        with transaction.atomic():
            Halt.objects.create(reason=reason, detail=detail[:MAX_DETAIL_CHARS], halted_at=now)
    except IntegrityError:  # somebody else has found the same at the same moment
        return
    transaction.on_commit(_tell)


def lift(halt_id: int, *, actor: Actor, reason: str, now: datetime) -> None:
    """Lift a halt. Raises Refused, also for one that somebody else has lifted already."""
    reason = check_reason(reason)
    lifted = Halt.objects.filter(pk=halt_id, lifted_at=None).update(
        lifted_at=now, lifted_by_id=actor.id, lifted_by_name=actor.name, lifted_why=reason
    )
    if not lifted:
        raise Refused("This halt does not stand any more. Reload the page to see who has lifted it, and why.")
    transaction.on_commit(_tell)


def listen(name: str, listener: Listener) -> None:
    """Let somebody know after each halt and each lift; the composition root registers who."""
    _listeners[name] = listener


def stop_listening(name: str) -> None:
    _listeners.pop(name, None)


def _tell() -> None:
    for name, listener in list(_listeners.items()):
        try:
            listener()
        except Exception:  # what stands is written; who could not be told reads it
            logger.exception("%s could not be told of a halt", name)
