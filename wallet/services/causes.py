"""What is behind an entry or a hold of a user's: the withdrawal with its address, or the deposit, and its page.

Causes of other kinds are explained by whoever makes them: the composition root registers them by how they begin.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from wallet.models import Attempt, Deposit, Withdrawal
from wallet.services.withdrawal_rows import short_address

# Of an id on the chain: fewer digits might be part of anything.
_CHAIN_TX = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
MAX_OF_CHAIN_TX = 100


@dataclass(frozen=True)
class Source:
    """What is behind an entry of the user's own: a withdrawal, a deposit, a deal."""

    words: str
    page: str  # by its name, with the number
    number: int
    tx_id: str  # "": there is none yet


@dataclass(frozen=True)
class OfChainTx:
    """What a user's entries have to do with transactions of the chain."""

    transfer_ids: list[int]
    causes: list[str]


Find = Callable[[int, str], Source | None]  # of a user's id and a cause
_finders: dict[str, Find] = {}


def register(head: str, find: Find) -> None:
    """Let causes that begin with this word and a slash be explained."""
    _finders[head] = find


def forget(head: str) -> None:
    _finders.pop(head, None)


def source_of(user_id: int, transfer_id: int, cause: str) -> Source | None:
    """Return what is behind a transfer of a user's; None if it is none of these, or not the user's own."""
    deposit = Deposit.objects.filter(user_id=user_id, transfer_id=transfer_id).first()
    if deposit is not None:
        words = _("Deposit %(pk)s") % {"pk": deposit.pk}
        return Source(words, "deposit_came", deposit.pk, deposit.tx_id)
    find = _finders.get(cause.partition("/")[0])
    if find is not None:
        return find(user_id, cause)
    number = _withdrawal_number(cause)
    found = Withdrawal.objects.filter(user_id=user_id, pk=number).first() if number else None
    if found is None:
        return None
    newest = found.attempts.order_by("-number").first()
    words = _("Withdrawal %(pk)s") % {"pk": found.pk}
    return Source(words, "withdrawal", found.pk, newest.tx_id if newest else "")


def of_chain_tx(user_id: int, text: str) -> OfChainTx:
    """Return what belongs to a user's deposits and withdrawals whose transaction's id begins so."""
    if not _CHAIN_TX.fullmatch(text.lower()):
        return OfChainTx([], [])
    begins = Q(tx_id__startswith=text.lower())
    deposits = Deposit.objects.filter(begins, user_id=user_id)
    attempts = Attempt.objects.filter(begins, withdrawal__user_id=user_id)
    return OfChainTx(
        [pk for pk in deposits.values_list("transfer_id", flat=True)[:MAX_OF_CHAIN_TX] if pk is not None],
        [f"withdrawal/{pk}" for pk in attempts.values_list("withdrawal_id", flat=True)[:MAX_OF_CHAIN_TX]],
    )


def receivers(causes: Iterable[str]) -> Mapping[str, str]:
    """Return where the withdrawals behind some causes go, shortened, by cause."""
    numbers = {cause: number for cause in causes if (number := _withdrawal_number(cause))}
    if not numbers:
        return {}
    addresses = dict(Withdrawal.objects.filter(pk__in=numbers.values()).values_list("pk", "address"))
    return {cause: short_address(addresses[number]) for cause, number in numbers.items() if number in addresses}


def of_holds(hold_ids: Iterable[int]) -> Mapping[int, tuple[int, str]]:
    """Return the withdrawal that each hold is for: its number, and where it goes."""
    rows = Withdrawal.objects.filter(hold_id__in=list(hold_ids)).values_list("hold_id", "pk", "address")
    return {hold_id: (number, short_address(address)) for hold_id, number, address in rows}


def _withdrawal_number(cause: str) -> int | None:
    head, _, number = cause.partition("/")
    is_number = number.isdecimal() and number.isascii() and len(number) <= 18
    return int(number) if head == "withdrawal" and is_number else None
