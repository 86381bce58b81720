"""What a user earned and spent within a period, by torrent, node or kind, as the roll-ups of the ledger have it.

All three divide the same sums: shares of deals and what channels paid to the user were earned, what was paid out of the
user's channels, the hub's fee included, was spent.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from speed.domain import month_end
from speed.domain.earnings import MAX_SERIES, OTHERS, Amount, By, Period, Side, Span, Stack, floor, span_of, stack
from speed.domain.month_end import MonthEnd
from speed.services import deals_of_money, rollups
from wallet.domain.kinds import TransferKind
from wallet.services import last_hour
from wallet.services import rollups as flows
from wallet.services.install import market_asset
from wallet.services.last_hour import Moment

Message = dict[str, object]

ELSEWHERE = "-"  # the key of what nodes of other installs traded: none can be called so
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_EARNED = (TransferKind.EARNING, TransferKind.VOUCHER)
_SPENT = (TransferKind.VOUCHER, TransferKind.FEE)
_KINDS = {
    TransferKind.EARNING: gettext_noop("Earning"),
    TransferKind.VOUCHER: gettext_noop("Voucher"),
    TransferKind.FEE: gettext_noop("Fee"),
}
# By what torrents are large that have a name in a chart: what they brought, cost, or both.
_SIZES: dict[Side, rollups.Size] = {Side.EARNED: itemgetter(0), Side.SPENT: itemgetter(1), Side.NET: sum}


@dataclass(frozen=True)
class Asked:
    """What part of it a page shows."""

    period: Period = Period.MONTH
    by: By = By.TORRENT
    side: Side = Side.EARNED


@dataclass(frozen=True)
class Outline:
    """The sums of what a page shows."""

    asked: Asked
    span: Span
    earned_ubtt: int
    spent_ubtt: int

    @property
    def net_ubtt(self) -> int:
        return self.earned_ubtt - self.spent_ubtt

    @property
    def has_any(self) -> bool:
        """By whichever side."""
        return bool(self.earned_ubtt or self.spent_ubtt)


@dataclass(frozen=True)
class Found(Outline):
    """What a page shows, with the stack of one side."""

    stack: Stack


def outline(user_id: int, asked: Asked, *, now: datetime) -> Outline:
    """Return what a user earned and spent in all in a period that ends now: of few sums, however many torrents."""
    span = _span(user_id, asked.period, now=now)
    if span.step < _HOUR:  # sums are of whole hours
        return Outline(asked, span, *_sums(_within(user_id, replace(asked, by=By.KIND), span)))
    found = flows.sums(user_id, market_asset(), since=span.since, until=span.until)
    return Outline(asked, span, found.earned_ubtt, found.spent_ubtt)


def read(user_id: int, asked: Asked, *, now: datetime) -> Found:
    """Return what a user earned and spent in a period that ends now."""
    span = _span(user_id, asked.period, now=now)
    amounts = _within(user_id, asked, span)
    return Found(asked, span, *_sums(amounts), stack(amounts, span=span, side=asked.side, others=_("Others")))


def version(user_id: int, *, now: datetime) -> str:
    """Return a word that changes with what a user earns or spends: open pages read anew what has changed alone."""
    found = flows.sums(user_id, market_asset(), since=floor(now, _DAY) - _DAY, until=now + _DAY)
    return f"{found.earned_ubtt}-{found.spent_ubtt}"


def messages(user_id: int) -> list[Message]:
    """Return how an open page of earnings is told of more: it reads its chart anew."""
    return [{"type": "versions", "versions": {"earnings": version(user_id, now=datetime.now(UTC))}}]


def until_month_end(user_id: int, side: Side, *, now: datetime) -> MonthEnd | None:
    """Return what this month will probably come to; None where fewer than three full days are known.

    A user's first day is the first on which anything moved, as far back as the month before. It began before that did,
    so it is no full one.
    """
    today = floor(now, _DAY)
    first = min(today.replace(day=1), today - _DAY * month_end.MOST_DAYS)
    amounts = list(_amounts(user_id, By.NODE, since=first - _DAY * 31, until=now, step="day"))
    days: dict[datetime, int] = {}
    for one in amounts:
        days[one.at] = days.get(one.at, 0) + one.of(side)
    known = max((today - min(days)).days - 1, 0) if days else 0
    full = [days.get(today - _DAY * back, 0) for back in range(min(known, month_end.MOST_DAYS), 0, -1)]
    return month_end.month_end(
        full,
        so_far_ubtt=sum(amount for at, amount in days.items() if at >= today.replace(day=1)),
        left_s=month_end.seconds_left(now),
        may_shrink=side is Side.NET,
    )


def _span(user_id: int, period: Period, *, now: datetime) -> Span:
    first_at = flows.first_at(user_id, market_asset()) if period is Period.ALL else None
    return span_of(period, first_at=first_at, now=now)


def _sums(amounts: Collection[Amount]) -> tuple[int, int]:
    return sum(one.earned_ubtt for one in amounts), sum(one.spent_ubtt for one in amounts)


def _within(user_id: int, asked: Asked, span: Span) -> list[Amount]:
    if span.step < _HOUR:
        found = last_hour.moments(user_id, market_asset(), since=span.since)
        return [one for one in _of_moments(found, asked.by) if one.at < span.until]
    step: Literal["hour", "day"] = "day" if span.is_of_days else "hour"
    only = _largest(user_id, asked.side, span) if asked.by is By.TORRENT else ()
    return list(_amounts(user_id, asked.by, since=span.since, until=span.until, step=step, only=only))


def _largest(user_id: int, side: Side, span: Span) -> list[str]:
    """Return the torrents that have a name in a chart, by what they brought, cost, or both."""
    found = rollups.top(
        user_id, market_asset(), since=span.since, until=span.until, limit=MAX_SERIES, size=_SIZES[side]
    )
    return [one.name for one in found]


def _amounts(
    user_id: int, by: By, *, since: datetime, until: datetime, step: Literal["hour", "day"], only: Collection[str] = ()
) -> Iterator[Amount]:
    asset = market_asset()
    if by is By.KIND:
        kinds = flows.by_kind(user_id, asset, since=since, until=until, step=step)
        return _of_kinds((one.at, one.kind, one.in_ubtt, one.out_ubtt) for one in kinds)
    if by is By.TORRENT:
        found = rollups.series(user_id, asset, since=since, until=until, step=step, by="torrent", only=only)
    else:
        found = rollups.series(user_id, asset, since=since, until=until, step=step, by="node")
    return (Amount(one.at, *_named(one.name, one.label), one.earned_ubtt, one.spent_ubtt) for one in found)


def _of_kinds(found: Iterable[tuple[datetime, TransferKind, int, int]]) -> Iterator[Amount]:
    """Leave out what came and went otherwise: deposits, tips, and what is in channels still."""
    for at, kind, in_ubtt, out_ubtt in found:
        earned_ubtt, spent_ubtt = in_ubtt * (kind in _EARNED), out_ubtt * (kind in _SPENT)
        if earned_ubtt or spent_ubtt:
            yield Amount(at, kind.name.lower(), _(_KINDS[kind]), earned_ubtt, spent_ubtt)


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
    """Return key and label; what nodes of other installs traded has no name, nor has what is not among the largest."""
    if name == rollups.REST:
        return OTHERS, ""
    return name or ELSEWHERE, label or name or _("On other boxes")
