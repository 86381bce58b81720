"""When places were bounced, and when they may be again: nobody behind such an address shall be dropped all the time."""

from collections.abc import Collection
from dataclasses import dataclass, field

from seedbox.domain.lanes import BOUNCE_PAUSE_S
from seedbox.engine.connections import Connection

MAX_PLACES_REMEMBERED = 10_000


@dataclass
class _Bounced:
    at_s: float
    made: set[int] = field(default_factory=set)  # connections that were there after it, by number


class Bounces:
    """A place rests after a bounce, but not if all connections that came of it are gone.

    Then the other side has dropped them, for instance because it was restarted: those that are there now were made
    without regard to a lane, and who is a neighbour behind that address has lost its own as well.
    """

    def __init__(self) -> None:
        self._places: dict[str, _Bounced] = {}

    def begin(self, place: str, now_s: float) -> None:
        if len(self._places) >= MAX_PLACES_REMEMBERED:
            self._places = {one: bounced for one, bounced in self._places.items() if _rests(bounced, now_s)}
        self._places[place] = _Bounced(now_s)

    def note(self, place: str, there: Collection[Connection]) -> None:
        """These connections of a place were made, or found, in the time of a bounce."""
        if place in self._places:
            self._places[place].made |= {each.number for each in there}

    def may_begin(self, place: str, there: Collection[Connection], now_s: float) -> bool:
        bounced = self._places.get(place)
        if bounced is None or not _rests(bounced, now_s):
            return True
        return bool(there and bounced.made) and bounced.made.isdisjoint(each.number for each in there)


def _rests(bounced: _Bounced, now_s: float) -> bool:
    return now_s < bounced.at_s + BOUNCE_PAUSE_S
