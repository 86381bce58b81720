"""What users have earned and spent over time, by torrent or node, equal to the ledger to the µBTT.

Earned is a user's share of what nodes sold, spent what was paid out of the user's channels; `wallet.services.trades`
says when. A torrent has the name that it had when its deal began. What was traded by nodes of other installs has no
torrent here, and the name ELSEWHERE. Periods are of whole hours, or days, of UTC: the first and last are taken whole.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from speed.models import BuyingDeal, SellingDeal
from wallet.domain.money import Asset
from wallet.domain.spans import Span, Step, beginning, span_of, whole
from wallet.services import trades
from wallet.services.trades import Trade

ELSEWHERE = ""  # the name, and the label, of what was traded by nodes of other installs
REST = "*"  # the name, with "" as its label, of what is not among the largest

By = Literal["torrent", "node"]


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


@dataclass(frozen=True, slots=True)
class Traded:
    """What a deal was about."""

    node_name: str
    torrent_key: str
    label: str


_UNKNOWN = Traded(ELSEWHERE, ELSEWHERE, "")


def series(
    user_id: int, asset: Asset, *, since: datetime, until: datetime, step: Step, by: By, most: int | None = None
) -> list[Slice]:
    """Return what a user earned and spent by hour or day, and by torrent or node; the oldest first.

    With `most` only so many have a name of their own, those that moved most; the others are one, called REST.
    """
    span = span_of(step)
    since, until = whole(since, until, span)
    found: dict[tuple[datetime, str], list[int]] = {}
    labels: dict[str, str] = {}
    for trade, traded in _traded(trades.trades_of(user_id, asset, after=0, since=since, until=until)):
        name, label = (traded.torrent_key, traded.label) if by == "torrent" else (traded.node_name, traded.node_name)
        labels[name] = label
        sums = found.setdefault((beginning(trade.hour_at, span), name), [0, 0])
        sums[0] += trade.earned_ubtt
        sums[1] += trade.spent_ubtt
    return _folded([Slice(at, name, labels[name], *sums) for (at, name), sums in sorted(found.items())], most)


def top(user_id: int, asset: Asset, *, since: datetime, until: datetime, limit: int) -> list[Best]:
    """Return the torrents that earned most in a period of whole hours, the best first."""
    since, until = whole(since, until, Span.HOUR)
    found: dict[str, list[int]] = {}
    labels: dict[str, str] = {}
    for trade, traded in _traded(trades.trades_of(user_id, asset, after=0, since=since, until=until)):
        labels[traded.torrent_key] = traded.label
        sums = found.setdefault(traded.torrent_key, [0, 0])
        sums[0] += trade.earned_ubtt
        sums[1] += trade.spent_ubtt
    best = sorted(found.items(), key=lambda item: (-item[1][0], -item[1][1], item[0]))[:limit]
    return [Best(name, labels[name], *sums) for name, sums in best]


def _folded(slices: list[Slice], most: int | None) -> list[Slice]:
    """Let only those that moved most have names of their own."""
    moved: Counter[str] = Counter()
    for one in slices:
        moved[one.name] += one.earned_ubtt + one.spent_ubtt
    if most is None or len(moved) <= most:
        return slices
    largest = {name for name, _ in moved.most_common(most)}
    rest: dict[datetime, list[int]] = {}
    for one in slices:
        if one.name not in largest:
            sums = rest.setdefault(one.at, [0, 0])
            sums[0] += one.earned_ubtt
            sums[1] += one.spent_ubtt
    named = [one for one in slices if one.name in largest]
    others = [Slice(at, REST, "", *sums) for at, sums in rest.items()]
    return sorted(named + others, key=lambda one: (one.at, one.name))


def _traded(found: Iterable[Trade]) -> list[tuple[Trade, Traded]]:
    """Add what was traded: the deal is known by its id, or by the channel that paid for it."""
    found = list(found)
    sold = _deals(SellingDeal, "deal_id", [trade.deal_id for trade in found])
    bought = _deals(BuyingDeal, "channel_id", [trade.channel_id for trade in found])
    return [(trade, sold.get(trade.deal_id) or bought.get(trade.channel_id) or _UNKNOWN) for trade in found]


def _deals(model: type[SellingDeal | BuyingDeal], column: str, ids: list[str]) -> Mapping[str, Traded]:
    rows = model.objects.filter(**{f"{column}__in": set(ids) - {""}})
    return {
        found: Traded(node_name, key, name or key)
        for found, node_name, key, name in rows.values_list(column, "node_name", "torrent_key", "torrent_name")
    }
