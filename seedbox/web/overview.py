"""The overview, home of the box: its tiles, each a part that can be fetched alone."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET

from seedbox.models import User
from seedbox.services import screen_choices
from seedbox.web import tiles
from seedbox.web.doors import for_members, signed_in_user

SCREEN = "overview"


@require_GET
@for_members
def overview(request: HttpRequest) -> HttpResponse:
    user, now = signed_in_user(request), timezone.now()
    shown = tiles.layout(screen_choices.chosen(user_id=user.pk, screen=SCREEN), user=user).shown
    context = {"tiles": [_filled(request, tile, user, now) for tile in shown]}
    return render(request, "seedbox/overview.html", context)


@require_GET
@for_members
def overview_tile(request: HttpRequest, name: str) -> HttpResponse:
    user = signed_in_user(request)
    tile = tiles.find(name, user=user)
    if tile is None:
        raise Http404
    return render(request, "seedbox/_tile.html", {"filled": _filled(request, tile, user, timezone.now())})


def _filled(request: HttpRequest, tile: tiles.Tile, user: User, now: datetime) -> dict[str, Any]:
    context = dict(tile.context(user, now))
    body = render_to_string(tile.template, context, request)
    return {"tile": tile, "body": body, "version": context.get("version", "")}
