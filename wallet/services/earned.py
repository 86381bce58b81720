"""What users have earned by what they hold, as the ledger credited it: shares of deals, by deal and by day.

An earning is a transfer from a node's earnings to a user's account, and its cause is `deal/…`. No operator can reverse
one. All of a user's are summed when they are asked for: a deal brings a handful, and a copy of the sums could be wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Aggregate, CharField, Min, Q, QuerySet, Sum
from django.db.models.functions import Cast, Left

from wallet.domain.accounts import user_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Account, Transfer

CAUSE = "deal/"


@dataclass(frozen=True, slots=True)
class Earned:
    """What a user has earned by one deal, or by all."""

    total_ubtt: int
    week_ubtt: int  # of the total: since the time that was asked for
    today_ubtt: int  # likewise
    first_at: datetime | None  # None: nothing yet


def by_deal(user_id: int, asset: Asset, *, week_from: datetime, today_from: datetime) -> Mapping[str, Earned]:
    """Return what a user has earned ever, by the id of the deal."""
    sums = _earnings(user_id, asset).values_list("cause").annotate(**_sums(week_from, today_from))
    return {cause.removeprefix(CAUSE): _earned(*values) for cause, *values in sums}


def by_all(user_id: int, asset: Asset, *, week_from: datetime, today_from: datetime) -> Earned:
    """Return what a user has earned ever."""
    found = _earnings(user_id, asset).aggregate(**_sums(week_from, today_from))
    return _earned(found["total"], found["week"], found["today"], found["first"])


def by_day(user_id: int, asset: Asset, *, since: datetime) -> Mapping[date, int]:
    """Return what a user has earned since then, by the day in UTC; days without any are left out."""
    recent = _earnings(user_id, asset).filter(event_at__gte=since)
    # As text, which begins with the day on both databases: SQLite would call Python for each row to truncate a time.
    days = recent.values_list(Left(Cast("event_at", CharField()), 10)).annotate(total=Sum("amount_ubtt"))
    return {date.fromisoformat(day): int(total) for day, total in days}


def _sums(week_from: datetime, today_from: datetime) -> dict[str, Aggregate]:
    return {
        "total": Sum("amount_ubtt"),
        "week": Sum("amount_ubtt", filter=Q(event_at__gte=week_from)),
        "today": Sum("amount_ubtt", filter=Q(event_at__gte=today_from)),
        "first": Min("event_at"),
    }


def _earned(total: int | None, week: int | None, today: int | None, first: datetime | None) -> Earned:
    return Earned(int(total or 0), int(week or 0), int(today or 0), first)


def _earnings(user_id: int, asset: Asset) -> QuerySet[Transfer]:
    """Return the transfers, without an order: one would be a group of its own in sums."""
    name = user_account(asset, user_id)
    account = Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref).values("pk")
    return Transfer.objects.filter(credit_id__in=account, kind=TransferKind.EARNING).order_by()
