"""What lets a browser keep the box as an app of its own, and hand it magnet links and torrent files to be looked at.

There is no service worker: browsers install an app without one, and one that kept pages would keep somebody's torrents
and money on a computer that others use too.
"""

import re

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from seedbox.domain.metainfo import BadTorrent
from seedbox.web.adding import MAX_ITEMS
from seedbox.web.doors import for_members
from seedbox.wiring import read_magnet

TORRENT_TYPE = "application/x-bittorrent"
NAVY = "#12262b"  # of the bar on top
PICTURES = (("app-192.png", 192, "any"), ("app-512.png", 512, "any"), ("app-maskable-512.png", 512, "maskable"))
FROM_OUTSIDE = ("magnet", "url", "text", "title")  # what a link or a shared page may carry
MAX_CHARS = 8_192  # of all that comes from outside at once; a longer link is pasted
_MAGNET = re.compile(r"magnet:\?\S+", re.IGNORECASE)


@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    """Say what the app is; the same for everybody, and no secret."""
    home, new = reverse("overview"), reverse("torrents_new")
    body = {
        "id": home,
        "name": "Seedbox",
        "short_name": "Seedbox",
        "description": _("Torrents that run on a server of yours"),
        "start_url": home,
        "scope": home,
        "display": "standalone",
        "background_color": NAVY,
        "theme_color": NAVY,
        "icons": [
            {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for name, size, purpose in PICTURES
        ],
        "shortcuts": [
            {"name": _("Add torrents"), "url": new},
            {"name": _("Torrents"), "url": reverse("torrents")},
        ],
        "protocol_handlers": [{"protocol": "magnet", "url": f"{new}?magnet=%s"}],
        "file_handlers": [{"action": new, "accept": {TORRENT_TYPE: [".torrent"]}}],
        "share_target": {
            "action": new,
            "method": "GET",
            "params": {"title": "title", "text": "text", "url": "url"},
        },
        "launch_handler": {"client_mode": "navigate-new"},
    }
    return JsonResponse(body, content_type="application/manifest+json")


@require_GET
@for_members
def torrents_new(request: HttpRequest) -> HttpResponse:
    """Show the form for adding, filled with what another page or program has handed over; nothing is added yet."""
    given = [request.GET.get(name, "").strip() for name in FROM_OUTSIDE]
    context: dict[str, object] = {"asks": any(given)}
    if sum(map(len, given)) > MAX_CHARS:
        context["problems"] = [_("This link is longer than a link may be. Paste it below instead.")]
    else:
        links = magnets(given)
        context |= {"lines": "\n".join(links or filter(None, given[:1])), "problems": problems(given, links)}
    return render(request, "seedbox/new.html", context)


def magnets(given: list[str]) -> list[str]:
    """Return the magnet links within some texts, each once."""
    return list(dict.fromkeys(link for text in given for link in _MAGNET.findall(text)))[:MAX_ITEMS]


def problems(given: list[str], links: list[str]) -> list[str]:
    """Say, in sentences, what is wrong with what was handed over."""
    if any(given) and not links:
        return [_("There is no magnet link in what was handed over.")]
    return list(dict.fromkeys(filter(None, map(_problem, links))))


def _problem(link: str) -> str:
    try:
        read_magnet(link)
    except BadTorrent as problem:
        return _(str(problem))
    return ""
