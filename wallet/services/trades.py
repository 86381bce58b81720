"""What trading moved for users, for whoever knows the deals: by user and hour, and by deal or channel.

Earned is what nodes have shared (of the kind EARNING, caused by `deal/…`), and what other installs' nodes, which earn
for a user here, were paid out of channels. Spent is what was paid out of a user's channels, the hub's fee included, at
the time when the hub paid it out: a voucher that nobody has redeemed yet has cost nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, CharField, Count, F, Max, Q, QuerySet, Value

from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Transfer
from wallet.services import statements
from wallet.services.earned import CAUSE
from wallet.services.flows import HOUR, PAID, written_hour
from wallet.services.long_sums import halves, together

_NOTHING = Value("", CharField())

# What is asked for, where the user's account is, what it was for, and whether it was earned or spent.
_SIDES: tuple[tuple[Q, str, dict[str, Any], bool], ...] = (
    (
        Q(kind=TransferKind.EARNING),
        "credit",
        {"deal": F("cause"), "through": _NOTHING},
        True,
    ),
    (
        Q(kind=TransferKind.VOUCHER),
        "credit",
        {"deal": _NOTHING, "through": _NOTHING},
        True,
    ),
    (
        Q(kind__in=PAID),
        "debit__channel__payer",
        {"deal": _NOTHING, "through": F("debit__channel__pk")},
        False,
    ),
)


@dataclass(frozen=True, slots=True)
class Trade:
    """What a user earned by one deal, or spent through one channel, within one hour."""

    user_id: int
    asset: Asset
    hour_at: datetime
    deal_id: str  # "": of another install's node
    channel_id: str  # that paid; "": it was earned
    earned_ubtt: int
    spent_ubtt: int
    entries: int
    last_id: int  # of the newest of these transfers


def trades(*, after: int, upto: int | None = None) -> list[Trade]:
    """Return what the transfers with ids above `after` and up to `upto` moved for all users, in one statement."""
    return list(_read(Transfer.objects.filter(pk__gt=after, **{} if upto is None else {"pk__lte": upto})))


def trades_of(user_id: int, asset: Asset, *, after: int, since: datetime, until: datetime) -> list[Trade]:
    """Return what the transfers with ids above `after` moved for one user within a period, in one statement."""
    account = statements.account_of(user_id, asset)
    if account is None:
        return []
    rows = Transfer.objects.filter(pk__gt=after, event_at__gte=since, event_at__lt=until)
    return list(_read(rows, account.pk)) if rows.exists() else []  # to put the long question together takes longer


def _read(transfers: QuerySet[Transfer], account_id: int | None = None) -> Iterator[Trade]:
    first, *others = (_side(transfers, account_id, *side) for side in _SIDES)
    rows = first.union(*others, all=True)
    for asset, user, hour, cause, channel_id, is_earned, high, low, entries, last_id in rows:
        amount_ubtt = together(high, low)
        yield Trade(
            int(user),
            Asset(asset),
            written_hour(hour),
            cause.removeprefix(CAUSE),
            channel_id,
            *((amount_ubtt, 0) if is_earned else (0, amount_ubtt)),
            entries,
            last_id,
        )


def _side(
    rows: QuerySet[Transfer],
    account_id: int | None,
    wanted: Q,
    side: str,
    what: dict[str, Any],
    is_earned: bool,  # noqa: FBT001  # of a table
) -> Any:
    if account_id is None:
        rows = rows.filter(wanted, **{f"{side}__kind": AccountKind.USER})
    else:  # not as it stands: an index would lead through all of an account's entries, and there are few such ids
        rows = rows.alias(whose=F(f"{side}_id") + 0).filter(wanted, whose=account_id)
    columns = rows.order_by().annotate(**what).values_list("asset", f"{side}__ref", HOUR, "deal", "through")
    earned = Value(int(is_earned), BigIntegerField())
    return columns.annotate(is_earned=earned, **halves("amount_ubtt"), entries=Count("pk"), last=Max("pk"))
