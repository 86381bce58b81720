"""What users have earned by what they hold, as the ledger credited it: shares of deals, by deal and by day.

An earning is a transfer from a node's earnings to a user's account, and its cause is `deal/…`. No operator can reverse
one. All of a user's are summed when they are asked for: a deal brings a handful, and a copy of the sums could be wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import CharField, Min, Q, QuerySet, Sum
from django.db.models.functions import Cast, Left

from wallet.domain.accounts import user_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Account, Transfer

CAUSE = "deal/"


@dataclass(frozen=True, slots=True)
class Earned:
    """What a user has earned by one deal."""

    total_ubtt: int
    week_ubtt: int  # of the total: since the time that was asked for
    today_ubtt: int  # likewise
    first_at: datetime


def by_deal(user_id: int, asset: Asset, *, week_from: datetime, today_from: datetime) -> Mapping[str, Earned]:
    """Return what a user has earned ever, by the id of the deal."""
    sums = (
        _earnings(user_id, asset)
        .values_list("cause")
        .annotate(
            total=Sum("amount_ubtt"),
            week=Sum("amount_ubtt", filter=Q(event_at__gte=week_from)),
            today=Sum("amount_ubtt", filter=Q(event_at__gte=today_from)),
            first=Min("event_at"),
        )
    )
    return {
        cause.removeprefix(CAUSE): Earned(int(total), int(week or 0), int(today or 0), first)
        for cause, total, week, today, first in sums
    }


def by_day(user_id: int, asset: Asset, *, since: datetime) -> Mapping[date, int]:
    """Return what a user has earned since then, by the day in UTC; days without any are left out."""
    recent = _earnings(user_id, asset).filter(event_at__gte=since)
    # As text, which begins with the day on both databases: SQLite would call Python for each row to truncate a time.
    days = recent.values_list(Left(Cast("event_at", CharField()), 10)).annotate(total=Sum("amount_ubtt"))
    return {date.fromisoformat(day): int(total) for day, total in days}


def _earnings(user_id: int, asset: Asset) -> QuerySet[Transfer]:
    """Return the transfers, without an order: one would be a group of its own in sums."""
    name = user_account(asset, user_id)
    account = Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref).values("pk")
    return Transfer.objects.filter(credit_id__in=account, kind=TransferKind.EARNING).order_by()
