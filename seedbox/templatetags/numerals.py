"""How the reader of a page writes numbers, for its scripts."""

from django import template

from seedbox.services.numerals import current

register = template.Library()


@register.simple_tag
def numerals() -> str:
    """Return the signs, the one before decimals and the one between thousands."""
    return "".join(current().signs)
