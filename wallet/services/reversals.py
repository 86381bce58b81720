"""Reversals: the mirror of a transfer, once. It never takes what is not there any more."""

from datetime import datetime

from wallet.domain.items import Transfer as TransferItem
from wallet.domain.kinds import TransferKind
from wallet.domain.posting import Code, Outcome
from wallet.models import Transfer
from wallet.services import ledger


def reverse(*, transfer_id: int, key: str, now: datetime, cause: str, memo: str = "") -> Outcome:
    """Send the money of a transfer back, also out of a frozen account.

    NOT_FOUND: there is no such transfer. REVERSED: that was done before, under another key. NOT_REVERSIBLE: it is a
    reversal itself. INSUFFICIENT: who received it has not that much available any more. Raises BadItem, LedgerBusy.
    """
    original = Transfer.objects.select_related("debit", "credit").filter(pk=transfer_id).first()
    if original is None:
        return Outcome(Code.NOT_FOUND)
    mirrored = TransferItem(
        key=key,
        debit=original.credit.name,
        credit=original.debit.name,
        amount_ubtt=original.amount_ubtt,
        kind=TransferKind.REVERSAL,
        cause=cause,
        event_at=now,
        memo=memo,
        reverses=original.pk,
    )
    return ledger.post_one(mirrored, now=now)
