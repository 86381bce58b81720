"""What left our addresses must be what a withdrawal of ours has sent: anything else is theft, or a defect."""

from collections.abc import Iterable
from datetime import datetime

from wallet.domain.deposits import to_units
from wallet.domain.money import Asset
from wallet.domain.withdrawal_states import LIVE, AttemptState
from wallet.models import Attempt, ChainCursor, ChainMovement, HaltReason, MovementSide
from wallet.services import halts

NAMED = 5


def check(movements: Iterable[ChainMovement], *, now: datetime) -> None:
    """Halt for what has left without a withdrawal. Called in the transaction that writes it down."""
    out = [movement for movement in movements if movement.side == MovementSide.OUT]
    known = known_tx_ids(movement.tx_id for movement in out)
    unknown = [movement for movement in out if movement.tx_id not in known]
    if unknown:
        names = "; ".join(in_words(movement) for movement in unknown[:NAMED])
        halts.halt(HaltReason.OUTGOING, f"No withdrawal of this box explains: {names}", now)


def unexplained(cursor: ChainCursor, asset: int) -> list[ChainMovement]:
    """Return what has left, and no attempt of a withdrawal has sent it."""
    out = list(ChainMovement.objects.filter(network=cursor.network, side=MovementSide.OUT, asset=asset))
    known = known_tx_ids(movement.tx_id for movement in out)
    return [movement for movement in out if movement.tx_id not in known]


def not_final(cursor: ChainCursor) -> list[ChainMovement]:
    """Return what attempts have sent in blocks that were read, and the books still have in flight."""
    live = list(Attempt.objects.filter(state__in=LIVE).values_list("tx_id", flat=True))
    return list(ChainMovement.objects.filter(network=cursor.network, side=MovementSide.OUT, tx_id__in=live))


def final_above(cursor: ChainCursor) -> list[tuple[Asset, int]]:
    """Return the units of withdrawals that are final in the books by blocks that were not read yet."""
    above = Attempt.objects.filter(state=AttemptState.FINAL, block_number__gt=cursor.height)
    return [
        (Asset(asset), to_units(amount_ubtt, Asset(asset)))
        for asset, amount_ubtt in above.values_list("withdrawal__asset", "withdrawal__amount_ubtt")
    ]


def known_tx_ids(tx_ids: Iterable[str]) -> set[str]:
    """Return those that an attempt of a withdrawal has; one that was proven dead explains nothing, but is an alarm."""
    known = Attempt.objects.filter(tx_id__in=list(tx_ids)).exclude(state=AttemptState.DEAD)
    return set(known.values_list("tx_id", flat=True))


def in_words(movement: ChainMovement) -> str:
    unit = Asset(movement.asset).unit
    return f"{movement.amount} units of {unit} from {movement.sender} to {movement.recipient} in {movement.tx_id}"
