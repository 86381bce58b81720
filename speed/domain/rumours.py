"""Where sellers of torrents are said to be. Anybody can say so, and as often as he likes: what is said is read once,
kept within a bound, and looked at a few at a time.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import islice

from seedbox.domain.lanes import place_of
from speed.domain.dialling import parse_endpoint

MAX_RUMOURS = 100  # of one torrent
MOST_AT_A_PLACE = 4  # of these: a stranger who is there could name every port
MAX_HEARD = 1_000  # at once
MAX_READ = 10_000  # endpoints whose place is remembered, and those that have none


class Rumours:
    """Endpoints by torrent, the newest last."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, str]] = {}  # of endpoints, by torrent
        self._waiting: deque[str] = deque()  # torrents that are still to be looked at in this round

    def hear(self, key: str, endpoints: Iterable[str], *, near: Collection[str]) -> None:
        """Take in what is said of a torrent. With too many the oldest go, but for those at places that are `near`."""
        known = self._places.setdefault(key, {})
        for endpoint in islice(endpoints, MAX_HEARD):
            if place := known.pop(endpoint, "") or place_at(endpoint):
                known[endpoint] = place
        _thin_out(known)
        if (excess := len(known) - MAX_RUMOURS) > 0:
            far_first = sorted(known, key=lambda endpoint: known[endpoint] in near)
            for endpoint in far_first[:excess]:
                del known[endpoint]

    def of(self, key: str) -> Collection[str]:
        return self._places.get(key, {}).keys()

    def keep_only(self, keys: Collection[str]) -> None:
        """Forget all other torrents."""
        self._places = {key: known for key, known in self._places.items() if key in keys}

    def begin_round(self) -> None:
        """Let every torrent be looked at once more; those that still wait for it come first."""
        waiting = frozenset(self._waiting)
        self._waiting.extend(key for key in self._places if key not in waiting)

    def next_ones(self, most: int) -> Iterator[tuple[str, str, str]]:
        """Yield rumours of this round as torrent, endpoint and place, the newest of each torrent first.

        Whole torrents, so there may be MAX_RUMOURS more than asked for.
        """
        count = 0
        while self._waiting and count < most:
            key = self._waiting.popleft()
            known = self._places.get(key, {})
            count += len(known)
            for endpoint, place in reversed(known.items()):
                yield key, endpoint, place


def _thin_out(known: dict[str, str]) -> None:
    """Leave the newest of each place."""
    seen: Counter[str] = Counter()
    for endpoint in list(reversed(known)):
        seen[known[endpoint]] += 1
        if seen[known[endpoint]] > MOST_AT_A_PLACE:
            del known[endpoint]


@lru_cache(MAX_READ)
def place_at(endpoint: str) -> str:
    """Return the place of an endpoint; "" for what can't be called, whatever else is true."""
    try:
        address, port = parse_endpoint(endpoint)
    except ValueError:
        return ""
    return place_of(str(address)) if 0 < port < 65_536 else ""
