"""The tiles of the overview that every box has: what moves, how many there are, what is to be done."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from seedbox.domain.units import format_bytes
from seedbox.models import Node
from seedbox.services import nodes, totals
from seedbox.services.rows import torrent_row
from seedbox.web import next_steps, tiles
from seedbox.web.next_steps import Step
from seedbox.web.tiles import Look

LITTLE_FREE_PERCENT = 5


def register() -> None:
    for tile in (_NEXT, _SPEEDS, _COUNTS, _ACTIVE):
        tiles.register(tile)
    next_steps.register("torrents", own_steps)


def speeds(look: Look) -> dict[str, Any]:
    return {"row": totals.speeds_row(look.totals.speeds), "parts": tiles.parts("speeds", look)}


def counts(look: Look) -> dict[str, Any]:
    node = Node.objects.order_by("-total_bytes").first()
    disk = None
    if node is not None and node.total_bytes:
        used_bytes = node.total_bytes - node.free_bytes
        disk = {
            "free": format_bytes(node.free_bytes),
            "total": format_bytes(node.total_bytes),
            "used_percent": used_bytes * 100 // node.total_bytes,
            "tone": "red" if _is_low(node) else "green",
        }
    return {"totals": look.totals, "disk": disk}


def active(look: Look) -> dict[str, Any]:
    found = totals.busiest(look.user.pk)
    return {"rows": [torrent_row(holding) | {"id": holding.pk} for holding in found]}


def steps(look: Look) -> dict[str, Any]:
    return {"steps": next_steps.steps(look)}


def own_steps(look: Look) -> list[Step]:
    """Say what torrents, nodes and disks need of their user."""
    return [*_steps_of_box(look.now), *_steps_of_torrents(look.totals)]


def _steps_of_box(now: datetime) -> list[Step]:
    health, look = reverse("health"), _("See its health")
    steps = []
    if trouble := nodes.trouble(now):
        steps.append(Step(trouble, look, health, "alert", "danger"))
    known = list(Node.objects.order_by("name"))
    if not known:
        text = _("No node has started yet: torrents wait until one does.")
        steps.append(Step(text, look, health, "alert", "warning"))
    for node in known:
        if _is_low(node):
            text = _("The disk of node %(node)s is nearly full: %(free)s left.") % {
                "node": node.name,
                "free": format_bytes(node.free_bytes),
            }
            steps.append(Step(text, _("See what there is"), health, "folder", "warning"))
    return steps


def _steps_of_torrents(found: totals.Totals) -> list[Step]:
    page = reverse("torrents")
    if not found.torrents:
        text = _("You hold no torrent yet. Add a file or a magnet link, and it loads on the box.")
        return [Step(text, _("Add a torrent"), f"{page}#add", "plus", "info")]
    steps = []
    if found.troubled:
        text = ngettext(
            "%(count)d torrent has stopped with an error.",
            "%(count)d torrents have stopped with an error.",
            found.troubled,
        ) % {"count": found.troubled}
        steps.append(Step(text, _("See why"), f"{page}?state=error", "alert", "danger"))
    if found.stalled:
        text = ngettext(
            "%(count)d torrent loads from nobody: no peer is connected.",
            "%(count)d torrents load from nobody: no peer is connected.",
            found.stalled,
        ) % {"count": found.stalled}
        steps.append(Step(text, _("Look at them"), f"{page}?state=downloading&sort=peers", "info", "warning"))
    return steps


def _is_low(node: Node) -> bool:
    return node.total_bytes > 0 and node.free_bytes * 100 < node.total_bytes * LITTLE_FREE_PERCENT


_NEXT = tiles.Tile("next", gettext_lazy("Next steps"), "seedbox/tiles/next.html", steps, "", "check", span=3)
_SPEEDS = tiles.Tile(
    "speeds",
    gettext_lazy("Speed now"),
    "seedbox/tiles/speeds.html",
    speeds,
    "torrents",
    "health",
    (totals.KIND,),
    span=2,
)
_COUNTS = tiles.Tile("counts", gettext_lazy("Torrents"), "seedbox/tiles/counts.html", counts, "torrents", "list")
_ACTIVE = tiles.Tile(
    "active",
    gettext_lazy("Active torrents"),
    "seedbox/tiles/active.html",
    active,
    "torrents",
    "play",
    (totals.KIND,),
    span=2,
)
