"""Send a tip: the form, what it will do, and the sending."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from wallet.domain.items import MAX_MEMO_LENGTH
from wallet.domain.money import format_amount, format_btt
from wallet.services import tips
from wallet.services.holders import holders
from wallet.services.install import market_asset
from wallet.services.refusals import Refused
from wallet.web.doors import for_members, look_up_in_turn, user_id
from wallet.web.form_fields import AmountField, KeyField, LineField, fresh_key
from wallet.web.signed_wishes import Sealed

SEALED = Sealed(tips.Wish, "wallet.tip", asker="sender_id", within_s=3600)
LAST_SHOWN = 10
TOO_OLD = gettext_lazy("That page was too old, and nothing was sent. Fill in the form again.")


class TipForm(forms.Form):
    receiver = forms.CharField(
        label=gettext_lazy("To"),
        max_length=150,
        help_text=gettext_lazy("The exact user name of somebody on this box."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    amount = AmountField()
    memo = LineField(
        label=gettext_lazy("Memo"),
        required=False,
        max_length=MAX_MEMO_LENGTH,
        help_text=gettext_lazy("Optional. The receiver reads it."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    key = KeyField()


@for_members
@require_http_methods(["GET", "POST"])
@look_up_in_turn
def tip(request: HttpRequest) -> HttpResponse:
    """Show the form; of a filled one, what it would do. Nothing moves here."""
    now = timezone.now()
    if request.method == "GET":
        return _show_form(request, TipForm(initial={"receiver": request.GET.get("to", ""), "key": fresh_key()}), now)
    form = TipForm(request.POST)
    if not form.is_valid():
        return _show_form(request, form, now)
    sender_id = user_id(request)
    means = tips.means_of(sender_id, now=now)
    try:
        receiver = tips.find_receiver(form.cleaned_data["receiver"], sender_id=sender_id)
    except Refused as refusal:
        form.add_error("receiver", _(str(refusal)))
        return _show_form(request, form, now)
    amount_ubtt = form.cleaned_data["amount"]
    try:
        tips.check_amount(amount_ubtt, means)
    except Refused as refusal:
        form.add_error("amount", _(str(refusal)))
        return _show_form(request, form, now)
    memo, key = form.cleaned_data["memo"], form.cleaned_data["key"]
    wish = tips.Wish(sender_id=sender_id, receiver_id=receiver.id, amount_ubtt=amount_ubtt, memo=memo, key=key)
    context = {
        "receiver": receiver.name,
        "amount": format_amount(amount_ubtt, means.asset),
        "memo": memo,
        "remains": format_amount(means.available_ubtt - amount_ubtt, means.asset),
        "signed": SEALED.seal(wish),
    }
    return render(request, "wallet/tip_confirm.html", context)


@for_members
@require_POST
def tip_send(request: HttpRequest) -> HttpResponse:
    """Send what was confirmed, exactly that, and once."""
    wish = SEALED.read(request)
    if wish is None:
        messages.error(request, TOO_OLD)
        return redirect("tip")
    try:
        tips.send(wish, now=timezone.now())
    except Refused as refusal:
        messages.error(request, _(str(refusal)))
        return redirect("tip")
    messages.success(request, _("Sent %(amount)s.") % {"amount": format_amount(wish.amount_ubtt, market_asset())})
    return redirect("tip")


def _show_form(request: HttpRequest, form: TipForm, now: datetime) -> HttpResponse:
    means = tips.means_of(user_id(request), now=now)
    context = {
        "form": form,
        "unit": means.asset.unit,
        "available": format_btt(means.available_ubtt),
        "left_today": format_btt(means.left_today_ubtt),
        "max_tip": format_btt(tips.MAX_TIP_UBTT),
        "is_frozen": means.is_frozen,
        "sent": _sent_rows(means),
    }
    return render(request, "wallet/tip.html", context)


def _sent_rows(means: tips.Means) -> list[dict[str, Any]]:
    shown = means.sent[:LAST_SHOWN]
    names = holders(tip.credit for tip in shown)
    return [
        {
            "at": tip.written_at,
            "receiver": names[tip.credit_id].name,
            "amount": format_amount(tip.amount_ubtt, means.asset),
            "memo": tip.memo,
        }
        for tip in shown
    ]
