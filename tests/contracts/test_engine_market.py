"""What every engine promises to a market, shown on the fake and on libtorrent alike."""

import pytest

from seedbox.domain.lanes import (
    Announce,
    Bounce,
    Bounced,
    FindSellers,
    Lane,
    LaneKind,
    LanesStand,
    LookAtPeers,
    MapPort,
    PeersSeen,
    PieceChecked,
    PortMapped,
    Reach,
    Received,
    Sent,
    ShareUpload,
    Watch,
    host_of,
    place_of,
)
from seedbox.domain.states import State
from seedbox.engine.port import AddTorrent
from tests.engines import PEER_ADDRESS, SIZE_BYTES, TAKER_ADDRESS, EngineBox, Watcher

PIECES = 23  # of 16 KiB
LIMIT = 4_000_000
LANE = 1_000_000
SELLER, BUYER = place_of(PEER_ADDRESS), place_of(TAKER_ADDRESS)


def add(box: EngineBox, key: str, torrent_file: bytes, *peers: str) -> None:
    box.engine.apply(AddTorrent(key, str(box.downloads / key), torrent_file=torrent_file, peers=peers))


@pytest.fixture
def seeds(box: EngineBox, watcher: Watcher, key: str, torrent_file: bytes) -> None:
    """Have the torrent complete in the engine."""
    add(box, key, torrent_file, box.peer)
    box.let_peers_send()
    watcher.wait_for_state(key, State.SEEDING)


def share(box: EngineBox, granted_bytes_per_s: int = LANE) -> None:
    box.engine.apply(ShareUpload(LIMIT, lanes={BUYER: Lane(granted_bytes_per_s)}))


def wait_for_kind(watcher: Watcher, kind: LaneKind) -> LanesStand:
    return watcher.wait_for(LanesStand, lambda stand: BUYER in stand.places and stand.places[BUYER].kind is kind)


class TestALane:
    def test_waits_for_its_place_and_is_its_own_when_that_connects(
        self, box: EngineBox, watcher: Watcher, key: str, seeds: None
    ) -> None:
        share(box)
        stand = wait_for_kind(watcher, LaneKind.WAITING)
        assert (stand.places[BUYER].limit_bytes_per_s, stand.free_limit_bytes_per_s) == (LANE, LIMIT)
        box.let_somebody_take(key)
        stand = wait_for_kind(watcher, LaneKind.OWN)
        assert (stand.places[BUYER].connections, stand.places[BUYER].free_connections) == (1, 0)

        box.engine.apply(ShareUpload())
        idle = watcher.wait_for(LanesStand, lambda stand: not stand.places)
        assert idle.free_limit_bytes_per_s == 0

    def test_carries_a_connection_from_before_after_a_bounce(
        self, box: EngineBox, watcher: Watcher, key: str, seeds: None
    ) -> None:
        box.let_somebody_take(key)
        box.engine.apply(Watch(sells={key: frozenset({BUYER})}))
        first = watcher.wait_for(Sent, lambda sent: bool(sent.readings)).readings[0]
        assert (first.key, host_of(first.endpoint)) == (key, TAKER_ADDRESS)
        share(box)
        stand = wait_for_kind(watcher, LaneKind.WAITING)
        assert (stand.places[BUYER].connections, stand.places[BUYER].free_connections) == (0, 1)

        box.engine.apply(Bounce(BUYER))
        bounced = watcher.wait_for(Bounced)
        assert bounced.place == BUYER
        assert [host_of(endpoint) for endpoint in bounced.endpoints] == [TAKER_ADDRESS]

    def test_without_a_grant_is_no_faster_than_what_is_free(self, box: EngineBox, watcher: Watcher) -> None:
        share(box, granted_bytes_per_s=0)

        assert wait_for_kind(watcher, LaneKind.WAITING).places[BUYER].limit_bytes_per_s == LIMIT


class TestABounce:
    def test_connects_anew_and_the_next_one_waits(
        self, box: EngineBox, watcher: Watcher, key: str, torrent_file: bytes
    ) -> None:
        box.hold_peers_back()
        add(box, key, torrent_file)
        watcher.wait_for_state(key, State.DOWNLOADING)
        box.engine.apply(Reach(key, (box.peer,)))
        box.engine.apply(Watch(buys={key: frozenset({SELLER})}))
        seen = wait_for_peers(box, watcher, key)
        box.engine.apply(Bounce(SELLER))
        assert watcher.wait_for(Bounced) == Bounced(SELLER, (seen,))
        assert wait_for_peers(box, watcher, key) == seen

        box.engine.apply(Bounce(SELLER))
        watcher.poll()
        watcher.poll()
        assert sum(isinstance(event, Bounced) for event in watcher.seen) == 1

    def test_of_nobody_is_done_at_once(self, box: EngineBox, watcher: Watcher) -> None:
        box.engine.apply(Bounce(SELLER))

        assert watcher.wait_for(Bounced) == Bounced(SELLER, ())


def wait_for_peers(box: EngineBox, watcher: Watcher, key: str) -> str:
    """Ask until a torrent has a peer, and return its endpoint."""
    while True:
        box.engine.apply(LookAtPeers(frozenset({key})))
        if peers := watcher.wait_for(PeersSeen, lambda seen: seen.key == key).peers:
            (peer,) = peers
            assert (peer.place, peer.is_free) == (SELLER, True)
            return peer.endpoint


class TestMeters:
    def test_tell_of_every_block_from_watched_places_and_of_every_piece(
        self, box: EngineBox, watcher: Watcher, key: str, torrent_file: bytes
    ) -> None:
        box.engine.apply(Watch(buys={key: frozenset({SELLER})}))
        add(box, key, torrent_file, box.peer)
        box.let_peers_send()
        while sum(isinstance(event, PieceChecked) for event in watcher.seen) < PIECES:
            assert watcher.wait_for(PieceChecked).passed

        blocks = [block for event in watcher.seen if isinstance(event, Received) for block in event.blocks]
        assert sum(block.size_bytes for block in blocks) == SIZE_BYTES
        assert len({(block.piece, block.block) for block in blocks}) == len(blocks) == PIECES
        assert {(block.key, block.endpoint) for block in blocks} == {(key, box.peer)}
        for index, event in enumerate(watcher.seen):
            if isinstance(event, PieceChecked):
                before = [each for each in watcher.seen[:index] if isinstance(each, Received)]
                assert any(block.piece == event.piece for each in before for block in each.blocks)

    def test_are_silent_about_places_and_torrents_that_nobody_watches(
        self, box: EngineBox, watcher: Watcher, key: str, torrent_file: bytes
    ) -> None:
        box.engine.apply(Watch(buys={key: frozenset({BUYER}), "ab" * 20: frozenset({SELLER})}))
        add(box, key, torrent_file, box.peer)
        box.let_peers_send()
        watcher.wait_for_state(key, State.SEEDING)

        assert not [event for event in watcher.seen if isinstance(event, Received)]

    def test_count_what_was_sent_over_each_connection(
        self, box: EngineBox, watcher: Watcher, key: str, seeds: None
    ) -> None:
        box.engine.apply(Watch(sells={key: frozenset({BUYER})}))
        assert watcher.wait_for(Sent).readings == ()
        box.let_somebody_take(key)
        first = watcher.wait_for(Sent, lambda sent: bool(sent.readings and sent.readings[0].sent_bytes)).readings[0]
        assert 0 < first.sent_bytes <= SIZE_BYTES
        assert (first.key, len(first.peer_id)) == (key, 20)
        box.engine.apply(Watch())
        watcher.poll()
        watcher.forget()
        while watcher.poll(0.3):
            pass
        assert not [event for event in watcher.seen if isinstance(event, Sent)]


class TestAnEngine:
    def test_ignores_orders_about_what_it_does_not_have(self, box: EngineBox, watcher: Watcher, key: str) -> None:
        for order in (
            LookAtPeers(frozenset({key})),
            Reach(key, (box.peer,)),
            Watch(sells={key: frozenset({BUYER})}),
            Announce({bytes(20): 6890, b"no key": 6890}),
            FindSellers(bytes(20)),
            FindSellers(b"no key"),
            Watch(),
        ):
            box.engine.apply(order)
        watcher.poll()

        assert not [event for event in watcher.seen if isinstance(event, PeersSeen)]

    def test_that_maps_no_port_says_nothing_of_a_router(self, box: EngineBox, watcher: Watcher) -> None:
        box.engine.apply(MapPort(0))

        assert watcher.wait_for(PortMapped) == PortMapped("")
