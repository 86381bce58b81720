"""The operator's page of the exchange, and what stops withdrawals and lets them go on."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wallet import wiring
from wallet.chain.devnet_faucet import FaucetAway
from wallet.domain.deposits import DepositFate, format_units
from wallet.domain.money import Asset
from wallet.models import Deposit, Halt
from wallet.services import cold_addresses, floats, found_payments, halts, reconciliation, reserves
from wallet.services.deposit_rows import short
from wallet.services.entry_rows import minute
from wallet.services.operators import MAX_REASON_CHARS, Actor
from wallet.services.own_addresses import cursor, hot_address
from wallet.services.refusals import Refused
from wallet.services.signer_notices import signer_notices
from wallet.web.doors import for_admins, reauthenticated, user_id
from wallet.web.form_fields import LineField


class ReasonForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Why"),
        max_length=MAX_REASON_CHARS,
        help_text=gettext_lazy("It stays beside the halt, for all admins."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@for_admins
@require_GET
def reserves_page(request: HttpRequest) -> HttpResponse:
    found, held = cursor(), floats.floats()
    newest = reconciliation.newest(found.network) if found else []
    context = {
        "state": reserves.state_row(found),
        "endpoints": reserves.endpoint_rows(found),
        "compared": [
            (reserves.compared_row(row, found), reserves.terms_name(row), reserves.terms_of(row)) for row in newest
        ],
        "floats": floats.rows_of(held),
        "warnings": floats.warnings(held),
        "hot": hot_address(),
        "cold": cold_addresses.listed(),
        "notices": signer_notices(wiring.signer()),
        "has_faucet": wiring.faucet() is not None,
        "payments": found_payments.rows(),
        "sweeps": reserves.sweep_rows(),
        "halts": reserves.halt_rows(),
        "past_halts": reserves.past_halt_rows(),
        "history": reserves.history(),
        "not_credited": [_aside(one) for one in reserves.not_credited()],
        "nothing": {},
    }
    return render(request, "wallet/reserves.html", context)


@for_admins
@require_http_methods(["GET", "POST"])
def reserves_halt(request: HttpRequest) -> HttpResponse:
    """Ask why withdrawals shall stop; stop them. Stopping is never dangerous, so it asks for no fresh proof."""
    form = ReasonForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return render(request, "wallet/halt.html", {"form": form})
    try:
        halts.stop(actor=_actor(request), reason=form.cleaned_data["reason"], now=timezone.now())
    except Refused as refusal:
        messages.error(request, _(str(refusal)))
    else:
        messages.success(request, _("Withdrawals are stopped."))
    return redirect("reserves")


@for_admins
@require_http_methods(["GET", "POST"])
def reserves_lift(request: HttpRequest, halt_id: int) -> HttpResponse:
    found = Halt.objects.filter(pk=halt_id, lifted_at=None).first()
    if found is None:
        raise Http404
    form = ReasonForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return render(request, "wallet/halt.html", {"form": form, "halt": found, "detail": halts.detail_of(found)})
    return _lift(request, halt_id, form.cleaned_data["reason"])


@reauthenticated
def _lift(request: HttpRequest, halt_id: int, reason: str) -> HttpResponse:
    try:
        halts.lift(halt_id, actor=_actor(request), reason=reason, now=timezone.now())
    except Refused as refusal:
        messages.error(request, _(str(refusal)))
    else:
        messages.success(request, _("The halt is lifted."))
    return redirect("reserves")


@for_admins
@require_POST
def reserves_fuel(request: HttpRequest) -> HttpResponse:
    """Let the development chain's faucet send TRX to the hot address."""
    faucet, hot = wiring.faucet(), hot_address()
    if faucet is None or hot is None:
        raise Http404
    try:
        faucet.pay_trx(hot)
    except FaucetAway as problem:
        messages.error(request, _(str(problem)))
    else:
        messages.success(request, _("The faucet has paid. It counts once it is irreversible."))
    return redirect("reserves")


def _actor(request: HttpRequest) -> Actor:
    return Actor(user_id(request), request.user.get_username())


def _aside(one: Deposit) -> dict[str, str]:
    asset = Asset(one.asset)
    return {
        "at": one.block_at.isoformat(),
        "at_text": minute(one.block_at),
        "fate": _(DepositFate(one.fate).label),
        "tx": short(one.tx_id),
        "amount": format_units(one.amount, asset),
        "unit": asset.unit,
    }
