"""The forms of what operators do, and what each will do in words, before it is done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wallet.domain.accounts import AccountKind
from wallet.domain.deposits import format_units
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset, format_amount
from wallet.models import Account, ChainMovement, OperatorAct
from wallet.models.operator_act import ActKind
from wallet.services import found_payments, operators, touchable
from wallet.services.holders import holder
from wallet.services.install import market_asset
from wallet.services.refusals import Refused
from wallet.web.form_fields import AmountField, KeyField, LineField

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_NAME = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
_ACCOUNT_HINT = gettext_lazy(
    "A user name, one of the box's own accounts (treasury, fees, suspense …) or a number like #12."
)
MAX_DIGITS = 18  # what a 64-bit column can hold


@dataclass(frozen=True)
class Fact:
    """A line of the page that asks whether this is meant."""

    label: str
    text: str
    is_person: bool = False


class ActForm(forms.Form):
    """What every act has: a reason, and a key so that it is done once."""

    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=operators.MAX_REASON_CHARS,
        help_text=gettext_lazy("It stays in the log, for all admins and for whom it concerns."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    key = KeyField()
    field_order: list[str] | None = None

    def facts(self) -> list[Fact]:
        raise NotImplementedError

    def order(self) -> dict[str, int]:
        """Return what the service wants to know beside reason, key and actor."""
        raise NotImplementedError

    def touched(self) -> list[tuple[AccountKind, str]]:
        """Return kind and ref of the accounts that the act concerns."""
        raise NotImplementedError

    def concerns(self, user_id: int) -> bool:
        return (AccountKind.USER, str(user_id)) in self.touched()


class GrantForm(ActForm):
    user = forms.CharField(
        label=gettext_lazy("To"),
        max_length=150,
        help_text=gettext_lazy("The exact user name."),
        widget=forms.TextInput(dict(_NAME)),
    )
    amount = AmountField()
    field_order = ["user", "amount", "reason", "key"]

    def clean_user(self) -> tuple[int, str]:
        user = get_user_model().objects.filter(username__iexact=self.cleaned_data["user"]).first()
        if user is None:
            raise forms.ValidationError(_("Nobody here goes by that name. Check the spelling."))
        return user.pk, user.get_username()

    def facts(self) -> list[Fact]:
        asset, amount_ubtt = market_asset(), self.cleaned_data["amount"]
        treasury = Account.objects.filter(asset=asset, kind=AccountKind.TREASURY).first()
        has_ubtt = treasury.available_ubtt if treasury else 0
        return [
            Fact(_("To"), self.cleaned_data["user"][1], is_person=True),
            Fact(_("Amount"), format_amount(amount_ubtt, asset)),
            Fact(_("The treasury has"), format_amount(has_ubtt, asset)),
            Fact(_("What remains there"), format_amount(max(has_ubtt - amount_ubtt, 0), asset)),
        ]

    def order(self) -> dict[str, int]:
        return {"user_id": self.cleaned_data["user"][0], "amount_ubtt": self.cleaned_data["amount"]}

    def touched(self) -> list[tuple[AccountKind, str]]:
        return [(AccountKind.USER, str(self.cleaned_data["user"][0]))]


class AccountField(forms.CharField):
    """An account by its number, by the box's own word for it, or by its user's name; its value is the account.

    Our own words go first: nobody who calls himself "treasury" shall be taken for it.
    """

    def __init__(self, label: "str | _StrPromise") -> None:
        super().__init__(label=label, max_length=150, help_text=_ACCOUNT_HINT, widget=forms.TextInput(dict(_NAME)))

    def clean(self, value: object) -> Account:
        text = str(super().clean(value))
        found = _find_account(text)
        if found is None:
            raise forms.ValidationError(_("There is no such account. The books list them all."))
        return found


def _find_account(text: str, asset: Asset | None = None) -> Account | None:
    number = text.removeprefix("#")
    is_number = number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS
    if text.startswith("#"):
        return Account.objects.filter(pk=int(number)).first() if is_number else None
    asset = asset or market_asset()
    kind = next(
        (kind for kind in touchable.ADJUSTABLE if text.casefold() in (_(kind.label).casefold(), kind.label.casefold())),
        None,
    )
    if kind is not None and kind is not AccountKind.USER:
        return Account.objects.filter(asset=asset, kind=kind, ref="").first()
    user = get_user_model().objects.filter(username__iexact=text).only("pk").first()
    if user is not None:
        return Account.objects.filter(asset=asset, kind=AccountKind.USER, ref=str(user.pk)).first()
    return Account.objects.filter(pk=int(number)).first() if is_number else None


class OneAccountForm(ActForm):
    account = AccountField(gettext_lazy("Account"))
    field_order = ["account", "reason", "key"]

    def clean_account(self) -> Account:
        account: Account = self.cleaned_data["account"]
        _refuse_by(lambda: touchable.check_freezable(account))
        return account

    def facts(self) -> list[Fact]:
        account = self.cleaned_data["account"]
        return [
            _fact_of(_("Account"), account),
            Fact(_("Available"), format_amount(account.available_ubtt, Asset(account.asset))),
            Fact(_("It is now"), _("frozen") if account.is_frozen else _("not frozen")),
        ]

    def order(self) -> dict[str, int]:
        return {"account_id": self.cleaned_data["account"].pk}

    def touched(self) -> list[tuple[AccountKind, str]]:
        return [_side(self.cleaned_data["account"])]


class AdjustForm(ActForm):
    debit = AccountField(gettext_lazy("From"))
    credit = AccountField(gettext_lazy("To"))
    amount = AmountField()
    field_order = ["debit", "credit", "amount", "reason", "key"]

    def clean(self) -> None:
        if "debit" in self.cleaned_data and "credit" in self.cleaned_data:
            _refuse_by(lambda: touchable.check_adjustable(self.cleaned_data["debit"], self.cleaned_data["credit"]))

    def facts(self) -> list[Fact]:
        debit, credit, amount_ubtt = (self.cleaned_data[name] for name in ("debit", "credit", "amount"))
        asset = Asset(debit.asset)
        return [
            _fact_of(_("From"), debit),
            Fact(_("It has available"), format_amount(debit.available_ubtt, asset)),
            _fact_of(_("To"), credit),
            Fact(_("Amount"), format_amount(amount_ubtt, asset)),
        ]

    def order(self) -> dict[str, int]:
        data = self.cleaned_data
        return {"debit_id": data["debit"].pk, "credit_id": data["credit"].pk, "amount_ubtt": data["amount"]}

    def touched(self) -> list[tuple[AccountKind, str]]:
        return [_side(self.cleaned_data["debit"]), _side(self.cleaned_data["credit"])]


class BookPaymentForm(ActForm):
    movement = forms.IntegerField(
        label=gettext_lazy("Payment"),
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.TextInput({"inputmode": "numeric"}),
    )
    account = forms.CharField(
        label=gettext_lazy("Borne by"), max_length=150, help_text=_ACCOUNT_HINT, widget=forms.TextInput(_NAME)
    )
    field_order = ["movement", "account", "reason", "key"]

    def clean_movement(self) -> ChainMovement:
        number: int = self.cleaned_data["movement"]
        _refuse_by(lambda: found_payments.check_bookable(found_payments.find(number)))
        return found_payments.find(number)

    def clean(self) -> None:
        """Look up the account among those of the payment's asset, which need not be the market's."""
        if "movement" not in self.cleaned_data or "account" not in self.cleaned_data:
            return
        movement, text = self.cleaned_data["movement"], self.cleaned_data["account"]
        found_payments.open_bearers(movement, now=timezone.now())
        account = _find_account(text, Asset(movement.asset))
        if account is None:
            self.add_error(
                "account", _("There is no such account that has %(unit)s.") % {"unit": Asset(movement.asset).unit}
            )
            return
        self.cleaned_data["account"] = account
        _refuse_by(lambda: found_payments.check_bearer(movement, account))

    def facts(self) -> list[Fact]:
        movement, account = self.cleaned_data["movement"], self.cleaned_data["account"]
        asset = Asset(movement.asset)
        again = found_payments.would_pay_again(movement)
        careful = _("withdrawal %(pk)s asks for just this. If it was paid by this, reject it.")
        it_paid = _("%(amount)s %(unit)s to %(recipient)s") % {
            "amount": format_units(movement.amount, asset),
            "unit": asset.unit,
            "recipient": movement.recipient,
        }
        return [
            *([Fact(_("Careful"), careful % {"pk": again.pk})] if again else []),
            Fact(_("Transaction"), movement.tx_id),
            Fact(
                _("Irreversible since"),
                _("%(block_at)s UTC, block %(block_number)s")
                % {"block_at": f"{movement.block_at:%Y-%m-%d %H:%M:%S}", "block_number": movement.block_number},
            ),
            Fact(_("It paid"), it_paid),
            _fact_of(_("Borne by"), account),
            Fact(_("It has available"), format_amount(account.available_ubtt, asset)),
            Fact(_("Taken from it"), format_amount(found_payments.amount_ubtt(movement), asset)),
        ]

    def order(self) -> dict[str, int]:
        return {"movement_id": self.cleaned_data["movement"].pk, "account_id": self.cleaned_data["account"].pk}

    def touched(self) -> list[tuple[AccountKind, str]]:
        return [_side(self.cleaned_data["account"])]


class ReverseForm(ActForm):
    transfer = forms.IntegerField(
        label=gettext_lazy("Transfer"),
        min_value=1,
        max_value=2**63 - 1,
        help_text=gettext_lazy("Its number, as it stands beside the entry on the account's page."),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    field_order = ["transfer", "reason", "key"]

    def clean_transfer(self) -> int:
        number: int = self.cleaned_data["transfer"]
        _refuse_by(lambda: touchable.check_reversible(touchable.find_transfer(number)))
        return number

    def facts(self) -> list[Fact]:
        original = touchable.find_transfer(self.cleaned_data["transfer"])
        asset = Asset(original.asset)
        return [
            Fact(_("Transfer"), f"{original.pk}: {_(TransferKind(original.kind).label).lower()}"),
            Fact(_("Of"), f"{original.written_at:%Y-%m-%d %H:%M:%S} UTC"),
            _fact_of(_("Taken from"), original.credit),
            Fact(_("It has available"), format_amount(original.credit.available_ubtt, asset)),
            _fact_of(_("Given back to"), original.debit),
            Fact(_("Amount"), format_amount(original.amount_ubtt, asset)),
        ]

    def order(self) -> dict[str, int]:
        return {"transfer_id": self.cleaned_data["transfer"]}

    def touched(self) -> list[tuple[AccountKind, str]]:
        original = touchable.find_transfer(self.cleaned_data["transfer"])
        return [_side(original.debit), _side(original.credit)]


@dataclass(frozen=True)
class Way:
    """One kind of act, from its form to its service."""

    kind: ActKind
    title: "str | _StrPromise"
    explains: "str | _StrPromise"
    verb: "str | _StrPromise"  # on the button that does it
    form: type[ActForm]
    carry_out: Callable[..., OperatorAct]
    is_grave: bool = False


WAYS = {
    "grant": Way(
        ActKind.GRANTED,
        gettext_lazy("Grant"),
        gettext_lazy(
            "Gives a user money of the treasury's. Nothing is created: what is not in the treasury can't be granted."
        ),
        gettext_lazy("Grant it"),
        GrantForm,
        operators.grant,
    ),
    "freeze": Way(
        ActKind.FROZE,
        gettext_lazy("Freeze a user's accounts"),
        gettext_lazy("Its user can spend nothing, of no asset, until they are thawed; what comes in still arrives."),
        gettext_lazy("Freeze them"),
        OneAccountForm,
        operators.freeze,
        is_grave=True,
    ),
    "thaw": Way(
        ActKind.THAWED,
        gettext_lazy("Thaw a user's accounts"),
        gettext_lazy("Its user can spend again, of every asset."),
        gettext_lazy("Thaw them"),
        OneAccountForm,
        operators.thaw,
    ),
    "adjust": Way(
        ActKind.ADJUSTED,
        gettext_lazy("Adjust"),
        gettext_lazy(
            "Moves money between two accounts that exist, to put something right. Both sides see it, with the reason."
        ),
        gettext_lazy("Move it"),
        AdjustForm,
        operators.adjust,
        is_grave=True,
    ),
    "book-payment": Way(
        ActKind.BOOKED,
        gettext_lazy("Book a payment"),
        gettext_lazy(
            "Writes what has left the box's addresses as no withdrawal into the books. Find out first what it was: "
            "the withdrawal of a user that a backup has lost, or a payment of the box's own. "
            "Whoever got the money bears it."
        ),
        gettext_lazy("Book it"),
        BookPaymentForm,
        found_payments.book,
        is_grave=True,
    ),
    "reverse": Way(
        ActKind.REVERSED,
        gettext_lazy("Reverse a transfer"),
        gettext_lazy(
            "Sends the money of a tip, a grant or an adjustment back, once. It takes nothing that was spent meanwhile."
        ),
        gettext_lazy("Reverse it"),
        ReverseForm,
        operators.reverse,
        is_grave=True,
    ),
}


def _refuse_by(check: Callable[[], object]) -> None:
    try:
        check()
    except Refused as refusal:
        raise forms.ValidationError(_(str(refusal))) from None


def _fact_of(label: str, account: Account) -> Fact:
    who = holder(account)
    text = _("%(name)s (account #%(pk)s)") % {"name": who.name, "pk": account.pk}
    return Fact(label, text, is_person=who.is_person)


def _side(account: Account) -> tuple[AccountKind, str]:
    return AccountKind(account.kind), account.ref
