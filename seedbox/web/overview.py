"""The overview, home of the box: its tiles, each a part that can be fetched alone."""

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods

from seedbox.models import User
from seedbox.services import screen_choices
from seedbox.web import tiles
from seedbox.web.doors import for_members, signed_in_user

SCREEN = "overview"


@require_GET
@gzip_page  # its length says nothing: Django adds some bytes by chance, and masks the token anew each time
@for_members
def overview(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    look = tiles.Look(user, timezone.now())
    shown = tiles.layout(screen_choices.chosen(user_id=user.pk, screen=SCREEN), user=user).shown
    context = {"tiles": [_filled(tile, look) for tile in shown]}
    return render(request, "seedbox/overview.html", context)


@require_GET
@for_members
def overview_tile(request: HttpRequest, name: str) -> HttpResponse:
    user = signed_in_user(request)
    tile = tiles.find(name, user=user)
    if tile is None:
        raise Http404
    return render(request, "seedbox/_tile.html", {"filled": _filled(tile, tiles.Look(user, timezone.now()))})


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def overview_layout(request: HttpRequest) -> HttpResponse:
    """Show all tiles with what can be done to each, by forms alone; each act is kept at once."""
    user = signed_in_user(request)
    if request.method == "POST":
        _rearrange(request, user)
        if "HX-Request" not in request.headers:
            return redirect("overview_layout")
    chosen = screen_choices.chosen(user_id=user.pk, screen=SCREEN)
    context = {"layout": tiles.layout(chosen, user=user), "is_chosen": chosen is not None}
    template = "seedbox/_arrange.html" if request.method == "POST" else "seedbox/overview_layout.html"
    return render(request, template, context)


def _rearrange(request: HttpRequest, user: User) -> None:
    said, name = request.POST.get("act"), request.POST.get("tile", "")
    if said == "reset":
        screen_choices.forget(user_id=user.pk, screen=SCREEN)
        return
    act = next((act for act in tiles.ACTS if act == said), None)
    if act is None:
        raise BadRequest("Choose up, down, hide, show or reset.")
    chosen = screen_choices.chosen(user_id=user.pk, screen=SCREEN)
    names = tiles.rearranged(chosen, name=name, act=act, user=user)
    screen_choices.choose(names, user_id=user.pk, screen=SCREEN)


def _filled(tile: tiles.Tile, look: tiles.Look) -> dict[str, Any]:
    context = dict(tile.context(look))
    body = render_to_string(tile.template, context | {"user": look.user})  # all that tiles need of a request
    return {"tile": tile, "body": body, "version": context.get("version", "")}
