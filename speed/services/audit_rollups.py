"""The audit of what was traded over time: by hour with the ledger and the deals, by day and month with the hours.

Own SQL, in nothing that keeps the sums.
"""

from wallet.domain.spans import Span
from wallet.services.audit_findings import Findings
from wallet.services.audit_rollups import TRADES, check_cursor, compare, cursor_of, written

_NAME = "trades"
_SUMS = ("earned", "spent", "entries")
_BY_TORRENT = ("begins", "user_ref", "asset", "node", "torrent")
_BY_NODE = ("begins", "user_ref", "asset", "node")


def check_trades(findings: Findings) -> None:
    """Name the first sums that are wrong, or behind which nothing is or too much."""
    trades = TRADES.format(hour=written("t.event_at", Span.HOUR))
    truth = f"""
    SELECT r.begins, r.user_ref, r.asset, COALESCE(s.node_name, b.node_name, '') AS node,
        COALESCE(s.torrent_key, b.torrent_key, '') AS torrent, r.earned, r.spent, 1 AS entries
    FROM ({trades}) r LEFT JOIN speed_sellingdeal s ON s.deal_id = r.deal
        LEFT JOIN speed_buyingdeal b ON b.channel_id = r.channel
    WHERE r.id <= {cursor_of(_NAME):d}
    """
    hour, day, month = Span.HOUR, Span.DAY, Span.MONTH
    for table, keys, rows in (("torrentrollup", _BY_TORRENT, _torrents), ("noderollup", _BY_NODE, _nodes)):
        of = f"speed_{table}"
        compare(findings, of, "hour", truth, rows(hour, hour), keys=keys, sums=_SUMS)
        compare(findings, of, "day", rows(hour, day), rows(day, day), keys=keys, sums=_SUMS)
        compare(findings, of, "month", rows(hour, month), rows(month, month), keys=keys, sums=_SUMS)
    check_cursor(findings, _NAME, "speed_torrentrollup", "speed_noderollup")


def _torrents(span: Span, within: Span) -> str:
    return f"""
    SELECT {_columns(within)}, t.node_name AS node, t.torrent_key AS torrent, {_MOVED}
    FROM speed_torrentrollup r JOIN speed_tradedtorrent t ON t.id = r.torrent_id WHERE r.span = {span:d}
    """


def _nodes(span: Span, within: Span) -> str:
    return f"""
    SELECT {_columns(within)}, r.node_name AS node, {_MOVED} FROM speed_noderollup r WHERE r.span = {span:d}
    """


_MOVED = "r.earned_ubtt AS earned, r.spent_ubtt AS spent, r.entries"


def _columns(within: Span) -> str:
    return f"{written('r.begins_at', within)} AS begins, CAST(r.user_id AS VARCHAR(20)) AS user_ref, r.asset"
