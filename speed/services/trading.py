"""What the overview shows of a user's deals: who pays, whom the user pays, and how much of what moves is paid for.

Everything is what this box's own nodes have measured: a lane's speed is what the last round granted, and what is free
is the rest of what the engine counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.db.models import QuerySet, Sum

from seedbox.domain.units import format_bytes
from seedbox.services import market_facts, totals
from speed.domain.deals import LIVE, DealState
from speed.models import BuyingDeal, SellingDeal
from speed.services import selling
from speed.services.deal_rows import Row, buying_row, selling_row
from speed.services.screen import by_name

KIND = "trading"  # what open pages watch
SHOWN = 6  # deals of each side
PARTS = ("up_paid", "up_free", "down_bought", "down_free")

Message = dict[str, object]


@dataclass(frozen=True)
class Deals:
    """A user's deals that are not over, those with the fastest lanes first."""

    selling: Sequence[Row]
    buying: Sequence[Row]

    @property
    def version(self) -> str:
        """Name which deals there are, in their order."""
        names = [str(row["row"]) for row in (*self.selling, *self.buying)]
        return sha256(" ".join(names).encode()).hexdigest()[:12]


def deals(user_id: int) -> Deals:
    sold = list(_sold(user_id).order_by("-speed_bytes_per_s", "-opened_at", "-pk")[:SHOWN])
    bought = _bought(user_id).order_by("-speed_bytes_per_s", "-opened_at", "-pk")[:SHOWN]
    paid = selling.paid_by_payers(sold)
    return Deals(
        [
            selling_row(deal, shows_name=True, paid_bytes=paid.get((deal.node_name, deal.payer_ref), 0))
            | {"number": deal.pk}
            for deal in sold
        ],
        [buying_row(deal) | {"number": deal.pk} for deal in bought],
    )


def split_row(user_id: int, speeds: totals.Speeds) -> Row:
    """Return how much of what moves is paid for; never more than moves, for a lane may be left unused."""
    sold = min(_granted(_sold(user_id)), speeds.up_bytes_per_s)
    bought = min(_granted(_bought(user_id)), speeds.down_bytes_per_s)
    figures = (sold, speeds.up_bytes_per_s - sold, bought, speeds.down_bytes_per_s - bought)
    return {"row": "split", **{name: f"{format_bytes(value)}/s" for name, value in zip(PARTS, figures, strict=True)}}


def messages(user_id: int) -> list[Message]:
    """Return how a user's trading stands, as messages of the live socket."""
    found = deals(user_id)
    split = split_row(user_id, totals.moving(user_id))
    return [
        {"type": "rows", "rows": by_name([split, *found.selling, *found.buying])},
        {"type": "versions", "versions": {"tile-deals": found.version}},
    ]


def _sold(user_id: int) -> QuerySet[SellingDeal]:
    """Return open deals about torrents that this user holds and runs: of others nothing may tell."""
    found = SellingDeal.objects.filter(state__in=LIVE, is_closed=False)
    sold = set(found.order_by().values_list("torrent_id", flat=True).distinct())
    return found.filter(torrent_id__in=market_facts.run_by(user_id, sold))


def _bought(user_id: int) -> QuerySet[BuyingDeal]:
    return BuyingDeal.objects.filter(state__in=LIVE, is_closed=False, user_id=user_id)


def _granted(found: QuerySet[SellingDeal] | QuerySet[BuyingDeal]) -> int:
    in_lane = found.filter(state=DealState.IN_LANE).order_by()
    return int(in_lane.aggregate(sum=Sum("speed_bytes_per_s"))["sum"] or 0)
