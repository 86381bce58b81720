"""The log of what operators did: all of it for admins, the part about own accounts for everybody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from wallet.domain.accounts import AccountKind
from wallet.domain.money import Asset, format_amount
from wallet.domain.retelling import said_again
from wallet.domain.withdrawal_words import DECIDED
from wallet.models import Account, OperatorAct, Transfer
from wallet.models.operator_act import ActKind
from wallet.services.holders import Holder, holders

PAGE_LINES = 50
MAX_NAME_CHARS = 150
OF_A_USER = frozenset({ActKind.FROZE, ActKind.THAWED})  # of the user's accounts of all assets at once
OF_ALL = frozenset({ActKind.RULED, ActKind.STOPPED, ActKind.LIFTED})  # of no account more than of another


@dataclass(frozen=True)
class Side:
    """An account that an act touches."""

    account_id: int
    holder: Holder


@dataclass(frozen=True)
class ActLine:
    """One act, as a line of the log."""

    id: int
    at: datetime
    what: str  # Granted, Froze …
    actor_name: str
    reason: str
    sides: Sequence[Side]  # the account, or who paid and who was paid; none where it is about all that leaves
    amount: str  # "" where none moved
    transfer_id: int | None
    is_own: bool  # touches an account of who did it


@dataclass(frozen=True)
class ActPage:
    """A part of the log, newest first."""

    lines: Sequence[ActLine]
    before: int | None  # where the next, older page begins; None: there is none


def all_acts(*, person: str = "", before: int | None = None, limit: int = PAGE_LINES) -> ActPage:
    """Return everybody's acts; `person` is the whole name of who acted."""
    acts = OperatorAct.objects.all()
    return _page(acts.filter(actor_name__iexact=person) if person else acts, before, limit)


def acts_on_user(user_id: int, *, before: int | None = None, limit: int = PAGE_LINES) -> ActPage:
    """Return what was done to a user's accounts, in whatever asset."""
    accounts = Account.objects.filter(kind=AccountKind.USER, ref=str(user_id))
    return _page(_touching(list(accounts.values_list("pk", flat=True))), before, limit)


def acts_on_account(account: Account, *, before: int | None = None, limit: int = PAGE_LINES) -> ActPage:
    of_its_user = Q(kind__in=OF_A_USER, account__kind=account.kind, account__ref=account.ref)
    return _page(_touching([account.pk], of_its_user), before, limit)


def act_behind(transfer_id: int) -> OperatorAct | None:
    """Return the act that moved this money, if an operator did."""
    return OperatorAct.objects.filter(transfer_id=transfer_id).first()


def _touching(account_ids: list[int], others: Q | None = None) -> QuerySet[OperatorAct]:
    """Acts are few: each that moved money is looked up by its transfer's id."""
    sides = Q(debit__in=account_ids) | Q(credit__in=account_ids)
    moved = Transfer.objects.filter(sides, pk=OuterRef("transfer_id"))
    return OperatorAct.objects.filter(Q(account__in=account_ids) | Exists(moved) | (others or Q(pk__in=())))


def _page(acts: QuerySet[OperatorAct], before: int | None, limit: int) -> ActPage:
    """Read one line more than is shown, to know whether there is another page."""
    if before is not None:
        acts = acts.filter(pk__lt=before)
    found = list(acts.select_related("account").order_by("-pk")[: limit + 1])
    return ActPage(_lines(found[:limit]), found[limit - 1].pk if len(found) > limit else None)


def _lines(acts: Iterable[OperatorAct]) -> list[ActLine]:
    acts = list(acts)
    ids = [act.transfer_id for act in acts if act.transfer_id is not None]
    transfers = Transfer.objects.select_related("debit", "credit").in_bulk(ids)
    accounts = {act.account_id: act.account for act in acts}
    for transfer in transfers.values():
        accounts |= {transfer.debit_id: transfer.debit, transfer.credit_id: transfer.credit}
    names = holders(accounts.values())
    return [_line(act, transfers.get(act.transfer_id or 0), names) for act in acts]


def _reason(act: OperatorAct) -> str:
    """Return what was typed as it is, and what the box has put before it for its reader."""
    ours, colon, typed = act.reason.partition(": ")
    if act.kind == ActKind.LIFTED and ours:
        return f"{_(ours)}{colon}{typed}"
    if act.kind in (ActKind.APPROVED, ActKind.REJECTED):
        return f"{said_again(ours, [DECIDED])}{colon}{typed}"
    return act.reason


def _line(act: OperatorAct, transfer: Transfer | None, names: dict[int, Holder]) -> ActLine:
    touched = [transfer.debit, transfer.credit] if transfer else [act.account]
    is_own = any(account.kind == AccountKind.USER and account.ref == str(act.actor_id) for account in touched)
    return ActLine(
        id=act.pk,
        at=act.at,
        what=act.get_kind_display(),
        actor_name=act.actor_name,
        reason=_reason(act),
        sides=[] if act.kind in OF_ALL else [Side(account.pk, names[account.pk]) for account in touched],
        amount=format_amount(transfer.amount_ubtt, Asset(transfer.asset)) if transfer else "",
        transfer_id=act.transfer_id,
        is_own=is_own,
    )
