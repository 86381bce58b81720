"""How the upload is shared at the moment: which place has which lane, how fast it may go, and how that stands.

Nothing here knows libtorrent: an engine asks for the lanes and limits, and carries them out.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from seedbox.domain.lane_assignment import LANES, SHARED, LaneAssignment
from seedbox.domain.lanes import LANES_STAND_S, Lane, LaneKind, LanesStand, LaneStand, ShareUpload
from seedbox.domain.upload_shares import LEAST_BYTES_PER_S, Flow, free_limit, free_speed, room_to_grow
from seedbox.engine.connections import Connection, Connections

ADJUST_EVERY_S = 1.0
LOOKS_BACK = 4  # what lanes use goes up and down: what they used at most in the last looks is kept for them

FREE = -1  # in the place of a lane's number: whatever is in none
UNLIMITED = 0
IDLE = ShareUpload()


@dataclass(frozen=True)
class Limit:
    bytes_per_s: int = UNLIMITED
    passes_slots: bool = False  # it is served beside the slots for unchoked peers


class UploadSharing:
    def __init__(
        self,
        connections: Connections,
        *,
        free_speeds: Callable[[str], Collection[int]],
        keys_that_send: Callable[[], Collection[str]],
    ) -> None:
        """`free_speeds` are those of a torrent's free peers that want something of us and get it."""
        self._connections = connections
        self._free_speeds = free_speeds
        self._keys_that_send = keys_that_send
        self._assignment = LaneAssignment()
        self._order, self._ends_at_s = IDLE, 0.0
        self._flows: dict[tuple[int, str], Flow] = {}
        self._lanes_used: deque[int] = deque(maxlen=LOOKS_BACK)  # bytes per second, in the last looks
        self._adjust_at_s = 0.0
        self._told: Mapping[str, LaneKind] = {}
        self.lanes: Mapping[str, int] = {}  # of new connections, by place
        self.limits: dict[int, Limit] = {}  # by lane, and of what is free
        connections.lane_of = lambda place: self.lanes.get(place)

    @property
    def is_idle(self) -> bool:
        return self._order.limit_bytes_per_s <= 0

    @property
    def is_busy(self) -> bool:
        """Say whether there is anything to adjust: a market that is at work, or what it has left behind."""
        return not self.is_idle or not self._assignment.is_empty

    def share(self, order: ShareUpload, now_s: float) -> None:
        """Share the upload like this from now on."""
        self._order, self._ends_at_s = order, now_s + LANES_STAND_S
        self._adjust(now_s)

    def count(self, connection: Connection, more_bytes: int, now_s: float) -> None:
        """Note that so much more was sent over a connection; it matters where that was made under a lane."""
        if connection.lane is not None:
            flow = self._flows.setdefault((connection.lane, connection.place), Flow(now_s))
            flow.count(more_bytes, now_s)

    def look(self, now_s: float) -> bool:
        """Adjust what is due; say whether there is news worth telling."""
        if now_s >= self._ends_at_s and not self.is_idle:
            self._order = IDLE
            self._adjust_at_s = now_s
        if now_s < self._adjust_at_s or not self.is_busy:
            return self._kinds() != self._told
        self._adjust(now_s)
        return True

    def stand(self) -> LanesStand:
        self._told = kinds = self._kinds()
        places = {place: self._stand_of(place, kind) for place, kind in kinds.items()}
        return LanesStand(places, self.limits[FREE].bytes_per_s)

    # --- inside

    def _adjust(self, now_s: float) -> None:
        self._adjust_at_s = now_s + ADJUST_EVERY_S
        connected = self._connections.counted()
        wanted = frozenset() if self.is_idle else frozenset(self._order.lanes)
        self._assignment.update(wanted=wanted, connected=connected, now_s=now_s)
        self.lanes = self._assignment.lanes
        for gone in self._flows.keys() - connected.keys():
            del self._flows[gone]
        for flow in self._flows.values():
            flow.count(0, now_s)
        if self.is_idle:
            self.limits = dict.fromkeys((FREE, *range(LANES)), Limit())
        else:
            self._limit()

    def _limit(self) -> None:
        """Lanes get what was granted, free peers what lanes leave; without a grant a lane is as fast as they are."""
        use, granted = self._lane_use(), self._granted_to_connected()
        most = max(self._lanes_used, default=use)
        self._lanes_used.append(use)
        kept = max(use, min(most, granted))
        room = room_to_grow(
            limit_bytes_per_s=self._order.limit_bytes_per_s,
            granted_bytes_per_s=granted,
            use_bytes_per_s=kept,
            gained_bytes_per_s=use - most,
        )
        free = free_limit(
            limit_bytes_per_s=self._order.limit_bytes_per_s,
            free_share_ppm=self._order.free_share_ppm,
            lane_use_bytes_per_s=kept + room,
        )
        self.limits[FREE] = Limit(free)
        for number in set(self.lanes.values()):
            places = [place for place, lane in self.lanes.items() if lane == number]
            self.limits[number] = self._limit_of(places, free)

    def _lane_use(self) -> int:
        """Return what lanes use. One that seems to use more than it may was read at the wrong moment."""
        use: Counter[int] = Counter()
        for (number, _), flow in self._flows.items():
            use[number] += flow.bytes_per_s
        limits = {number: self.limits.get(number, Limit()).bytes_per_s or used for number, used in use.items()}
        return sum(min(used, limits[number]) for number, used in use.items())

    def _granted_to_connected(self) -> int:
        """Return what lanes were granted that somebody is there for."""
        places = {place for _, place in self._flows}
        return sum(lane.granted_bytes_per_s for place, lane in self._order.lanes.items() if place in places)

    def _limit_of(self, places: Collection[str], free_limit_bytes_per_s: int) -> Limit:
        wanted = [self._order.lanes.get(place, Lane(0)) for place in places]
        granted = sum(lane.granted_bytes_per_s for lane in wanted)
        if granted > 0:
            return Limit(max(granted, LEAST_BYTES_PER_S), passes_slots=True)
        torrents = frozenset[str]().union(*(lane.torrents for lane in wanted))
        in_torrent = [speed for key in sorted(torrents) for speed in self._free_speeds(key)]
        on_node = [] if in_torrent else [speed for key in self._keys_that_send() for speed in self._free_speeds(key)]
        speed = free_speed(
            in_torrent=in_torrent,
            on_node=on_node,
            free_limit_bytes_per_s=free_limit_bytes_per_s,
            shares=sum(max(len(lane.torrents), 1) for lane in wanted),  # a free peer has it on each torrent, too
        )
        return Limit(speed)

    def _kinds(self) -> dict[str, LaneKind]:
        if self.is_idle:
            return {}
        connected = self._connections.counted()
        return {place: _kind(self.lanes[place], connected[self.lanes[place], place]) for place in self._order.lanes}

    def _stand_of(self, place: str, kind: LaneKind) -> LaneStand:
        number, there = self.lanes[place], self._connections.at(place)
        flow = self._flows.get((number, place))
        under_lane = sum(each.lane == number for each in there)
        return LaneStand(
            kind,
            limit_bytes_per_s=self.limits[number].bytes_per_s,
            sent_bytes_per_s=flow.bytes_per_s if flow else 0,
            connections=under_lane,
            free_connections=len(there) - under_lane,
        )


def _kind(number: int, connections: int) -> LaneKind:
    if not connections:
        return LaneKind.WAITING
    return LaneKind.SHARED if number == SHARED else LaneKind.OWN
