"""Whether money may return that was never sent by the books: a backup may have forgotten that, so the signer says."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_noop

from wallet.domain.halt_words import NO_APPROVAL, NOT_FOLLOWED
from wallet.domain.withdrawal_states import CANCELLABLE, WithdrawalState
from wallet.models import Withdrawal
from wallet.services import forgotten
from wallet.signer.protocol import SignedAttempt, SignerDoor, SignerError

IN_DOUBT = gettext_noop("An admin has to look at it first: the box's records and what it has signed do not agree.")
FORGOTTEN = gettext_noop(
    "It was sent before, though the box's records do not show that any more. Reload the page in a minute."
)
UNSURE = gettext_noop(
    "Whether it was sent before can't be said at the moment, so its money can't return yet. Try again later."
)


@dataclass(frozen=True)
class Said:
    """What the signer has signed last for a withdrawal, by its own word."""

    signed: SignedAttempt | None = None
    is_silent: bool = False


def ask(signer: SignerDoor, withdrawal: Withdrawal) -> Said:
    """Ask the signer for what the books may have forgotten, before the row is locked: nothing waits for it then.

    Only about one whose money may return by its answer; of another it says that it is silent.
    """
    may_return = withdrawal.state in CANCELLABLE and not withdrawal.doubt
    return ask_of(signer, withdrawal.pk) if may_return else Said(is_silent=True)


def ask_of(signer: SignerDoor, withdrawal_id: int) -> Said:
    try:
        return Said(signer.signed_for(f"withdrawal/{withdrawal_id}"))
    except SignerError:
        return Said(is_silent=True)


def why_not_return(found: Withdrawal, said: Said, now: datetime, *, is_followed: bool = True) -> str:
    """Return why the money of one that the books have never sent stays where it is; "" if it was never signed.

    What was signed for one in the queue is taken over by the driver, and followed, but for those that it leaves alone.
    One whose approval was forgotten together with its payment has nobody who would follow it: an admin looks at it.
    """
    if said.is_silent:
        return UNSURE
    if said.signed is None:
        return ""
    if found.state == WithdrawalState.CHECKING or not is_followed:
        why = NO_APPROVAL if found.state == WithdrawalState.CHECKING else NOT_FOLLOWED
        forgotten.cast_doubt(found, said.signed, why, now=now)
        return IN_DOUBT
    return FORGOTTEN
