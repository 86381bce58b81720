"""A user's page of spending: the switch, the limit of a day, and who else may spend from the account here."""

import secrets
from typing import Any, Self

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from seedbox.domain.units import PPM
from seedbox.web.doors import for_members, need_fresh_proof, reauthenticated, signed_in_user
from speed.models import Budget
from speed.services import budgets, hub_list, hub_money, news, spenders
from speed.services.deal_rows import part_of
from speed.web.fields import btt_field
from wallet.domain.money import format_amount, format_btt, write_btt
from wallet.services import speed_keys
from wallet.services.install import market_asset
from wallet.services.refusals import Refused

LIMIT = gettext_lazy("All bids together never spend more than this within 24 hours.")
CODE_LIMIT = gettext_lazy(
    "What the node that brings the code may put into channels within 24 hours. Empty: it may only earn."
)
EARNS = gettext_lazy("What that node sells is paid to your account on this box, if its own operator says so, too.")
PAIR_LIMIT = gettext_lazy("What may be spent of it within 24 hours.")
PAIR_EARNS = gettext_lazy(
    "All that the node sells for money of that hub is paid to that account. Only admins see this."
)
ENDED = gettext_lazy(
    "The node spends from that account no longer, and open channels run out. Revoke its key at that install, too: "
    "until then the node still earns for that account, if it did."
)
NO_PAIR_LIMIT = gettext_lazy("Say what may be spent within 24 hours.")
NO_LIMIT = gettext_lazy("Say what may be spent within 24 hours before you turn it on.")


class SpendingForm(forms.Form):
    is_on = forms.BooleanField(
        label=gettext_lazy("Let my bids spend"),
        required=False,
        help_text=gettext_lazy("Off: nothing is bid; what is owed is still paid."),
    )
    day_limit_ubtt = btt_field(gettext_lazy("Limit for 24 hours"), LIMIT, required=False)

    @classmethod
    def of(cls, budget: Budget) -> Self:
        limit = write_btt(budget.day_limit_ubtt) if budget.day_limit_ubtt else ""
        return cls(initial={"is_on": budget.is_on, "day_limit_ubtt": limit})

    def clean(self) -> None:
        if self.cleaned_data.get("is_on") and self.cleaned_data.get("day_limit_ubtt") == 0:
            self.add_error("day_limit_ubtt", NO_LIMIT)


class CodeForm(forms.Form):
    most_ubtt = btt_field(gettext_lazy("Limit for 24 hours"), CODE_LIMIT, required=False)
    earns = forms.BooleanField(label=gettext_lazy("It earns for me"), required=False, help_text=EARNS)


def _hubs() -> list[tuple[str, str]]:
    return [(hub.hub_id, str(hub)) for hub in hub_list.foreign()]


def _nodes() -> list[tuple[str, str]]:
    return [(name, name) for name in hub_list.trading_nodes()]


class PairForm(forms.Form):
    """A code that was made on another install, for one of our nodes. Only an admin may have a node earn by it."""

    hub = forms.ChoiceField(
        label=gettext_lazy("Hub"), choices=_hubs, help_text=gettext_lazy("Another install that holds money of yours.")
    )
    node = forms.ChoiceField(
        label=gettext_lazy("Node"), choices=_nodes, help_text=gettext_lazy("The node of this box that may spend it.")
    )
    code = forms.CharField(
        label=gettext_lazy("Pairing code"), max_length=40, help_text=gettext_lazy("Made there, good for ten minutes.")
    )
    pair_limit_ubtt = btt_field(gettext_lazy("Limit for 24 hours"), PAIR_LIMIT, required=False)
    pair_earns = forms.BooleanField(label=gettext_lazy("The node earns for it"), required=False, help_text=PAIR_EARNS)

    def __init__(self, *args: Any, is_admin: bool) -> None:
        super().__init__(*args)
        if not is_admin:
            del self.fields["pair_earns"]

    def clean(self) -> None:
        if self.cleaned_data.get("pair_limit_ubtt") == 0 and not self.cleaned_data.get("pair_earns"):
            self.add_error("pair_limit_ubtt", NO_PAIR_LIMIT)


@for_members
@require_http_methods(["GET", "HEAD", "POST"])
def market_spending(request: HttpRequest) -> HttpResponse:
    """Show who may spend; turn spending on, off or change its limit. More may be spent only after a fresh proof."""
    user_id, now = signed_in_user(request).pk, timezone.now()
    if request.method != "POST":
        return _show(request)
    form = SpendingForm(request.POST)
    if not form.is_valid():
        return _show(request, form=form)
    if not form.cleaned_data["is_on"]:
        spenders.stop(user_id, now=now)
        messages.success(request, _("Your spending is off. What is owed is paid, and no more."))
    else:
        need_fresh_proof(request)
        spenders.allow(user_id, day_limit_ubtt=form.cleaned_data["day_limit_ubtt"], now=now)
        messages.success(request, _("Your spending is on, within its limit."))
    news.tell({user_id})
    return redirect("market_spending")


@for_members
@require_POST
@reauthenticated
def market_code(request: HttpRequest) -> HttpResponse:
    """Make a pairing code for a node of another install, and show it once."""
    form = CodeForm(request.POST)
    if form.is_valid():
        user_id = signed_in_user(request).pk
        try:
            pairing = speed_keys.make_pairing_code(user_id, **form.cleaned_data, now=timezone.now())
        except Refused as refusal:
            form.add_error(None, _(str(refusal)))
        else:
            return _show(request, pairing=pairing)
    return _show(request, code_form=form)


@for_members
@require_POST
def market_revoke(request: HttpRequest, key: str) -> HttpResponse:
    """Take a key off the user's account. Saying no is never dangerous, so it asks for no fresh proof."""
    user_id = signed_in_user(request).pk
    if spenders.revoke(user_id, key, now=timezone.now()):
        messages.success(request, _("Your spending is off: no node of this box opens a channel for you any more."))
        news.tell({user_id})
    else:
        messages.success(request, _("That key opens no channel from your account any more. Open ones run out."))
    return redirect("market_spending")


@for_members
@require_POST
@reauthenticated
def market_pair(request: HttpRequest) -> HttpResponse:
    """Have a node bring another install the code that was made there, to spend from the account there.

    Whether the node earns by it is for admins to say: all that it sells would be paid to whoever made the code.
    """
    form = PairForm(request.POST, is_admin=signed_in_user(request).is_admin)
    if not form.is_valid():
        return _show(request, pair_form=form)
    spenders.pair(
        user_id=signed_in_user(request).pk,
        node_name=form.cleaned_data["node"],
        hub_id=form.cleaned_data["hub"],
        code=form.cleaned_data["code"],
        daily_limit_ubtt=form.cleaned_data["pair_limit_ubtt"],
        earns=bool(form.cleaned_data.get("pair_earns")),
        key=secrets.token_hex(16),
    )
    messages.success(request, _("The node takes the code to that hub now."))
    return redirect("market_spending")


@for_members
@require_POST
def market_unpair(request: HttpRequest, pairing_pk: int) -> HttpResponse:
    """End a pairing with a foreign hub: saying no is never dangerous, so it asks for no fresh proof."""
    user_id = signed_in_user(request).pk
    if not spenders.unpair(user_id, pairing_pk):
        raise Http404
    news.tell({user_id})
    messages.success(request, ENDED)
    return redirect("market_spending")


def _show(request: HttpRequest, **more: object) -> HttpResponse:
    user, now, unit = signed_in_user(request), timezone.now(), market_asset().unit
    user_id = user.pk
    budget = spenders.budget_of(user_id)
    used = budgets.of_day(budget, now=now)
    context: dict[str, object] = {
        "form": SpendingForm.of(budget),
        "budget": budget,
        "used": part_of(format_btt(max(used.used_ubtt, 0)), format_amount(used.limit_ubtt, market_asset())),
        "used_ppm": min(max(used.used_ubtt, 0) * PPM // max(used.limit_ubtt, 1), PPM),
        "keys": hub_list.keys_of(user_id),
        "pairings": hub_money.pairings_of(user_id, now=now),
        "has_foreign": bool(hub_list.foreign()),
        "own_hub": hub_list.own_id(),
        "code_form": CodeForm(),
        "pair_form": PairForm(is_admin=user.is_admin),
        "unit": unit,
    }
    return render(request, "speed/spending.html", context | more)
