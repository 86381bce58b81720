"""What the fake engine does for a market: the same sharing as the real one, over peers that exist in name only."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from seedbox.domain.kept import kept as _
from seedbox.domain.lanes import (
    BLOCK_BYTES,
    READ_EVERY_S,
    Announce,
    Block,
    Bounce,
    Bounced,
    FindSellers,
    LookAtPeers,
    MapPort,
    Order,
    PeersSeen,
    PieceChecked,
    PortMapped,
    Reach,
    Reading,
    Received,
    Report,
    SellersFound,
    Sent,
    ShareUpload,
    SwarmPeer,
    Watch,
    host_of,
)
from seedbox.engine.bounces import Bounces
from seedbox.engine.connections import Address, Connection, Connections
from seedbox.engine.upload_sharing import UploadSharing

if TYPE_CHECKING:
    from seedbox.engine.fake import FakeTorrent


class FakeMarket:
    """Peers of torrents that run are connected, in the order in which they are named; all came by our call."""

    def __init__(self, torrents: Mapping[str, "FakeTorrent"]) -> None:
        self.connections = Connections()
        self.sharing = UploadSharing(self.connections, free_speeds=lambda key: (), keys_that_send=lambda: ())
        self.sellers: dict[bytes, tuple[str, ...]] = {}  # what the DHT knows, set by tests
        self.announced: Mapping[bytes, int] = {}
        self.mapped_port = 0
        self.reports: list[Report] = []
        self._watch = Watch()
        self._wanted: dict[str, Bounce] = {}
        self._bounces = Bounces()
        self._read_at_s = 0.0
        self._torrents = torrents

    def carry_out(self, order: Order) -> None:
        match order:
            case ShareUpload():
                self.sharing.share(order, time.monotonic())
                self.reports.append(self.sharing.stand())
            case Watch():
                self._watch, self._read_at_s = order, 0.0
            case Announce():
                self.announced = order.targets
            case MapPort():
                self.mapped_port = order.port
                text = _("The router lets peers in at port %(port)d.", {"port": order.port}) if order.port else ""
                self.reports.append(PortMapped(text))
            case Bounce():
                self._wanted[order.place] = order
            case FindSellers():
                if order.target in self.sellers:
                    self.reports.append(SellersFound(order.target, self.sellers[order.target]))
            case LookAtPeers():
                for key in sorted(order.keys & self._torrents.keys()):
                    self.reports.append(PeersSeen(key, tuple(map(self._seen, self.connections.of(key)))))
            case Reach():
                if (torrent := self._torrents.get(order.key)) is not None:
                    torrent.peers = tuple(dict.fromkeys((*torrent.peers, *order.endpoints)))
        self._connect()

    def look(self) -> list[Report]:
        """See who is connected, and return what there is to tell."""
        self._connect()
        now_s = time.monotonic()
        for place, order in tuple(self._wanted.items()):
            if self._bounces.may_begin(place, self.connections.at(place), now_s):
                self._bounce(order, now_s)
        if self.sharing.look(now_s):
            self.reports.append(self.sharing.stand())
        if self._watch.sells and now_s >= self._read_at_s:
            self._read_at_s = now_s + READ_EVERY_S
            self.reports.append(Sent(tuple(self._readings()), now_s))
        reports, self.reports = self.reports, []
        return reports

    def upload(self, key: str, size_bytes: int, endpoint: str) -> None:
        address = _address(endpoint)
        if address and (connection := self.connections.get(key, address)):
            connection.sent_bytes += size_bytes
            self.sharing.count(connection, size_bytes, time.monotonic())

    def deliver(self, key: str, first_byte: int, end_byte: int, piece_bytes: int) -> None:
        """Tell of the blocks between two offsets, which came from the first peer, and of pieces that are whole."""
        self._connect()
        places = self._watch.buys.get(key)
        from_us = next((each for each in self.connections.of(key) if places and each.place in places), None)
        for start in range(first_byte, end_byte, BLOCK_BYTES):
            piece, block = start // piece_bytes, start % piece_bytes // BLOCK_BYTES
            size = min(BLOCK_BYTES, end_byte - start)
            if from_us:
                self.reports.append(Received((Block(key, _endpoint(from_us.address), piece, block, size),)))
            if places and (start + size == end_byte or (start + size) % piece_bytes == 0):
                self.reports.append(PieceChecked(key, piece, passed=True))

    # --- inside

    def _connect(self) -> None:
        for key, torrent in self._torrents.items():
            addresses = [address for peer in torrent.peers if torrent.runs and (address := _address(peer))]
            for known in self.connections.of(key):
                if known.address not in addresses:
                    self.connections.close(key, known.address)
            for address in addresses:
                if self.connections.get(key, address) is None:
                    self.connections.open(key, address, incoming=False)
        for key in {each.key for each in self.connections.all()} - self._torrents.keys():
            self.connections.forget(key)

    def _bounce(self, order: Bounce, now_s: float) -> None:
        del self._wanted[order.place]
        there = self.connections.at(order.place)
        if there:
            self._bounces.begin(order.place, now_s)
        for connection in there:
            self.connections.open(connection.key, connection.address, incoming=False)
        self._bounces.note(order.place, self.connections.at(order.place))
        endpoints = dict.fromkeys(_endpoint(connection.address) for connection in there)
        self.reports.append(Bounced(order.place, tuple(endpoints)))

    def _readings(self) -> list[Reading]:
        return [
            Reading(key, _endpoint(each.address), bytes(20), each.number, each.sent_bytes)
            for key, places in self._watch.sells.items()
            for each in self.connections.of(key)
            if each.place in places
        ]

    def _seen(self, connection: Connection) -> SwarmPeer:
        return SwarmPeer(
            endpoint=_endpoint(connection.address),
            place=connection.place,
            peer_id=bytes(20),
            incoming=False,
            is_free=connection.lane is None,
            interested=False,
            unchoked=True,
            is_wanted=False,
            serves_us=False,
            progress_ppm=0,
            up_bytes_per_s=0,
            down_bytes_per_s=0,
            sent_bytes=connection.sent_bytes,
            received_bytes=0,
        )


def _address(endpoint: str) -> Address | None:
    port = endpoint.rpartition(":")[2]
    return (host_of(endpoint), int(port)) if port.isdecimal() else None


def _endpoint(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
