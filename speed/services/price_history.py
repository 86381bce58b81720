"""What a GiB cost over time, and how much of it: granted in all rounds of the box's nodes, or sold in a user's deals of
a torrent. A buyer need not take all that a round grants.

Rounds are kept for thirty days. A deal is one point, where it was last linked: its price is what was paid for what.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, F, Max, Min, QuerySet, Sum

from seedbox.domain.units import GIB
from seedbox.services import market_facts
from speed.domain.earnings import Span
from speed.domain.rounds import ROUND_S, round_at
from speed.models import BuyingDeal, Round, SellingDeal
from speed.services import node_rows

MOST_DEALS = 2_000  # of one torrent, the newest
MOST_TORRENTS = 50  # to choose from, those traded last


@dataclass(frozen=True, slots=True)
class Priced:
    """What a GiB cost in one step, as a mean and between what, and how much was sold or granted at that."""

    price_ubtt_per_gib: int
    low_ubtt_per_gib: int
    high_ubtt_per_gib: int
    sold_bytes: int


Prices = Mapping[int, Priced]  # by the number of the step


def of_rounds(span: Span) -> Prices:
    """Return the clearing prices of rounds in which something was granted, as the mean of each step's rounds."""
    first, length = round_at(span.since.timestamp()), int(span.step.total_seconds()) // ROUND_S
    price = "price_ubtt_per_gib"
    steps = (
        _rounds(span)
        .values_list((F("number") - first) / length)
        .annotate(mean=Avg(price), low=Min(price), high=Max(price), granted=Sum("granted_bytes_per_s"))
    )
    return {
        int(number): Priced(int(mean), low, high, int(granted) * ROUND_S) for number, mean, low, high, granted in steps
    }


def has_rounds(span: Span) -> bool:
    return _rounds(span).exists()


def _rounds(span: Span) -> QuerySet[Round]:
    """Return the rounds of a span, without an order: one would be a group of its own."""
    numbers = (round_at(span.since.timestamp()), round_at(span.until.timestamp()) - 1)
    nodes = node_rows.selling_nodes()
    return Round.objects.filter(node_name__in=nodes, number__range=numbers, granted_bytes_per_s__gt=0).order_by()


def of_torrent(user_id: int, torrent_key: str, span: Span) -> Prices:
    """Return what was paid in a user's own deals of a torrent: bought, or sold of what the user holds."""
    steps: dict[int, list[tuple[int, int]]] = {}
    linked = {"linked_at__gte": span.since, "linked_at__lt": span.until, "covered_bytes__gt": 0}
    for deals in _deals(user_id):
        found = deals.filter(torrent_key=torrent_key, **linked).order_by("-linked_at")
        newest = found.values_list("linked_at", "cumulative_ubtt", "covered_bytes")[:MOST_DEALS]
        for at, paid_ubtt, paid_bytes in newest:
            number = span.number_of(at)
            if number is not None:
                steps.setdefault(number, []).append((paid_ubtt, paid_bytes))
    return {number: _priced(deals) for number, deals in sorted(steps.items())}


def torrents(user_id: int, *, since: datetime) -> dict[str, str]:
    """Return the torrents of which a user has such deals, by key, those traded last first."""
    newest: dict[str, tuple[datetime, str]] = {}
    for deals in _deals(user_id):
        found = deals.filter(linked_at__gte=since, covered_bytes__gt=0).values_list("torrent_key", "torrent_name")
        for key, name, at in found.order_by().annotate(at=Max("linked_at")).order_by("-at")[:MOST_TORRENTS]:
            newest[key] = max(newest.get(key, (at, name)), (at, name))
    last_first = sorted(newest, key=lambda key: newest[key], reverse=True)[:MOST_TORRENTS]
    return {key: newest[key][1] or key for key in last_first}


def _deals(user_id: int) -> tuple[QuerySet[SellingDeal], QuerySet[BuyingDeal]]:
    held = SellingDeal.objects.filter(market_facts.is_held_by(user_id))
    return held, BuyingDeal.objects.filter(user_id=user_id)


def _priced(deals: list[tuple[int, int]]) -> Priced:
    """Return what these deals cost together, rounded down as a meter does, and each of them alone."""
    prices = [paid_ubtt * GIB // paid_bytes for paid_ubtt, paid_bytes in deals]
    paid_ubtt, paid_bytes = sum(ubtt for ubtt, _ in deals), sum(size for _, size in deals)
    return Priced(paid_ubtt * GIB // paid_bytes, min(prices), max(prices), paid_bytes)
