"""Lanes as libtorrent's peer classes: one for all that is free, and one for each lane.

Every address is in the class of the free from the start, which is unlimited while the market is idle; a lane's class
takes its place of the address's. A class is chosen when a connection is made and stays with it. Local peers have no
class of their own: libtorrent would let them pass every limit.
"""

import ipaddress
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import libtorrent as lt

from seedbox.domain.lane_assignment import LANES
from seedbox.domain.lanes import ShareUpload
from seedbox.domain.units import GIB
from seedbox.engine.connections import Connection
from seedbox.engine.settings import everyone_in
from seedbox.engine.upload_sharing import FREE, UNLIMITED, Limit, UploadSharing

if TYPE_CHECKING:
    from seedbox.engine.swarm import Swarm

# With buffers as large as they are for speed, a limited peer would be sent one in a lump, and nothing for as long as
# the limit makes it wait: a second at 2 MiB/s. So while anything is limited, a buffer holds a quarter of a second of
# what its peer takes, which changes nothing for fast ones, and libtorrent hands out its quotas more often: who asks for
# more than its limit allows waits for twenty ticks, then gets all of that at once. With these ticks that is half a
# second for everybody, however slow; with longer ones who does not pay would wait twice as long while a lane is open.
EVEN: Mapping[str, int] = {
    "tick_interval": 25,
    "send_buffer_watermark_factor": 25,
    "send_buffer_low_watermark": 128 * 1024,  # with less, a lane would take seconds to reach its speed
}
# Whoever has a limit, however high, waits for libtorrent to hand out quota, which took an eighth of top speed from bare
# libtorrent, and nearly half of it close to 2³¹ B/s, where libtorrent can't save quota up. So a limit that it hardly
# reaches anyway is none.
HARDLY_REACHED_BYTES_PER_S = GIB
IS_BEING_MADE = lt.peer_info.connecting | lt.peer_info.handshake
MAX_TORRENTS_COMPARED = 50  # for the speed of free peers on the node


def class_limit(bytes_per_s: int) -> int:
    """Return what to tell libtorrent for this limit."""
    return UNLIMITED if bytes_per_s >= HARDLY_REACHED_BYTES_PER_S else bytes_per_s


class LaneClasses:
    """Carries out how the upload shall be shared."""

    def __init__(self, swarm: "Swarm") -> None:
        self._swarm = swarm
        names = {FREE: "free"} | {number: f"lane {number}" for number in range(LANES)}
        self._classes = {number: swarm.session.create_peer_class(name) for number, name in names.items()}
        self._sharing = UploadSharing(
            swarm.connections, free_speeds=self._free_speeds, keys_that_send=self._keys_that_send
        )
        self._in_filter: Mapping[str, int] = {}  # as libtorrent has them
        self._limits: dict[int, Limit] = {}
        found = cast("dict[str, int]", swarm.session.get_settings())
        self._fast = {name: found[name] for name in EVEN}
        self._pack: Mapping[str, int] = self._fast
        self._put_in_filter()

    @property
    def is_busy(self) -> bool:
        return self._sharing.is_busy

    def share(self, order: ShareUpload) -> None:
        """Share the upload like this, at once, and say how it stands."""
        self._note_attempts(order)
        self._sharing.share(order, time.monotonic())
        self._carry_out()
        self._swarm.report(self._sharing.stand())

    def count(self, connection: Connection, more_bytes: int, now_s: float) -> None:
        self._sharing.count(connection, more_bytes, now_s)

    def tick(self, now_s: float) -> None:
        """Adjust limits each second, and say how lanes are; at once when one has got or lost its connections."""
        if self._sharing.look(now_s):
            self._carry_out()
            self._swarm.report(self._sharing.stand())

    def _note_attempts(self, order: ShareUpload) -> None:
        """Note who is being connected to places that have no lane yet: that is made under none."""
        connections = self._swarm.connections
        for place in order.lanes.keys() - self._sharing.lanes.keys():
            for taken in filter(None, map(self._swarm.torrents.get, order.lanes[place].torrents)):
                for peer in taken.handle.get_peer_info():
                    if peer.flags & IS_BEING_MADE and connections.place(peer.ip[0]) == place:
                        connections.begin(taken.key, peer.ip)

    def _carry_out(self) -> None:
        self._put_in_filter()
        pack = self._pack_for_now()
        if pack != self._pack:
            self._pack = pack
            self._swarm.session.apply_settings(cast("lt.settings_pack", dict(pack)))
        for number, limit in self._sharing.limits.items():
            if self._limits.get(number, Limit()) != limit:
                self._limits[number] = limit
                self._set(self._classes[number], limit)

    def _pack_for_now(self) -> Mapping[str, int]:
        """Small buffers cost free peers a tenth of top speed: those that have no limit keep the large ones."""
        if self._sharing.is_idle:
            return self._fast
        is_free_limited = class_limit(self._sharing.limits[FREE].bytes_per_s) != UNLIMITED
        return EVEN if is_free_limited else {**self._fast, "tick_interval": EVEN["tick_interval"]}

    def _put_in_filter(self) -> None:
        lanes = self._sharing.lanes
        if self._in_filter and lanes == self._in_filter:
            return
        self._in_filter = lanes
        everybody = 1 << lt.session.global_peer_class_id
        classes = everyone_in(everybody | 1 << self._classes[FREE])
        for place, number in lanes.items():
            network = ipaddress.ip_network(place)
            classes.add_rule(str(network[0]), str(network[-1]), everybody | 1 << self._classes[number])
        self._swarm.session.set_peer_class_filter(classes)

    def _set(self, peer_class: int, limit: Limit) -> None:
        settings = self._swarm.session.get_peer_class(peer_class)
        settings["upload_limit"], settings["ignore_unchoke_slots"] = class_limit(limit.bytes_per_s), limit.passes_slots
        self._swarm.session.set_peer_class(peer_class, settings)

    def _free_speeds(self, key: str) -> list[int]:
        taken = self._swarm.torrents.get(key)
        if taken is None:
            return []
        speeds = []
        for peer in taken.handle.get_peer_info():
            connection = self._swarm.connections.get(key, peer.ip)
            is_free = connection is None or connection.lane is None
            if is_free and peer.flags & lt.peer_info.remote_interested and not peer.flags & lt.peer_info.choked:
                speeds.append(peer.payload_up_speed)
        return speeds

    def _keys_that_send(self) -> list[str]:
        senders = [taken.key for taken in self._swarm.torrents if taken.snapshot and taken.snapshot.up_bytes_per_s]
        return senders[:MAX_TORRENTS_COMPARED]
