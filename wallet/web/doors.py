"""The doors of the box that the wallet is part of: who may come in, who must prove it anew, how often one may ask.

The wallet knows them by the name in `settings.WALLET_DOORS` only, so that it could live elsewhere.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]
Door = Callable[[View], View]


class LentDoors(Protocol):
    """What the named module offers."""

    for_members: Door
    for_admins: Door  # others find nothing there
    reauthenticated: Door  # asks who did not prove within minutes who they are; stands below the others
    has_second_factor: Callable[[int], bool]  # whether a user has one to show
    # Asks for a second factor for this one act, which the function says in a sentence; stands below the others.
    with_second_factor: Callable[[Callable[..., str]], Door]
    export_in_turn: Door  # counts files of one's own books; stands below the others
    look_up_in_turn: Door  # counts forms that find people by their names; stands below the others


_lent = cast("LentDoors", import_module(settings.WALLET_DOORS))
for_members, for_admins = _lent.for_members, _lent.for_admins
reauthenticated, look_up_in_turn = _lent.reauthenticated, _lent.look_up_in_turn
export_in_turn = _lent.export_in_turn
with_second_factor, has_second_factor = _lent.with_second_factor, _lent.has_second_factor


def user_id(request: HttpRequest) -> int:
    """Return who has come through one of the doors."""
    pk = request.user.pk
    if not isinstance(pk, int):
        raise TypeError("this view has no door")
    return pk
