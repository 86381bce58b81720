"""Transfers that say money came from the chain or went to it, and nothing that was read from blocks is behind them."""

from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, Min, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from wallet.domain import halt_words as words
from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset, plain_amount
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import ChainMovement, Deposit, Transfer, Withdrawal


def without_a_cause(asset: Asset, *, most: int) -> Sequence[str]:
    """Return sentences that name them, the newest first: no deposit, withdrawal, fee or rounding has made them."""
    of_chain = Transfer.objects.filter(Q(debit__kind=AccountKind.CHAIN) | Q(credit__kind=AccountKind.CHAIN))
    rounding = Q(kind=TransferKind.DEPOSIT, credit__kind=AccountKind.ROUNDING, cause__startswith="rounding/")
    found = (
        of_chain.filter(asset=asset)
        .exclude(rounding)
        .exclude(pk__in=Deposit.objects.filter(transfer_id__isnull=False).values("transfer_id"))
        .exclude(pk__in=ChainMovement.objects.filter(transfer_id__isnull=False).values("transfer_id"))
        .exclude(pk__in=_of_withdrawals())
        .order_by("-pk")
    )
    return [_says(one) % _facts(one, asset) for one in found.select_related("debit")[:most]]


def _says(transfer: Transfer) -> str:
    if transfer.debit.kind == AccountKind.CHAIN:
        return words.FROM_NOTHING
    return words.TO_NOTHING


def _facts(transfer: Transfer, asset: Asset) -> dict[str, object]:
    return {"pk": transfer.pk, "amount": plain_amount(transfer.amount_ubtt, asset), "cause": transfer.cause}


def _of_withdrawals() -> "QuerySet[Transfer, Any]":
    """Return the transfers that let final withdrawals arrive: one each, so that a second one is named."""
    final = Withdrawal.objects.filter(state=WithdrawalState.FINAL)
    causes = final.annotate(cause=Concat(Value("withdrawal/"), Cast("pk", CharField()))).values("cause")
    arrived = Transfer.objects.filter(
        kind=TransferKind.WITHDRAWAL_FINAL, credit__kind=AccountKind.CHAIN, cause__in=causes
    )
    return arrived.values("cause").annotate(first=Min("pk")).values("first")
