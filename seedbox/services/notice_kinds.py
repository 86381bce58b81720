"""What people can be told of: each app registers its kinds by name, so that everybody can choose among them."""

from dataclasses import dataclass

from django.utils.functional import Promise

from seedbox.services import screen_choices

SCREEN = "notices"  # under which it is kept what somebody does not want to be told


@dataclass(frozen=True)
class Kind:
    name: str
    label: str | Promise  # of its box on the page: what it tells
    for_admins: bool = False


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _kinds[kind.name] = kind


def forget(name: str) -> None:
    """Tell of this kind no longer, and show nothing that was told of it."""
    _kinds.pop(name, None)


def names(*, for_admins: bool) -> list[str]:
    return [kind.name for kind in _kinds.values() if kind.for_admins == for_admins]


def offered(*, is_admin: bool) -> list[Kind]:
    """Return the kinds among which somebody can choose."""
    return [kind for kind in _kinds.values() if is_admin or not kind.for_admins]


def silenced(user_id: int) -> frozenset[str]:
    """Return what a user does not want to be told; nothing was chosen: everything is told."""
    return frozenset(screen_choices.chosen(user_id=user_id, screen=SCREEN) or ())


def choose(wanted: frozenset[str], *, user_id: int, is_admin: bool) -> None:
    """Tell a user of these kinds from now on. What is kept is what is not wanted: a new kind is told."""
    names = [kind.name for kind in offered(is_admin=is_admin) if kind.name not in wanted]
    screen_choices.choose(names, user_id=user_id, screen=SCREEN)
