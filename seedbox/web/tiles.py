"""The tiles of the overview: each app registers its own, and the composition root those of the apps that it joins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, get_args

from django.utils.functional import Promise

from seedbox.models import Node, User
from seedbox.services import totals

Act = Literal["up", "down", "hide", "show"]
Text = str | Promise  # a promise is read in the language of whoever looks


@dataclass(frozen=True)
class Look:
    """Who looks, and when; what several tiles need is read once."""

    user: User
    now: datetime

    @cached_property
    def nodes(self) -> list[Node]:
        return list(Node.objects.order_by("name"))

    @cached_property
    def totals(self) -> totals.Totals:
        return totals.of_user(self.user.pk)


Context = Callable[[Look], Mapping[str, Any]]


@dataclass(frozen=True)
class Tile:
    """A part of the overview, as its user sees it; it leads to the page `url_name`, if any, which tells more."""

    name: str
    title: Text
    template: str
    context: Context
    url_name: str
    icon: str
    watches: tuple[str, ...] = ()  # kinds whose messages keep it up to date
    span: int = 1  # of three columns
    place: int = 100  # among the others, where its user has said nothing
    for_admins: bool = False


@dataclass(frozen=True)
class Part:
    """What another app adds to a tile that is not its own."""

    template: str
    context: Context
    watches: str


@dataclass(frozen=True)
class Layout:
    """Which tiles a user sees, in which order, and which are hidden."""

    shown: tuple[Tile, ...]
    hidden: tuple[Tile, ...]


ACTS: tuple[Act, ...] = get_args(Act)
HIDDEN = "-"  # before the name of a tile, in what is kept of a user's choice

_tiles: dict[str, Tile] = {}
_parts: dict[str, Part] = {}  # one for a tile


def register(tile: Tile) -> None:
    _tiles[tile.name] = tile


def forget(name: str) -> None:
    _tiles.pop(name, None)


def add_part(name: str, part: Part) -> None:
    _parts[name] = part


def forget_part(name: str) -> None:
    _parts.pop(name, None)


def parts(name: str, look: Look) -> dict[str, Any] | None:
    """Return what another app adds to a tile: its template, what that needs, and what it watches."""
    part = _parts.get(name)
    return None if part is None else {"template": part.template, "watches": part.watches, **part.context(look)}


def find(name: str, *, user: User) -> Tile | None:
    tile = _tiles.get(name)
    return tile if tile is not None and (user.is_admin or not tile.for_admins) else None


def layout(chosen: Sequence[str] | None, *, user: User) -> Layout:
    """Put the tiles in the order that was chosen: new ones come at the end, and names that are gone are skipped."""
    wanted = _wanted(chosen)
    found = [tile for name in wanted if (tile := find(name, user=user)) is not None]
    return Layout(
        tuple(tile for tile in found if not wanted[tile.name]),
        tuple(tile for tile in found if wanted[tile.name]),
    )


def rearranged(chosen: Sequence[str] | None, *, name: str, act: Act, user: User) -> list[str]:
    """Return what to keep after an act; tiles that this user doesn't see now keep their places, for they may come back.

    What can't be done, as to move the first one up, changes nothing.
    """
    wanted = _wanted(chosen)
    shown = [tile.name for tile in layout(chosen, user=user).shown]
    order = list(wanted)
    if act in ("hide", "show") and find(name, user=user) is not None:
        wanted[name] = act == "hide"
    elif name in shown:
        place = shown.index(name) + (-1 if act == "up" else 1)
        if 0 <= place < len(shown):
            here, there = order.index(name), order.index(shown[place])
            order[here], order[there] = order[there], order[here]
    return [f"{HIDDEN}{one}" if wanted[one] else one for one in order]


def _wanted(chosen: Sequence[str] | None) -> dict[str, bool]:
    """Return the names of all tiles in their order, and which are hidden."""
    wanted = {name.removeprefix(HIDDEN): name.startswith(HIDDEN) for name in chosen or ()}
    in_place = sorted(_tiles.values(), key=lambda tile: tile.place)
    return wanted | {tile.name: False for tile in in_place if tile.name not in wanted}
