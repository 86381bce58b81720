"""Lanes on the real libtorrent: who has one is sent its share, the others the rest, and afterwards all are free."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from seedbox.domain.lane_assignment import LANES
from seedbox.domain.lanes import (
    Bounce,
    Bounced,
    Lane,
    LaneKind,
    LanesStand,
    LaneStand,
    PieceChecked,
    Received,
    Sent,
    ShareUpload,
    Watch,
    place_of,
)
from seedbox.domain.network import NetworkSettings
from seedbox.domain.states import State
from seedbox.engine.bare import NO_DISK, BarePeer
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, ConfigureNetwork, NetworkAnswered, Snapshot
from seedbox.engine.settings import EngineSettings, Setting
from tests.builders import make_content, make_torrent_file
from tests.engines import ToldEngine

ONLY_TCP: dict[str, Setting] = {"enable_incoming_utp": False, "enable_outgoing_utp": False}
MIB = 1024 * 1024
SELLER = "127.0.41.1"
LEECHES = ("127.0.41.10", "127.0.41.11", "127.0.41.12")
LIMIT, LANE = 4 * MIB, 2 * MIB
SIZE_BYTES = 96 * MIB
PIECE_BYTES = 256 * 1024


class Box(ToldEngine):
    """One of our engines, and what it has said."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        super().__init__()
        self.engine = LibtorrentEngine(
            EngineSettings(folder / "resume", folder, (f"{address}:0",), isolated=True, overrides=ONLY_TCP)
        )

    def add(self, data: bytes, save_path: Path, *peers: str) -> str:
        key = read_torrent_file(data).info_hash_v1
        self.engine.apply(AddTorrent(key, str(save_path), torrent_file=data, peers=peers))
        return key

    def wait_until_whole(self) -> None:
        states = (State.SEEDING, State.FINISHED)
        self.wait(lambda: any(isinstance(e, Snapshot) and e.state in states for e in self.seen), "a whole torrent")
        self.wait(lambda: bool(self.engine.listening), "the engine to listen")

    def close(self) -> None:
        self.engine.close(timeout_s=5)

    def stand_of(self, place: str) -> LaneStand | None:
        """Return how a place stood when that was said last."""
        stands = [event for event in self.seen if isinstance(event, LanesStand)]
        return stands[-1].places.get(place) if stands else None

    @property
    def connections_read(self) -> set[int]:
        return {each.connection for event in self.seen if isinstance(event, Sent) for each in event.readings}

    def speed_of(self, place: str) -> int:
        stand = self.stand_of(place)
        return stand.sent_bytes_per_s if stand else 0


def seeding(folder: Path, address: str, *, size_bytes: int) -> tuple[Box, bytes]:
    """Return an engine with a private torrent, whose peers hear of nobody else."""
    content = make_content(folder / "seller" / "k" / "songs", {"a.bin": size_bytes})
    data = make_torrent_file(content, piece_size_bytes=PIECE_BYTES, private=True)
    box = Box(folder / "seller", address)
    box.add(data, content.parent)
    box.wait_until_whole()
    return box, data


def leech_at(address: str, data: bytes, folder: Path, running: ExitStack) -> BarePeer:
    """Return a plain client that keeps nothing of what it gets."""
    leech = running.enter_context(closing(BarePeer(address, overrides=ONLY_TCP, disk_io=NO_DISK)))
    leech.take(data, folder, empty=True)
    return leech


def is_kept(limit_bytes_per_s: int, seller: Box, *leeches: BarePeer) -> bool:
    """Say whether these get no more than a limit allows, while they get what it allows in four seconds.

    A second's worth may have been on its way before, if a machine is busy; it makes nobody faster.
    """
    began_s, before = time.monotonic(), sum(leech.received_bytes for leech in leeches)

    def more_bytes() -> int:
        return sum(leech.received_bytes for leech in leeches) - before

    seller.wait(lambda: more_bytes() > 4 * limit_bytes_per_s, "four seconds of a lane")
    return more_bytes() < 1.1 * limit_bytes_per_s * (time.monotonic() - began_s + 1)


def need_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError as problem:
            pytest.fail(f"This test needs a machine with IPv6 on its loopback interface: {problem}.")


@pytest.fixture
def leeches() -> Iterator[list[BarePeer]]:
    leeches = [BarePeer(address, disk_io=NO_DISK) for address in LEECHES]
    yield leeches
    for leech in leeches:
        leech.close()


class TestALane:
    def test_has_its_share_of_the_limit_while_it_is_granted_and_all_are_free_afterwards(
        self, tmp_path: Path, leeches: list[BarePeer]
    ) -> None:
        place = place_of(LEECHES[0])
        seller, data = seeding(tmp_path, SELLER, size_bytes=SIZE_BYTES)
        with closing(seller):
            seller.engine.apply(ShareUpload(LIMIT, lanes={place: Lane(LANE)}))
            for leech in leeches:
                leech.take(data, tmp_path, empty=True)
                leech.connect(seller.engine.listening[0])
            seller.wait(lambda: all(leech.received_bytes > MIB for leech in leeches), "everybody to be served")
            stand = seller.stand_of(place)
            assert stand is not None
            assert (stand.kind, stand.connections, stand.limit_bytes_per_s) == (LaneKind.OWN, 1, LANE)
            seller.wait(lambda: seller.speed_of(place) > 0.9 * LANE, "the lane to reach its speed")
            before = [leech.received_bytes for leech in leeches]
            seller.engine.apply(ShareUpload(LIMIT, lanes={place: Lane(LANE)}))  # as each round does
            seller.wait(lambda: sum(each.received_bytes for each in leeches) - sum(before) > 24 * MIB, "24 MiB")
            bought, *free = (leech.received_bytes - was for leech, was in zip(leeches, before, strict=True))
            assert 0.4 < bought / (bought + sum(free)) < 0.6
            assert min(free) > 0.6 * max(free)

            seller.engine.apply(ShareUpload())
            seller.wait(lambda: all(leech.is_complete for leech in leeches), "everybody to have all, without limits")
            assert seller.stand_of(place) is None


class TestABuyer:
    def test_comes_under_its_lane_by_a_bounce_and_counts_every_byte(self, tmp_path: Path) -> None:
        place, seller_place, size_bytes = place_of(LEECHES[0]), place_of(SELLER), 12 * MIB + 70_000
        seller, data = seeding(tmp_path, SELLER, size_bytes=size_bytes)
        with closing(seller), closing(Box(tmp_path / "buyer", LEECHES[0])) as buyer:
            seller.engine.apply(ShareUpload(LIMIT))  # a slow start, so that there is a connection to bounce
            buyer.engine.apply(Watch(buys={read_torrent_file(data).info_hash_v1: frozenset({seller_place})}))
            key = buyer.add(data, tmp_path / "buyer" / "k", seller.engine.listening[0])
            buyer.wait(lambda: any(isinstance(event, Received) for event in buyer.seen), "the first free bytes")
            seller.engine.apply(Watch(sells={key: frozenset({place})}))
            seller.engine.apply(ShareUpload(LIMIT, lanes={place: Lane(LANE, frozenset({key}))}))
            seller.wait(lambda: seller.stand_of(place) is not None, "the lane")
            assert seller.stand_of(place) == LaneStand(LaneKind.WAITING, LANE, 0, 0, 1)

            seller.wait(lambda: any(isinstance(e, Sent) and e.readings for e in seller.seen), "a reading")

            buyer.engine.apply(Bounce(seller_place))
            buyer.wait(lambda: any(isinstance(event, Bounced) for event in buyer.seen), "the bounce")
            seller.wait(
                lambda: (stand := seller.stand_of(place)) is not None and stand.kind is LaneKind.OWN,
                "the lane to carry",
            )
            seller.wait(lambda: len(seller.connections_read) == 2, "a reading of the new connection")
            seller.engine.apply(ShareUpload())
            pieces = -(-size_bytes // PIECE_BYTES)

            def is_all_checked() -> bool:
                seller.seen += seller.engine.poll(timeout_s=0)
                return sum(isinstance(event, PieceChecked) and event.passed for event in buyer.seen) == pieces

            buyer.wait(is_all_checked, "the last piece")
        blocks = [block for event in buyer.seen if isinstance(event, Received) for block in event.blocks]
        assert sum(block.size_bytes for block in blocks) >= size_bytes
        assert len({(block.piece, block.block) for block in blocks}) == -(-size_bytes // (16 * 1024))

    def test_over_ipv6_has_a_lane_for_its_whole_network_and_its_speed(self, tmp_path: Path) -> None:
        need_ipv6()
        place = place_of("::1")
        seller, data = seeding(tmp_path, "[::1]", size_bytes=16 * MIB)
        with closing(seller), ExitStack() as running:
            seller.engine.apply(ShareUpload(40 * MIB, lanes={place: Lane(MIB)}))
            leech = leech_at("[::1]", data, tmp_path, running)
            leech.connect(seller.engine.listening[0])
            seller.wait(lambda: seller.speed_of(place) > 0.9 * MIB, "the lane to reach its speed")
            stand = seller.stand_of(place)
            assert stand is not None
            assert (stand.kind, stand.connections, stand.limit_bytes_per_s) == (LaneKind.OWN, 1, MIB)
            seller.engine.apply(ShareUpload(40 * MIB, lanes={place: Lane(MIB)}))  # as each round does
            assert is_kept(MIB, seller, leech)
        assert place == "::/64"


class TestManyBuyers:
    PLACES = tuple(place_of(f"127.0.42.{number}") for number in range(10, 10 + LANES + 1))

    def test_beyond_the_single_lanes_share_one_of_the_speed_of_all_their_grants(self, tmp_path: Path) -> None:
        *others, first, second = self.PLACES
        grants = dict.fromkeys(others, Lane(MIB)) | {first: Lane(MIB // 4), second: Lane(3 * MIB // 4)}
        seller, data = seeding(tmp_path, SELLER, size_bytes=16 * MIB)
        with closing(seller), ExitStack() as running:
            seller.engine.apply(ShareUpload(40 * MIB, lanes=grants))
            places = [first, second]
            leeches = [leech_at(place.partition("/")[0], data, tmp_path, running) for place in places]
            for leech in leeches:
                leech.connect(seller.engine.listening[0])
            seller.wait(lambda: sum(map(seller.speed_of, places)) > 0.9 * MIB, "the shared lane to reach its speed")
            stands = [stand for place in places if (stand := seller.stand_of(place))]
            assert [(stand.kind, stand.limit_bytes_per_s) for stand in stands] == [(LaneKind.SHARED, MIB)] * 2
            seller.engine.apply(ShareUpload(40 * MIB, lanes=grants))  # as each round does
            assert is_kept(MIB, seller, *leeches)
            assert min(leech.received_bytes for leech in leeches) > 0


class TestABounce:
    def test_leaves_the_blocklist_as_it_was(self, tmp_path: Path) -> None:
        """Also where the place itself lies in the list: it gets back what the list says of it."""
        blocklist = tmp_path / "blocklist.p2p"
        blocklist.write_text("nobody:127.0.41.200-127.0.41.210\n")
        seller, data = seeding(tmp_path, SELLER, size_bytes=MIB)
        with closing(seller), closing(Box(tmp_path / "buyer", LEECHES[0])) as buyer:
            buyer.engine.apply(ConfigureNetwork(1, NetworkSettings(blocklist_path=str(blocklist))))
            buyer.wait(lambda: any(isinstance(e, NetworkAnswered) and e.version == 1 for e in buyer.seen), "the list")
            seller.engine.apply(ShareUpload(100_000))
            buyer.add(data, tmp_path / "buyer" / "k", seller.engine.listening[0])
            buyer.wait(lambda: bool(buyer.engine._swarm.connections.at(place_of(SELLER))), "the connection")
            access = buyer.engine._swarm.session.get_ip_filter
            buyer.engine.apply(Bounce(place_of(SELLER)))
            assert (access().access(SELLER), access().access("127.0.41.205")) == (1, 1)
            buyer.wait(lambda: any(isinstance(event, Bounced) for event in buyer.seen), "the bounce")
            assert (access().access(SELLER), access().access("127.0.41.205")) == (0, 1)
            buyer.wait(lambda: bool(buyer.engine._swarm.connections.at(place_of(SELLER))), "the new connection")
