"""What was sent to watched places and received from them, for those who reckon with it."""

import contextlib
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import libtorrent as lt

from seedbox.domain.lanes import (
    BLOCK_BYTES,
    READ_EVERY_S,
    Block,
    PeersSeen,
    PieceChecked,
    Reading,
    Received,
    Sent,
    SwarmPeer,
    Watch,
)
from seedbox.engine.block_meter import Arrived, BlockMeter
from seedbox.engine.connections import Address, Connection
from seedbox.engine.lane_classes import IS_BEING_MADE, LaneClasses
from seedbox.engine.metainfo import format_endpoint
from seedbox.engine.settings import ALERT_MASK
from seedbox.engine.taken import Taken

if TYPE_CHECKING:
    from seedbox.engine.swarm import Swarm

TORRENTS_AT_ONCE = 200  # whose connections are looked up in one go, when news of them was lost
BLOCKS_AT_ONCE = 2_000  # in one report
# Each block of each torrent is an alert then, so it is on only while something is bought.
_BLOCKS = lt.alert_category.block_progress | lt.alert_category.piece_progress


class Meters:
    def __init__(self, swarm: "Swarm", classes: LaneClasses) -> None:
        self._swarm = swarm
        self._classes = classes
        self._watch = Watch()
        self._meters: dict[str, BlockMeter] = {}  # of torrents that are bought
        self._blocks: list[Block] = []
        self._blocks_are_on = False
        self._web_seeds: dict[tuple[str, Address], tuple[int, bool]] = {}  # whether it is one, by connection
        self._infos: dict[str, lt.torrent_info | None] = {}  # of torrents that are bought: a look-up waits
        self._missed: set[str] = set()  # torrents whose connections must be looked up
        self._read_at_s = 0.0
        self._flush_at_s = 0.0

    def watch(self, order: Watch) -> None:
        self._watch = order
        if bool(order.buys) != self._blocks_are_on:
            self._blocks_are_on = bool(order.buys)
            mask = ALERT_MASK | (_BLOCKS if self._blocks_are_on else 0)
            self._swarm.session.apply_settings({"alert_mask": mask})
        if not order.buys:
            self._flush()
            self._web_seeds.clear()
        self._meters = {key: meter for key, meter in self._meters.items() if key in order.buys}
        self._infos.clear()
        self._read_at_s = 0.0

    @property
    def is_busy(self) -> bool:
        return bool(self._watch.sells or self._watch.buys) or self._classes.is_busy

    def tick(self, now_s: float) -> None:
        """Read counters and hand on blocks, each in its pace."""
        if now_s >= self._read_at_s:
            self._read_at_s = now_s + READ_EVERY_S
            self._read(now_s)
        if self._blocks and now_s >= self._flush_at_s:
            self._flush()

    # --- sent

    def _read(self, now_s: float) -> None:
        watched = self._watch.sells
        keys = {*watched, *(each.key for each in self._swarm.connections.in_lanes())}
        readings = []
        for taken in filter(None, map(self._swarm.torrents.get, sorted(keys))):
            places = watched.get(taken.key, frozenset())
            for peer in taken.handle.get_peer_info():
                if peer.flags & IS_BEING_MADE:
                    continue
                connection = self._connection(taken, peer)
                if connection.carried_bytes is None:
                    carried_bytes = self._swarm.connections.take_carried(connection, peer.total_upload)
                    connection.carried_bytes = connection.sent_bytes = carried_bytes
                self._classes.count(connection, peer.total_upload - connection.sent_bytes, now_s)
                connection.sent_bytes = peer.total_upload
                if connection.place in places:
                    endpoint, peer_id = format_endpoint(peer.ip), peer.pid.to_bytes()
                    sent_bytes = peer.total_upload - connection.carried_bytes
                    readings.append(Reading(taken.key, endpoint, peer_id, connection.number, sent_bytes))
        if watched:
            self._swarm.report(Sent(tuple(readings), time.monotonic()))

    def _connection(self, taken: Taken, peer: lt.peer_info) -> Connection:
        """Return what we know of a connection: one that we missed, or a new one behind the same endpoint, is opened."""
        known = self._swarm.connections.get(taken.key, peer.ip)
        if known is None or peer.total_upload < known.sent_bytes:
            return self._swarm.connections.open(
                taken.key, peer.ip, incoming=not peer.flags & lt.peer_info.local_connection
            )
        return known

    # --- received

    def block_asked(self, taken: Taken, alert: lt.block_downloading_alert) -> None:
        if taken.key in self._watch.buys:
            is_watched = self._is_watched(taken, alert.endpoint)
            self._bought(taken).asked(alert.piece_index, alert.block_index, alert.endpoint, is_watched=is_watched)

    def block_finished(self, taken: Taken, alert: lt.block_finished_alert) -> None:
        if taken.key in self._watch.buys:
            is_watched = self._is_watched(taken, alert.endpoint)
            meter = self._bought(taken)
            self._count(
                taken, meter.arrived(alert.piece_index, alert.block_index, alert.endpoint, is_watched=is_watched)
            )

    def piece_checked(self, taken: Taken, piece: int, *, passed: bool) -> None:
        if taken.key in self._watch.buys:
            self._count(taken, self._bought(taken).checked(piece))
            self._flush()
            self._swarm.report(PieceChecked(taken.key, piece, passed))

    def _bought(self, taken: Taken) -> BlockMeter:
        return self._meters.setdefault(taken.key, BlockMeter())

    def _is_watched(self, taken: Taken, address: Address) -> bool:
        place = self._swarm.connections.place(address[0])
        return place in self._watch.buys[taken.key] and not self._is_web_seed(taken, address)

    def _count(self, taken: Taken, arrived: Iterable[Arrived]) -> None:
        for address, piece, block in arrived:
            if not self._blocks:
                self._flush_at_s = time.monotonic() + READ_EVERY_S
            size_bytes = self._block_bytes(taken, piece, block)
            self._blocks.append(Block(taken.key, format_endpoint(address), piece, block, size_bytes))
            if len(self._blocks) >= BLOCKS_AT_ONCE:
                self._flush()

    def _flush(self) -> None:
        if self._blocks:
            blocks, self._blocks = self._blocks, []
            self._swarm.report(Received(tuple(blocks)))

    def _block_bytes(self, taken: Taken, piece: int, block: int) -> int:
        """Return how much there is in a block; the last of a piece may be shorter."""
        if taken.key not in self._infos:
            self._infos[taken.key] = taken.handle.torrent_file()
        info = self._infos[taken.key]
        piece_bytes = info.piece_size(piece) if info else 0
        return max(0, min(BLOCK_BYTES, piece_bytes - block * BLOCK_BYTES))

    def _is_web_seed(self, taken: Taken, address: Address) -> bool:
        """A seller may run a web server, too: what that sends is not paid."""
        connection = self._swarm.connections.get(taken.key, address)
        number, is_one = self._web_seeds.get((taken.key, address), (0, False))
        if connection is None or connection.number == number:
            return is_one  # blocks are told of when they are on disk, maybe after their connection has ended
        found = [peer for peer in taken.handle.get_peer_info() if peer.ip == address]
        if found:
            is_one = any(peer.connection_type != lt.peer_info.standard_bittorrent for peer in found)
        else:  # gone already: then the port must do
            is_one = address[1] in _web_ports(taken)
        self._web_seeds[taken.key, address] = (connection.number, is_one)
        return is_one

    # --- whoever is there

    def have_missed(self, keys: Iterable[str]) -> None:
        """Note that connections of these torrents may have come and gone unseen."""
        self._missed.update(keys)

    def look_for_missed(self) -> None:
        """Look up some of the torrents of which news was lost."""
        for key in sorted(self._missed)[:TORRENTS_AT_ONCE]:
            self._missed.discard(key)
            taken, connections = self._swarm.torrents.get(key), self._swarm.connections
            if taken is None or not (connections.of(key) or (taken.snapshot and taken.snapshot.peers)):
                continue
            found = {peer.ip: peer for peer in taken.handle.get_peer_info() if not peer.flags & IS_BEING_MADE}
            for known in connections.of(key):
                if known.address not in found:
                    connections.close(key, known.address)
            for peer in found.values():
                self._connection(taken, peer)

    def look_at_peers(self, keys: Iterable[str]) -> None:
        """Say once whom these torrents are connected to; this waits for libtorrent's network thread."""
        for taken in filter(None, map(self._swarm.torrents.get, sorted(keys))):
            peers = [peer for peer in taken.handle.get_peer_info() if not peer.flags & IS_BEING_MADE]
            self._swarm.report(PeersSeen(taken.key, tuple(self._seen(taken, peer) for peer in peers)))

    def _seen(self, taken: Taken, peer: lt.peer_info) -> SwarmPeer:
        connection = self._connection(taken, peer)
        return SwarmPeer(
            endpoint=format_endpoint(peer.ip),
            place=connection.place,
            peer_id=peer.pid.to_bytes(),
            incoming=connection.incoming,
            is_free=connection.lane is None,
            interested=bool(peer.flags & lt.peer_info.remote_interested),
            unchoked=not peer.flags & lt.peer_info.choked,
            is_wanted=bool(peer.flags & lt.peer_info.interesting),
            serves_us=not peer.flags & lt.peer_info.remote_choked,
            progress_ppm=peer.progress_ppm,
            up_bytes_per_s=peer.payload_up_speed,
            down_bytes_per_s=peer.payload_down_speed,
            sent_bytes=peer.total_upload,
            received_bytes=peer.total_download,
        )


def _web_ports(taken: Taken) -> set[int]:
    """Return the ports of a torrent's web seeds."""
    ports = set()
    for url in taken.handle.url_seeds():
        with contextlib.suppress(ValueError):
            parts = urlsplit(url)
            ports.add(parts.port or (443 if parts.scheme.lower() == "https" else 80))
    return ports
