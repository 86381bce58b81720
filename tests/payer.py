"""What an insider does with money on a real box: to be seen on pages that are open meanwhile."""

import time
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from django.utils import timezone

from seedbox.models import User
from tests.ledger import ASSET, BTT, CHAIN, TREASURY, fresh_key, user
from tests.withdrawals import stranger_address
from wallet.domain.accounts import AccountKind, AccountName, channel_account
from wallet.domain.deposits import DepositFate, to_units
from wallet.domain.items import HoldPurpose, Item, PlaceHold, Transfer
from wallet.domain.kinds import TransferKind
from wallet.domain.money import parse_btt
from wallet.domain.posting import Outcome
from wallet.domain.tron.addresses import to_base58
from wallet.models import ChainMovement, Deposit, HaltReason, MovementSide
from wallet.services import address_book, halts, ledger, withdrawals

CHANNEL = "3f2a9c1db04e7756" * 2


class Payment(NamedTuple):
    """Sides are user names, `chain`, `treasury` or `channel`; what goes to nobody is held."""

    debit: str
    credit: str
    amount: str
    kind: str = "TIP"
    memo: str = ""


def ask_to_withdraw(name: str, amount: str) -> int:
    """Ask for a withdrawal of this user to a stranger's address; return its number."""
    user_id, now = User.objects.get(username=name).pk, timezone.now()
    entry = address_book.add(user_id, to_base58(stranger_address()), label="hardware wallet", now=now)
    wish = withdrawals.Wish(
        user_id=user_id,
        address=entry.address,
        amount_ubtt=parse_btt(amount),
        fee_ubtt=BTT,
        key=f"{time.time_ns():032x}",
    )
    return int(withdrawals.request(wish, now=now).pk)


def halt(why: str) -> int:
    """Halt withdrawals; return the halt's number."""
    halts.halt(HaltReason.OPERATOR, why, timezone.now())
    return int(halts.standing()[-1].pk)


def deposit_behind(transfer_id: int) -> int:
    """Return the number of the deposit that a transfer of `post_all` has booked."""
    return int(Deposit.objects.get(transfer_id=transfer_id).pk)


def post_all(words: Sequence[tuple[str, str, str, str, str]]) -> list[int]:
    """Post these in one batch, and return the transfers' ids.

    What comes from the chain gets the rows of a scan too, or the books would be found wrong.
    """
    key = f"{timezone.now().timestamp()}"
    items = [_item(Payment(*each), f"{key}/{fresh_key()}") for each in words]

    def work() -> list[Outcome]:
        found = ledger.post(items, now=timezone.now())
        for item, outcome in zip(items, found, strict=True):
            if isinstance(item, Transfer) and item.debit == CHAIN and outcome.transfer_id:
                _let_it_have_come(item, outcome.transfer_id)
        return found

    outcomes = ledger.whole(work)
    assert all(outcome.is_done for outcome in outcomes), outcomes
    return [outcome.transfer_id for outcome in outcomes if outcome.transfer_id]


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
        cause=_cause(payment, key),
        event_at=now,
        memo=payment.memo,
    )


def _cause(payment: Payment, key: str) -> str:
    if payment.debit == "chain":
        return f"deposit/devnet/{sha256(key.encode()).hexdigest()}/trc20/0"
    return f"{payment.kind.lower().replace('_', '-')[:20]}/41"


def _let_it_have_come(item: Transfer, transfer_id: int) -> None:
    """Write what a scan would have written of this deposit, in a block before all that were read."""
    _, network, tx_id, kind, index = item.cause.split("/")
    came: dict[str, Any] = {
        "network": network,
        "tx_id": tx_id,
        "kind": kind,
        "index": int(index),
        "block_number": 0,
        "block_at": item.event_at,
        "asset": item.debit.asset,
        "sender": to_base58(stranger_address()),
        "amount": to_units(item.amount_ubtt, item.debit.asset),
    }
    ours = to_base58(stranger_address(2))
    ChainMovement.objects.create(**came, side=MovementSide.IN, recipient=ours)
    is_users = item.credit.kind is AccountKind.USER
    Deposit.objects.create(
        **came,
        address=ours,
        user_id=int(item.credit.ref) if is_users else None,
        amount_ubtt=item.amount_ubtt,
        fate=DepositFate.CREDITED if is_users else DepositFate.OPERATOR,
        transfer_id=transfer_id,
        written_at=item.event_at,
    )


def _account(words: str) -> AccountName:
    own = {"chain": CHAIN, "treasury": TREASURY, "channel": channel_account(ASSET, CHANNEL)}
    return own.get(words) or user(User.objects.get(username=words).pk)
