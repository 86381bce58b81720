"""Who is connected, and under which lane each connection was made: libtorrent tells neither later on."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seedbox.domain.lanes import place_of

Address = tuple[str, int]

MAX_PLACES_KNOWN = 20_000  # a cache, emptied when it is full
MAX_ENDED_KNOWN = 8  # connections of a place and torrent that are over
KIB = 1024

_numbers = itertools.count(1)  # engines of one process share them, so that a number is never used twice


@dataclass(eq=False)
class Connection:
    number: int
    key: str  # of its torrent
    address: Address
    place: str
    lane: int | None  # under which it was made; None: as a free peer
    incoming: bool
    sent_bytes: int = 0  # payload, as last read
    carried_bytes: int | None = None  # of these: what libtorrent went on from; None: it was not read yet
    before: "Connection | None" = None  # with the same endpoint, of which it is not known yet that it has ended


class Connections:
    """All connections of the engine by torrent and endpoint. Those whose news was lost are found by reading."""

    def __init__(self) -> None:
        self._by_key: dict[str, dict[Address, Connection]] = {}
        self._by_place: dict[str, dict[int, Connection]] = {}
        self._places: dict[str, str] = {}
        self._ended: dict[tuple[str, str], list[int]] = {}  # what connections had sent, by torrent and place
        self._begun: dict[tuple[str, Address], int | None] = {}
        self.lane_of: Callable[[str], int | None] = lambda place: None  # of a connection that is made now

    def place(self, host: str) -> str:
        """Return the place of an address, "" for what is none (a name, a hidden service)."""
        found = self._places.get(host)
        if found is None:
            if len(self._places) >= MAX_PLACES_KNOWN:
                self._places.clear()
            try:
                found = place_of(host)
            except ValueError:
                found = ""
            self._places[host] = found
        return found

    def open(self, key: str, address: Address, *, incoming: bool) -> Connection:
        place = self.place(address[0])
        lane = self._begun.get((key, address), self.lane_of(place))
        self.close(key, address)
        return self._put(Connection(next(_numbers), key, address, place, lane, incoming))

    def open_another(self, key: str, address: Address, *, incoming: bool) -> Connection:
        """Open one whose endpoint may have one already: over uTP a peer that comes again comes from the same port."""
        before = self.get(key, address)
        connection = self.open(key, address, incoming=incoming)
        connection.before = before
        return connection

    def close_one(self, key: str, address: Address, *, is_second: bool) -> None:
        """Forget one connection with an endpoint: the newest, turned away for being a second one, or else the oldest.

        Of a peer that we have not seen go the first one stays, and counts on.
        """
        newest = self.get(key, address)
        if newest is None or newest.before is None:
            self.close(key, address)
        elif is_second:
            self.close(key, address)
            self._put(newest.before)
        else:
            newest.before = newest.before.before

    def _put(self, connection: Connection) -> Connection:
        self._by_key.setdefault(connection.key, {})[connection.address] = connection
        self._by_place.setdefault(connection.place, {})[connection.number] = connection
        return connection

    def begin(self, key: str, address: Address) -> None:
        """Note that a connection is being made: it is made under the lane of now, whatever it has when it is there."""
        if len(self._begun) < MAX_PLACES_KNOWN:
            self._begun.setdefault((key, address), self.lane_of(self.place(address[0])))

    def close(self, key: str, address: Address) -> None:
        """Forget a connection; an attempt that failed was never one."""
        self._begun.pop((key, address), None)
        connection = self._by_key.get(key, {}).pop(address, None)
        if connection is None:
            return
        if not self._by_key[key]:
            del self._by_key[key]
        if connection.sent_bytes:
            self._note_ended(connection)
        there = self._by_place[connection.place]
        del there[connection.number]
        if not there:
            del self._by_place[connection.place]

    def _note_ended(self, connection: Connection) -> None:
        if len(self._ended) >= MAX_PLACES_KNOWN:
            self._ended.clear()
        ended = self._ended.setdefault((connection.key, connection.place), [])
        ended.append(connection.sent_bytes)
        del ended[:-MAX_ENDED_KNOWN]

    def take_carried(self, connection: Connection, sent_bytes: int) -> int:
        """Return from what a connection's counter went on, that is read for the first time.

        libtorrent gives a peer that comes again what its last connection had counted, in whole KiB.
        """
        ended = self._ended.get((connection.key, connection.place), [])
        fitting = [before for before in ended if before // KIB * KIB <= sent_bytes]
        if not fitting:
            return 0
        ended.remove(max(fitting))
        return max(fitting) // KIB * KIB

    def forget(self, key: str) -> None:
        """Forget a torrent's connections: it is taken out."""
        for address in tuple(self._by_key.get(key, ())):
            self.close(key, address)
        for begun in [begun for begun in self._begun if begun[0] == key]:
            del self._begun[begun]

    def get(self, key: str, address: Address) -> Connection | None:
        return self._by_key.get(key, {}).get(address)

    def of(self, key: str) -> tuple[Connection, ...]:
        return tuple(self._by_key.get(key, {}).values())

    def at(self, place: str) -> tuple[Connection, ...]:
        return tuple(self._by_place.get(place, {}).values())

    def all(self) -> Iterator[Connection]:
        return (each for there in self._by_place.values() for each in there.values())

    def in_lanes(self) -> Iterator[Connection]:
        return (each for each in self.all() if each.lane is not None)

    def counted(self) -> Counter[tuple[int, str]]:
        """Return how many connections are left of those that were made under each lane, by lane and place."""
        return Counter((each.lane, each.place) for each in self.in_lanes() if each.lane is not None)
