"""What trading moved for a user just now, one transfer at a time: sums that are kept are of whole hours.

What counts as earned and as spent, and when, is said in `trades`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from wallet.domain.accounts import user_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Account, Transfer
from wallet.services.earned import CAUSE

MOST = 20_000  # transfers of one user that are read, the newest
BACK, FURTHER = 1_000, 4  # so many ids back at first, and then so many times as many
LATE = timedelta(minutes=5)  # that a clock which wrote transfers may have been behind
_EARNED = (TransferKind.EARNING, TransferKind.VOUCHER)
_PAID = (TransferKind.VOUCHER, TransferKind.FEE)


@dataclass(frozen=True, slots=True)
class Moment:
    """One transfer by which a user earned or spent."""

    at: datetime
    kind: TransferKind
    deal_id: str  # "": of another install's node, or it was spent
    channel_id: str  # that paid; "": it was earned
    earned_ubtt: int
    spent_ubtt: int


def moments(user_id: int, asset: Asset, *, since: datetime) -> list[Moment]:
    """Return what a user earned and spent since then, in no order, unless it was written long after it happened."""
    name = user_account(asset, user_id)
    account = Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref).first()
    if account is None:
        return []
    return list(_moments(account.pk, after=_last_before(since - LATE), since=since))


def _moments(account_id: int, *, after: int, since: datetime) -> Iterator[Moment]:
    recent = Transfer.objects.filter(pk__gt=after, event_at__gte=since).order_by("-pk")
    # Not as they stand: an index would lead through all that an account ever got, and of such ids there are few.
    came = recent.alias(whose=F("credit_id") + 0).filter(whose=account_id, kind__in=_EARNED)
    for at, kind, cause, amount_ubtt in came.values_list("event_at", "kind", "cause", "amount_ubtt")[:MOST]:
        deal_id = cause.removeprefix(CAUSE) if kind == TransferKind.EARNING else ""
        yield Moment(at, TransferKind(kind), deal_id, "", amount_ubtt, 0)
    went = recent.alias(whose=F("debit__channel__payer_id") + 0).filter(whose=account_id, kind__in=_PAID)
    columns = ("event_at", "kind", "debit__channel__pk", "amount_ubtt")
    for at, kind, channel_id, amount_ubtt in went.values_list(*columns)[:MOST]:
        yield Moment(at, TransferKind(kind), "", str(channel_id), 0, amount_ubtt)


def _last_before(at: datetime) -> int:
    """Return the id of some transfer that was written before a time, 0 where there is none, not far before the first
    that was not: ids go with time, so it is looked for in longer and longer steps back from the end.
    """
    ids = Transfer.objects.order_by("pk")
    newest, back = ids.values_list("pk", flat=True).last() or 0, BACK
    while back < newest:
        found = ids.filter(pk__lte=newest - back).values_list("pk", "written_at").last()
        if found is None:
            return 0
        if found[1] < at:
            return int(found[0])
        back *= FURTHER
    return 0
