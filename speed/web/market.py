"""The market page: what nodes sell, deals both ways, bids; and the pages of one deal."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from seedbox.web.doors import for_admins, for_members, signed_in_user
from seedbox.web.origin import origin_of
from speed.services import autobid, avoided, bids, buying, deal_story, news, round_rows, screen, spenders
from speed.services.deal_rows import buying_row
from speed.services.screen import Viewer
from wallet.domain.money import format_amount
from wallet.services.install import market_asset

FORGIVEN = _("The seller is left alone no longer: nodes bid with it again within seconds, if it is cheap enough.")
WITHDRAWN = _("Your bid is withdrawn. What was received is paid, and no more.")
WITHDRAWN_FOR_GOOD = _(
    "Your bid is withdrawn, and the torrent is not bid for by itself either, until you say so there."
)


def viewer_of(request: HttpRequest) -> Viewer:
    user = signed_in_user(request)
    return Viewer(user.pk, user.is_admin)


@for_members
@require_GET
def market(request: HttpRequest) -> HttpResponse:
    who, now = viewer_of(request), timezone.now()
    nodes = screen.nodes(who, now=now)
    context = {
        "nodes": nodes,
        "charts": _charts(str(node["name"]) for node in nodes),
        "offers": screen.offers(who, now=now),
        "selling": screen.selling_rows(who),
        "buying": [buying_row(deal) for deal in screen.buying_deals(who.user_id)],
        "bids": [row for _, row in screen.own_bids(who.user_id)],
        "budget": spenders.budget_of(who.user_id),
        "auto": autobid.of_user(who.user_id),
        "avoided": avoided.rows(now=now) if who.is_admin else [],
        "unit": market_asset().unit,
        "nothing": {},
    }
    return render(request, "speed/market.html", context)


@for_members
@require_GET
def market_selling(request: HttpRequest, deal_pk: int) -> HttpResponse:
    who = viewer_of(request)
    version = screen.version_of_deals(who)  # first: what comes in meanwhile is read once more
    found = screen.selling_deal(who, deal_pk)
    if found is None:
        raise Http404
    deal, row = found
    context = {
        "version": version,
        "row": row,
        "deal": deal,
        "channel": format_amount(deal.amount_ubtt, market_asset()),
        "rounds": round_rows.rounds_of_deal(deal.node_name, deal.deal_id),
        "story": deal_story.story_of(deal, signed_in_user(request).pk),
        "unit": market_asset().unit,
    }
    return render(request, "speed/selling_deal.html", context)


@for_members
@require_GET
def market_buying(request: HttpRequest, deal_pk: int) -> HttpResponse:
    who = viewer_of(request)
    version = screen.version_of_deals(who)
    deal = screen.buying_deal(who.user_id, deal_pk)
    if deal is None:
        raise Http404
    seen = buying.rounds_of(deal.deal_id)
    context = {
        "version": version,
        "row": buying_row(deal),
        "deal": deal,
        "channel": format_amount(deal.amount_ubtt, market_asset()),
        "rounds": [round_rows.seen_row(one) for one in seen[: round_rows.LISTED]],
        "chart": round_rows.chart(seen),
        "audits": round_rows.audits_of(deal, now=timezone.now()),
        "story": deal_story.story_of(deal, signed_in_user(request).pk),
        "unit": market_asset().unit,
    }
    return render(request, "speed/buying_deal.html", context)


@for_members
@require_POST
def market_bid_end(request: HttpRequest, bid_pk: int) -> HttpResponse:
    """Withdraw a bid from the list of one's bids: its torrent may be gone."""
    user_id = signed_in_user(request).pk
    withdrawal = bids.withdraw_one(user_id, bid_pk)
    if withdrawal is None:
        raise Http404
    news.tell({user_id})
    messages.success(request, WITHDRAWN_FOR_GOOD if withdrawal.is_off else WITHDRAWN)
    return redirect("market")


@for_admins
@require_POST
def market_forgive(request: HttpRequest, peer_key: str) -> HttpResponse:
    """Let the nodes bid with a seller again that was found to cheat."""
    if not avoided.forgive(peer_key, origin=origin_of(request), now=timezone.now()):
        raise Http404
    messages.success(request, FORGIVEN)
    return redirect("market")


def _charts(names: Iterable[str]) -> list[tuple[str, round_rows.Chart]]:
    found = [(name, round_rows.chart_of(name)) for name in names]
    return [(name, chart) for name, chart in found if chart]
