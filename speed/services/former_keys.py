"""Keys that a node has had: who has got a new one lets nobody act by the old one, which may be in others' hands.

A channel of the old key runs out, for nobody here can sign by it; its rest returns to its payer. If the old file comes
back, its key is bound again as at any start, and the one of the meantime is the former one.
"""

from datetime import datetime

from speed.models import Agent
from speed.services.deal_rows import Row, minute
from wallet.services import speed_keys

MOST_KEPT = 10  # of a node, the newest


def retire(node_name: str, key: str, *, now: datetime) -> None:
    """Take the key that a node had before this one off all accounts of this box. Doing it twice is doing it once."""
    agent = Agent.objects.filter(pk=node_name).exclude(speed_key__in=("", key)).first()
    if agent is None:
        return
    before = agent.speed_key
    if not Agent.objects.filter(speed_key=before).exclude(pk=node_name).exists():  # or a node was given another name
        speed_keys.revoke_everywhere(before, now=now)
    others = [one for one in agent.former_keys if one not in (before, key)]
    Agent.objects.filter(pk=node_name).update(speed_key=key, former_keys=[*others, before][-MOST_KEPT:])


def owners() -> dict[str, str]:
    """Return the names of nodes by keys that they have had."""
    rows = Agent.objects.values_list("former_keys", "node_name")
    return {key: node_name for keys, node_name in rows for key in keys}


def of_node(agent: Agent | None) -> list[Row]:
    """Return a node's former keys as its page shows them, the newest first."""
    return [_row(key) for key in reversed(agent.former_keys)] if agent else []


def _row(key: str) -> Row:
    channels, until = speed_keys.running_out(key)
    return {
        "key": key,
        "channels": channels,
        "until": minute(until) if until else "",
        "until_at": until.isoformat() if until else "",
        "acts": speed_keys.is_bound(key),
    }
