"""What went in and out of users' money, summed up by hour and kind straight from the transfers.

A user's money here is the account and what it pays through its channels: entries of the account stand under their own
kinds, and what was paid out of a channel is an outflow of its payer's, of the kind VOUCHER (the seller's part) or FEE
(the hub's). Hours are those in which things happened, by UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.models import BigIntegerField, CharField, Count, F, Max, Q, QuerySet, Value
from django.db.models.functions import Cast, Left

from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.spans import Span
from wallet.models import Transfer
from wallet.services.long_sums import halves, together

HOURS_KEPT = 10_000  # times that were read: of thousands of rows most begin with the same few hundred
PAID = (TransferKind.VOUCHER, TransferKind.FEE)  # out of a channel, for good
# As text, which begins with the hour on both databases: SQLite would call Python for each row to truncate a time.
HOUR = Left(Cast("event_at", CharField()), Span.HOUR.letters)

# The column with the account, what makes it a user's, and whether money comes in.
_SIDES = (
    ("credit_id", Q(credit__kind=AccountKind.USER), True),
    ("debit_id", Q(debit__kind=AccountKind.USER), False),
    ("debit__channel__payer_id", Q(kind__in=PAID, debit__channel__payer__kind=AccountKind.USER), False),
)


@dataclass(frozen=True, slots=True)
class Flow:
    """Transfers of one kind within one hour, as one account sees them."""

    account_id: int
    hour_at: datetime
    kind: TransferKind
    in_ubtt: int
    out_ubtt: int
    entries: int
    last_id: int  # of the newest of these transfers


def flows(*, after: int, upto: int | None = None, account_id: int | None = None, within: Q | None = None) -> list[Flow]:
    """Sum up the transfers with ids above `after` and up to `upto`, of one account or of all users, in one statement.

    `within` says more of what is wanted. The cost grows with how many transfers have such ids, whosever they are.
    """
    rows = Transfer.objects.filter(within or Q(), pk__gt=after)
    if upto is not None:
        rows = rows.filter(pk__lte=upto)
    if account_id is not None and not rows.exists():  # to put the long question together takes longer
        return []
    first, *others = (_side(rows, *side, account_id) for side in _SIDES)
    return list(_read(first.union(*others, all=True)))


@lru_cache(maxsize=HOURS_KEPT)
def written_hour(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _side(rows: QuerySet[Transfer], column: str, is_users: Q, comes_in: bool, account_id: int | None) -> Any:  # noqa: FBT001  # of a table
    if account_id is not None:
        # Not as it stands: an index would lead through all of an account's entries, and ids are what there is few of.
        rows = rows.alias(whose=F(column) + 0).filter(whose=account_id)
    return (
        rows.filter(is_users)
        .order_by()
        .values_list(column, HOUR, "kind")
        .annotate(
            comes_in=Value(int(comes_in), BigIntegerField()),
            **halves("amount_ubtt"),
            entries=Count("pk"),
            last=Max("pk"),
        )
    )


def _read(rows: QuerySet[Any]) -> Iterator[Flow]:
    for account_id, hour, kind, comes_in, high, low, entries, last_id in rows:
        amount_ubtt = together(high, low)
        both = (amount_ubtt, 0) if comes_in else (0, amount_ubtt)
        yield Flow(account_id, written_hour(hour), TransferKind(kind), *both, entries, last_id)
