"""What pages read of withdrawals: a user's own, one of them with its log, and what operators see of all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db.models import Sum
from django.utils.translation import gettext as _

from wallet.domain.accounts import AccountKind
from wallet.domain.money import Asset
from wallet.domain.withdrawal_states import OPEN, WithdrawalState
from wallet.models import Account, Attempt, AttemptEvent, Withdrawal, WithdrawalDesk
from wallet.services.attempt_rows import event_row
from wallet.services.install import market_asset, other_asset
from wallet.services.withdrawal_rows import OPERATOR, OWNER, Reader, Row, Standing, withdrawal_row
from wallet.services.withdrawing import queue

PAGE_ROWS = 30
NEWEST = 20  # of one live message, and all that are under way
QUEUE_SHOWN = 50
EVENTS_SHOWN = 100
FAILING_SHOWN = 5

Message = dict[str, object]


@dataclass(frozen=True)
class Page:
    """A part of a list, newest first."""

    rows: Sequence[Row]
    before: int | None  # where the next, older page begins


@dataclass(frozen=True)
class Overview:
    """What operators see of all withdrawals."""

    checking: Sequence[Row]
    queue: Sequence[Row]
    sending: Sequence[Row]
    ended: Sequence[Row]
    desk: WithdrawalDesk | None
    failing: Sequence[Withdrawal]  # what the chain would not take now; they wait alone
    waiting_ubtt: Mapping[Asset, int]  # asked for, and not sent
    in_flight_ubtt: Mapping[Asset, int]
    earned_ubtt: Mapping[Asset, int]


def messages(user_id: int) -> list[Message]:
    """Return a user's newest withdrawals and those under way, as the messages of the live socket."""
    own = Withdrawal.objects.filter(user_id=user_id).order_by("-pk")
    shown = {one.pk: one for one in [*own[:NEWEST], *own.filter(state__in=OPEN)[:NEWEST]]}
    if not shown:
        return []
    return [
        {"type": "rows", "rows": {str(row["row"]): row for row in rows_of(shown.values())}},
        {"type": "changed", "what": "withdrawal-log"},
    ]


def desk_messages(user_id: int) -> list[Message]:
    """Return what of the desk shall be fetched anew, as messages of the live socket; nothing for anybody but admins."""
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if not getattr(user, "is_admin", False):
        return []
    return [{"type": "changed", "what": what} for what in ("desk", "withdrawal-log")]


def list_own(user_id: int, *, before: int | None) -> Page:
    own = Withdrawal.objects.filter(user_id=user_id).order_by("-pk")
    found = list((own.filter(pk__lt=before) if before is not None else own)[: PAGE_ROWS + 1])
    older = found[PAGE_ROWS - 1].pk if len(found) > PAGE_ROWS else None
    return Page(rows_of(found[:PAGE_ROWS]), older)


def find_own(user_id: int, withdrawal_id: int) -> Withdrawal | None:
    return Withdrawal.objects.filter(user_id=user_id, pk=withdrawal_id).first()


def find(withdrawal_id: int) -> Withdrawal | None:
    return Withdrawal.objects.filter(pk=withdrawal_id).first()


def log_of(withdrawal: Withdrawal, *, with_details: bool) -> Sequence[Row]:
    """Return what was done about its attempts, the newest first; details are for operators."""
    events = AttemptEvent.objects.filter(attempt__withdrawal=withdrawal).select_related("attempt").order_by("-pk")
    return [
        event_row(event, with_details=with_details) | {"number": event.attempt.number}
        for event in events[:EVENTS_SHOWN]
    ]


def overview() -> Overview:
    by_time = Withdrawal.objects.order_by("pk")
    waiting = by_time.filter(state__in=[WithdrawalState.CHECKING, WithdrawalState.QUEUED])
    return Overview(
        checking=desk_rows_of(by_time.filter(state=WithdrawalState.CHECKING)[:QUEUE_SHOWN]),
        queue=desk_rows_of(by_time.filter(state=WithdrawalState.QUEUED).order_by("queued_at", "pk")[:QUEUE_SHOWN]),
        sending=desk_rows_of(by_time.filter(state=WithdrawalState.SENDING)[:QUEUE_SHOWN]),
        ended=desk_rows_of(by_time.exclude(state__in=OPEN).order_by("-ended_at", "-pk")[:NEWEST]),
        desk=WithdrawalDesk.objects.first(),
        failing=list(by_time.filter(state__in=OPEN).exclude(fails_because="")[:FAILING_SHOWN]),
        waiting_ubtt=_by_asset(waiting.order_by().values_list("asset").annotate(all_ubtt=Sum("amount_ubtt"))),
        in_flight_ubtt=_balances(AccountKind.IN_FLIGHT),
        earned_ubtt=_balances(AccountKind.FEES),
    )


def desk_rows_of(withdrawals: Iterable[Withdrawal]) -> list[Row]:
    """Return rows as operators see them: with whose they are, and about that user."""
    found = list(withdrawals)
    users = get_user_model().objects.in_bulk({one.user_id for one in found})
    rows = rows_of(found, reader=OPERATOR)
    for one, row in zip(found, rows, strict=True):
        row["user"] = (
            users[one.user_id].get_username()
            if one.user_id in users
            else _("User %(user_id)s, who is gone") % {"user_id": one.user_id}
        )
    return rows


def rows_of(withdrawals: Iterable[Withdrawal], *, reader: Reader = OWNER) -> list[Row]:
    """Return the rows of some withdrawals, with few questions for all of them."""
    found = list(withdrawals)
    ids = [one.pk for one in found]
    newest = {one.withdrawal_id: one for one in Attempt.objects.filter(withdrawal__in=ids).order_by("number")}
    said = {
        event.attempt_id: event
        for event in AttemptEvent.objects.filter(attempt__in=[one.pk for one in newest.values()]).order_by("pk")
    }
    places = _places() if any(one.state == WithdrawalState.QUEUED for one in found) else {}
    desk = WithdrawalDesk.objects.first()
    return [
        withdrawal_row(
            Standing(
                withdrawal=one,
                attempt=newest.get(one.pk),
                said=said.get(newest[one.pk].pk) if one.pk in newest else None,
                place=places.get(one.pk, 0),
                desk=desk,
                reader=reader,
            )
        )
        for one in found
    ]


def _places() -> dict[int, int]:
    return {pk: place for place, pk in enumerate(queue().values_list("pk", flat=True), 1)}


def _balances(kind: AccountKind) -> dict[Asset, int]:
    return _by_asset(Account.objects.filter(kind=kind, ref="").values_list("asset", "balance_ubtt"))


def _by_asset(found: Iterable[tuple[int, int]]) -> dict[Asset, int]:
    """Return the sums of what can be withdrawn: of the market's asset always, of the other if there is any."""
    sums = {Asset(asset): int(sum_ubtt) for asset, sum_ubtt in found}
    other = {other_asset(): sums[other_asset()]} if sums.get(other_asset()) else {}
    return {market_asset(): sums.get(market_asset(), 0)} | other
