"""The page on which one torrent is bid for otherwise than the others; what that would cost is said before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from seedbox.services.market_facts import TorrentFacts
from seedbox.web.doors import for_members, signed_in_user
from speed.domain.auto_terms import OwnTerms
from speed.domain.reading import write_mib
from speed.models import AutoTorrent
from speed.services import auto_page, auto_rows, auto_screen, autobid, bids, news, quotes, spenders
from speed.services.auto_page import Offered
from speed.services.auto_screen import DryRun
from speed.services.autobid import Choice, Terms
from speed.services.bids import BadBid, NoSuchTorrent
from speed.services.deal_rows import price
from speed.web.auto import refuse
from speed.web.fields import btt_field, speed_field, time_field, write_time
from speed.web.story import own_torrent, tab_of
from wallet.domain.money import format_amount, write_btt
from wallet.services.install import market_asset

AS_FOR_ALL = _("Empty: %(terms)s, as for all.")
SAY_IT = _("Say it here: nothing is said for all torrents yet. Offered there: %(terms)s.")
FINISH = _("With a speed or a time said here, the wish for all does not count.")
CHOSEN = {
    Choice.ON: _("Saved: this torrent is bid for whenever it is slow."),
    Choice.OFF: _("Saved: this torrent is not bid for by itself."),
    Choice.AS_ALL: _("Saved: this torrent is treated as all others are."),
}


class OwnForm(forms.Form):
    choice = forms.ChoiceField(label=_("Bid for this torrent by itself"), choices=Choice.choices)
    ceiling_ubtt_per_gib = btt_field(_("Ceiling"), per="GiB", required=False)
    budget_ubtt = btt_field(_("Budget"), required=False)
    least_bytes_per_s = speed_field(_("Wished speed, MiB/s"), required=False)
    finish_at = time_field(_("Finished by"))

    def __init__(self, *args: Any, offered: Offered, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        general, hint = offered.terms, SAY_IT if offered.why else AS_FOR_ALL
        budget = format_amount(general.torrent_budget_ubtt, market_asset())
        self.fields["ceiling_ubtt_per_gib"].help_text = hint % {"terms": price(general.ceiling_ubtt_per_gib)}
        self.fields["budget_ubtt"].help_text = hint % {"terms": budget}
        wish = auto_rows.wish(general.least_bytes_per_s, general.finish_at)
        self.fields["least_bytes_per_s"].help_text = hint % {"terms": wish}
        self.fields["finish_at"].help_text = FINISH

    @classmethod
    def of(cls, said: AutoTorrent | None, *, offered: Offered) -> Self:
        if said is None:
            return cls(offered=offered, initial={"choice": Choice.AS_ALL})
        initial = {
            "choice": said.choice,
            "ceiling_ubtt_per_gib": write_btt(said.ceiling_ubtt_per_gib) if said.ceiling_ubtt_per_gib else "",
            "budget_ubtt": write_btt(said.budget_ubtt) if said.budget_ubtt else "",
            "least_bytes_per_s": write_mib(said.least_bytes_per_s or 0),
            "finish_at": write_time(said.finish_at),
        }
        return cls(offered=offered, initial=initial)

    def own(self) -> OwnTerms:
        """Return what is wanted otherwise; only for a form that is valid."""
        said = self.cleaned_data
        return OwnTerms(
            said["ceiling_ubtt_per_gib"] or None,
            said["budget_ubtt"] or None,
            said["least_bytes_per_s"] or None,
            said["finish_at"],
        )


@for_members
@require_http_methods(["GET", "HEAD", "POST"])
def market_auto_torrent(request: HttpRequest, holding_id: int) -> HttpResponse:
    """Decide on one torrent; what it would cost is shown before, by the terms as they are typed."""
    now = timezone.now()
    user_id, torrent = own_torrent(request, holding_id)
    offered = auto_page.terms(user_id, now=now)
    general = offered.terms
    if request.method != "POST":
        form = OwnForm.of(autobid.of_torrent(user_id, torrent.torrent_id), offered=offered)
        own = autobid.own_terms(user_id, torrent.torrent_id)
        return _show_torrent(request, torrent, holding_id, form, own, general)
    form = OwnForm(request.POST, offered=offered)
    if not form.is_valid():
        return _show_torrent(request, torrent, holding_id, form, None, general)
    own, choice = form.own(), Choice(form.cleaned_data["choice"])
    if "forecast" not in request.POST:
        try:
            autobid.choose(user_id, torrent.torrent_id, choice, own, now=now)
        except NoSuchTorrent:
            raise Http404 from None
        except BadBid as refusal:
            refuse(form, refusal.problems)
        else:
            news.tell({user_id})
            messages.success(request, CHOSEN[choice])
            return redirect(tab_of(holding_id))
    return _show_torrent(request, torrent, holding_id, form, own, general)


def _show_torrent(
    request: HttpRequest,
    torrent: TorrentFacts,
    holding_id: int,
    form: OwnForm,
    own: OwnTerms | None,
    general: Terms,
) -> HttpResponse:
    """Show the form, and what bidding by `own` would come to; the node asks sellers for some minutes from now on."""
    user, now = signed_in_user(request), timezone.now()
    said = autobid.of_user(user.pk)
    bid = bids.of_torrent(torrent.torrent_id, user_id=user.pk)
    quotes.look(torrent.torrent_id, now=now)
    found, problems = (None, {}) if own is None else _forecast(user.pk, torrent, own, general, now)
    if form.is_bound and not form.errors:
        refuse(form, problems)
    context = {
        "name": torrent.name or torrent.key,
        "back": tab_of(holding_id),
        "form": form,
        "said": said,
        "all_on": bool(said and said.is_on),
        "spends": spenders.budget_of(user.pk).is_on,
        "by_hand": bid is not None and bid.is_on and not bid.is_auto,
        "is_complete": torrent.is_complete,
        "asks_nobody": torrent.private and not general.asks_directory,
        "obstacles": auto_page.obstacles(user.pk, is_admin=user.is_admin, node_name=torrent.node_name, now=now),
        "forecast": auto_rows.forecast_row(found) if found is not None else None,
        "no_forecast": "" if form.is_bound else " ".join(problems.values()),
    }
    return render(request, "speed/auto_torrent.html", context)


def _forecast(
    user_id: int, torrent: TorrentFacts, own: OwnTerms, general: Terms, now: datetime
) -> tuple[DryRun | None, Mapping[str, str]]:
    """Return what bidding by these terms would come to; None, and why by field, if nothing could be bid by them."""
    if problems := autobid.problems_of(general, own, now=now):
        return None, problems
    return auto_screen.dry_run(user_id, torrent.torrent_id, general=general, own=own, now=now), {}
