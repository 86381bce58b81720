"""The tiles of the overview: each app registers its own, and the composition root those of the apps that it joins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from seedbox.models import User

Context = Callable[[User, datetime], Mapping[str, Any]]
Text = str | Promise  # a promise is read in the language of whoever looks


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
    for_admins: bool = False


@dataclass(frozen=True)
class Part:
    """What another app adds to a tile that is not its own."""

    template: str
    context: Context


@dataclass(frozen=True)
class Layout:
    """Which tiles a user sees, in which order, and which are hidden."""

    shown: tuple[Tile, ...]
    hidden: tuple[Tile, ...]


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


def parts(name: str, user: User, now: datetime) -> dict[str, Any] | None:
    """Return what another app adds to a tile: its template, and what that needs."""
    part = _parts.get(name)
    return None if part is None else {"template": part.template, **part.context(user, now)}


def find(name: str, *, user: User) -> Tile | None:
    tile = _tiles.get(name)
    return tile if tile is not None and (user.is_admin or not tile.for_admins) else None


def layout(chosen: Sequence[str] | None, *, user: User) -> Layout:
    """Put the tiles in the order that was chosen: new ones come at the end, and names that are gone are skipped."""
    wanted = {name.removeprefix(HIDDEN): name.startswith(HIDDEN) for name in chosen or ()}
    names = [*wanted, *(name for name in _tiles if name not in wanted)]
    found = [tile for name in names if (tile := find(name, user=user)) is not None]
    return Layout(
        tuple(tile for tile in found if not wanted.get(tile.name)),
        tuple(tile for tile in found if wanted.get(tile.name)),
    )
