"""What a node's agent writes of itself, every few seconds."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Q

from speed.models import Agent, Market
from speed.services import former_keys, news


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
    if Market.objects.filter(Q(sells=True) | Q(buys=True), pk=node_name).exists():
        news.tell()
