"""What users have earned and spent over time, by torrent or node, equal to the ledger to the µBTT.

Earned is a user's share of what nodes sold, spent what was paid out of the user's channels; `wallet.services.trades`
says when. Sums are kept of what is sealed, and the rest is read straight from the ledger, so nothing is ever behind. A
torrent has the name that it had when its newest deal began. What was traded by nodes of other installs has no torrent
here, and the name ELSEWHERE. Periods are of whole hours, or days, of UTC: the first and last are taken whole.
"""

import heapq
import operator
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db.models import Min, Sum

from speed.models import NodeRollup, TorrentRollup, TradedTorrent
from speed.services import trade_rollups
from speed.services.trade_rollups import IDS_AT_ONCE, Traded, with_deals
from wallet.domain.money import Asset
from wallet.domain.spans import Run, Span, Step, beginning, pieces, span_of, whole
from wallet.services import following, trades
from wallet.services.flows import written_hour
from wallet.services.kept_sums import BEGINNING, of_run, of_runs
from wallet.services.trades import Trade

ELSEWHERE = trade_rollups.ELSEWHERE.torrent_key  # the name, and the label, of what nodes of other installs traded
FEW = 100
REST = "*"  # the name, with "" as its label, of what is not among the largest

By = Literal["torrent", "node"]
Size = Callable[[Sequence[int]], int]


@dataclass(frozen=True, slots=True)
class Slice:
    """What one torrent, or node, brought and cost within one hour or day."""

    at: datetime  # its beginning, in UTC
    name: str  # a torrent's key or a node's name
    label: str  # what people call it
    earned_ubtt: int
    spent_ubtt: int


@dataclass(frozen=True, slots=True)
class Best:
    """What one torrent brought and cost in a period."""

    name: str  # its key
    label: str
    earned_ubtt: int
    spent_ubtt: int


@dataclass
class _Sums:
    """What is added up by key, and what keys' names are called."""

    found: dict[Any, list[int]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def add(self, key: Any, earned_ubtt: int, spent_ubtt: int) -> None:
        sums = self.found.setdefault(key, [0, 0])
        sums[0] += earned_ubtt
        sums[1] += spent_ubtt


Behind = list[tuple[Trade, Traded]]


def catch_up(now: datetime, *, limit: int = following.LIMIT) -> int:
    """Add what was sealed since the last time to what is kept, so many transfers at most; return 0 at the end."""
    return following.catch_up(trade_rollups.FOLLOWER, now=now, limit=limit)


def series(
    user_id: int,
    asset: Asset,
    *,
    since: datetime,
    until: datetime,
    step: Step,
    by: By,
    most: int | None = None,
    only: Collection[str] | None = None,
) -> list[Slice]:
    """Return what a user earned and spent by hour or day, and by torrent or node; the oldest first.

    With `most` only so many torrents have a name of their own, those that moved most in all of the period, and the
    others are one, called REST: a year of hundreds of torrents is many thousand slices. With `only` it is these.
    """
    span = span_of(step)
    since, until = whole(since, until, span)

    def read(upto: int) -> list[Slice]:
        behind = _behind(user_id, asset, upto, since, until)
        if by == "node":
            return _slices(_by_node(user_id, asset, (span, since, until), behind))
        named = only if most is None else _largest(_by_torrent(user_id, asset, since, until, behind), most)
        return _slices(_over_time(user_id, asset, (span, since, until), behind, named))

    return following.read_beside(trade_rollups.FOLLOWER.name, read)


def top(
    user_id: int, asset: Asset, *, since: datetime, until: datetime, limit: int, size: Size = operator.itemgetter(0)
) -> list[Best]:
    """Return the torrents that earned most in a period of whole hours, the best first.

    With `size` they are those of which it is largest; it is told what was earned and spent.
    """
    since, until = whole(since, until, Span.HOUR)

    def read(upto: int) -> _Sums:
        return _by_torrent(user_id, asset, since, until, _behind(user_id, asset, upto, since, until))

    sums = following.read_beside(trade_rollups.FOLLOWER.name, read)
    best = heapq.nsmallest(limit, sums.found.items(), key=lambda one: (-size(one[1]), -one[1][0], -one[1][1], one[0]))
    return [Best(name, sums.labels[name], *moved) for name, moved in best]


def first_earned(
    user_id: int, asset: Asset, *, since: datetime, until: datetime, step: Step, only: Collection[str]
) -> dict[str, datetime]:
    """Return in which hour, or on which day, of a period these torrents first earned anything, by key."""
    span = span_of(step)
    since, until = whole(since, until, span)
    rows = TorrentRollup.objects.filter(
        user_id=user_id, asset=asset, earned_ubtt__gt=0, torrent__in=TradedTorrent.objects.filter(torrent_key__in=only)
    )
    firsts = of_run(rows, (span, since, until)).values_list("torrent__torrent_key").annotate(Min("begins_at"))

    def read(upto: int) -> dict[str, datetime]:
        found = dict(firsts.all())
        for trade, traded in _behind(user_id, asset, upto, since, until):
            if trade.earned_ubtt and traded.torrent_key in only:
                at = beginning(trade.hour_at, span)
                found[traded.torrent_key] = min(found.get(traded.torrent_key, at), at)
        return found

    return following.read_beside(trade_rollups.FOLLOWER.name, read)


def _behind(user_id: int, asset: Asset, after: int, since: datetime, until: datetime) -> Behind:
    """Return what is not in the sums yet."""
    return with_deals(trades.trades_of(user_id, asset, after=after, since=since, until=until))


def _by_torrent(user_id: int, asset: Asset, since: datetime, until: datetime, behind: Behind) -> _Sums:
    """Add up a period by torrent."""
    sums, runs = _Sums(), list(pieces(since, until))
    if runs:
        rows = TorrentRollup.objects.filter(user_id=user_id, asset=asset)
        kept = of_runs(rows, runs, ("torrent_id",), earned=Sum("earned_ubtt"), spent=Sum("spent_ubtt"))
        names = _names({pk for pk, *_ in kept})
        for pk, earned_ubtt, spent_ubtt in kept:
            name, label = names[pk]
            sums.labels[name] = label
            sums.add(name, int(earned_ubtt), int(spent_ubtt))
    for trade, traded in behind:
        sums.labels[traded.torrent_key] = traded.label
        sums.add(traded.torrent_key, trade.earned_ubtt, trade.spent_ubtt)
    return sums


def _largest(sums: _Sums, most: int) -> set[str]:
    moved = Counter({name: sum(both) for name, both in sums.found.items()})
    return {name for name, _ in moved.most_common(most)}


def _by_node(user_id: int, asset: Asset, run: Run, behind: Behind) -> _Sums:
    """Add up the steps of a period by node."""
    sums, (span, *_) = _Sums(), run
    rows = of_run(NodeRollup.objects.filter(user_id=user_id, asset=asset), run)
    for hour, name, *moved in rows.values_list(BEGINNING, "node_name", "earned_ubtt", "spent_ubtt"):
        sums.labels[name] = name
        sums.add((written_hour(hour), name), *moved)
    for trade, traded in behind:
        sums.labels[traded.node_name] = traded.node_name
        sums.add((beginning(trade.hour_at, span), traded.node_name), trade.earned_ubtt, trade.spent_ubtt)
    return sums


def _over_time(user_id: int, asset: Asset, run: Run, behind: Behind, named: Collection[str] | None) -> _Sums:
    """Add up the steps of a period by torrent; what is not named is what nodes have beyond it."""
    sums, (span, *_) = _Sums(), run
    rows = of_run(TorrentRollup.objects.filter(user_id=user_id, asset=asset), run)
    if named is not None:
        rows = rows.filter(torrent__in=TradedTorrent.objects.filter(torrent_key__in=named))
    kept = list(rows.values_list(BEGINNING, "torrent_id", "earned_ubtt", "spent_ubtt"))
    names = _names({pk for _, pk, *_ in kept})
    sums.labels |= dict(names.values())
    for hour, pk, *moved in kept:
        sums.add((written_hour(hour), names[pk][0]), *moved)
    for trade, traded in behind:
        if named is None or traded.torrent_key in named:
            sums.labels[traded.torrent_key] = traded.label
            at = beginning(trade.hour_at, span)
            sums.add((at, traded.torrent_key), trade.earned_ubtt, trade.spent_ubtt)
    if named is not None:
        sums.labels[REST] = ""
        for (at, _), (earned_ubtt, spent_ubtt) in list(sums.found.items()):
            sums.add((at, REST), -earned_ubtt, -spent_ubtt)
        for (at, _), moved in _by_node(user_id, asset, run, behind).found.items():
            sums.add((at, REST), *moved)
    return sums


def _names(torrent_ids: set[int]) -> dict[int, tuple[str, str]]:
    """Return keys and labels. One that is gone was forgotten just now: all is read again, so any name will do."""
    names, every = dict.fromkeys(torrent_ids, ("", "")), sorted(torrent_ids)
    for start in range(0, len(every), IDS_AT_ONCE):
        some = every[start : start + IDS_AT_ONCE]
        # Thousands of values in a question take longer than a few rows too many.
        is_most = FEW < len(some) > (some[-1] - some[0]) // 2
        found = TradedTorrent.objects.filter(**{"pk__range": (some[0], some[-1])} if is_most else {"pk__in": some})
        names |= {pk: (key, label) for pk, key, label in found.values_list("pk", "torrent_key", "label")}
    return names


def _slices(sums: _Sums) -> list[Slice]:
    found = sorted(sums.found.items())
    return [Slice(at, name, sums.labels[name], *moved) for (at, name), moved in found if any(moved)]
