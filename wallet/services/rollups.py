"""What came in and went out by kind, over time: sums that are kept, and what is not in them yet from the transfers.

`flows` says what counts as whose, and when. Periods are of whole hours, or days, of UTC: the first and the last one
are taken whole.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.spans import Span, Step, beginning, span_of, whole
from wallet.services import statements
from wallet.services.flows import PAID, Flow, flows

EARNED = (TransferKind.EARNING, TransferKind.VOUCHER)  # shares of deals, and what channels have paid to the user


@dataclass(frozen=True, slots=True)
class KindSlice:
    """What moved for one reason within one hour or day."""

    at: datetime  # its beginning, in UTC
    kind: TransferKind
    in_ubtt: int
    out_ubtt: int


@dataclass(frozen=True, slots=True)
class Sums:
    """What trading brought and cost."""

    earned_ubtt: int  # by what the user sold: EARNING and VOUCHER that came in
    spent_ubtt: int  # for what the user bought: VOUCHER and FEE that left the user's channels

    @property
    def net_ubtt(self) -> int:
        return self.earned_ubtt - self.spent_ubtt


def by_kind(user_id: int, asset: Asset, *, since: datetime, until: datetime, step: Step) -> list[KindSlice]:
    """Return what came in and went out, by hour or day and by kind; the oldest first, nothing left out but nothings."""
    span = span_of(step)
    since, until = whole(since, until, span)
    found: dict[tuple[datetime, TransferKind], list[int]] = {}
    for flow in _flows(user_id, asset, since, until):
        sums = found.setdefault((beginning(flow.hour_at, span), flow.kind), [0, 0])
        sums[0] += flow.in_ubtt
        sums[1] += flow.out_ubtt
    return [KindSlice(at, kind, *sums) for (at, kind), sums in sorted(found.items())]


def sums(user_id: int, asset: Asset, *, since: datetime, until: datetime) -> Sums:
    """Return what a user has earned and spent within a period of whole hours."""
    found = _flows(user_id, asset, *whole(since, until, Span.HOUR))
    return Sums(
        sum(flow.in_ubtt for flow in found if flow.kind in EARNED),
        sum(flow.out_ubtt for flow in found if flow.kind in PAID),
    )


def _flows(user_id: int, asset: Asset, since: datetime, until: datetime) -> list[Flow]:
    account = statements.account_of(user_id, asset)
    if account is None:
        return []
    return flows(after=0, account_id=account.pk, within=Q(event_at__gte=since, event_at__lt=until))
