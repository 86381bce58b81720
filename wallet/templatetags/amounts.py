"""Amounts of a column, with their decimal signs below each other."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from wallet.domain.money import decimals_in

register = template.Library()


@register.filter
def lined_up(amount: str) -> SafeString:
    """Write an amount, maybe with a unit behind a space, so that design.css can put it in line with its column's."""
    number, space, unit = amount.rpartition(" ") if " " in amount else (amount, "", "")
    figure = format_html('<span class="figure" data-decimals="{}">{}</span>', decimals_in(number), number)
    return format_html("{}{}{}", figure, space, unit)
