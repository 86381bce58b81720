"""The operator's desk of withdrawals: what waits for approval, the queue, what is under way, the rules."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wallet import wiring
from wallet.domain.accounts import AccountKind
from wallet.domain.halt_words import DOUBTS
from wallet.domain.money import Asset, BadAmount, format_amount, parse_btt, write_btt
from wallet.domain.retelling import said_again
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.domain.withdrawal_words import HALTED
from wallet.models import Account, WithdrawalRules
from wallet.services import decisions, halts, withdrawal_pages, withdrawal_rules
from wallet.services.approvers import Approver, approver_for
from wallet.services.holders import holder
from wallet.services.install import market_asset
from wallet.services.operators import MAX_REASON_CHARS, Actor
from wallet.services.refusals import Refused
from wallet.services.withdrawal_rows import fails_because, state_of, steps_of, waits_because
from wallet.web.doors import for_admins, reauthenticated, user_id, with_second_factor
from wallet.web.form_fields import MAX_AMOUNT_CHARS, KeyField, LineField, fresh_key
from wallet.web.withdrawal_acts import carry_out

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

RULES_SHOWN = 10


class ZeroAmountField(forms.CharField):
    """An amount as people write it, or 0; its value is in millionths."""

    def __init__(self, label: "str | _StrPromise", *, unit: str, help_text: "str | _StrPromise" = "") -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(label=label, max_length=MAX_AMOUNT_CHARS, help_text=help_text, widget=forms.TextInput(attrs))
        self.unit = unit

    def clean(self, value: Any) -> int:
        text = super().clean(value)
        if text.strip() == "0":
            return 0
        try:
            return parse_btt(text)
        except BadAmount as problem:
            raise forms.ValidationError(_(str(problem))) from None


class RulesForm(forms.Form):
    """Every rule of withdrawals; `order` is what the service takes."""

    least_ubtt = ZeroAmountField(gettext_lazy("Least of one withdrawal"), unit="market")
    most_ubtt = ZeroAmountField(gettext_lazy("Most of one withdrawal"), unit="market")
    user_hour_ubtt = ZeroAmountField(gettext_lazy("Most of one user in an hour"), unit="market")
    user_day_ubtt = ZeroAmountField(gettext_lazy("Most of one user in 24 hours"), unit="market")
    all_hour_ubtt = ZeroAmountField(gettext_lazy("Most of all users in an hour"), unit="market")
    all_day_ubtt = ZeroAmountField(gettext_lazy("Most of all users in 24 hours"), unit="market")
    approval_above_ubtt = ZeroAmountField(
        gettext_lazy("An admin approves above"),
        unit="market",
        help_text=gettext_lazy("Nobody approves their own: an admin's takes another one."),
    )
    address_wait_h = forms.IntegerField(
        label=gettext_lazy("A new address waits for (hours)"),
        min_value=0,
        max_value=720,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    flat_fee_ubtt = ZeroAmountField(gettext_lazy("Fee of each withdrawal"), unit="market")
    ubtt_per_trx = ZeroAmountField(
        gettext_lazy("Price of 1 TRX"),
        unit="market",
        help_text=gettext_lazy("What users pay for what the network burns. 0: the box bears it."),
    )
    reserve_sun = ZeroAmountField(
        gettext_lazy("TRX to keep at hand"),
        unit="TRX",
        help_text=gettext_lazy("With less on the address that pays, nothing more is accepted."),
    )
    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=MAX_REASON_CHARS,
        help_text=gettext_lazy("It stays beside the change, for all admins."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    key = KeyField()

    @classmethod
    def of(cls, rules: WithdrawalRules) -> "RulesForm":
        amounts = {name: write_btt(getattr(rules, name)) for name in withdrawal_rules.FIELDS}
        return cls(initial=amounts | {"address_wait_h": -(-rules.address_wait_s // 3600), "key": fresh_key()})

    def order(self) -> dict[str, int]:
        values = {name: self.cleaned_data[name] for name in withdrawal_rules.FIELDS if name in self.cleaned_data}
        return values | {"address_wait_s": self.cleaned_data["address_wait_h"] * 3600}


@for_admins
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    return render(request, "wallet/desk.html", _desk_context())


@for_admins
@require_GET
def desk_now(request: HttpRequest) -> HttpResponse:
    """Answer with the part that moves, for the page that was told of a change."""
    return render(request, "wallet/_desk_now.html", _desk_context())


@for_admins
@require_GET
def desk_withdrawal(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    found = withdrawal_pages.find(withdrawal_id)
    if found is None:
        raise Http404
    (row,) = withdrawal_pages.desk_rows_of([found])
    context = {
        "row": row,
        "steps": steps_of(row),
        "pk": found.pk,
        "log": withdrawal_pages.log_of(found, with_details=True),
        "who": holder(Account(kind=AccountKind.USER, ref=str(found.user_id))),
        "approved_by": found.decided_by_name,
        "rejected_by": found.rejected_by_name,
        "is_own": found.user_id == user_id(request),
        "nobody_approves": approver_for(found.user_id) is Approver.NOBODY,
        "can_approve": found.state == WithdrawalState.CHECKING and not found.doubt,
        "can_reject": decisions.is_rejectable(found),
        "doubt": said_again(found.doubt, DOUBTS),
        "fails": fails_because(found),
        "max_reason": MAX_REASON_CHARS,
    }
    return render(request, "wallet/desk_withdrawal.html", context)


def _says_approval(request: HttpRequest, withdrawal_id: int) -> str:
    found = withdrawal_pages.find(withdrawal_id)
    if found is None:
        raise Http404
    return _("Approve the withdrawal of %(amount)s to %(address)s.") % {
        "amount": format_amount(found.amount_ubtt, Asset(found.asset)),
        "address": found.address,
    }


def _says_rules(request: HttpRequest) -> str:
    form, now = RulesForm(request.POST), withdrawal_rules.current()
    if not form.is_valid():
        return _("Change the rules of withdrawals; as they were filled in they can't hold.")
    changed = [name for name, value in form.order().items() if value != getattr(now, name)]
    fields = ["address_wait_h" if name == "address_wait_s" else name for name in changed]
    changes = [f"{form.fields[name].label}: {form.data[name]}" for name in fields]
    if not changes:
        return _("Change the rules of withdrawals. None of them becomes another one.")
    return _("Change the rules of withdrawals. %(changes)s.") % {"changes": "; ".join(changes)}


@for_admins
@require_POST
@with_second_factor(_says_approval)
def desk_approve(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    def approve() -> str:
        found = decisions.approve(withdrawal_id=withdrawal_id, actor=_actor(request), now=timezone.now())
        is_in = found.state == WithdrawalState.QUEUED
        return _("Approved: it is in the queue.") if is_in else _("It is %(state)s now.") % {"state": state_of(found)}

    return carry_out(request, approve, page="desk_withdrawal", withdrawal_id=withdrawal_id)


@for_admins
@require_POST
@reauthenticated
def desk_reject(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    def reject() -> str:
        reason = request.POST.get("reason", "")[: MAX_REASON_CHARS + 1]
        decisions.reject(
            wiring.signer(), withdrawal_id=withdrawal_id, actor=_actor(request), reason=reason, now=timezone.now()
        )
        return _("Rejected. The money is its user's again.")

    return carry_out(request, reject, page="desk_withdrawal", withdrawal_id=withdrawal_id)


@for_admins
@require_http_methods(["GET", "POST"])
def desk_rules(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _show_rules(request, RulesForm.of(withdrawal_rules.current()))
    form = RulesForm(request.POST)
    if not form.is_valid():
        return _show_rules(request, form)
    return _set_rules(request)


@with_second_factor(_says_rules)
def _set_rules(request: HttpRequest) -> HttpResponse:
    form = RulesForm(request.POST)
    if not form.is_valid():
        return _show_rules(request, form)
    try:
        withdrawal_rules.change(
            form.order(),
            actor=_actor(request),
            reason=form.cleaned_data["reason"],
            key=form.cleaned_data["key"],
            now=timezone.now(),
        )
    except Refused as refusal:
        form.add_error(None, _(str(refusal)))
        return _show_rules(request, form)
    messages.success(request, _("These rules hold from now on."))
    return redirect("desk")


def _actor(request: HttpRequest) -> Actor:
    return Actor(user_id(request), request.user.get_username())


def _desk_context() -> dict[str, object]:
    found, asset = withdrawal_pages.overview(), market_asset()
    return {
        "found": found,
        "waits_because": waits_because(found.desk) if found.desk else "",
        "failing": [(one.pk, fails_because(one)) for one in found.failing],
        "unit": asset.unit,
        "waiting": _sums(found.waiting_ubtt),
        "in_flight": _sums(found.in_flight_ubtt),
        "earned": _sums(found.earned_ubtt),
        "hot": _known(found.desk.hot_ubtt if found.desk else None, asset),
        "hot_trx": _known(found.desk.hot_sun if found.desk else None, Asset.TRX),
        "halts": [(halt, _(HALTED[halt.reason]), halts.detail_of(halt)) for halt in halts.standing()],
        "rules": _rules_rows(withdrawal_rules.current()),
    }


def _sums(sums: Mapping[Asset, int]) -> str:
    return ", ".join(format_amount(sum_ubtt, asset) for asset, sum_ubtt in sums.items())


def _known(amount_ubtt: int | None, asset: Asset) -> str:
    return "" if amount_ubtt is None else format_amount(amount_ubtt, asset)


def _rules_rows(rules: WithdrawalRules) -> list[tuple[str, str]]:
    asset = market_asset()
    amounts = {name: format_amount(getattr(rules, name), asset) for name in withdrawal_rules.FIELDS}
    return [
        (
            _("One withdrawal"),
            _("%(least)s to %(most)s") % {"least": amounts["least_ubtt"], "most": amounts["most_ubtt"]},
        ),
        (_("One user in an hour"), amounts["user_hour_ubtt"]),
        (_("One user in 24 hours"), amounts["user_day_ubtt"]),
        (_("All users in an hour"), amounts["all_hour_ubtt"]),
        (_("All users in 24 hours"), amounts["all_day_ubtt"]),
        (_("An admin approves above"), amounts["approval_above_ubtt"]),
        (_("A new address waits"), _("%(hours)s h") % {"hours": -(-rules.address_wait_s // 3600)}),
        (_("Fee"), amounts["flat_fee_ubtt"]),
        (
            _("Price of 1 TRX"),
            amounts["ubtt_per_trx"] if rules.ubtt_per_trx else _("none: the box bears what is burned"),
        ),
        (_("TRX to keep at hand"), format_amount(rules.reserve_sun, Asset.TRX)),
    ]


def _show_rules(request: HttpRequest, form: RulesForm) -> HttpResponse:
    context = {
        "form": form,
        "unit": market_asset().unit,
        "history": withdrawal_rules.history(limit=RULES_SHOWN),
    }
    return render(request, "wallet/desk_rules.html", context)
