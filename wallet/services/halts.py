"""Halts: while one stands, no withdrawal and no sweep is signed. Deposits are still recorded and credited.

Machines halt, people lift. Whoever signs asks `is_halted` just before.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from wallet.chain.port import BroadcastAnswer
from wallet.domain import halt_words as words
from wallet.domain.audit_words import AUDIT
from wallet.domain.retelling import fitting, said_again
from wallet.models import ChainCursor, Halt, HaltReason
from wallet.models.operator_act import ActKind
from wallet.services import ledger, news
from wallet.services.operators import MAX_REASON_CHARS, Actor, check_reason, in_flight_account, write_down
from wallet.services.refusals import Refused

MAX_DETAIL_CHARS = 600  # what names the first rows; the rest stands in what found them
MAX_BEHIND_BLOCKS = 100  # five minutes: beyond that, what is known of the chain is too old to pay by


def detail_of(halt: Halt) -> str:
    """Return what was found, for its reader; what an operator wrote stays as it was typed."""
    if halt.reason == HaltReason.OPERATOR:
        return halt.detail
    return said_again(halt.detail, AUDIT if halt.reason == HaltReason.AUDIT else words.HALTS)


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


def halt(reason: HaltReason, detail: str, now: datetime) -> Halt | None:
    """Halt for a reason. While a halt for that reason stands, it says nothing new. May run twice."""
    if Halt.objects.filter(reason=reason, lifted_at=None).exists():
        return None
    try:
        with transaction.atomic():
            made = Halt.objects.create(reason=reason, detail=fitting(detail, MAX_DETAIL_CHARS), halted_at=now)
    except IntegrityError:  # somebody else has found the same at the same moment
        return None
    news.reserves_changed()
    news.desk_changed()
    return made


def stop(*, actor: Actor, reason: str, now: datetime) -> None:
    """Halt because an operator says so. Raises Refused, also while an operator's halt stands."""
    reason, account = check_reason(reason), in_flight_account(now=now)

    def work() -> Halt | None:
        made = halt(HaltReason.OPERATOR, f"{actor.name}: {reason}", now)
        if made is not None:
            write_down(ActKind.STOPPED, account, actor=actor, reason=reason, key=f"halt/{made.pk}/stopped", now=now)
        return made

    if ledger.whole(work) is None:
        raise Refused(_("An operator has stopped withdrawals already. The halt that stands says who, and why."))


def halt_for_another_id(answers: Iterable[BroadcastAnswer], tx_id: str, now: datetime) -> None:
    """Halt if an endpoint calls what it was given by another id than the bytes make: it may alter what it gets."""
    for answer in answers:
        if answer.names_another:
            halt(
                HaltReason.LIED,
                words.ANOTHER_ID % {"endpoint": answer.endpoint, "tx_id": tx_id, "message": answer.message},
                now,
            )


def lift(halt_id: int, *, actor: Actor, reason: str, now: datetime) -> None:
    """Lift a halt. Raises Refused, also for one that somebody else has lifted already."""
    reason, account = check_reason(reason), in_flight_account(now=now)

    def work() -> bool:
        lifted = Halt.objects.filter(pk=halt_id, lifted_at=None).update(
            lifted_at=now, lifted_by_id=actor.id, lifted_by_name=actor.name, lifted_why=reason
        )
        if lifted:
            with translation.override(None):  # in English: the log is read by others
                what = f"{Halt.objects.get(pk=halt_id).get_reason_display()}: {reason}"[:MAX_REASON_CHARS]
            write_down(ActKind.LIFTED, account, actor=actor, reason=what, key=f"halt/{halt_id}/lifted", now=now)
        return bool(lifted)

    if not ledger.whole(work):
        raise Refused(_("This halt does not stand any more. Reload the page to see who has lifted it, and why."))
    news.reserves_changed()
    news.desk_changed()
