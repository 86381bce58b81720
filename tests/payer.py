"""Payments that another process makes on a real box: to be seen on pages that are open meanwhile."""

import time
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.utils import timezone

from seedbox.models import User
from tests.ledger import ASSET, BTT, CHAIN, TREASURY, fresh_key, user
from tests.withdrawals import stranger_address
from wallet.domain.accounts import AccountName, channel_account
from wallet.domain.items import HoldPurpose, Item, PlaceHold, Transfer
from wallet.domain.kinds import TransferKind
from wallet.domain.money import parse_btt
from wallet.domain.tron.addresses import to_base58
from wallet.services import address_book, ledger, withdrawals

if TYPE_CHECKING:
    from tests.box import Box

CHANNEL = "3f2a9c1db04e7756" * 2


class Payment(NamedTuple):
    """Sides are user names, `chain`, `treasury` or `channel`; what goes to nobody is held."""

    debit: str
    credit: str
    amount: str
    kind: str = "TIP"
    memo: str = ""


def pay(box: "Box", *payments: Payment) -> list[int]:
    """Let a process of its own post these in one batch; return the transfers' ids."""
    words = [tuple(payment) for payment in payments]
    done = box.manage("shell", "-c", f"from tests import payer; payer.post_all({words!r})")
    assert done.returncode == 0, done.stderr
    return [int(number) for number in done.stdout.split("posted:")[1].split()]


def ask_to_withdraw(box: "Box", name: str, amount: str) -> int:
    """Let a process of its own ask for a withdrawal of this user to a stranger's address; return its number."""
    done = box.manage("shell", "-c", f"from tests import payer; payer.ask({name!r}, {amount!r})")
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split("asked:")[1])


def ask(name: str, amount: str) -> None:
    """Be that process."""
    user_id, now = User.objects.get(username=name).pk, timezone.now()
    entry = address_book.add(user_id, to_base58(stranger_address()), label="hardware wallet", now=now)
    wish = withdrawals.Wish(
        user_id=user_id,
        address=entry.address,
        amount_ubtt=parse_btt(amount),
        fee_ubtt=BTT,
        key=f"{time.time_ns():032x}",
    )
    print("asked:", withdrawals.request(wish, now=now).pk)  # noqa: T201  # the answer


def post_all(words: list[tuple[str, str, str, str, str]]) -> None:
    """Be that process."""
    key = f"{timezone.now().timestamp()}"
    items = [_item(Payment(*each), f"{key}/{fresh_key()}") for each in words]
    outcomes = ledger.post(items, now=timezone.now())
    assert all(outcome.is_done for outcome in outcomes), outcomes
    print("posted:", *[outcome.transfer_id for outcome in outcomes if outcome.transfer_id])  # noqa: T201  # the answer


def _item(payment: Payment, key: str) -> Item:
    now = timezone.now()
    if not payment.credit:
        return PlaceHold(
            key=key,
            account=_account(payment.debit),
            amount_ubtt=parse_btt(payment.amount),
            purpose=HoldPurpose.BUDGET,
            cause="budget/7",
            expires_at=now + timedelta(days=1),
        )
    return Transfer(
        key=key,
        debit=_account(payment.debit),
        credit=_account(payment.credit),
        amount_ubtt=parse_btt(payment.amount),
        kind=TransferKind[payment.kind],
        cause=f"{payment.kind.lower().replace('_', '-')[:20]}/41",
        event_at=now,
        memo=payment.memo,
    )


def _account(words: str) -> AccountName:
    own = {"chain": CHAIN, "treasury": TREASURY, "channel": channel_account(ASSET, CHANNEL)}
    return own.get(words) or user(User.objects.get(username=words).pk)
