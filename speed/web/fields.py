"""Fields of the market's forms: amounts, speeds and shares as people write them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext as _

from speed.domain.reading import BadNumber, read_mib, read_percent
from wallet.domain.money import BadAmount, parse_btt
from wallet.services.install import market_asset

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MAX_CHARS = 32
MINUTE = "%Y-%m-%dT%H:%M"  # as browsers write it


def _with_unit(label: "str | _StrPromise", per: str) -> str:
    facts = {"label": label, "unit": market_asset().unit, "per": per}
    return _("%(label)s, %(unit)s per %(per)s") % facts if per else _("%(label)s, %(unit)s") % facts


_labelled = lazy(_with_unit, str)  # forms are made before settings may be asked


class _WrittenField(forms.CharField):
    """A number as text; an empty one that is not required is 0."""

    def __init__(
        self, read: Callable[[str], int], *, label: Any, help_text: "str | _StrPromise" = "", required: bool = True
    ) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(
            label=label,
            help_text=help_text,
            required=required,
            max_length=MAX_CHARS,
            widget=forms.TextInput(attrs),
        )
        self._read = read

    def clean(self, value: Any) -> int:
        text = str(super().clean(value))
        if not text.strip():
            return 0
        try:
            return self._read(text)
        except (BadNumber, BadAmount) as problem:
            raise forms.ValidationError(str(problem)) from None


def btt_field(
    label: "str | _StrPromise", help_text: "str | _StrPromise" = "", *, per: str = "", required: bool = True
) -> forms.CharField:
    """An amount, with its unit in the label; its value is in µBTT."""
    return _WrittenField(parse_btt, label=_labelled(label, per), help_text=help_text, required=required)


def speed_field(
    label: "str | _StrPromise", help_text: "str | _StrPromise" = "", *, required: bool = True
) -> forms.CharField:
    """A speed in MiB/s; its value is in bytes per second."""
    return _WrittenField(read_mib, label=label, help_text=help_text, required=required)


def percent_field(label: "str | _StrPromise", help_text: "str | _StrPromise" = "") -> forms.CharField:
    """A share in percent; its value is in parts per million."""
    return _WrittenField(read_percent, label=label, help_text=help_text)


def time_field(label: "str | _StrPromise", help_text: "str | _StrPromise" = "") -> forms.DateTimeField:
    """A time to the minute, or none. Its form sends UTC, and its label says so until times.js shows one's own time."""
    return forms.DateTimeField(
        label=format_lazy("{}, UTC", label),
        help_text=help_text,
        required=False,
        input_formats=[MINUTE],
        widget=forms.DateTimeInput({"type": "datetime-local"}),
    )


def write_time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):{MINUTE}}" if at is not None else ""
