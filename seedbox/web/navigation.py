"""The links of the bar on top that other apps bring; the composition root registers them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest

from seedbox.models import User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Link:
    """An entry of the bar; it is the current one on the addresses in `pages`."""

    url_name: str
    label: "str | _StrPromise"  # translated when it is shown
    icon: str
    pages: frozenset[str]
    for_admins: bool = False
    key: str = ""  # g, then this one, leads there


_links: dict[str, Link] = {}
_first_steps: dict[str, Link] = {}  # what a box without torrents offers besides adding one


def register(link: Link) -> None:
    _links[link.url_name] = link


def forget(url_name: str) -> None:
    _links.pop(url_name, None)


def offer(link: Link) -> None:
    """Offer a page to whoever has no torrent yet."""
    _first_steps[link.url_name] = link


def offer_no_longer(url_name: str) -> None:
    _first_steps.pop(url_name, None)


def first_steps(user: User) -> list[Link]:
    """Return the pages that are offered to this user as long as there is no torrent."""
    return [link for link in _first_steps.values() if user.is_admin or not link.for_admins]


def links(request: HttpRequest) -> dict[str, list[Link]]:
    """Return the links for a template, as a context processor does."""
    return {"nav_links": list(_links.values()), "first_steps": list(_first_steps.values())}
