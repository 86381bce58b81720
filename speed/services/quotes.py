"""What sellers have said that a torrent costs, for pages and for bids, and who wants to know."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from seedbox.services import market_facts
from seedbox.services.market_facts import TorrentFacts
from speed.models import Curiosity, Quote

LOOKS_FOR = timedelta(minutes=2)  # after somebody has last looked
KEPT = timedelta(minutes=30)
MAX_CURIOUS = 20  # torrents of a node without a bid for which sellers are asked at once

Columns = Mapping[str, Any]
_KEY = ("node_name", "torrent_key", "peer_key")


def look(torrent_id: int, *, now: datetime) -> None:
    """Have the torrent's node ask sellers for some minutes, as somebody looks at prices; what they say is kept."""
    torrent = market_facts.torrent(torrent_id)
    if torrent is not None:
        Curiosity.objects.update_or_create(
            node_name=torrent.node_name, torrent_id=torrent_id, defaults={"until": now + LOOKS_FOR}
        )


def of_torrent(*, node_name: str, torrent_key: str, now: datetime) -> list[Quote]:
    """Return what is still valid, the cheapest first."""
    found = Quote.objects.filter(node_name=node_name, torrent_key=torrent_key, valid_until__gt=now)
    return list(found.order_by("ask_ubtt_per_gib", "pk"))


# --- for the agent


def curious(node_name: str, *, now: datetime) -> list[TorrentFacts]:
    """Return the torrents whose prices somebody looks at."""
    rows = Curiosity.objects.filter(node_name=node_name, until__gt=now).order_by("-until")[:MAX_CURIOUS]
    ids = {row.torrent_id for row in rows}
    return market_facts.torrents(ids=ids) if ids else []


def keep(rows: Sequence[Columns]) -> None:
    """Write what sellers said, all at once; one row for each seller of a torrent."""
    said = sorted(name for name in rows[0] if name not in _KEY) if rows else []
    Quote.objects.bulk_create(
        [Quote(**columns) for columns in rows], update_conflicts=True, unique_fields=_KEY, update_fields=said
    )


def forget_old(*, now: datetime) -> None:
    """Let go of what was said, and looked at, a while ago."""
    Quote.objects.filter(seen_at__lt=now - KEPT).delete()
    Curiosity.objects.filter(until__lt=now - KEPT).delete()
