"""The design language on one page, for admins: each value and part in both colours, out of the sheets themselves."""

import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from seedbox.web.doors import for_admins

COLOUR_SHEETS = ("tokens.css", "charts.css")
_TOKEN = re.compile(r"(--[a-z][\w-]*): ([^;]+);")
_ICON = re.compile(r'<symbol id="([a-z-]+)"')
_COLOUR = re.compile(r"#[0-9a-f]{3,6}$|rgba?\(")
_LOOKS = ("light", "dark")
_TONES = {
    "green": _("green"),
    "blue": _("blue"),
    "azure": _("azure"),
    "yellow": _("yellow"),
    "red": _("red"),
    "secondary": _("secondary"),
}


@dataclass(frozen=True)
class Token:
    """One value of the design language; the page shows what it is in both colours by itself."""

    name: str
    value: str


@require_GET
@for_admins
def styleguide(request: HttpRequest) -> HttpResponse:
    every = tokens()
    context = {
        "looks": _LOOKS,
        "tones": _TONES.items(),
        "colours": [token for token in every if _COLOUR.match(token.value)],
        "sizes": [token for token in every if not _COLOUR.match(token.value)],
        "icons": icons(),
    }
    return render(request, "seedbox/styleguide.html", context)


@cache
def tokens() -> tuple[Token, ...]:
    """Return what the sheets name, each once, as it is on a light ground."""
    found: dict[str, str] = {}
    for sheet in COLOUR_SHEETS:
        for name, value in _TOKEN.findall(_text(sheet)):
            found.setdefault(name, value)
    return tuple(Token(name, value) for name, value in found.items() if not name.endswith("-rgb"))


@cache
def icons() -> tuple[str, ...]:
    return tuple(_ICON.findall(_text("icons.svg")))


def _text(name: str) -> str:
    return (settings.BASE_DIR / "static" / name).read_text(encoding="utf-8")
