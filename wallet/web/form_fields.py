"""Fields of the forms that move money."""

import unicodedata
import uuid
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wallet.domain.money import BadAmount, parse_btt

MAX_AMOUNT_CHARS = 32  # thirteen digits with commas, a point, six decimals, and room for spaces


def fresh_key() -> str:
    """Return the key of a form that is shown now: whatever it asks for happens once."""
    return uuid.uuid4().hex


class AmountField(forms.CharField):
    """An amount as people write it, like 1,234.5; its value is in µBTT."""

    def __init__(self) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(label=gettext_lazy("Amount"), max_length=MAX_AMOUNT_CHARS, widget=forms.TextInput(attrs))

    def clean(self, value: Any) -> int:
        text = super().clean(value)
        try:
            return parse_btt(text)
        except BadAmount as problem:
            raise forms.ValidationError(_(str(problem))) from None


class LineField(forms.CharField):
    """Words in one line, without control characters; what merely looks odd is people's own business."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
            raise forms.ValidationError(_("Write it in one line, without control characters."))
        return text


class KeyField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput, validators=[RegexValidator(r"\A[0-9a-f]{32}\Z")])
