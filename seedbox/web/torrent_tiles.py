"""The tiles of the overview that every box has: what moves, how many there are, what is to be done."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from seedbox.domain.units import format_bytes
from seedbox.services import nodes, totals
from seedbox.services.rows import torrent_row
from seedbox.web import navigation, next_steps, tiles
from seedbox.web.next_steps import Step
from seedbox.web.tiles import Look, Tile

SPEEDS = "speeds"  # the tile to which another app may add a part


def register(*, watched_steps: str) -> None:
    """Register them; the next steps are those of all apps, and follow what is watched under that name."""
    for tile in _own_tiles(watched_steps):
        tiles.register(tile)
    next_steps.register("torrents", own_steps)


def speeds(look: Look) -> dict[str, Any]:
    return {"row": totals.speeds_row(look.totals.speeds), "parts": tiles.parts(SPEEDS, look)}


def counts(look: Look) -> dict[str, Any]:
    node = max(look.nodes, key=lambda node: node.total_bytes, default=None)
    disk = None
    if node is not None and node.total_bytes:
        used_bytes = node.total_bytes - node.free_bytes
        disk = {
            "free": format_bytes(node.free_bytes),
            "total": format_bytes(node.total_bytes),
            "used_percent": used_bytes * 100 // node.total_bytes,
            "tone": "red" if nodes.is_low(node) else "green",
        }
    return {"totals": look.totals, "disk": disk, "version": disk["tone"] if disk else ""}


def active(look: Look) -> dict[str, Any]:
    found = totals.busiest(look.user.pk)
    return {"rows": [torrent_row(holding) | {"id": holding.pk} for holding in found]}


def steps(look: Look) -> dict[str, Any]:
    found = next_steps.steps(look)
    return {"steps": found, "version": next_steps.version(found)}


def own_steps(look: Look) -> list[Step]:
    """Say what torrents, nodes and disks need of their user."""
    return [*_steps_of_box(look), *_steps_of_torrents(look)]


def _steps_of_box(look: Look) -> list[Step]:
    health, see = reverse("health"), _("See its health")
    steps = []
    if trouble := nodes.trouble(look.now):
        steps.append(Step(trouble, see, health, "alert", "danger"))
    if not look.nodes:
        text = _("No node has started yet: torrents wait until one does.")
        steps.append(Step(text, see, health, "alert", "warning"))
    for node in look.nodes:
        if nodes.is_low(node):
            text = _("The disk of node %(node)s is nearly full: %(free)s left.") % {
                "node": node.name,
                "free": format_bytes(node.free_bytes),
            }
            steps.append(Step(text, _("See what there is"), health, "folder", "warning"))
    return steps


def _steps_of_torrents(look: Look) -> list[Step]:
    page, found = reverse("torrents"), look.totals
    if not found.torrents:
        text = _("You hold no torrent yet. Add a file or a magnet link, and it loads on the box.")
        offered = [
            Step(link.label, _("Look"), reverse(link.url_name), link.icon) for link in navigation.first_steps(look.user)
        ]
        return [Step(text, _("Add a torrent"), f"{page}#add", "plus"), *offered]
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


def _own_tiles(watched_steps: str) -> Iterable[Tile]:
    """Yield them with room between their places, for those of others."""
    title, template = gettext_lazy("Next steps"), "seedbox/tiles/next.html"
    yield Tile("next", title, template, steps, "", "check", (watched_steps,), span=3, place=10)
    title, template = gettext_lazy("Speed now"), "seedbox/tiles/speeds.html"
    yield Tile(SPEEDS, title, template, speeds, "torrents", "health", (totals.KIND,), span=2, place=50)
    title, template = gettext_lazy("Torrents"), "seedbox/tiles/counts.html"
    yield Tile("counts", title, template, counts, "torrents", "list", place=40)
    title, template = gettext_lazy("Active torrents"), "seedbox/tiles/active.html"
    yield Tile("active", title, template, active, "torrents", "play", (totals.KIND,), span=2, place=70)
