"""How commands wait for what a node does: by looking at the database, for any process may have asked for it."""

import time
from collections.abc import Callable, Collection

from django.db.models import F

from seedbox.domain.states import State
from seedbox.models import File, Holding, Torrent, User
from seedbox.services.rows import observation_of, torrent_row

LOOK_EVERY_S = 0.25
_SETTLED = frozenset({State.STOPPED, State.FINISHED, State.ERROR})


def wait(seconds: float, is_reached: Callable[[], bool]) -> bool:
    """Look until it is reached; false after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_reached():
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def own_holdings(user: User) -> "list[Holding]":
    """Return the user's holdings, oldest first, with what their rows need."""
    found = Holding.objects.filter(user=user).select_related("torrent", "torrent__observation")
    return list(found.order_by("added_at", "pk"))


class Download:
    """Some torrents of a user on their way to being complete; tells `write` each time something changed."""

    def __init__(self, *, user: User, holding_ids: Collection[int], write: Callable[[str], object]) -> None:
        self._user = user
        self._holding_ids = set(holding_ids)
        self._write = write
        self._told: list[str] = []

    def is_complete(self) -> bool:
        """Say whether all are there, every byte checked and on disk."""
        found = [holding for holding in own_holdings(self._user) if holding.pk in self._holding_ids]
        rows = [torrent_row(holding) for holding in found]
        lines = [
            f"{row['name']}: {row['state_label']}, {row['progress']}, {row['down']} {row['error']}" for row in rows
        ]
        if lines != self._told:
            self._told = lines
            for line in lines:
                self._write(line.rstrip())
        torrent_ids = [holding.torrent_id for holding in found]
        unfinished = File.objects.filter(torrent_id__in=torrent_ids, done_bytes__lt=F("size_bytes"))
        is_whole = len(found) == len(self._holding_ids) and all(row["complete"] for row in rows)
        return is_whole and not unfinished.exists()


def all_rest(user: User, holding_ids: Collection[int]) -> bool:
    """Say whether the node has carried out that they shall stop, as far as others let it."""
    found = [holding for holding in own_holdings(user) if holding.pk in set(holding_ids)]
    are_told = all(
        seen is not None and seen.applied_version >= holding.torrent.wish_version
        for holding in found
        for seen in [observation_of(holding)]
    )
    return are_told and all(torrent_row(holding)["state"] in _SETTLED for holding in found)


def all_deleted(torrent_ids: Collection[int]) -> bool:
    """Say whether the node has deleted the torrents, but those that others hold."""
    return not Torrent.objects.filter(pk__in=torrent_ids, holdings__isnull=True).exists()
