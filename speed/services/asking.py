"""What nodes might ask: the rounds of a week, what buyers would pay at most, and who is here, weighed for operators."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Q, Sum

from seedbox.services import market_facts, nodes
from speed.domain.asking import Demand, Sold, Suggestion, suggest
from speed.domain.rounds import round_at
from speed.models import Round, SellingDeal
from speed.services import markets
from speed.services.markets import Terms
from wallet.services.install import market_asset

WEEK = timedelta(days=7)
BUYERS = 1_000  # those that pay most, of more than that


@dataclass(frozen=True)
class Asked:
    """What a node asks, and what it might ask instead."""

    node_name: str
    ask_ubtt_per_gib: int
    suggestion: Suggestion


def of_nodes(*, now: datetime) -> list[Asked]:
    """Return what each node of the box might ask, and why, by name."""
    return [_of_node(node.name, now=now) for node in sorted(nodes.health(now).nodes, key=lambda node: node.name)]


def _of_node(node_name: str, *, now: datetime) -> Asked:
    terms = markets.terms_of(node_name, now=now)
    found = suggest(_demand(node_name, terms, now=now), asset=market_asset())
    return Asked(node_name, terms.ask_ubtt_per_gib, found)


def _demand(node_name: str, terms: Terms, *, now: datetime) -> Demand:
    return Demand(
        sells=terms.sells,
        ask_ubtt_per_gib=terms.ask_ubtt_per_gib,
        sold=_sold(node_name, now=now) if terms.sells else [],
        ceilings=_ceilings(node_name, now=now) if terms.sells else [],
        leechers=_leechers(node_name, terms) if terms.sells else 0,
    )


def _sold(node_name: str, *, now: datetime) -> list[Sold]:
    """Return a week's rounds by their price: multiplied in the database, price and speed would not fit 64 bits."""
    week = Round.objects.filter(node_name=node_name, number__gte=round_at((now - WEEK).timestamp())).order_by()
    sums = week.values_list("price_ubtt_per_gib").annotate(
        rounds=Count("pk"),
        competed=Count("pk", filter=Q(price_ubtt_per_gib__gt=F("ask_ubtt_per_gib"))),
        granted=Sum("granted_bytes_per_s"),
        for_sale=Sum("for_sale_bytes_per_s"),
    )
    return [
        Sold(price, rounds, competed, int(granted), int(for_sale))
        for price, rounds, competed, granted, for_sale in sums
    ]


def _ceilings(node_name: str, *, now: datetime) -> list[int]:
    """Return the highest ceiling of each buyer that was here within a week: who bids often is one buyer."""
    here = SellingDeal.objects.filter(node_name=node_name, linked_at__gte=now - WEEK).order_by()
    highest = here.values_list("payer_ref").annotate(highest=Max("max_price_ubtt_per_gib"))
    return [ceiling for _, ceiling in highest.order_by("-highest")[:BUYERS]]


def _leechers(node_name: str, terms: Terms) -> int:
    for_sale = (one for one in market_facts.seeding(node_name) if terms.is_for_sale(one.key, private=one.private))
    return sum(one.leechers for one in for_sale)
