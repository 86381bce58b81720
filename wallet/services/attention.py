"""What of a user's money waits for somebody: deposits that the chain may still throw away, withdrawals that rest."""

from collections.abc import Set
from dataclasses import dataclass

from wallet.domain.withdrawal_states import OPEN
from wallet.models import Withdrawal
from wallet.services import halts
from wallet.services.deposit_screen import pending_of


@dataclass(frozen=True)
class Waiting:
    pending_deposits: int
    open_withdrawals: int
    is_halted: bool  # nothing is signed now, for whatever reason
    halts: int  # that only an operator can lift; told to operators


def of_user(user_id: int, *, is_operator: bool) -> Waiting:
    """Return what waits; whether anything is halted is looked up only for those whom it concerns."""
    open_withdrawals = Withdrawal.objects.filter(user_id=user_id, state__in=OPEN).count()
    return Waiting(
        len(pending_of(user_id)),
        open_withdrawals,
        is_halted=bool(open_withdrawals) and halts.is_halted(),
        halts=len(halts.standing()) if is_operator else 0,
    )


def concerned_by_halts() -> Set[int]:
    """Return the users whose withdrawals wait while nothing is signed."""
    return frozenset(Withdrawal.objects.filter(state__in=OPEN).values_list("user_id", flat=True).distinct())
