"""The page of somebody in the market: all that a user has dealt with them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from seedbox.web.doors import for_members
from speed.services import peers
from speed.web.market import viewer_of
from wallet.services.install import market_asset


@require_GET
@for_members
def market_peer(request: HttpRequest, peer_key: str) -> HttpResponse:
    found = peers.find(viewer_of(request), peer_key, now=timezone.now())
    if found is None:
        raise Http404
    context = {"key": peer_key, "peer": found, "unit": market_asset().unit}
    return render(request, "speed/peer.html", context)
