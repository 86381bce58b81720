"""What came in and went out on each day of a statement, under the filters that it is shown with. Days are those of UTC.

The sums are of whole days, not of the entries that a page happens to show. A day with more entries than one request
may add up has none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast, Left

from wallet.models import Account, Transfer
from wallet.services.long_sums import halves, together
from wallet.services.wanted import EVERYTHING, SKEW, Wanted, filters, first_written, written_at

MAX_SUMMED = 50_000  # entries that one request adds up: some 50 ms
MAX_SEARCHED = 20_000  # likewise where a text is looked for in each


@dataclass(frozen=True, slots=True)
class DaySum:
    """What moved on one day, both as they are: none is below zero."""

    day: date
    in_ubtt: int
    out_ubtt: int

    @property
    def net_ubtt(self) -> int:
        return self.in_ubtt - self.out_ubtt


def of_days(
    account: Account, days: Iterable[date], *, shown: tuple[int, int], wanted: Wanted = EVERYTHING
) -> Mapping[date, DaySum]:
    """Return the sums of some days that follow each other; without those that have too many entries.

    The versions that are shown of these days are in the sums, also where a clock that was set back wrote them.
    """
    asked = sorted(set(days))
    both = filters(account, wanted)
    if not asked or both is None:
        return {}
    first_at, end_at = _midnight(asked[0]), _midnight(asked[-1] + timedelta(days=1))
    high = max(first_written(account, end_at + SKEW, up_to=account.version) - 1, shown[1])
    low = min(first_written(account, first_at - SKEW, up_to=high), shown[0])
    whole_from = asked[0]
    most = MAX_SEARCHED if wanted.has_gaps else MAX_SUMMED
    if high - low >= most:
        low = high - most + 1
        cut_at = written_at(account, [low])[low] + SKEW
        whole_from = cut_at.astimezone(UTC).date() + timedelta(days=1)
    debits = Transfer.objects.filter(both[0], debit_id=account.pk, debit_version__range=(low, high))
    credits = Transfer.objects.filter(both[1], credit_id=account.pk, credit_version__range=(low, high))
    within = Q(written_at__gte=first_at, written_at__lt=end_at)
    came, went = _by_day(credits.filter(within)), _by_day(debits.filter(within))
    return {day: DaySum(day, came.get(day, 0), went.get(day, 0)) for day in asked if day >= whole_from}


def day_of(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _by_day(transfers: "QuerySet[Transfer]") -> dict[date, int]:
    # As text, which begins with the day on both databases: SQLite would call Python for each row to truncate a time.
    days = transfers.order_by().values_list(Left(Cast("written_at", CharField()), 10))
    return {date.fromisoformat(day): together(*sum_of) for day, *sum_of in days.annotate(**halves("amount_ubtt"))}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
