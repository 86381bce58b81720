"""Halts: while one stands, no withdrawal and no sweep is signed. Deposits are still recorded and credited.

Machines halt, people lift. Whoever signs asks `is_halted` just before.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from wallet.chain.port import BroadcastAnswer
from wallet.models import ChainCursor, Halt, HaltReason
from wallet.services import news
from wallet.services.operators import Actor, check_reason
from wallet.services.refusals import Refused

MAX_DETAIL_CHARS = 600  # what names the first rows; the rest stands in what found them
MAX_BEHIND_BLOCKS = 100  # five minutes: beyond that, what is known of the chain is too old to pay by


def is_halted() -> bool:
    """Say whether nothing may be signed: a halt stands, or the chain is still being read after an absence."""
    return Halt.objects.filter(lifted_at=None).exists() or is_catching_up()


def is_catching_up() -> bool:
    """Say whether the scan is far behind the chain. It ends by itself."""
    cursors = ChainCursor.objects.filter(network=settings.WALLET_NETWORK)
    return cursors.filter(solid_height__gt=F("height") + MAX_BEHIND_BLOCKS).exists()


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
    news.reserves_changed()
    news.desk_changed()


def halt_for_another_id(answers: Iterable[BroadcastAnswer], tx_id: str, now: datetime) -> None:
    """Halt if an endpoint calls what it was given by another id than the bytes make: it may alter what it gets."""
    for answer in answers:
        if answer.names_another:
            halt(
                HaltReason.LIED,
                f"{answer.endpoint} was given {tx_id} and calls it by another id: {answer.message}",
                now,
            )


def lift(halt_id: int, *, actor: Actor, reason: str, now: datetime) -> None:
    """Lift a halt. Raises Refused, also for one that somebody else has lifted already."""
    reason = check_reason(reason)
    lifted = Halt.objects.filter(pk=halt_id, lifted_at=None).update(
        lifted_at=now, lifted_by_id=actor.id, lifted_by_name=actor.name, lifted_why=reason
    )
    if not lifted:
        raise Refused("This halt does not stand any more. Reload the page to see who has lifted it, and why.")
    news.reserves_changed()
    news.desk_changed()
