"""Names within sentences that a list says once for all of its rows."""

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def naming(sentence: str, name: str) -> SafeString:
    """Put the name where the translated sentence says {name}.

    `blocktranslate` costs a row of a long list three times as much: it looks its sentence up for each row anew.
    """
    return mark_safe(conditional_escape(sentence).replace("{name}", conditional_escape(name)))
