"""What admins decide about withdrawals: approved or rejected. Each decision stays in the operators' log."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.accounts import user_account
from wallet.domain.money import Asset, plain_amount
from wallet.domain.withdrawal_states import CANCELLABLE, WithdrawalState, check_move
from wallet.domain.withdrawal_words import DECIDED
from wallet.models import Withdrawal
from wallet.models.operator_act import ActKind
from wallet.services import fates
from wallet.services.operators import MAX_REASON_CHARS, Actor, check_reason, write_down
from wallet.services.returning import IN_DOUBT, ask, why_not_return
from wallet.services.withdrawal_rows import state_of
from wallet.services.withdrawals import TOO_LATE, end, with_locked
from wallet.services.withdrawing import takes_over
from wallet.signer.protocol import SignerDoor

TOO_LATE_TO_APPROVE = gettext_noop(
    "Its time to be approved is over. Its money returns by itself when the signer has been asked."
)


def approve(*, withdrawal_id: int, actor: Actor, now: datetime) -> Withdrawal:
    """Let a withdrawal go into the queue. Nobody approves their own; twice is as once. Raises Refused, DoesNotExist."""

    def decide(found: Withdrawal) -> str:
        if found.user_id == actor.id:
            return _("This is your own withdrawal: another admin has to approve it.")
        if found.state != WithdrawalState.CHECKING:
            has_done = found.decided_by_id == actor.id and found.queued_at is not None
            return (
                ""
                if has_done
                else _("It does not wait for approval any more: it is %(state)s.") % {"state": state_of(found)}
            )
        if found.doubt:
            return IN_DOUBT
        if found.approve_until is not None and found.approve_until <= now:
            return TOO_LATE_TO_APPROVE
        check_move(WithdrawalState(found.state), WithdrawalState.QUEUED)
        found.state, found.queued_at = WithdrawalState.QUEUED, now
        found.decided_by_id, found.decided_by_name, found.decided_at = actor.id, actor.name, now
        found.save(update_fields=["state", "queued_at", "decided_by_id", "decided_by_name", "decided_at"])
        _write_down(ActKind.APPROVED, found, "", actor, now)
        return ""

    return with_locked(withdrawal_id, decide)


def reject(signer: SignerDoor, *, withdrawal_id: int, actor: Actor, reason: str, now: datetime) -> Withdrawal:
    """Give the money back against the user's wish, with a reason that the user reads. Raises Refused, DoesNotExist.

    Not if it was signed, though the books do not know it; one in doubt is rejected by an admin who has looked.
    """
    reason, said = check_reason(reason), ask(signer, Withdrawal.objects.get(pk=withdrawal_id))

    def decide(found: Withdrawal) -> str:
        if found.rejected_by_id == actor.id and (
            found.state == WithdrawalState.REJECTED or (found.doubt and found.state == WithdrawalState.RETURNED)
        ):
            return ""
        if not is_rejectable(found):
            return (
                TOO_LATE
                if found.state == WithdrawalState.SENDING
                else _("It is over already: it is %(state)s.") % {"state": state_of(found)}
            )
        if not found.doubt and (why := why_not_return(found, said, now, is_followed=takes_over(found))):
            return why
        found.rejected_by_id, found.rejected_by_name, found.rejected_at = actor.id, actor.name, now
        found.save(update_fields=["rejected_by_id", "rejected_by_name", "rejected_at"])
        _write_down(ActKind.REJECTED, found, reason, actor, now)
        if found.state == WithdrawalState.SENDING:
            fates.give_back(found.pk, reason, now=now)
        else:
            end(found, WithdrawalState.REJECTED, reason, now)
        return ""

    return with_locked(withdrawal_id, decide)


def is_rejectable(found: Withdrawal) -> bool:
    """Say whether an admin may give its money back: before it is sent, and when what was signed for it is in doubt."""
    return found.state in CANCELLABLE or bool(found.state == WithdrawalState.SENDING and found.doubt)


def _write_down(kind: ActKind, found: Withdrawal, reason: str, actor: Actor, now: datetime) -> None:
    asset = Asset(found.asset)
    words = DECIDED % {"pk": found.pk, "amount": plain_amount(found.amount_ubtt, asset), "address": found.address}
    write_down(
        kind,
        user_account(asset, found.user_id),
        actor=actor,
        reason=f"{words}: {reason}"[:MAX_REASON_CHARS] if reason else words,  # all of it stands on the withdrawal
        key=f"withdrawal/{found.pk}/{kind}",
        now=now,
    )
