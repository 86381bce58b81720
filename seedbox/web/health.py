"""How the box is: a page for people, JSON for machines."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from seedbox.domain.folders import FolderHealth
from seedbox.domain.units import format_bytes, format_duration
from seedbox.services import counters, nodes
from seedbox.web.doors import for_members


@for_members
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    found = nodes.health(timezone.now())
    context = {"health": found, "nodes": [_node_context(node) for node in found.nodes]}
    return render(request, "seedbox/health.html", context)


@never_cache
@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when everything is well, else 503; nothing here is a secret, so that monitors need no sign-in."""
    found = nodes.health(timezone.now())
    body = {
        "well": found.is_well,
        "database": not found.database_problem,
        "redis": not found.redis_problem,
        "nodes": [
            {"name": node.name, "alive": node.is_alive, "well": not node.problem, "beat_age_s": node.beat_age_s}
            for node in found.nodes
        ],
    }
    return JsonResponse(body, status=200 if found.is_well else 503)


def _node_context(node: nodes.NodeHealth) -> dict[str, object]:
    return {
        "node": node,
        "beat": _("never")
        if node.beat_age_s is None
        else _("%(span)s ago") % {"span": format_duration(node.beat_age_s)},
        "free": format_bytes(node.free_bytes),
        "total": format_bytes(node.total_bytes),
        "used_bytes": node.total_bytes - node.free_bytes,
        "folders": [_folder_context(folder, node.folder) for folder in node.folders],
        "counters": counters.in_words(node.counters),
    }


def _folder_context(folder: FolderHealth, takes_new: str) -> dict[str, object]:
    return {
        "name": folder.name,
        "path": folder.path,
        "is_there": folder.is_there,
        "problem": folder.problem,
        "free": format_bytes(folder.free_bytes),
        "total": format_bytes(folder.total_bytes),
        "takes_new": folder.path == takes_new,
    }
