"""The page of slow torrents: how all of them are bid for by themselves, and the stop."""

from collections.abc import Mapping
from typing import Self

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from seedbox.web.doors import for_members, need_fresh_proof, signed_in_user
from speed.domain.reading import write_mib
from speed.services import auto_bids, auto_page, autobid, news, spenders
from speed.services.autobid import Terms
from speed.web.fields import btt_field, speed_field, time_field, write_time
from speed.web.panel import DIRECTORY
from wallet.domain.money import write_btt

CEILING = _("A GiB never costs more than this. Most cost less: what is bid follows the market.")
TORRENT_BUDGET = _("All that one torrent may ever cost.")
DAY = _("All your bids together, those by hand as well, never spend more than this within 24 hours.")
SPEED = _("A torrent that loads slower than this for a minute is bid for.")
FINISH = _("Or by when a torrent shall be finished: then it is bid for when it would be late. One of both is enough.")

IS_ON = _("Slow torrents are bid for by themselves from now on, within these limits.")
CHANGED = _("Saved: the node follows within seconds.")
IS_OFF = _("Slow torrents are bid for by themselves no longer. What is owed is paid, and no more.")
STOPPED = _("All your spending is stopped: no channel is opened any more, and only what is owed is paid.")


class AutoForm(forms.Form):
    ceiling_ubtt_per_gib = btt_field(_("Ceiling"), CEILING, per="GiB")
    torrent_budget_ubtt = btt_field(_("Budget for each torrent"), TORRENT_BUDGET)
    day_limit_ubtt = btt_field(_("Limit for 24 hours"), DAY)
    least_bytes_per_s = speed_field(_("Wished speed, MiB/s"), SPEED, required=False)
    finish_at = time_field(_("Finished by"), FINISH)
    asks_directory = forms.BooleanField(label=_("Ask hubs for sellers"), required=False, help_text=DIRECTORY)

    @classmethod
    def of(cls, terms: Terms) -> Self:
        return cls(
            initial={
                "ceiling_ubtt_per_gib": write_btt(terms.ceiling_ubtt_per_gib),
                "torrent_budget_ubtt": write_btt(terms.torrent_budget_ubtt),
                "day_limit_ubtt": write_btt(terms.day_limit_ubtt),
                "least_bytes_per_s": write_mib(terms.least_bytes_per_s),
                "finish_at": write_time(terms.finish_at),
                "asks_directory": terms.asks_directory,
            }
        )

    def terms(self) -> Terms:
        """Return what is wanted; only for a form that is valid."""
        return Terms(**self.cleaned_data)


def refuse(form: forms.Form, problems: Mapping[str, str]) -> None:
    """Say at each field what is wrong with it, and above the form what is wrong with none of them."""
    for name, sentence in problems.items():
        form.add_error(name if name in form.fields else None, sentence)


@for_members
@require_http_methods(["GET", "HEAD", "POST"])
def market_auto(request: HttpRequest) -> HttpResponse:
    """Show how slow torrents are bid for, turn it on or change it. More may be spent only after a fresh proof."""
    if request.method != "POST":
        return _show(request)
    form, now = AutoForm(request.POST), timezone.now()
    if form.is_valid():
        refuse(form, autobid.problems_of_all(form.terms(), now=now))
    if form.errors:
        return _show(request, form)
    user_id, wanted = signed_in_user(request).pk, form.terms()
    budget, said = spenders.budget_of(user_id), autobid.of_user(user_id)
    if not budget.is_on or wanted.day_limit_ubtt > budget.day_limit_ubtt:
        need_fresh_proof(request)
    autobid.turn_on(user_id, wanted, now=now)
    news.tell({user_id})
    messages.success(request, CHANGED if said and said.is_on and budget.is_on else IS_ON)
    return redirect("market_auto")


@for_members
@require_POST
def market_auto_off(request: HttpRequest) -> HttpResponse:
    user_id = signed_in_user(request).pk
    autobid.turn_off(user_id, now=timezone.now())
    news.tell({user_id})
    messages.success(request, IS_OFF)
    return redirect("market_auto")


@for_members
@require_POST
def market_auto_stop(request: HttpRequest) -> HttpResponse:
    """Stop all spending at once. Saying no is never dangerous, so it asks for no fresh proof."""
    user_id = signed_in_user(request).pk
    autobid.stop(user_id, now=timezone.now())
    news.tell({user_id})
    messages.success(request, STOPPED)
    return redirect("market_auto")


def _show(request: HttpRequest, form: AutoForm | None = None) -> HttpResponse:
    user, now = signed_in_user(request), timezone.now()
    said, budget, offered = autobid.of_user(user.pk), spenders.budget_of(user.pk), auto_page.terms(user.pk, now=now)
    context = {
        "form": form or AutoForm.of(offered.terms),
        "why": offered.why,
        "said": said,
        "budget": budget,
        "is_on": bool(said and said.is_on and budget.is_on),
        "is_held_up": bool(said and said.is_on and not budget.is_on),
        "is_late": auto_page.is_late(said, now=now),
        "obstacles": auto_page.obstacles(user.pk, is_admin=user.is_admin, now=now),
        "rows": auto_page.rows(user.pk),
        "full_nodes": auto_bids.full_nodes(user.pk),
        "most_torrents": auto_bids.MAX_TORRENTS,
    }
    return render(request, "speed/auto.html", context)
