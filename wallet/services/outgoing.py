"""What left our addresses must be what a withdrawal of ours has sent: anything else is theft, or a defect."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from wallet.domain import halt_words as words
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
        names = ";\n".join(in_words(movement) for movement in unknown[:NAMED])
        halts.halt(HaltReason.OUTGOING, words.UNEXPLAINED % {"names": names}, now)


def unexplained(cursor: ChainCursor, asset: int) -> list[ChainMovement]:
    """Return what has left, and no attempt of a withdrawal has sent it, nor has an operator booked it."""
    sent = Attempt.objects.filter(tx_id=OuterRef("tx_id"))
    return list(_out(cursor).filter(~Exists(sent), asset=asset, transfer_id=None).order_by("pk"))


def not_booked(network: str) -> QuerySet[ChainMovement]:
    """Return what has left, and no withdrawal books it or ever will: an operator has to say whose money it was."""
    books_it = Attempt.objects.filter(state__in=LIVE | {AttemptState.FINAL}, tx_id=OuterRef("tx_id"))
    return _out_of(network).filter(~Exists(books_it), transfer_id=None)


def booked_by_operators(cursor: ChainCursor) -> QuerySet[ChainMovement]:
    return _out(cursor).filter(transfer_id__isnull=False)


def not_final(cursor: ChainCursor) -> list[ChainMovement]:
    """Return what attempts have sent in blocks that were read, and the books still have in flight."""
    live = Attempt.objects.filter(state__in=LIVE, tx_id=OuterRef("tx_id"))
    return list(_out(cursor).filter(Exists(live)))


def final_above(cursor: ChainCursor) -> list[tuple[Asset, int]]:
    """Return the units of withdrawals that are final in the books by blocks that were not read yet."""
    above = Attempt.objects.filter(state=AttemptState.FINAL, block_number__gt=cursor.height)
    return [
        (Asset(one.withdrawal.asset), to_units(one.withdrawal.amount_ubtt, Asset(one.withdrawal.asset)))
        for one in above.select_related("withdrawal")
    ]


def contradictions(cursor: ChainCursor, asset: int) -> list[str]:
    """Return sentences about attempts of which the books and the blocks say different things."""
    attempts = Attempt.objects.filter(withdrawal__asset=asset).select_related("withdrawal").order_by("pk")
    paid = {one.tx_id: one.amount for one in _out(cursor).filter(asset=asset)}
    sentences = []
    for one in attempts.filter(state=AttemptState.FINAL, block_number__lte=cursor.height):
        if paid.get(one.tx_id) != to_units(one.withdrawal.amount_ubtt, Asset(asset)):
            facts = {"pk": one.withdrawal_id, "tx_id": one.tx_id, "units": paid.get(one.tx_id, 0)}
            sentences.append(words.FINAL_PAYS % facts)
    has_paid = Exists(_out(cursor).filter(asset=asset, tx_id=OuterRef("tx_id"), transfer_id=None))
    for one in attempts.filter(has_paid, state__in=[AttemptState.DEAD, AttemptState.FAILED]):
        facts = {"tx_id": one.tx_id, "pk": one.withdrawal_id, "units": paid[one.tx_id]}
        says = words.DEAD_PAYS if one.state == AttemptState.DEAD else words.FAILED_PAYS
        sentences.append(says % facts)
    return sentences


def known_tx_ids(tx_ids: Iterable[str]) -> set[str]:
    """Return those that an attempt of a withdrawal has."""
    return set(Attempt.objects.filter(tx_id__in=list(tx_ids)).values_list("tx_id", flat=True))


def _out(cursor: ChainCursor) -> QuerySet[ChainMovement]:
    return _out_of(cursor.network)


def _out_of(network: str) -> QuerySet[ChainMovement]:
    return ChainMovement.objects.filter(network=network, side=MovementSide.OUT)


def in_words(movement: ChainMovement) -> str:
    return words.MOVED % _facts(movement)


def no_withdrawal(movement: ChainMovement) -> str:
    return words.NO_WITHDRAWAL % _facts(movement)


def _facts(movement: ChainMovement) -> dict[str, object]:
    return {
        "units": movement.amount,
        "unit": Asset(movement.asset).unit,
        "sender": movement.sender,
        "recipient": movement.recipient,
        "tx_id": movement.tx_id,
    }
