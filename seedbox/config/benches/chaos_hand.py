"""A hand inside the box, for the bench of kills: does what the commands do, without their start.

Run in the box's environment, one process for the whole bench. It takes orders, see `hand_orders`; what is done, the
database has.
"""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

django.setup()

from seedbox import wiring  # noqa: E402  # Django must be set up first
from seedbox.config.celery import app  # noqa: E402  # as above
from seedbox.config.hand_orders import obey  # noqa: E402  # as above
from seedbox.models import Holding, Node, User  # noqa: E402  # as above
from seedbox.services import holdings  # noqa: E402  # as above

PING_S = 2.0
_SHOWN = ("state", "done_bytes", "uploaded_bytes", "error")


def add(order: dict[str, Any]) -> int:
    source = wiring.read_torrent_file(Path(order["torrent"]).read_bytes())
    try:
        return int(holdings.add(user=_user(), source=source, now=datetime.now(UTC)).pk)
    except holdings.AlreadyHeld as known:
        return int(known.holding.pk)


def change(order: dict[str, Any]) -> bool:
    """Do a verb to a torrent; what is gone already is done."""
    found = Holding.objects.filter(pk=order["id"])
    if not found.exists():
        return False
    holdings.change(user=_user(), holding_ids=[order["id"]], verb=order["what"], now=datetime.now(UTC))
    return True


def torrents(order: dict[str, Any]) -> list[dict[str, Any]]:
    rows = Holding.objects.select_related("torrent__observation").order_by("pk")
    return [_row(holding) for holding in rows]


def _row(holding: Holding) -> dict[str, Any]:
    seen = getattr(holding.torrent, "observation", None)
    return {
        "id": holding.pk,
        "key": holding.torrent.key,
        "path": holding.torrent.save_path,
        **({name: getattr(seen, name) for name in _SHOWN} if seen else {"state": "waiting"}),
    }


def node(order: dict[str, Any]) -> dict[str, float]:
    """Return when the node was started last and when it last said how it is, in seconds since the epoch."""
    found = Node.objects.order_by("pk").first()
    if found is None or found.started_at is None or found.beat_at is None:
        return {"started_at_s": 0, "beat_at_s": 0}
    return {"started_at_s": found.started_at.timestamp(), "beat_at_s": found.beat_at.timestamp()}


def ping(order: dict[str, Any]) -> bool:
    """Say whether a worker answers over the broker."""
    name = f"{order['worker']}@{socket.gethostname()}"
    return bool(app.control.ping(destination=[name], timeout=PING_S, limit=1))


def _user() -> User:
    return User.objects.order_by("pk")[0]


if __name__ == "__main__":
    obey((add, change, torrents, node, ping))
