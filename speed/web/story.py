"""The story of a torrent's automatic bid at the top of its tab: how it stands, a chart, the log, and its switch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from seedbox.services import market_facts
from seedbox.services.market_facts import TorrentFacts
from seedbox.web.doors import for_members, signed_in_user
from speed.services import auto_chart, auto_story, autobid, news, quotes
from speed.services.auto_runs import KEPT_DECISIONS
from speed.services.auto_story import SENTENCES
from speed.services.autobid import Choice
from speed.services.bids import BadBid, NoSuchTorrent

TURNED_ON = gettext_lazy("On: as soon as it is too slow for a minute, it is bid for.")
TURNED_OFF = gettext_lazy("Off: nothing is bid for this torrent any more. What was received is paid, and no more.")
STOPPED = gettext_lazy(
    "All spending is stopped: no channel is opened any more, in the ledger itself. Only what is owed is paid."
)


def own_torrent(request: HttpRequest, holding_id: int) -> tuple[int, TorrentFacts]:
    """Return who asks, and the torrent of that holding if it is theirs. Raises Http404."""
    user_id = signed_in_user(request).pk
    return user_id, held_torrent(holding_id, user_id)


def held_torrent(holding_id: int, user_id: int) -> TorrentFacts:
    torrent = market_facts.torrent_of(holding_id, user_id=user_id)
    if torrent is None:
        raise Http404
    return torrent


def tab_of(holding_id: int) -> str:
    return reverse("torrent", args=[holding_id]) + "?tab=speed"


def context(user_id: int, torrent: TorrentFacts, query: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """Return what the story shows; the query says which span of time and how many sentences."""
    number = torrent.torrent_id
    version = auto_story.versions(user_id, [number])[number]  # first: what comes in meanwhile is fetched once more
    card = auto_story.card(user_id, number, now=now)
    span, shown = query.get("span", ""), _shown(query)
    chart = auto_chart.chart(int(card["bid"]), span=span, now=now) if card else None
    said = auto_story.sentences(int(card["bid"]), limit=shown + 1) if card else []
    rides = number in auto_story.rides_along(user_id, [number])
    return {
        "version": version,
        "card": card,
        "chart": chart,
        "span": span if span in auto_chart.RANGES else "",
        "spans": {key: _(label) for key, (label, *rest) in auto_chart.RANGES.items()},
        "said": said[:shown],
        "shown": shown,
        "older": shown + SENTENCES if len(said) > shown else 0,
        "switch": auto_story.switch(user_id, number),
        "rides": _(auto_story.RIDES) if rides and not (card and card["is_on"]) else "",
        "promise": _(auto_story.PROMISE),
    }


def _shown(query: Mapping[str, str]) -> int:
    asked = query.get("said", "")
    return min(max(int(asked), SENTENCES), KEPT_DECISIONS) if asked.isdecimal() and len(asked) <= 3 else SENTENCES


@for_members
@require_GET
def market_story(request: HttpRequest, holding_id: int) -> HttpResponse:
    """Return the story alone, for an open page that has heard of something new; it hears of more for some minutes."""
    user_id, torrent = own_torrent(request, holding_id)
    now = timezone.now()
    if not torrent.is_complete:
        quotes.look(torrent.torrent_id, now=now)
    found = context(user_id, torrent, request.GET.dict(), now=now)
    return render(request, "speed/_story.html", found | {"speed": torrent, "holding_id": holding_id, "is_part": True})


@for_members
@require_POST
def market_switch(request: HttpRequest, holding_id: int) -> HttpResponse:
    """Turn a torrent's automatic bid on or off, with the terms that were said before."""
    user_id, torrent = own_torrent(request, holding_id)
    choice = Choice.ON if request.POST.get("choice") == Choice.ON else Choice.OFF
    own = autobid.own_terms(user_id, torrent.torrent_id)
    try:
        autobid.choose(user_id, torrent.torrent_id, choice, own, now=timezone.now())
    except NoSuchTorrent:
        raise Http404 from None
    except BadBid as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, TURNED_ON if choice is Choice.ON else TURNED_OFF)
    news.tell({user_id})
    return redirect(tab_of(holding_id))


@for_members
@require_POST
def market_stop(request: HttpRequest, holding_id: int) -> HttpResponse:
    """Stop all spending of a user, who looks at one torrent."""
    user_id = own_torrent(request, holding_id)[0]
    autobid.stop(user_id, now=timezone.now())
    news.tell({user_id})
    messages.success(request, STOPPED)
    return redirect(tab_of(holding_id))
