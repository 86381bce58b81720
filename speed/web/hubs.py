"""The operator's page of hubs: whom this box trusts with money, for how much, and what its own hub takes."""

from collections.abc import Mapping

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from seedbox.web.doors import for_admins, need_fresh_proof, reauthenticated, signed_in_user
from seedbox.web.origin import origin_of
from speed.domain.reading import write_percent
from speed.models import Hub
from speed.services import hub_list, hub_money, hub_trust
from speed.services.hub_trust import HubStays, NoSuchHub
from speed.services.markets import BadTerms
from speed.web.fields import btt_field, percent_field
from speed.wiring import ask_hub_at
from wallet.domain.money import write_btt
from wallet.services import hub_rules
from wallet.services.install import market_asset
from wallet.services.operators import Actor
from wallet.services.refusals import Refused
from wallet.web.form_fields import KeyField, fresh_key

ADDRESS = gettext_lazy("Where the other install is, as its operator told you: https://HOST, with a path if it has one.")
HUB_ID = gettext_lazy("40 hexadecimal digits from the same operator. Whoever answers there must prove to be this hub.")
EXPOSURE = gettext_lazy("What it may owe you in vouchers before they are redeemed. More is redeemed at once.")
FEE = gettext_lazy("What your hub keeps of what sellers redeem from channels that open from now on.")
DEFAULT_EXPOSURE = "100"


class HubForm(forms.Form):
    url = forms.CharField(label=gettext_lazy("Address"), max_length=300, help_text=ADDRESS)
    hub_id = forms.CharField(label=gettext_lazy("Hub id"), max_length=40, help_text=HUB_ID)
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=60, required=False, help_text=gettext_lazy("What you call it.")
    )
    exposure_limit_ubtt = btt_field(gettext_lazy("Exposure limit"), EXPOSURE)

    def refuse(self, problems: Mapping[str, str]) -> None:
        for name, sentence in problems.items():
            self.add_error(name, sentence)


class TrustForm(forms.Form):
    is_trusted = forms.BooleanField(label=gettext_lazy("Trusted"), required=False)
    exposure_limit_ubtt = btt_field(gettext_lazy("Exposure limit"), required=False)


class AddressForm(forms.Form):
    """Where a hub is now."""

    new_url = forms.CharField(label=gettext_lazy("Address"), max_length=300)


class FeeForm(forms.Form):
    fee_ppm = percent_field(gettext_lazy("Fee of this box's hub, %"), FEE)
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=200, help_text=gettext_lazy("It stays beside the fee, for all admins.")
    )
    key = KeyField()


@for_admins
@require_http_methods(["GET", "HEAD", "POST"])
def market_hubs(request: HttpRequest) -> HttpResponse:
    """Show the hubs, or trust one more: it will hold money of this box's users, so it takes a fresh proof."""
    if request.method != "POST":
        return _show(request)
    need_fresh_proof(request)
    form = HubForm(request.POST)
    if form.is_valid():
        try:
            hub_trust.add(**form.cleaned_data, origin=origin_of(request), now=timezone.now())
        except BadTerms as refusal:
            form.refuse(refusal.problems)
        else:
            messages.success(request, _("The hub is trusted. Nodes ask it who it is within seconds."))
            return redirect("market_hubs")
    return _show(request, form=form)


@for_admins
@require_POST
@reauthenticated
def market_hub(request: HttpRequest, hub_pk: int) -> HttpResponse:
    """Trust a hub or not, and up to how much."""
    form = TrustForm(request.POST, auto_id=f"hub-{hub_pk}-%s")
    if not form.is_valid():
        return _show_wrong(request, hub_pk, trust=form)
    try:
        hub_trust.change(hub_pk, **form.cleaned_data, origin=origin_of(request), now=timezone.now())
    except NoSuchHub:
        raise Http404 from None
    messages.success(request, _("Saved: nodes follow within seconds."))
    return redirect("market_hubs")


@for_admins
@require_POST
@reauthenticated
def market_hub_move(request: HttpRequest, hub_pk: int) -> HttpResponse:
    """Look for a hub at another address, if it is the one that answers there."""
    form = AddressForm(request.POST, auto_id=f"hub-{hub_pk}-%s")
    if form.is_valid():
        address, origin = form.cleaned_data["new_url"], origin_of(request)
        try:
            hub_trust.move(hub_pk, url=address, ask=ask_hub_at, origin=origin, now=timezone.now())
        except NoSuchHub:
            raise Http404 from None
        except BadTerms as refusal:
            form.add_error("new_url", refusal.problems["url"])
        else:
            messages.success(request, _("The hub has answered there. Nodes ask it there within seconds."))
            return redirect("market_hubs")
    return _show_wrong(request, hub_pk, address=form)


@for_admins
@require_POST
@reauthenticated
def market_hub_remove(request: HttpRequest, hub_pk: int) -> HttpResponse:
    """Forget a hub where nothing of this box's is."""
    try:
        hub_trust.remove(hub_pk, origin=origin_of(request), now=timezone.now())
    except NoSuchHub:
        raise Http404 from None
    except HubStays as why:
        messages.error(request, _("The hub was not removed. %(why)s") % {"why": why})
    else:
        messages.success(request, _("The hub is removed."))
    return redirect("market_hubs")


@for_admins
@require_POST
@reauthenticated
def market_fee(request: HttpRequest) -> HttpResponse:
    """Take another fee from channels that open from now on."""
    form = FeeForm(request.POST)
    user = signed_in_user(request)
    if form.is_valid():
        wanted, actor = form.cleaned_data, Actor(user.pk, user.get_username())
        try:
            hub_trust.set_fee(
                wanted["fee_ppm"],
                actor=actor,
                reason=wanted["reason"],
                key=wanted["key"],
                origin=origin_of(request),
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error("fee_ppm", _(str(refusal)))
        else:
            messages.success(request, _("Channels that open from now on pay this fee."))
            return redirect("market_hubs")
    return _show(request, fee_form=form)


def _show_wrong(
    request: HttpRequest, hub_pk: int, *, trust: TrustForm | None = None, address: AddressForm | None = None
) -> HttpResponse:
    """Show the hubs with what was written for one of them, and what is wrong with it."""
    rows = [_row(hub) for hub in hub_list.all_hubs()]
    wrong = next((row for row in rows if row["pk"] == hub_pk), None)
    if wrong is None:
        raise Http404
    wrong |= {"trust": trust or wrong["trust"], "address": address or wrong["address"]}
    return _show(request, rows=rows)


def _show(
    request: HttpRequest,
    *,
    form: HubForm | None = None,
    fee_form: FeeForm | None = None,
    rows: list[dict[str, object]] | None = None,
) -> HttpResponse:
    fee = FeeForm(initial={"fee_ppm": write_percent(hub_rules.fee_ppm()), "key": fresh_key()})
    context = {
        "hubs": [_row(hub) for hub in hub_list.all_hubs()] if rows is None else rows,
        "own_id": hub_list.own_id(),
        "form": form or HubForm(initial={"exposure_limit_ubtt": DEFAULT_EXPOSURE}),
        "fee_form": fee_form or fee,
        "exposure": EXPOSURE,
        "unit": market_asset().unit,
    }
    return render(request, "speed/hubs.html", context)


def _row(hub: Hub) -> dict[str, object]:
    trust = {"is_trusted": hub.is_trusted, "exposure_limit_ubtt": write_btt(hub.exposure_limit_ubtt)}
    return {
        "pk": hub.pk,
        "name": str(hub) if hub.url else _(str(hub)),
        "hub_id": hub.hub_id,
        "url": hub.url,
        "is_trusted": hub.is_trusted,
        "trust": TrustForm(initial=trust, auto_id=f"hub-{hub.pk}-%s"),
        "address": AddressForm(initial={"new_url": hub.url}, auto_id=f"hub-{hub.pk}-%s"),
        "has_answered": bool(hub.hub_key),
        "money": hub_money.hub_cells(hub, now=timezone.now()) if hub.url else None,
    }
