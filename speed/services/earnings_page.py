"""What a user earned and spent within a period, by torrent, node or kind, as the roll-ups of the ledger have it.

All three divide the same sums: shares of deals and what channels paid to the user were earned, what was paid out of the
user's channels, the hub's fee included, was spent.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.utils.translation import gettext as _

from speed.domain import month_end
from speed.domain.earnings import Amount, By, Period, Side, Span, Stack, floor, span_of, stack
from speed.domain.month_end import MonthEnd
from speed.services import deals_of_money, rollups
from wallet.domain.kinds import TransferKind
from wallet.services import last_hour
from wallet.services import rollups as flows
from wallet.services.install import market_asset
from wallet.services.last_hour import Moment

Message = dict[str, object]

BEGINNING = datetime(2009, 1, 1, tzinfo=UTC)  # nothing is older
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_EARNED = (TransferKind.EARNING, TransferKind.VOUCHER)
_SPENT = (TransferKind.VOUCHER, TransferKind.FEE)


@dataclass(frozen=True)
class Asked:
    """What part of it a page shows."""

    period: Period = Period.MONTH
    by: By = By.TORRENT
    side: Side = Side.EARNED


@dataclass(frozen=True)
class Found:
    """What a page shows: the stack of one side, and the sums of all of them."""

    asked: Asked
    stack: Stack
    earned_ubtt: int
    spent_ubtt: int
    has_any: bool  # by whichever side

    @property
    def net_ubtt(self) -> int:
        return self.earned_ubtt - self.spent_ubtt


def read(user_id: int, asked: Asked, *, now: datetime) -> Found:
    """Return what a user earned and spent in a period that ends now."""
    if asked.period is Period.ALL:
        amounts = list(_amounts(user_id, asked.by, since=BEGINNING, until=now + _DAY, step="day"))
        span = span_of(Period.ALL, first_at=min((one.at for one in amounts), default=None), now=now)
    else:
        span = span_of(asked.period, first_at=None, now=now)
        amounts = [one for one in _within(user_id, asked.by, span) if one.at < span.until]
    return Found(
        asked,
        stack(amounts, span=span, side=asked.side, others=_("Others")),
        earned_ubtt=sum(one.earned_ubtt for one in amounts),
        spent_ubtt=sum(one.spent_ubtt for one in amounts),
        has_any=bool(amounts),
    )


def version(user_id: int) -> str:
    """Return a word that changes with what a user earns or spends: open pages read anew what has changed alone."""
    found = flows.sums(user_id, market_asset(), since=BEGINNING, until=datetime.now(UTC) + _DAY)
    return f"{found.earned_ubtt}-{found.spent_ubtt}"


def messages(user_id: int) -> list[Message]:
    """Return how an open page of earnings is told of more: it reads its chart anew."""
    return [{"type": "versions", "versions": {"earnings": version(user_id)}}]


def until_month_end(user_id: int, side: Side, *, now: datetime) -> MonthEnd | None:
    """Return what this month will probably come to; None where fewer than three full days are known.

    A user's first day is the first on which anything moved, as far back as the month before.
    """
    today = floor(now, _DAY)
    first = min(today.replace(day=1), today - _DAY * month_end.MOST_DAYS)
    amounts = list(_amounts(user_id, By.NODE, since=first - _DAY * 31, until=now, step="day"))
    days: dict[datetime, int] = {}
    for one in amounts:
        days[one.at] = days.get(one.at, 0) + one.of(side)
    known = max((today - min(days)).days, 0) if days else 0
    full = [days.get(today - _DAY * back, 0) for back in range(min(known, month_end.MOST_DAYS), 0, -1)]
    return month_end.month_end(
        full,
        so_far_ubtt=sum(amount for at, amount in days.items() if at >= today.replace(day=1)),
        left_s=month_end.seconds_left(now),
        may_shrink=side is Side.NET,
    )


def _within(user_id: int, by: By, span: Span) -> Iterator[Amount]:
    if span.step < _HOUR:
        found = last_hour.moments(user_id, market_asset(), since=span.since)
        return _of_moments(found, by)
    step: Literal["hour", "day"] = "hour" if span.step < _DAY else "day"
    return _amounts(user_id, by, since=span.since, until=span.until, step=step)


def _amounts(
    user_id: int, by: By, *, since: datetime, until: datetime, step: Literal["hour", "day"]
) -> Iterator[Amount]:
    asset = market_asset()
    if by is By.KIND:
        kinds = flows.by_kind(user_id, asset, since=since, until=until, step=step)
        return _of_kinds((one.at, one.kind, one.in_ubtt, one.out_ubtt) for one in kinds)
    name: Literal["torrent", "node"] = "torrent" if by is By.TORRENT else "node"
    found = rollups.series(user_id, asset, since=since, until=until, step=step, by=name)
    return (Amount(one.at, *_named(one.name, one.label), one.earned_ubtt, one.spent_ubtt) for one in found)


def _of_kinds(found: Iterable[tuple[datetime, TransferKind, int, int]]) -> Iterator[Amount]:
    """Leave out what came and went otherwise: deposits, tips, and what is in channels still."""
    for at, kind, in_ubtt, out_ubtt in found:
        earned_ubtt, spent_ubtt = in_ubtt * (kind in _EARNED), out_ubtt * (kind in _SPENT)
        if earned_ubtt or spent_ubtt:
            yield Amount(at, kind.name.lower(), kind.label, earned_ubtt, spent_ubtt)


def _of_moments(found: list[Moment], by: By) -> Iterator[Amount]:
    if by is By.KIND:
        yield from _of_kinds((one.at, one.kind, one.earned_ubtt, one.spent_ubtt) for one in found)
        return
    about = deals_of_money.about(found)
    for one in found:
        deal = about.get(one.deal_id) or about.get(one.channel_id)
        name, label = ("", "") if deal is None else deal.torrent if by is By.TORRENT else deal.node
        yield Amount(one.at, *_named(name, label), one.earned_ubtt, one.spent_ubtt)


def _named(name: str, label: str) -> tuple[str, str]:
    """Return key and label; what nodes of other installs traded has no name."""
    return name or "elsewhere", label or name or _("On other boxes")
