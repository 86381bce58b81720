"""What came in and went out by kind, over time: sums that are kept, and what is not in them yet from the transfers.

`flows` says what counts as whose, and when. Periods are of whole hours, or days, of UTC: the first and the last one
are taken whole.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.spans import Run, Span, Step, beginning, pieces, span_of, whole
from wallet.models import KindRollup
from wallet.services import following, kind_rollups, statements
from wallet.services.flows import PAID, flows
from wallet.services.kept_sums import of_runs

Row = tuple[datetime, int, int, int]

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


def catch_up(now: datetime, *, limit: int = following.LIMIT) -> int:
    """Add what was sealed since the last time to what is kept, so many transfers at most; return 0 at the end."""
    return following.catch_up(kind_rollups.FOLLOWER, now=now, limit=limit)


def by_kind(user_id: int, asset: Asset, *, since: datetime, until: datetime, step: Step) -> list[KindSlice]:
    """Return what came in and went out, by hour or day and by kind, the oldest first; what is nothing is left out."""
    span = span_of(step)
    since, until = whole(since, until, span)
    found: dict[tuple[datetime, TransferKind], list[int]] = {}
    for at, kind, in_ubtt, out_ubtt in _read(user_id, asset, [(span, since, until)]):
        sums = found.setdefault((beginning(at, span), TransferKind(kind)), [0, 0])
        sums[0] += in_ubtt
        sums[1] += out_ubtt
    return [KindSlice(at, kind, *sums) for (at, kind), sums in sorted(found.items())]


def sums(user_id: int, asset: Asset, *, since: datetime, until: datetime) -> Sums:
    """Return what a user has earned and spent within a period of whole hours."""
    since, until = whole(since, until, Span.HOUR)
    found = _read(user_id, asset, list(pieces(since, until)))
    return Sums(
        sum(in_ubtt for _, kind, in_ubtt, _ in found if kind in EARNED),
        sum(out_ubtt for _, kind, _, out_ubtt in found if kind in PAID),
    )


def first_at(user_id: int, asset: Asset) -> datetime | None:
    """Return on which day a user first earned or spent; None: never."""
    account = statements.account_of(user_id, asset)
    if account is None:
        return None
    moved = Q(kind__in=EARNED, in_ubtt__gt=0) | Q(kind__in=PAID, out_ubtt__gt=0)
    rows = KindRollup.objects.filter(moved, account=account, span=Span.DAY).order_by("begins_at")

    def read(upto: int) -> list[datetime]:
        behind = flows(after=upto, account_id=account.pk, within=Q(kind__in={*EARNED, *PAID}))
        new = (one for one in behind if (one.kind in EARNED and one.in_ubtt) or (one.kind in PAID and one.out_ubtt))
        return [*rows.values_list("begins_at", flat=True)[:1], *(beginning(one.hour_at, Span.DAY) for one in new)]

    return min(following.read_beside(kind_rollups.FOLLOWER.name, read), default=None)


def _read(user_id: int, asset: Asset, runs: list[Run]) -> list[Row]:
    """Return rows of the sums of these runs, which make up one period, and of what is not in them yet."""
    account = statements.account_of(user_id, asset)
    if account is None or not runs:
        return []
    rows = KindRollup.objects.filter(account=account)
    period = Q(event_at__gte=runs[0][1], event_at__lt=runs[-1][2])

    def read(upto: int) -> list[Row]:
        behind = flows(after=upto, account_id=account.pk, within=period)
        kept = of_runs(rows, runs, ("begins_at", "kind", "in_ubtt", "out_ubtt"))
        return [*kept, *((flow.hour_at, flow.kind, flow.in_ubtt, flow.out_ubtt) for flow in behind)]

    return following.read_beside(kind_rollups.FOLLOWER.name, read)
