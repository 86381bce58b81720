"""The market's tab of a torrent: what sellers ask, the user's bid, its deals; and for an admin whether it is sold."""

from collections.abc import Mapping
from typing import Any, Self

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from seedbox.services.market_facts import TorrentFacts
from seedbox.web.doors import for_admins, for_members
from seedbox.web.origin import origin_of
from speed.domain.buying import pace_for
from speed.domain.reading import write_mib
from speed.models import Bid, ForSale
from speed.services import bids, markets, news, quotes, screen, spenders
from speed.services.bids import BadBid
from speed.services.deal_rows import buying_row
from speed.services.markets import BadTerms
from speed.services.screen import Viewer
from speed.web import story
from speed.web.fields import btt_field, speed_field
from speed.web.market import WITHDRAWN, WITHDRAWN_FOR_GOOD
from speed.web.story import held_torrent, own_torrent, tab_of
from wallet.domain.money import write_btt
from wallet.services.install import market_asset

HOUR_S = 3_600

CEILING = gettext_lazy("Never more than this, whatever the market asks. A round may cost less.")
BUDGET = gettext_lazy("All that this torrent may ever cost.")
USEFUL = gettext_lazy("More than this is of no use to you. Empty: as fast as it gets.")
PACE = gettext_lazy(
    "How fast money may go. Empty: enough for the useful speed at the ceiling, or the whole budget in an hour."
)
STANDS = gettext_lazy("Your bid stands: the node looks for sellers now.")
BY_HAND = gettext_lazy("Your bid by hand stands in place of the automatic one.")
OWN_ASK = gettext_lazy("Empty: the node's ask. A lower one counts as the node's.")
DIRECTORY = gettext_lazy(
    "Sellers of a private torrent are found at hubs alone. They see a hash that only holders of it can make."
)


class BidForm(forms.Form):
    max_price_ubtt_per_gib = btt_field(gettext_lazy("Ceiling"), CEILING, per="GiB")
    budget_ubtt = btt_field(gettext_lazy("Budget"), BUDGET)
    useful_bytes_per_s = speed_field(gettext_lazy("Useful speed, MiB/s"), USEFUL, required=False)
    hour_ubtt = btt_field(gettext_lazy("At most per hour"), PACE, required=False)
    asks_directory = forms.BooleanField(label=gettext_lazy("Ask hubs for sellers"), required=False, help_text=DIRECTORY)

    def __init__(self, *args: Any, private: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not private:
            del self.fields["asks_directory"]

    @classmethod
    def of(cls, bid: Bid | None, *, private: bool) -> Self:
        if bid is None:
            return cls(private=private)
        initial = {
            "max_price_ubtt_per_gib": write_btt(bid.max_price_ubtt_per_gib),
            "budget_ubtt": write_btt(bid.budget_ubtt),
            "useful_bytes_per_s": write_mib(bid.useful_bytes_per_s),
            "hour_ubtt": "" if bid.spend_ubtt_per_s in (0, _pace_of(bid)) else write_btt(bid.spend_ubtt_per_s * HOUR_S),
            "asks_directory": bid.asks_directory,
        }
        return cls(private=private, initial=initial)

    def wish(self) -> dict[str, Any]:
        """Return what is to be bid; only for a form that is valid."""
        said = {name: value for name, value in self.cleaned_data.items() if name != "hour_ubtt"}
        hour_ubtt = self.cleaned_data["hour_ubtt"]
        wanted = {name: said[name] for name in ("max_price_ubtt_per_gib", "useful_bytes_per_s", "budget_ubtt")}
        return said | {"spend_ubtt_per_s": hour_ubtt // HOUR_S if hour_ubtt else pace_for(**wanted)}

    def refuse(self, problems: Mapping[str, str]) -> None:
        for name, sentence in problems.items():
            self.add_error("hour_ubtt" if name == "spend_ubtt_per_s" else name, sentence)


def _pace_of(bid: Bid) -> int:
    """Return the pace that a bid has when nobody says one."""
    return pace_for(
        max_price_ubtt_per_gib=bid.max_price_ubtt_per_gib,
        useful_bytes_per_s=bid.useful_bytes_per_s,
        budget_ubtt=bid.budget_ubtt,
    )


class OfferForm(forms.Form):
    for_sale = forms.ChoiceField(
        label=gettext_lazy("Sell this torrent"),
        required=False,
        choices=ForSale.choices,
        help_text=gettext_lazy("A private torrent is sold only when this says yes."),
    )
    ask_ubtt_per_gib = btt_field(gettext_lazy("Own ask"), OWN_ASK, per="GiB", required=False)


def context(user: object, holding_id: int, query: Mapping[str, str]) -> dict[str, Any]:
    """Return what the tab shows to a holder; from then on the node asks sellers for some minutes."""
    user_id = int(getattr(user, "pk", 0))
    torrent, now = held_torrent(holding_id, user_id), timezone.now()
    terms = markets.terms_of(torrent.node_name, now=now)
    bid = bids.of_torrent(torrent.torrent_id, user_id=user_id)
    if terms.buys and not torrent.is_complete:
        quotes.look(torrent.torrent_id, now=now)
    own = screen.selling_rows(Viewer(user_id, is_admin=False), torrent_id=torrent.torrent_id)
    return {
        "speed": torrent,
        "holding_id": holding_id,
        "terms": terms,
        "obstacle": _(terms.obstacle),
        "spends": spenders.budget_of(user_id).is_on,
        "bid_row": screen.row_of_bid(bid, name=torrent.name) if bid else None,
        "bid": bid,
        "form": BidForm.of(bid, private=torrent.private),
        "sellers": screen.quotes(torrent.node_name, torrent.key, now=now),
        "buying": [buying_row(deal) for deal in screen.buying_deals(user_id, torrent_id=torrent.torrent_id)],
        "selling": own,
        "is_sold": terms.sells and torrent.may_be_sold and terms.is_for_sale(torrent.key, private=torrent.private),
        "offer_form": _offer_form(terms, torrent.key),
        "unit": market_asset().unit,
        "nothing": {},
        **story.context(user_id, torrent, query, now=now),
    }


@for_members
@require_http_methods(["GET", "POST"])
def market_bid(request: HttpRequest, holding_id: int) -> HttpResponse:
    """Let a bid stand, or change it; what is wrong is said on a page of its own."""
    user_id, torrent = own_torrent(request, holding_id)
    before = bids.of_torrent(torrent.torrent_id, user_id=user_id)
    if request.method == "GET":
        return _show_bid(request, torrent, holding_id, BidForm.of(before, private=torrent.private), before)
    form = BidForm(request.POST, private=torrent.private)
    if form.is_valid():
        try:
            bids.place(user_id=user_id, torrent_id=torrent.torrent_id, now=timezone.now(), **form.wish())
        except BadBid as refusal:
            form.refuse(refusal.problems)
        else:
            news.tell({user_id})
            messages.success(request, BY_HAND if before and before.is_on and before.is_auto else STANDS)
            return redirect(tab_of(holding_id))
    return _show_bid(request, torrent, holding_id, form, before)


@for_members
@require_POST
def market_withdraw(request: HttpRequest, holding_id: int) -> HttpResponse:
    user_id, torrent = own_torrent(request, holding_id)
    withdrawal = bids.withdraw(user_id=user_id, torrent_id=torrent.torrent_id)
    news.tell({user_id})
    messages.success(request, WITHDRAWN_FOR_GOOD if withdrawal.is_off else WITHDRAWN)
    return redirect(tab_of(holding_id))


@for_admins
@require_http_methods(["GET", "POST"])
def market_offer(request: HttpRequest, holding_id: int) -> HttpResponse:
    """Decide whether a torrent that this admin holds is sold, and at what ask; see `market_bid`."""
    torrent = own_torrent(request, holding_id)[1]
    if request.method == "GET":
        terms = markets.terms_of(torrent.node_name, now=timezone.now())
        return _show_offer(request, torrent, holding_id, _offer_form(terms, torrent.key))
    form = OfferForm(request.POST)
    if form.is_valid():
        try:
            markets.offer(
                node_name=torrent.node_name,
                torrent_key=torrent.key,
                for_sale=ForSale(form.cleaned_data["for_sale"]),
                ask_ubtt_per_gib=form.cleaned_data["ask_ubtt_per_gib"],
                origin=origin_of(request),
                now=timezone.now(),
            )
        except BadTerms as refusal:
            form.add_error("ask_ubtt_per_gib", str(refusal))
        else:
            messages.success(request, _("Saved: the node follows within seconds."))
            return redirect(tab_of(holding_id))
    return _show_offer(request, torrent, holding_id, form)


def _offer_form(terms: markets.Terms, key: str) -> OfferForm:
    for_sale, ask_ubtt_per_gib = terms.offers.get(key, ("", 0))
    ask = write_btt(ask_ubtt_per_gib) if ask_ubtt_per_gib else ""
    return OfferForm(initial={"for_sale": for_sale, "ask_ubtt_per_gib": ask})


def _show_bid(
    request: HttpRequest, torrent: TorrentFacts, holding_id: int, form: BidForm, bid: Bid | None
) -> HttpResponse:
    context = {
        "name": torrent.name or torrent.key,
        "holding_id": holding_id,
        "form": form,
        "bid": bid,
        "back": tab_of(holding_id),
    }
    return render(request, "speed/bid.html", context)


def _show_offer(request: HttpRequest, torrent: TorrentFacts, holding_id: int, form: OfferForm) -> HttpResponse:
    context = {
        "name": torrent.name or torrent.key,
        "holding_id": holding_id,
        "offer_form": form,
        "back": tab_of(holding_id),
    }
    return render(request, "speed/sale.html", context)
