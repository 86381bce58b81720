"""What the books have to tell people: money that came, went or came back, and what waits for an operator.

Read from the rows that money left behind, by whoever tells it: nothing of this is in the way of money, and who looks
at the same rows again finds the same tidings under the same keys.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.accounts import AccountKind
from wallet.domain.deposits import DepositFate
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset, format_amount
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Deposit, Halt, OperatorAct, Transfer, Withdrawal
from wallet.models.operator_act import ActKind

DEPOSITS, WITHDRAWALS, TIPS, FREEZES = "deposits", "withdrawals", "tips", "freezes"
APPROVALS, HALTS = "approvals", "halts"  # for operators

NEWEST = 200  # rows of each sort that one look goes through
BACK = 5_000  # withdrawals, by their id: among older ones nothing is looked for
OVERLAP = 1_000  # transfers: a smaller id may be committed after a larger one
AT_FIRST = 20_000  # transfers through which the first look of a process goes

GIFTS = (TransferKind.TIP, TransferKind.GRANT)


@dataclass(frozen=True, kw_only=True)
class Tiding:
    """Something to tell one user, or all operators."""

    user_id: int | None  # None: all operators
    kind: str
    key: str  # the same however often it is found
    at: datetime
    tone: str  # success | info | warning | danger
    text: str | Callable[[], str]  # what says it in its reader's manner
    url_name: str
    url_args: tuple[int | str, ...] = ()


class Lookout:
    """Looks at what is new, again and again; remembers up to where, so that a look costs little in large books."""

    def __init__(self) -> None:
        self._seen_transfer_id: int | None = None

    def look(self, *, since: datetime) -> list[Tiding]:
        """Return what has happened since then, some of it maybe not for the first time."""
        return [
            *_deposits(since),
            *_withdrawals(since),
            *_approvals(since),
            *self._gifts(since),
            *_freezes(since),
            *_halts(since),
        ]

    def _gifts(self, since: datetime) -> Iterator[Tiding]:
        newest = Transfer.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        first = newest - AT_FIRST if self._seen_transfer_id is None else self._seen_transfer_id - OVERLAP
        self._seen_transfer_id = newest
        found = Transfer.objects.filter(
            pk__gt=first, kind__in=GIFTS, written_at__gte=since, credit__kind=AccountKind.USER
        )
        gifts = list(found.select_related("debit", "credit").order_by("-pk")[:NEWEST])
        names = _names(gift.debit.ref for gift in gifts if gift.kind == TransferKind.TIP)
        for gift in gifts:
            yield _gift(gift, names.get(gift.debit.ref, ""))


def _gift(gift: Transfer, sender: str) -> Tiding:
    facts = {"sender": sender, "memo": gift.memo}
    if gift.kind == TransferKind.GRANT:
        text = gettext_noop("You were granted %(amount)s.")
    elif gift.memo:
        text = gettext_noop("%(sender)s sent you %(amount)s: “%(memo)s”")
    else:
        text = gettext_noop("%(sender)s sent you %(amount)s.")
    return Tiding(
        user_id=int(gift.credit.ref),
        kind=TIPS,
        key=f"gift/{gift.pk}",
        at=gift.written_at,
        tone="success",
        text=partial(_with_amount, text, gift.amount_ubtt, Asset(gift.asset), facts),
        url_name="money_entry",
        url_args=(gift.pk,),
    )


def _with_amount(text: str, amount_ubtt: int, asset: Asset, facts: Mapping[str, str]) -> str:
    return _(text) % {"amount": format_amount(amount_ubtt, asset), **facts}


def _saying(text: str, reason: str) -> str:
    return _(text) % {"reason": reason}


def _names(refs: Iterable[str]) -> dict[str, str]:
    ids = {int(ref) for ref in refs if ref.isdecimal()}
    return {str(user.pk): user.get_username() for user in get_user_model().objects.filter(pk__in=ids)}


def _deposits(since: datetime) -> Iterator[Tiding]:
    for came in Deposit.objects.order_by("-pk")[:NEWEST]:
        if came.user_id is None or came.written_at < since:
            continue
        is_credited = came.fate == DepositFate.CREDITED
        yield Tiding(
            user_id=came.user_id,
            kind=DEPOSITS,
            key=f"deposit/{came.pk}",
            at=came.written_at,
            tone="success" if is_credited else "warning",
            text=partial(_with_amount, gettext_noop("%(amount)s came in."), came.amount_ubtt, Asset(came.asset), {})
            if is_credited
            else partial(_, gettext_noop("Something came to your address that could not be credited.")),
            url_name="deposit_came",
            url_args=(came.pk,),
        )


def _withdrawals(since: datetime) -> Iterator[Tiding]:
    texts = {
        WithdrawalState.FINAL: ("success", gettext_noop("Your withdrawal of %(amount)s has arrived.")),
        WithdrawalState.RETURNED: (
            "danger",
            gettext_noop("Your withdrawal of %(amount)s did not arrive. The money is back."),
        ),
        WithdrawalState.REJECTED: (
            "warning",
            gettext_noop("Your withdrawal of %(amount)s was rejected. The money is back."),
        ),
    }
    newest = Withdrawal.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found = Withdrawal.objects.filter(pk__gt=newest - BACK, state__in=texts, ended_at__gte=since)
    for ended in found.order_by("-pk")[:NEWEST]:
        tone, text = texts[WithdrawalState(ended.state)]
        yield Tiding(
            user_id=ended.user_id,
            kind=WITHDRAWALS,
            key=f"withdrawal/{ended.pk}/{ended.state}",
            at=ended.ended_at or since,
            tone=tone,
            text=partial(_with_amount, text, ended.amount_ubtt, Asset(ended.asset), {}),
            url_name="withdrawal",
            url_args=(ended.pk,),
        )


def _approvals(since: datetime) -> Iterator[Tiding]:
    waiting = Withdrawal.objects.filter(state=WithdrawalState.CHECKING, needs_approval=True, requested_at__gte=since)
    for wish in waiting.order_by("-pk")[:NEWEST]:
        text = gettext_noop("A withdrawal of %(amount)s waits for an approval.")
        yield Tiding(
            user_id=None,
            kind=APPROVALS,
            key=f"approval/{wish.pk}",
            at=wish.requested_at,
            tone="warning",
            text=partial(_with_amount, text, wish.amount_ubtt, Asset(wish.asset), {}),
            url_name="desk_withdrawal",
            url_args=(wish.pk,),
        )


def _freezes(since: datetime) -> Iterator[Tiding]:
    texts = {
        ActKind.FROZE: ("danger", gettext_noop("Your money was frozen by an operator: %(reason)s")),
        ActKind.THAWED: ("success", gettext_noop("Your money is free again: %(reason)s")),
    }
    acts = OperatorAct.objects.filter(kind__in=texts, at__gte=since, account__kind=AccountKind.USER)
    for act in acts.select_related("account").order_by("-at", "-pk")[:NEWEST]:
        tone, text = texts[ActKind(act.kind)]
        yield Tiding(
            user_id=int(act.account.ref),
            kind=FREEZES,
            key=f"act/{act.pk}",
            at=act.at,
            tone=tone,
            text=partial(_saying, text, act.reason),
            url_name="own_acts",
        )


def _halts(since: datetime) -> Iterator[Tiding]:
    for halt in Halt.objects.order_by("-halted_at", "-pk")[:NEWEST]:
        if halt.halted_at >= since:
            text = partial(_of_halt, gettext_noop("Withdrawals are halted: %(reason)s."), halt)
            yield _halt_tiding(f"halt/{halt.pk}", halt.halted_at, "danger", text)
        if halt.lifted_at is not None and halt.lifted_at >= since:
            text = partial(_of_halt, gettext_noop("A halt was lifted: %(reason)s."), halt)
            yield _halt_tiding(f"lifted/{halt.pk}", halt.lifted_at, "success", text)


def _of_halt(text: str, halt: Halt) -> str:
    return _saying(text, halt.get_reason_display())


def _halt_tiding(key: str, at: datetime, tone: str, text: Callable[[], str]) -> Tiding:
    return Tiding(user_id=None, kind=HALTS, key=key, at=at, tone=tone, text=text, url_name="reserves")
