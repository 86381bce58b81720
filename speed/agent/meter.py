"""The seller's meter: what connections have sent since they were last read, by torrent and place."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from seedbox.domain.lanes import Reading, place_of_endpoint

MAX_REMEMBERED = 10_000  # connections
Connection = tuple[str, str, bytes, int]  # torrent key, endpoint, peer id, the engine's number
Sent = dict[tuple[str, str], int]  # torrent key, place -> bytes


class SellersMeter:
    """Counts growth only, so that nothing is lost or counted twice when a connection, or the engine, is a new one."""

    def __init__(self) -> None:
        self._read: dict[Connection, int] = {}
        self._fresh: set[tuple[str, str]] = set()  # watched, and not read yet: what was sent before is nobody's

    def watch(self, places: Mapping[str, Collection[str]]) -> None:
        """Count these places of these torrents from now on, and forget others."""
        wanted = {(key, place) for key, there in places.items() for place in there}
        known = {(key, place_of_endpoint(endpoint)) for key, endpoint, _, _ in self._read}
        self._fresh = {pair for pair in wanted if pair in self._fresh or pair not in known}
        self._read = {
            connection: count
            for connection, count in self._read.items()
            if (connection[0], place_of_endpoint(connection[1])) in wanted
        }

    def read(self, readings: Collection[Reading]) -> Sent:
        """Return what was sent since the last reading. A connection that is new, or counts anew, began at nothing."""
        grown: Sent = defaultdict(int)
        seen: dict[Connection, int] = {}
        pairs = set()
        for reading in readings:
            pair = (reading.key, place_of_endpoint(reading.endpoint))
            connection = (reading.key, reading.endpoint, reading.peer_id, reading.connection)
            before = self._read.get(connection)
            if before is None:
                before = reading.sent_bytes if pair in self._fresh else 0
            growth = reading.sent_bytes - before if reading.sent_bytes >= before else reading.sent_bytes
            if growth:
                grown[pair] += growth
            seen[connection] = reading.sent_bytes
            pairs.add(pair)
        # One that a reading has left out is not new when it is there again; those that are gone are let go at times.
        self._read = seen if len(self._read) > MAX_REMEMBERED else {**self._read, **seen}
        self._fresh -= pairs
        return dict(grown)
