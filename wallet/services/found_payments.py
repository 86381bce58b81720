"""Payments that left our addresses as no withdrawal of the books: an operator says whose money each of them was.

A backup of the books has lost a whole withdrawal, or what lay at a cold address was paid by its keys elsewhere: the
scan finds a payment that nothing explains, and the chain and the books differ by it. Then it is booked, once, as what
the chain says that it is: nobody types an amount. What is below 1 µBTT of it is rounded up, and is a term of the
comparison from then on.
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.deposits import format_units, split, to_units
from wallet.domain.items import Transfer as TransferItem
from wallet.domain.kinds import TransferKind
from wallet.domain.money import MAX_AMOUNT_UBTT, Asset
from wallet.domain.posting import Code, Outcome
from wallet.domain.routes import is_way
from wallet.domain.withdrawal_states import CANCELLABLE
from wallet.models import Account, ChainCursor, ChainMovement, MovementSide, OperatorAct, Transfer, Withdrawal
from wallet.models.operator_act import ActKind
from wallet.services import ledger, news, outgoing
from wallet.services.entry_rows import Row, minute
from wallet.services.holders import holder
from wallet.services.openings import open_absent
from wallet.services.operators import USED, Actor, Note, account_named, scoped, sentence
from wallet.services.refusals import Refused
from wallet.services.touchable import find_account

SHOWN = 50
NOTHING_TO_BOOK = gettext_noop(
    "This payment is booked already, or a withdrawal of this box books it. Look at the reserves again."
)


def book(*, movement_id: int, account_id: int, actor: Actor, reason: str, key: str, now: datetime) -> OperatorAct:
    """Let an account bear a payment, once, also a frozen one. A refusal is not kept: it may go better later."""
    movement, payer = find(movement_id), find_account(account_id)
    check_bearer(movement, payer)
    item = _transfer(movement, payer)
    note = Note(ActKind.BOOKED, payer.name, actor, reason, scoped(actor, key), now)
    open_absent([item.credit], now=now)

    def work() -> OperatorAct:
        with transaction.atomic():  # or the ledger would remember what it refused, and this payment has but one key
            locked = ChainMovement.objects.select_for_update().get(pk=movement_id)
            if (earlier := note.earlier()) is not None:
                if earlier.transfer_id != locked.transfer_id:
                    raise Refused(USED)  # a form that booked another payment
                return earlier
            check_bookable(locked)
            outcome = ledger.post_one(item, now=now)
            if outcome.code is not Code.OK:
                raise Refused(_why_not(outcome, payer))
            ChainMovement.objects.filter(pk=movement_id).update(transfer_id=outcome.transfer_id)
            return note.write(account_named(payer.name), outcome.transfer_id)

    act = ledger.whole(work)
    news.reserves_changed()
    return act


def _why_not(outcome: Outcome, payer: Account) -> str:
    if outcome.code is Code.INSUFFICIENT and payer.kind == AccountKind.USER:
        return _("%(name)s has less than that available. The treasury can bear it, and you adjust later.") % {
            "name": holder(payer).name
        }
    return sentence(outcome, payer.name)


def open_bearers(movement: ChainMovement, *, now: datetime) -> None:
    """Open what of the box's own can bear a payment: in an asset that hardly moves it may not be there yet."""
    asset = Asset(movement.asset)
    open_absent([own_account(asset, kind) for kind in (AccountKind.TREASURY, AccountKind.NETWORK_FEES)], now=now)


def find(movement_id: int) -> ChainMovement:
    sides = ChainMovement.objects.filter(network=settings.WALLET_NETWORK, side=MovementSide.OUT)
    found = sides.filter(pk=movement_id).first()
    if found is None:
        raise Refused(
            _("There is no payment %(movement_id)s. The page of the reserves lists those that can be booked.")
            % {"movement_id": movement_id}
        )
    return found


def check_bookable(movement: ChainMovement) -> None:
    if not outgoing.not_booked(movement.network).filter(pk=movement.pk).exists():
        raise Refused(NOTHING_TO_BOOK)


def would_pay_again(movement: ChainMovement) -> Withdrawal | None:
    """Return what waits to be sent and asks for the same: the signer stops it, unless it was put back, too."""
    unsent = Withdrawal.objects.filter(state__in=CANCELLABLE, asset=movement.asset, address=movement.recipient)
    asset = Asset(movement.asset)
    return next((one for one in unsent.order_by("pk") if to_units(one.amount_ubtt, asset) == movement.amount), None)


def check_bearer(movement: ChainMovement, payer: Account) -> None:
    asset = Asset(movement.asset)
    if payer.asset != asset or not is_way(TransferKind.FOUND_PAYMENT, AccountKind(payer.kind), AccountKind.CHAIN):
        raise Refused(
            _("A user's %(unit)s, the treasury's or what pays the network can bear it; nothing else can.")
            % {"unit": asset.unit}
        )
    if amount_ubtt(movement) > MAX_AMOUNT_UBTT:
        raise Refused(_("The books can't hold that much."))


def amount_ubtt(movement: ChainMovement) -> int:
    """Return what the payment takes from whoever bears it: rounded up, in the favour of all the others."""
    whole, rest = split(movement.amount, Asset(movement.asset))
    return whole + (1 if rest else 0)


def rounded_up(cursor: ChainCursor) -> Sequence[tuple[Asset, int]]:
    """Return what bookings took more than has left: it lies on the chain, and no account has it."""
    booked = list(outgoing.booked_by_operators(cursor))
    taken = Transfer.objects.in_bulk([one.transfer_id for one in booked if one.transfer_id is not None])
    return [
        (asset, to_units(taken[one.transfer_id].amount_ubtt, asset) - one.amount)
        for one in booked
        if one.transfer_id in taken and (asset := Asset(one.asset))
    ]


def rows() -> list[Row]:
    """Return what waits to be booked, the oldest first; `href` leads from the page to where that is done."""
    return [
        {
            "row": f"payment-{one.pk}",
            "href": f"../book-payment/?movement={one.pk}",
            "at": one.block_at.isoformat(),
            "at_text": minute(one.block_at),
            "amount": format_units(one.amount, Asset(one.asset)),
            "unit": Asset(one.asset).unit,
            "sender": one.sender,
            "recipient": one.recipient,
            "tx": one.tx_id,
        }
        for one in outgoing.not_booked(settings.WALLET_NETWORK).order_by("pk")[:SHOWN]
    ]


def _transfer(movement: ChainMovement, payer: Account) -> TransferItem:
    asset = Asset(movement.asset)
    name = f"found-payment/{movement.network}/{movement.tx_id}/{movement.kind}/{movement.index}"
    return TransferItem(
        key=name,
        debit=payer.name,
        credit=own_account(asset, AccountKind.CHAIN),
        amount_ubtt=amount_ubtt(movement),
        kind=TransferKind.FOUND_PAYMENT,
        cause=name,
        event_at=movement.block_at,
    )
