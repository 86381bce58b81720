"""What an operator may do to accounts: grant, freeze, thaw, adjust, reverse.

Nothing here makes money: it moves between accounts that have it. Each act has a reason and is written down in the
transaction of its effect; the same key acts once. What is refused is Refused, with a sentence.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.accounts import AccountKind, AccountName, own_account, user_account
from wallet.domain.items import Transfer as TransferItem
from wallet.domain.items import key_hash
from wallet.domain.kinds import TransferKind
from wallet.domain.money import format_amount
from wallet.domain.posting import Code, Outcome
from wallet.models import Account, OperatorAct
from wallet.models.operator_act import ActKind
from wallet.services import ledger
from wallet.services.holders import holder
from wallet.services.install import market_asset, other_asset
from wallet.services.openings import open_absent
from wallet.services.refusals import Refused
from wallet.services.reversals import reverse as reverse_transfer
from wallet.services.touchable import check_adjustable, check_freezable, check_reversible, find_account, find_transfer

MAX_REASON_CHARS = 200
USED = gettext_noop("This form was used already. Open it anew, and look first what has happened.")


@dataclass(frozen=True)
class Actor:
    """The operator who acts."""

    id: int
    name: str


def treasury() -> AccountName:
    return own_account(market_asset(), AccountKind.TREASURY)


def grant(*, user_id: int, amount_ubtt: int, actor: Actor, reason: str, key: str, now: datetime) -> OperatorAct:
    """Give a user money of the treasury's."""
    receiver = user_account(market_asset(), user_id)
    item = _transfer(TransferKind.GRANT, treasury(), receiver, amount_ubtt, actor=actor, key=key, now=now)
    open_absent([item.debit, item.credit], now=now)
    note = Note(ActKind.GRANTED, receiver, actor, reason, item.key, now)
    return _move(lambda: ledger.post_one(item, now=now), note, payer=item.debit)


def adjust(
    *, debit_id: int, credit_id: int, amount_ubtt: int, actor: Actor, reason: str, key: str, now: datetime
) -> OperatorAct:
    """Move money between two accounts that exist, also out of a frozen one."""
    debit, credit = find_account(debit_id), find_account(credit_id)
    check_adjustable(debit, credit)
    item = _transfer(TransferKind.ADJUSTMENT, debit.name, credit.name, amount_ubtt, actor=actor, key=key, now=now)
    note = Note(ActKind.ADJUSTED, debit.name, actor, reason, item.key, now)
    return _move(lambda: ledger.post_one(item, now=now), note, payer=item.debit)


def reverse(*, transfer_id: int, actor: Actor, reason: str, key: str, now: datetime) -> OperatorAct:
    """Send the money of a transfer back to where it came from, once."""
    original = find_transfer(transfer_id)
    check_reversible(original)
    key, payer = scoped(actor, key), original.credit.name
    note = Note(ActKind.REVERSED, payer, actor, reason, key, now)
    return _move(
        lambda: reverse_transfer(transfer_id=transfer_id, key=key, now=now, cause=_cause(actor)), note, payer=payer
    )


def freeze(*, account_id: int, actor: Actor, reason: str, key: str, now: datetime) -> OperatorAct:
    """Let nothing leave a user's accounts, this one and those of other assets, by its owner's wish.

    What comes in is still taken.
    """
    return _set_frozen(ActKind.FROZE, account_id, actor, reason, key, now)


def thaw(*, account_id: int, actor: Actor, reason: str, key: str, now: datetime) -> OperatorAct:
    return _set_frozen(ActKind.THAWED, account_id, actor, reason, key, now)


def check_reason(reason: str) -> str:
    """Return the reason without white space around it."""
    reason = reason.strip()
    if not 1 <= len(reason) <= MAX_REASON_CHARS:
        raise Refused(
            _("Write a reason of 1 to %(max_reason_chars)s characters: it stays in the log.")
            % {"max_reason_chars": MAX_REASON_CHARS}
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in reason):
        raise Refused(_("Write the reason in one line, without control characters."))
    return reason


def write_down(
    kind: ActKind, account: AccountName, *, actor: Actor, reason: str, key: str, now: datetime
) -> OperatorAct:
    """Write an act that moves no money by itself into the log, in the transaction of its effect."""
    return Note(kind, account, actor, reason, key, now).write(account_named(account))


def in_flight_account(*, now: datetime) -> AccountName:
    """Return the account of what is on its way out: acts about all withdrawals stand there in the log."""
    found = own_account(market_asset(), AccountKind.IN_FLIGHT)
    open_absent([found], now=now)
    return found


class Note:
    """What will be written down of an act. Checks the reason."""

    def __init__(self, kind: ActKind, account: AccountName, actor: Actor, reason: str, key: str, now: datetime) -> None:
        self.kind, self.account, self.actor, self.now = kind, account, actor, now
        self.reason = check_reason(reason)
        self.key_hash = key_hash(key)

    def earlier(self) -> OperatorAct | None:
        """Return the act that was written under this key before; raises Refused if it is another one."""
        found = OperatorAct.objects.select_related("account").filter(key_hash=self.key_hash).first()
        if found is None:
            return None
        if (found.kind, found.account.name, found.reason) != (self.kind, self.account, self.reason):
            raise Refused(USED)
        return found

    def write(self, account: Account, transfer_id: int | None = None) -> OperatorAct:
        return OperatorAct.objects.create(
            at=self.now,
            kind=self.kind,
            actor_id=self.actor.id,
            actor_name=self.actor.name,
            account=account,
            transfer_id=transfer_id,
            reason=self.reason,
            key_hash=self.key_hash,
        )


def _move(post: Callable[[], Outcome], note: Note, *, payer: AccountName) -> OperatorAct:
    """Post and write the act beside it, both or neither. A refusal is kept: its key never works later."""

    def work() -> tuple[Outcome, OperatorAct | None]:
        outcome = post()
        if outcome.code is Code.EXISTS:
            return outcome, note.earlier()
        if outcome.code is not Code.OK:
            return outcome, None
        return outcome, note.write(account_named(note.account), outcome.transfer_id)

    outcome, act = ledger.whole(work)
    if act is None:
        raise Refused(sentence(outcome, payer))
    return act


def _set_frozen(kind: ActKind, account_id: int, actor: Actor, reason: str, key: str, now: datetime) -> OperatorAct:
    account = find_account(account_id)
    check_freezable(account)
    wanted = kind is ActKind.FROZE
    # Also those to which nothing has come yet: a first deposit must not make a way out.
    open_absent([user_account(asset, int(account.ref)) for asset in (market_asset(), other_asset())], now=now)
    note = Note(kind, account.name, actor, reason, scoped(actor, key), now)

    def work() -> OperatorAct | None:
        # Locked in the order of the ledger, and no row after them: so this waits for postings, and none in a circle.
        rows = Account.objects.select_for_update(no_key=True).filter(kind=account.kind, ref=account.ref)
        locked = list(rows.order_by("pk"))
        earlier = note.earlier()
        if earlier is not None or all(one.is_frozen == wanted for one in locked):
            return earlier
        Account.objects.filter(pk__in=[one.pk for one in locked]).update(is_frozen=wanted)
        return note.write(account)

    act = ledger.whole(work)
    if act is None:
        if wanted:
            raise Refused(_("The account is frozen already. Nothing was changed."))
        raise Refused(_("The account is not frozen. Nothing was changed."))
    return act


def _transfer(
    kind: TransferKind,
    debit: AccountName,
    credit: AccountName,
    amount_ubtt: int,
    *,
    actor: Actor,
    key: str,
    now: datetime,
) -> TransferItem:
    return TransferItem(
        key=scoped(actor, key),
        debit=debit,
        credit=credit,
        amount_ubtt=amount_ubtt,
        kind=kind,
        cause=_cause(actor),
        event_at=now,
    )


def scoped(actor: Actor, key: str) -> str:
    """Return the key among all of the ledger's: nobody can use up somebody else's."""
    return f"operator/{actor.id}/{key}"


def _cause(actor: Actor) -> str:
    return f"operator/{actor.id}"


def account_named(name: AccountName) -> Account:
    return Account.objects.get(asset=name.asset, kind=name.kind, ref=name.ref)


def sentence(outcome: Outcome, payer: AccountName) -> str:
    if outcome.code is Code.INSUFFICIENT:
        account = account_named(payer)
        who, has = holder(account).name, format_amount(account.available_ubtt, payer.asset)
        if payer.kind is AccountKind.TREASURY:
            return _(
                "The treasury has only %(has)s available. Move money into it first, by an adjustment "
                "from the fees, or pay into the hot address: what comes there from outside is the "
                "treasury's."
            ) % {"has": has}
        return _(
            "%(who)s has only %(has)s available: the rest is spent or reserved. An adjustment "
            "can take a smaller amount."
        ) % {"who": who, "has": has}
    return {
        Code.NOT_FOUND: _("The account does not exist any more, or its user does not. Look into the books."),
        Code.REVERSED: _("This transfer was reversed already. Nothing was moved again."),
        Code.NOT_REVERSIBLE: _("A reversal can't be reversed. An adjustment moves the money once more."),
        Code.OVERFLOW: _("The account can't hold that much. Move a smaller amount."),
        Code.FROZEN: _("The account that should pay is frozen. Thaw it first."),
    }.get(outcome.code, USED)
