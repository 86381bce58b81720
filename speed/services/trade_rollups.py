"""The sums by torrent and by node that are kept of what users earned and spent."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from speed.models import BuyingDeal, NodeRollup, SellingDeal, TorrentRollup, TradedTorrent
from speed.services.audit_rollups import check_trades
from wallet.domain.spans import Span, beginning
from wallet.services import kept_sums, trades
from wallet.services.followers import Follower
from wallet.services.long_sums import kept
from wallet.services.trades import Trade

SUMS = ("earned_ubtt", "spent_ubtt", "entries")
IDS_AT_ONCE = 5_000  # SQLite takes some 30,000 values in a statement


@dataclass(frozen=True, slots=True)
class Traded:
    """What a deal was about."""

    node_name: str
    torrent_key: str
    label: str


Found = dict[tuple[Any, ...], list[int]]

# What is traded by nodes of other installs for users here.
ELSEWHERE = Traded("", "", "")


def with_deals(found: Iterable[Trade]) -> list[tuple[Trade, Traded]]:
    """Add what was traded: a deal is known by its id, or by the channel that paid for it."""
    found = list(found)
    sold = _deals(SellingDeal, "deal_id", {trade.deal_id for trade in found})
    bought = _deals(BuyingDeal, "channel_id", {trade.channel_id for trade in found})
    return [(trade, sold.get(trade.deal_id) or bought.get(trade.channel_id) or ELSEWHERE) for trade in found]


def gather(after: int, upto: int) -> Callable[[], None]:
    """Sum up trades by hour, day and month; the answer adds that to what is kept."""
    torrents: Found = {}
    nodes: Found = {}
    labels: dict[tuple[str, str], str] = {}
    for trade, traded in with_deals(trades.trades(after=after, upto=upto)):
        where = (traded.node_name, traded.torrent_key)
        labels[where] = traded.label
        for span in Span:
            begins_at = beginning(trade.hour_at, span)
            _add(torrents, (trade.user_id, trade.asset, span, begins_at, where), trade)
            _add(nodes, (trade.user_id, trade.asset, span, begins_at, traded.node_name), trade)

    def add() -> None:
        ids = _torrent_ids(labels)
        _keep(
            TorrentRollup,
            "torrent_id",
            [(*key[:-1], ids[key[-1]], *kept(sums)) for key, sums in torrents.items()],
            after,
        )
        _keep(NodeRollup, "node_name", [(*key, *kept(sums)) for key, sums in nodes.items()], after)

    return add


def forget() -> None:
    TorrentRollup.objects.all().delete()
    NodeRollup.objects.all().delete()
    TradedTorrent.objects.all().delete()


def _deals(model: type[SellingDeal | BuyingDeal], column: str, ids: set[str]) -> Mapping[str, Traded]:
    wanted, found = sorted(ids - {""}), {}
    for start in range(0, len(wanted), IDS_AT_ONCE):
        rows = model.objects.filter(**{f"{column}__in": wanted[start : start + IDS_AT_ONCE]})
        for deal, node_name, key, name in rows.values_list(column, "node_name", "torrent_key", "torrent_name"):
            found[deal] = Traded(node_name, key, name or key)
    return found


def _add(found: Found, key: tuple[Any, ...], trade: Trade) -> None:
    sums = found.setdefault(key, [0, 0, 0, 0])
    sums[0] += trade.earned_ubtt
    sums[1] += trade.spent_ubtt
    sums[2] += trade.entries
    sums[3] = max(sums[3], trade.last_id)


def _keep(model: type[TorrentRollup | NodeRollup], of: str, rows: list[tuple[Any, ...]], after: int) -> None:
    keys = ("user_id", "asset", "span", "begins_at", of)
    kept_sums.add(model, keys=keys, sums=SUMS, rows=sorted(rows), after=after)


def _torrent_ids(labels: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], int]:
    """Return the rows of torrents, made where they are missing, with their newest names."""
    TradedTorrent.objects.bulk_create(
        (TradedTorrent(node_name=node, torrent_key=key, label=label) for (node, key), label in sorted(labels.items())),
        update_conflicts=True,
        unique_fields=["node_name", "torrent_key"],
        update_fields=["label"],
    )
    keys = {key for _, key in labels}
    rows = TradedTorrent.objects.filter(torrent_key__in=keys).values_list("node_name", "torrent_key", "pk")
    return {(node, key): pk for node, key, pk in rows}


FOLLOWER = Follower("trades", gather, forget, check_trades)
