"""What a hand of the demo does in either box."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Sum

from seedbox import wiring
from seedbox.domain.network import NetworkSettings
from seedbox.models import Node, User
from seedbox.services import audit, holdings, networks
from speed.domain.bounds import LEAST_FREE_SHARE_PPM
from speed.models import Agent
from speed.services import hub_list, markets
from wallet.services import deposit_addresses

Order = dict[str, Any]


def user() -> User:
    """Return the box's admin."""
    return User.objects.order_by("pk")[0]


def now() -> datetime:
    return datetime.now(UTC)


def sums(deals: Any, columns: dict[str, str]) -> dict[str, int]:
    found = deals.aggregate(**{f"all_{name}": Sum(column) for name, column in columns.items()})
    return {name: found[f"all_{name}"] or 0 for name in columns}


def is_ready(_order: Order) -> bool:
    """Say whether node, market and hub are there."""
    has_hub = deposit_addresses.is_ready() and bool(hub_list.own_id())
    has_agent = Agent.objects.filter(pk=settings.NODE_NAME).exclude(speed_key="").exists()
    return has_agent and Node.objects.filter(name=settings.NODE_NAME).exists() and has_hub


def bind(order: Order) -> None:
    """Have the node call from its own address: whatever calls over loopback comes from 127.0.0.1 else."""
    networks.change(
        node_name=settings.NODE_NAME,
        settings=NetworkSettings(interface=order["address"], port_mapping=False),
        keeps_password=False,
        origin=audit.command_line(),
        now=now(),
    )


def take_part(order: Order) -> None:
    """Let the node sell or buy."""
    markets.change(
        node_name=settings.NODE_NAME,
        sells=order["sells"],
        buys=not order["sells"],
        ask_ubtt_per_gib=order["ask_ubtt_per_gib"],
        free_share_ppm=LEAST_FREE_SHARE_PPM,
        upload_limit_bytes_per_s=order["upload_limit_bytes_per_s"],
        dials_local=True,
        origin=audit.command_line(),
        now=now(),
    )


def add(order: Order) -> dict[str, int]:
    """Add a torrent file, and return the numbers of holding and torrent."""
    source = wiring.read_torrent_file(Path(order["torrent"]).read_bytes())
    holding = holdings.add(user=user(), source=source, peers=tuple(order["peers"]), now=now())
    return {"holding": holding.pk, "torrent": holding.torrent_id}
