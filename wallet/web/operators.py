"""An operator's forms: fill in, look at what it would do, prove who you are, do it."""

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from wallet.services.install import market_asset
from wallet.services.operators import Actor
from wallet.services.refusals import Refused
from wallet.web.doors import for_admins, reauthenticated, user_id
from wallet.web.form_fields import fresh_key
from wallet.web.operator_forms import WAYS, ActForm, Way

SIGNED_AS = "wallet.operator-act"
CONFIRM_WITHIN_S = 3600  # what was seen then may not hold any more
TOO_OLD = gettext_lazy("That page was too old, and nothing was done. Fill in the form again.")


@for_admins
@require_http_methods(["GET", "POST"])
def operator_act(request: HttpRequest, name: str) -> HttpResponse:
    """Show the form of an act; of a filled one, what it would do. Nothing happens here."""
    way = WAYS.get(name)
    if way is None:
        raise Http404
    if request.method == "GET":
        given = {field: request.GET[field] for field in way.form.base_fields if field in request.GET}
        return _show_form(request, name, way, way.form(initial=given | {"key": fresh_key()}))
    form = way.form(request.POST)
    if not form.is_valid():
        return _show_form(request, name, way, form)
    order = {
        "name": name,
        "actor_id": user_id(request),
        "fields": form.order(),
        "reason": form.cleaned_data["reason"],
        "key": form.cleaned_data["key"],
    }
    context = {
        "name": name,
        "way": way,
        "facts": form.facts(),
        "reason": form.cleaned_data["reason"],
        "is_own": form.concerns(user_id(request)),
        "signed": signing.dumps(order, salt=SIGNED_AS),
    }
    return render(request, "wallet/operator_confirm.html", context)


@for_admins
@require_POST
@reauthenticated
def operator_carry_out(request: HttpRequest) -> HttpResponse:
    """Do what was confirmed, exactly that, and once."""
    try:
        order = signing.loads(request.POST.get("order", ""), salt=SIGNED_AS, max_age=CONFIRM_WITHIN_S)
    except signing.BadSignature:
        order = {"actor_id": None}
    if order["actor_id"] != user_id(request):
        messages.error(request, TOO_OLD)
        return redirect("books")
    actor = Actor(user_id(request), request.user.get_username())
    way = WAYS[order["name"]]
    try:
        act = way.carry_out(
            **order["fields"], actor=actor, reason=order["reason"], key=order["key"], now=timezone.now()
        )
    except Refused as refusal:
        messages.error(request, _(str(refusal)))
        return redirect("operator_act", order["name"])
    messages.success(
        request,
        _("Done, and written into the log: %(kind_display)s.") % {"kind_display": act.get_kind_display().lower()},
    )
    return redirect("books_account", act.account_id)


def _show_form(request: HttpRequest, name: str, way: Way, form: ActForm) -> HttpResponse:
    return render(
        request, "wallet/operator_act.html", {"name": name, "way": way, "form": form, "unit": market_asset().unit}
    )
