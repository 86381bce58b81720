"""What is behind an entry or a hold of a user's: the withdrawal with its address, or the deposit, and its page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wallet.models import Deposit, Withdrawal
from wallet.services.withdrawal_rows import short_address


@dataclass(frozen=True)
class Source:
    """A withdrawal or a deposit of the user's own."""

    words: str
    page: str  # by its name, with the number
    number: int
    tx_id: str  # "": there is none yet


def source_of(user_id: int, transfer_id: int, cause: str) -> Source | None:
    """Return what is behind a transfer of a user's; None if it is neither, or not the user's own."""
    deposit = Deposit.objects.filter(user_id=user_id, transfer_id=transfer_id).first()
    if deposit is not None:
        return Source(f"Deposit {deposit.pk}", "deposit_came", deposit.pk, deposit.tx_id)
    number = _withdrawal_number(cause)
    found = Withdrawal.objects.filter(user_id=user_id, pk=number).first() if number else None
    if found is None:
        return None
    newest = found.attempts.order_by("-number").first()
    return Source(f"Withdrawal {found.pk}", "withdrawal", found.pk, newest.tx_id if newest else "")


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
