"""What a node's agent writes of itself, every few seconds."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Q

from speed.models import Agent, BuyingDeal, Market, SellingDeal
from speed.services import former_keys, news

_traded: set[str] = set()  # nodes of this process that did so at their last beat: its end is news, too


def beat(
    *,
    node_name: str,
    now: datetime,
    speed_key: bytes,
    listens_on: Iterable[str],
    port_mapping: str,
    selling_problem: str,
    buying_problem: str,
    problem: str,
    counters: Mapping[str, int],
) -> None:
    """Write how a node's agent is. A key that it had before acts for nobody any more."""
    former_keys.retire(node_name, speed_key.hex(), now=now)
    Agent.objects.update_or_create(
        node_name=node_name,
        defaults={
            "speed_key": speed_key.hex(),
            "beat_at": now,
            "listens_on": list(listens_on),
            "port_mapping": port_mapping,
            "selling_problem": selling_problem,
            "buying_problem": buying_problem,
            "problem": problem,
            "counters": dict(counters),
        },
    )
    trades = _trades(node_name)
    if trades or node_name in _traded:
        news.tell()
    (_traded.add if trades else _traded.discard)(node_name)


def _trades(node_name: str) -> bool:
    """Say whether a node takes part in the market, or has deals that are not over yet."""
    if Market.objects.filter(Q(sells=True) | Q(buys=True), pk=node_name).exists():
        return True
    return any(
        deals.objects.filter(node_name=node_name, is_closed=False).exists() for deals in (SellingDeal, BuyingDeal)
    )
