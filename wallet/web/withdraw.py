"""Withdraw: the form, what it costs and what it will do, and the wish itself behind a second factor."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from wallet import wiring
from wallet.domain.money import Asset, format_amount, format_btt, write_btt
from wallet.domain.tron.addresses import Address
from wallet.models import AddressBookEntry
from wallet.services import (
    address_book,
    statements,
    withdrawal_limits,
    withdrawal_quotes,
    withdrawal_rules,
    withdrawals,
)
from wallet.services.approvers import Approver, approver_for
from wallet.services.refusals import Refused
from wallet.services.withdrawal_quotes import Offer
from wallet.web.assets import Choice, choice_of
from wallet.web.doors import for_members, has_second_factor, look_up_in_turn, user_id, with_second_factor
from wallet.web.form_fields import MAX_AMOUNT_CHARS, AmountField, KeyField, fresh_key
from wallet.web.signed_wishes import Sealed

SEALED = Sealed(withdrawals.Wish, "wallet.withdrawal", asker="user_id", within_s=900)
TOO_OLD = gettext_lazy("That quote was too old, and nothing was asked for. Fill in the form again.")
MAX_ADDRESS_CHARS = 64
APPROVES = {  # beside an amount
    Approver.AN_ADMIN: gettext_noop("An admin approves what is above"),
    Approver.ANOTHER_ADMIN: gettext_noop("Another admin approves what is above"),
    Approver.NOBODY: gettext_noop("Nobody can approve what is above"),
}


class AddressField(forms.CharField):
    """An address that may be withdrawn to; its value is its 21 bytes."""

    def __init__(self) -> None:
        attrs = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "list": "own-addresses"}
        super().__init__(
            label=gettext_lazy("Address"),
            max_length=MAX_ADDRESS_CHARS,
            help_text=gettext_lazy("On TRON: T…, or 41… in hex. Copy it; what is sent to a wrong one is lost."),
            widget=forms.TextInput(attrs),
        )

    def clean(self, value: object) -> Address:
        text = str(super().clean(value))
        try:
            return address_book.read_address(text)
        except Refused as refusal:
            raise forms.ValidationError(_(str(refusal))) from None


class WithdrawForm(forms.Form):
    address = AddressField()
    amount = AmountField()
    key = KeyField()
    asset = forms.CharField(required=False, widget=forms.HiddenInput)  # what `choice_of` makes of it counts


@for_members
@never_cache
@require_http_methods(["GET", "POST"])
@look_up_in_turn
def withdraw(request: HttpRequest) -> HttpResponse:
    """Show the form; of a filled one, what it would cost and do. Nothing moves here."""
    now, choice = timezone.now(), choice_of(request, user_id(request))
    if request.method == "GET":
        to = request.GET.get("to", "")[:MAX_ADDRESS_CHARS]
        amount = request.GET.get("amount", "")[:MAX_AMOUNT_CHARS]
        initial = {"address": to, "amount": amount, "key": fresh_key(), "asset": choice.name}
        return _show_form(request, WithdrawForm(initial=initial), choice, now)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _show_form(request, form, choice, now)
    entry = address_book.find(user_id(request), form.cleaned_data["address"])
    field, problem = _problem(form, user_id(request), choice.asset, entry, now)
    if problem:
        form.add_error(field, problem)
        return _show_form(request, form, choice, now)
    try:
        offer = withdrawal_quotes.quote(
            wiring.chain(),
            form.cleaned_data["address"],
            asset=choice.asset,
            amount_ubtt=form.cleaned_data["amount"],
        )
    except Refused as refusal:
        form.add_error(None, _(str(refusal)))
        return _show_form(request, form, choice, now)
    available_ubtt = _available_ubtt(user_id(request), choice.asset)
    if offer.quote.total_ubtt > available_ubtt:
        has, needs = format_amount(available_ubtt, choice.asset), format_amount(offer.quote.total_ubtt, choice.asset)
        form.add_error(
            "amount",
            _("You have only %(has)s available, and with the fee this takes %(needs)s.") % {"has": has, "needs": needs},
        )
        return _show_form(request, form, choice, now)
    context = _confirm_context(form, offer, entry, user_id(request), choice, available_ubtt)
    return render(request, "wallet/withdraw_confirm.html", context)


def _says(request: HttpRequest) -> str:
    wish = SEALED.read(request)
    if wish is None:
        return str(TOO_OLD)
    amount, fee = format_amount(wish.amount_ubtt, wish.in_asset), format_amount(wish.fee_ubtt, wish.in_asset)
    return _("Withdraw %(amount)s to %(address)s, for a fee of %(fee)s.") % {
        "amount": amount,
        "address": wish.address,
        "fee": fee,
    }


@for_members
@require_POST
@with_second_factor(_says)
def withdraw_send(request: HttpRequest) -> HttpResponse:
    """Ask for what was confirmed, exactly that, and once."""
    wish = SEALED.read(request)
    if wish is None:
        messages.error(request, TOO_OLD)
        return redirect("withdraw")
    now = timezone.now()
    try:
        if withdrawal_rules.current().address_wait_s == 0:
            address_book.add(wish.user_id, wish.address, label="", now=now)  # one that is there stays as it is
        asked = withdrawals.request(wish, now=now)
    except Refused as refusal:
        messages.error(request, _(str(refusal)))
        return redirect("withdraw")
    return redirect("withdrawal", asked.pk)


def _problem(
    form: WithdrawForm, own_id: int, asset: Asset, entry: AddressBookEntry | None, now: datetime
) -> tuple[str, str]:
    """Return the field and what is wrong with it, by what is known without the chain."""
    rules, amount_ubtt = withdrawal_rules.in_asset(withdrawal_rules.current(), asset), form.cleaned_data["amount"]
    if problem := _problem_of_address(entry, rules.address_wait_s, now):
        return "address", problem
    available_ubtt = _available_ubtt(own_id, asset)
    least_ubtt = amount_ubtt + rules.flat_fee_ubtt
    if least_ubtt > available_ubtt and amount_ubtt >= rules.least_ubtt:
        has, needs = format_amount(available_ubtt, asset), format_amount(least_ubtt, asset)
        if rules.ubtt_per_trx == 0:
            says = _("You have only %(has)s available, and with the fee this takes %(needs)s.")
        else:
            says = _("You have only %(has)s available, and with the fee this takes %(needs)s or more.")
        return "amount", says % {"has": has, "needs": needs}
    return "amount", withdrawal_limits.problem(rules, asset=asset, user_id=own_id, amount_ubtt=amount_ubtt, now=now)


def _problem_of_address(entry: AddressBookEntry | None, wait_s: int, now: datetime) -> str:
    if entry is None:
        return _not_in_book(-(-wait_s // 3600)) if wait_s else ""
    if entry.usable_at > now:
        return _("This address is new: it can be used from %(usable_at)s UTC on.") % {
            "usable_at": f"{entry.usable_at:%Y-%m-%d %H:%M}"
        }
    return ""


def _not_in_book(hours: int) -> str:
    return ngettext(
        "This address is not in your address book. Add it there first: a new address can be used "
        "%(hours)d hour later, so that whoever steals a login can't empty an account at once.",
        "This address is not in your address book. Add it there first: a new address can be used "
        "%(hours)d hours later, so that whoever steals a login can't empty an account at once.",
        hours,
    ) % {"hours": hours}


def _confirm_context(
    form: WithdrawForm, offer: Offer, entry: AddressBookEntry | None, own_id: int, choice: Choice, available_ubtt: int
) -> dict[str, object]:
    asset, quote = choice.asset, offer.quote
    wish = withdrawals.Wish(
        user_id=own_id,
        address=offer.address,
        amount_ubtt=quote.amount_ubtt,
        fee_ubtt=quote.fee_ubtt,
        key=form.cleaned_data["key"],
        asset=int(asset),
    )
    again = {"to": offer.address, "amount": write_btt(quote.amount_ubtt)} | (
        {"asset": choice.name} if choice.name else {}
    )
    cost, rules = quote.cost, withdrawal_rules.in_asset(withdrawal_rules.current(), asset)
    parts = [
        (_("%(cost)s for bandwidth"), cost.bandwidth_sun),
        (_("%(cost)s for a new account"), cost.activation_sun),
        (_("%(cost)s for energy"), cost.energy_sun),
    ]
    return {
        "back": f"{reverse('withdraw')}?{urlencode(again)}",
        "address": offer.address,
        "label": entry.label if entry else "",
        "is_new_account": offer.is_new_account,
        "amount": format_amount(quote.amount_ubtt, asset),
        "fee": format_amount(quote.fee_ubtt, asset),
        "total": format_amount(quote.total_ubtt, asset),
        "remains": format_amount(available_ubtt - quote.total_ubtt, asset),
        "network_cost": format_amount(cost.total_sun, Asset.TRX),
        "network_parts": [says % {"cost": format_amount(sun, Asset.TRX)} for says, sun in parts if sun],
        "needs_approval": quote.amount_ubtt > rules.approval_above_ubtt,
        **_approval_context(own_id),
        "signed": SEALED.seal(wish),
    }


def _show_form(request: HttpRequest, form: WithdrawForm, choice: Choice, now: datetime) -> HttpResponse:
    own_id, asset = user_id(request), choice.asset
    rules = withdrawal_rules.in_asset(withdrawal_rules.current(), asset)
    account = statements.account_of(own_id, asset)
    context = {
        "form": form,
        "choice": choice,
        "unit": asset.unit,
        "available": format_btt(account.available_ubtt if account else 0),
        "is_frozen": bool(account and account.is_frozen),
        "has_second_factor": has_second_factor(own_id),
        "least": format_btt(rules.least_ubtt),
        "left": format_btt(withdrawal_limits.left_today_ubtt(rules, asset=asset, user_id=own_id, now=now)),
        "approval_above": format_btt(rules.approval_above_ubtt),
        **_approval_context(own_id),
        "addresses": [entry for entry in address_book.entries(own_id) if entry.usable_at <= now],
    }
    return render(request, "wallet/withdraw.html", context)


def _approval_context(own_id: int) -> dict[str, object]:
    approver = approver_for(own_id)
    return {
        "approver": _(approver.value),
        "approves": _(APPROVES[approver]),
        "nobody_approves": approver is Approver.NOBODY,
        "approve_within_h": withdrawals.APPROVE_WITHIN // timedelta(hours=1),
    }


def _available_ubtt(own_id: int, asset: Asset) -> int:
    account = statements.account_of(own_id, asset)
    return account.available_ubtt if account else 0
