"""The operator's pages of rounds: prices over time, and one round with its bids, summed up anew."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from seedbox.web.doors import for_admins
from speed.services import node_rows, round_rows, screen
from speed.web.market import viewer_of


@for_admins
@require_GET
def market_rounds(request: HttpRequest, name: str) -> HttpResponse:
    now = timezone.now()
    version = screen.version_of_rounds(viewer_of(request), now=now)  # first: what comes in meanwhile is read once more
    if node_rows.node_states(now=now, only=[name])[0].terms.node is None:
        raise Http404
    context = {
        "version": version,
        "name": name,
        "chart": round_rows.chart_of(name),
        "rounds": [round_rows.round_row(one) for one in round_rows.newest(name)],
    }
    return render(request, "speed/rounds.html", context)


@for_admins
@require_GET
def market_round(request: HttpRequest, name: str, number: int) -> HttpResponse:
    found = round_rows.find(name, number)
    if found is None:
        raise Http404
    context = {
        "name": name,
        "row": round_rows.round_row(found),
        "bids": round_rows.bid_rows(found),
        "bids_hash": found.bids_hash,
        "findings": round_rows.audited(found),
    }
    return render(request, "speed/round.html", context)
