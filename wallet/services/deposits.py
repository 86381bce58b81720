"""Books what solid blocks have brought: deposits and network fees, in the transaction that moves the cursor.

Keys: `deposit/NETWORK/TX/KIND/INDEX` of what came, `network-fee/NETWORK/TX` of what a transaction of ours has cost, and
`rounding/NETWORK/HEIGHT` of the whole µBTT that the remainders of many deposits have become.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.deposits import UNITS_PER_UBTT, DepositFate, Judgement, judge
from wallet.domain.items import MAX_ITEMS, Transfer
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.posting import Code, Outcome
from wallet.models import Account, ChainCursor, ChainMovement, Deposit, MovementSide
from wallet.services import ledger
from wallet.services.chain_reading import INTERNAL
from wallet.services.network_fees import PAYER, fee_transfer
from wallet.services.watched import Owner

ALARMING = (DepositFate.SUSPENSE, DepositFate.LARGE, DepositFate.INTERNAL)
Posted = tuple[Transfer, Outcome]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """A movement that touches the books: what is asked of the ledger for it, if anything."""

    movement: ChainMovement
    owner: Owner | None = None  # of the address that it came to; none for a fee
    judgement: Judgement | None = None
    item: Transfer | None = None


def arrivals_of(movements: Iterable[ChainMovement], owners: Mapping[str, Owner]) -> list[Arrival]:
    """Decide what becomes of what came in and of fees, in their order. `owners` are ours by their base58."""
    found = []
    for movement in movements:
        if movement.side == MovementSide.FEE:
            found.append(Arrival(movement, item=_fee(movement)))
        elif movement.side == MovementSide.IN:
            owner = owners[movement.recipient]
            judgement = _judge(movement, owner)
            found.append(Arrival(movement, owner, judgement, _credit(movement, judgement)))
    return found


def book(arrivals: Sequence[Arrival], cursor: ChainCursor, *, now: datetime) -> list[Deposit]:
    """Post what came in and what it has cost, write the deposits and return them. Fees get their transfers' ids.

    Called in the transaction that moves the cursor, which is locked.
    """
    asked = [arrival for arrival in arrivals if arrival.item is not None]
    posted = dict(zip(map(id, asked), _post([one.item for one in asked if one.item], now), strict=True))
    deposits = []
    for arrival in arrivals:
        done = posted.get(id(arrival))
        if arrival.judgement is not None and arrival.owner is not None:
            deposits.append(_deposit(arrival, arrival.owner, arrival.judgement, done, now))
        elif done is not None and done[1].is_done:
            arrival.movement.transfer_id = done[1].transfer_id
    Deposit.objects.bulk_create(deposits)
    _carry(deposits, cursor, now)
    return deposits


def book_missed_fees(cursor: ChainCursor, *, now: datetime) -> None:
    """Post fees that could not be booked when they were read, because NETWORK_FEES did not have that much.

    In their order and as far as it has enough now: the ledger keeps an answer for ever, also one that says no.
    """
    missed = ChainMovement.objects.filter(network=cursor.network, side=MovementSide.FEE, transfer_id=None)
    payer = Account.objects.filter(asset=PAYER.asset.value, kind=PAYER.kind.value, ref=PAYER.ref).first()
    left = payer.available_ubtt if payer is not None else 0
    for movement in missed.order_by("pk"):
        if movement.amount > left:
            return
        item = _fee(movement)
        outcome = ledger.post_one(replace(item, key=f"{item.key}/{cursor.height}"), now=now)
        if outcome.is_done:
            left -= movement.amount
            ChainMovement.objects.filter(pk=movement.pk).update(transfer_id=outcome.transfer_id)


def deposit_name(movement: ChainMovement) -> str:
    """Return the key of what came, which is its cause too."""
    return f"deposit/{movement.network}/{movement.tx_id}/{movement.kind}/{movement.index}"


def _judge(movement: ChainMovement, owner: Owner) -> Judgement:
    return judge(
        asset=Asset(movement.asset),
        units=movement.amount,
        place=owner.place,
        user_id=owner.user_id,
        is_internal=movement.kind in INTERNAL,
    )


def _fee(movement: ChainMovement) -> Transfer:
    return fee_transfer(
        network=movement.network, tx_id=movement.tx_id, amount_sun=movement.amount, block_at=movement.block_at
    )


def _credit(movement: ChainMovement, judgement: Judgement) -> Transfer | None:
    if judgement.credit is None:
        return None
    name = deposit_name(movement)
    return Transfer(
        key=name,
        debit=own_account(judgement.credit.asset, AccountKind.CHAIN),
        credit=judgement.credit,
        amount_ubtt=judgement.amount_ubtt,
        kind=TransferKind.DEPOSIT,
        cause=name,
        event_at=movement.block_at,
    )


def _post(items: Sequence[Transfer], now: datetime) -> list[Posted]:
    """Post all. A user who is gone has no account any more: what came for them goes into suspense."""
    outcomes: list[Outcome] = []
    for start in range(0, len(items), MAX_ITEMS):
        outcomes += ledger.post(items[start : start + MAX_ITEMS], now=now)
    posted = list(zip(items, outcomes, strict=True))
    for place, (item, outcome) in enumerate(posted):
        if outcome.code is Code.NOT_FOUND and item.credit.kind is AccountKind.USER:
            instead = replace(item, credit=own_account(item.credit.asset, AccountKind.SUSPENSE))
            posted[place] = instead, ledger.post_one(instead, now=now)
    return posted


def _deposit(arrival: Arrival, owner: Owner, judgement: Judgement, posted: Posted | None, now: datetime) -> Deposit:
    movement, fate = arrival.movement, judgement.fate
    transfer_id = posted[1].transfer_id if posted is not None and posted[1].is_done else None
    if posted is not None and transfer_id is None:
        fate = DepositFate.LARGE  # the account can't hold that much
    elif posted is not None and posted[0].credit.kind is AccountKind.SUSPENSE:
        fate = DepositFate.SUSPENSE
    if fate in ALARMING:
        logger.warning("%s was not credited: %s", deposit_name(movement), fate.label)
    return Deposit(
        network=movement.network,
        tx_id=movement.tx_id,
        kind=movement.kind,
        index=movement.index,
        block_number=movement.block_number,
        block_at=movement.block_at,
        asset=movement.asset,
        sender=movement.sender,
        address=movement.recipient,
        user_id=owner.user_id,
        amount=movement.amount,
        amount_ubtt=judgement.amount_ubtt if transfer_id else 0,
        remainder=judgement.remainder if transfer_id else 0,
        fate=fate,
        transfer_id=transfer_id,
        written_at=now,
    )


def _carry(deposits: Iterable[Deposit], cursor: ChainCursor, now: datetime) -> None:
    """Add up what is left below 1 µBTT; what has become a whole one goes into the books."""
    whole = UNITS_PER_UBTT[Asset.TRC20]
    cursor.carry_units += sum(deposit.remainder for deposit in deposits)
    if cursor.carry_units < whole:
        return
    amount_ubtt, cursor.carry_units = divmod(cursor.carry_units, whole)
    name = f"rounding/{cursor.network}/{cursor.height}"
    item = Transfer(
        key=name,
        debit=own_account(Asset.TRC20, AccountKind.CHAIN),
        credit=own_account(Asset.TRC20, AccountKind.ROUNDING),
        amount_ubtt=amount_ubtt,
        kind=TransferKind.DEPOSIT,
        cause=name,
        event_at=cursor.block_at,
    )
    outcome = ledger.post_one(item, now=now)
    assert outcome.is_done, outcome
