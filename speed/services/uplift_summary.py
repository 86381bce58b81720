"""What automatic bidding bought within a period: what it cost, how much faster it made things, and the time it saved.

Blocks are measured over the whole of a bid, so the figures are of the whole of each bid that bought something in the
period; none is cut in two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from seedbox.services import market_facts
from speed.domain.uplift import Interval, pool
from speed.models import Bid, BuyingDeal
from speed.services import auto_screen
from speed.services.auto_screen import Story

MOST = 2_000  # bids that are summed up, the newest
SHOWN = 5


@dataclass(frozen=True)
class Told:
    """One torrent that was bid for, with the number by which its user's pages call it; 0: it is held no longer."""

    story: Story
    name: str
    holding_id: int


@dataclass(frozen=True)
class Bought:
    """What the bids of a period have come to; of time and its range those alone of which it is known."""

    torrents: int
    known: int  # of them: with as many unpaid blocks as anything is said by
    spent_ubtt: int
    shown: Interval | None  # how many times faster, of all together; None: not known yet
    controls: int  # unpaid blocks that it is made of, or that there are so far
    saved_s: int
    low_s: int
    high_s: int
    cost_per_minute_ubtt: int | None
    told: Sequence[Told]  # those that cost most first


def bought(user_id: int, *, since: datetime) -> Bought:
    deals = BuyingDeal.objects.filter(user_id=user_id, linked_at__gte=since, cumulative_ubtt__gt=0)
    bids = Bid.objects.filter(user_id=user_id, is_auto=True, pk__in=deals.values("bid_id")).order_by("-pk")[:MOST]
    found = auto_screen.stories_of(user_id, list(bids))
    pooled = pool(one.run.pairs for one in found if one.run is not None)
    saved = [one.savings for one in found if one.savings is not None]
    summary = auto_screen.sum_up(found)
    return Bought(
        torrents=len(found),
        known=len(saved),
        spent_ubtt=summary.spent_ubtt,
        shown=pooled.shown,
        controls=pooled.controls,
        saved_s=sum(one.saved_s for one in saved),
        low_s=sum(one.low_s for one in saved),
        high_s=sum(one.high_s for one in saved),
        cost_per_minute_ubtt=summary.cost_per_minute_ubtt,
        told=_told(user_id, sorted(found, key=lambda one: -one.spent_ubtt)[:SHOWN]),
    )


def _told(user_id: int, found: Sequence[Story]) -> list[Told]:
    ids = [one.bid.torrent_id for one in found]
    names = {one.torrent_id: one.name for one in market_facts.torrents(ids=ids)} if ids else {}
    pages = market_facts.holdings_of(user_id, ids)
    return [
        Told(one, names.get(one.bid.torrent_id) or one.bid.torrent_key, pages.get(one.bid.torrent_id, 0))
        for one in found
    ]
