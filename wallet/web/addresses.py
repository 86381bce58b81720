"""A user's address book: where withdrawals may go."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from wallet.services import address_book, withdrawal_rules
from wallet.services.refusals import Refused
from wallet.web.doors import for_members, look_up_in_turn, user_id, with_second_factor
from wallet.web.form_fields import LineField
from wallet.web.withdraw import AddressField


class AddressForm(forms.Form):
    address = AddressField()
    label = LineField(
        label=gettext_lazy("Label"),
        required=False,
        max_length=address_book.MAX_LABEL_CHARS,
        help_text=gettext_lazy("Optional. Only you read it."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@for_members
@require_GET
def addresses(request: HttpRequest) -> HttpResponse:
    return _show(request, AddressForm(initial={"address": request.GET.get("address", "")[:64]}))


@for_members
@require_POST
@look_up_in_turn
def addresses_check(request: HttpRequest) -> HttpResponse:
    """Look at what was filled in before its user is asked for a second factor."""
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _show(request, form)
    return _add(request)


def _says(request: HttpRequest) -> str:
    return _("Put the address %(address)s into your address book.") % {"address": request.POST.get("address", "")}


@with_second_factor(_says)
def _add(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _show(request, form)
    try:
        entry = address_book.add(
            user_id(request), request.POST["address"], label=form.cleaned_data["label"], now=timezone.now()
        )
    except Refused as refusal:
        messages.error(request, _(str(refusal)))
        return redirect("addresses")
    messages.success(
        request,
        _("It is in your book, and can be used from %(usable_at)s UTC on.")
        % {"usable_at": f"{entry.usable_at:%Y-%m-%d %H:%M}"},
    )
    return redirect("addresses")


@for_members
@require_POST
def addresses_remove(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Take an address out; that makes nobody poorer, so nobody is asked for a second factor."""
    if not address_book.remove(user_id(request), entry_id, now=timezone.now()):
        raise Http404
    messages.success(request, _("Removed. Added again, it waits again."))
    return redirect("addresses")


def _show(request: HttpRequest, form: AddressForm) -> HttpResponse:
    context = {
        "form": form,
        "entries": address_book.entries(user_id(request)),
        "wait_hours": -(-withdrawal_rules.current().address_wait_s // 3600),
        "now": timezone.now(),
    }
    return render(request, "wallet/addresses.html", context)
