"""How the upload is shared, step by step, with connections that exist in name only."""

import itertools

from seedbox.domain.lane_assignment import SHARED, SINGLE_LANES
from seedbox.domain.lanes import LANES_STAND_S, Lane, LaneKind, ShareUpload, place_of
from seedbox.domain.units import GIB
from seedbox.domain.upload_shares import GROWTH_PARTS, LEAST_BYTES_PER_S
from seedbox.engine.connections import Connections
from seedbox.engine.lane_classes import class_limit
from seedbox.engine.upload_sharing import FREE, Limit, UploadSharing

LIMIT = 4_000_000
HOSTS = [f"192.0.2.{number}" for number in range(100, 130)]
PLACES = [place_of(host) for host in HOSTS]
A, B = PLACES[:2]


class Market:
    """An upload that is shared, and the peers that are connected to us."""

    def __init__(self, *, free_speeds: dict[str, list[int]] | None = None) -> None:
        self.connections = Connections()
        speeds = free_speeds or {}
        self.sharing = UploadSharing(
            self.connections, free_speeds=lambda key: speeds.get(key, []), keys_that_send=lambda: sorted(speeds)
        )
        self._ports = itertools.count(1_024)

    def connect(self, host: str, key: str = "t") -> None:
        self.connections.open(key, (host, next(self._ports)), incoming=True)

    def share(self, lanes: dict[str, Lane], now_s: float = 0.0) -> None:
        self.sharing.share(ShareUpload(LIMIT, lanes=lanes), now_s)

    def limit_of(self, place: str) -> Limit:
        return self.sharing.limits[self.sharing.lanes[place]]


class TestAnIdleMarket:
    def test_throttles_nobody_not_even_those_that_had_lanes(self) -> None:
        market = Market()
        market.share({A: Lane(1_000_000)})
        market.connect(HOSTS[0])
        market.sharing.share(ShareUpload(), 1.0)

        assert set(market.sharing.limits.values()) == {Limit()}
        assert market.sharing.stand().places == {}
        assert market.sharing.is_busy  # the connection keeps its class until it ends

    def test_is_what_is_left_of_one_that_has_died(self) -> None:
        market = Market()
        market.share({A: Lane(1_000_000)})
        market.sharing.look(LANES_STAND_S - 1)
        assert list(market.sharing.stand().places) == [A]

        assert market.sharing.look(LANES_STAND_S)
        assert market.sharing.stand().places == {}
        assert market.sharing.limits[FREE] == Limit()


class TestFreePeers:
    def test_get_what_lanes_leave_as_it_was_measured(self) -> None:
        market = Market()
        market.share({A: Lane(1_000_000), B: Lane(2_200_000)})
        market.connect(HOSTS[0])
        market.sharing.look(0.0)
        assert market.sharing.limits[FREE] == Limit(LIMIT)
        (connection,) = market.connections.at(A)
        for tenth in range(1, 71):  # the first look sees a little more
            market.sharing.count(connection, 60_000, tenth / 10)
            market.sharing.look(tenth / 10)

        room = LIMIT // GROWTH_PARTS  # for its lane could be faster
        assert market.sharing.limits[FREE] == Limit(LIMIT - 600_000 - room)

    def test_leave_a_lane_that_goes_up_and_down_below_its_grant_what_it_used_lately_and_a_little(self) -> None:
        market = Market()
        market.share({A: Lane(1_000_000)})
        market.connect(HOSTS[0])
        (connection,) = market.connections.at(A)
        for second in range(8):
            speed = (500_000, 700_000)[second % 2]
            for tenth in range(1, 11):
                market.sharing.count(connection, speed // 10, second + tenth / 10)
                market.sharing.look(second + tenth / 10)
            if second > 1:  # until then all that was seen of it was a gain
                assert market.sharing.limits[FREE] == Limit(LIMIT - 700_000 - LIMIT // GROWTH_PARTS)

        market.share({A: Lane(0)}, 8.0)
        assert market.sharing.limits[FREE].bytes_per_s >= LIMIT - 700_000  # what is not granted is kept for nobody

    def test_keep_their_share_however_fast_lanes_are_read_to_be(self) -> None:
        market = Market()
        market.share({A: Lane(3_900_000)})
        market.connect(HOSTS[0])
        (connection,) = market.connections.at(A)
        for tenth in range(1, 21):
            market.sharing.count(connection, 900_000, tenth / 10)
        market.sharing.look(2.0)

        assert market.sharing.limits[FREE] == Limit(800_000)


class TestALane:
    def test_passes_the_slots_while_something_is_granted_and_is_served_as_free_peers_are_without(self) -> None:
        market = Market(free_speeds={"sold": [90_000, 30_000, 60_000], "other": [500_000]})
        market.share({A: Lane(1_000_000, frozenset({"sold"})), B: Lane(0, frozenset({"sold"}))})
        assert market.limit_of(A) == Limit(1_000_000, passes_slots=True)
        assert market.limit_of(B) == Limit(60_000)

        market.share({A: Lane(0, frozenset({"alone"})), B: Lane(0)})
        assert market.limit_of(A) == market.limit_of(B) == Limit(60_000)  # the lower median of all

    def test_gives_each_torrent_of_a_place_what_a_free_peer_has(self) -> None:
        market = Market(free_speeds={"slow": [1_000], "fast": [60_000]})
        market.share({A: Lane(0, frozenset({"slow", "other"})), B: Lane(0, frozenset({"fast", "another"}))})
        assert market.limit_of(A) == Limit(2 * LEAST_BYTES_PER_S)
        assert market.limit_of(B) == Limit(120_000)

    def test_gives_each_place_that_shares_it_what_a_free_peer_has(self) -> None:
        market = Market(free_speeds={"t": [60_000]})
        places = sorted(PLACES[: SINGLE_LANES + 3])
        market.share(dict.fromkeys(places, Lane(0, frozenset({"t"}))))
        shared = next(place for place in places if market.sharing.lanes[place] == SHARED)
        assert market.limit_of(shared) == Limit(180_000)

    def test_says_whether_it_carries_anybody(self) -> None:
        market = Market()
        market.connect(HOSTS[0])
        market.share({A: Lane(1_000_000)})
        stand = market.sharing.stand().places[A]
        assert (stand.kind, stand.connections, stand.free_connections) == (LaneKind.WAITING, 0, 1)

        market.connect(HOSTS[0])
        assert market.sharing.look(0.1)
        stand = market.sharing.stand().places[A]
        assert (stand.kind, stand.connections, stand.free_connections) == (LaneKind.OWN, 1, 1)
        assert not market.sharing.look(0.2)

    def test_that_many_share_may_use_what_they_were_granted_together(self) -> None:
        market = Market()
        places = sorted(PLACES[: SINGLE_LANES + 3])
        market.share(dict.fromkeys(places, Lane(100_000)))
        shared = [place for place in places if market.sharing.lanes[place] == SHARED]
        for host in HOSTS:
            market.connect(host)

        assert len(shared) == 3
        assert market.limit_of(shared[0]) == Limit(300_000, passes_slots=True)
        kinds = {place: stand.kind for place, stand in market.sharing.stand().places.items()}
        assert [place for place, kind in kinds.items() if kind is LaneKind.SHARED] == shared

    def test_stays_a_free_one_of_its_place_after_the_deal_while_somebody_is_left_under_it(self) -> None:
        market = Market(free_speeds={"t": [50_000]})
        market.share({A: Lane(1_000_000)})
        market.connect(HOSTS[0])
        market.share({B: Lane(1_000_000)}, 1.0)

        assert market.limit_of(A) == Limit(50_000)
        assert market.sharing.lanes[A] != market.sharing.lanes[B]
        assert list(market.sharing.stand().places) == [B]


def test_a_limit_that_is_hardly_reached_is_none_for_libtorrent_whose_counting_would_cost_speed() -> None:
    assert [class_limit(speed) for speed in (0, GIB - 1, GIB, 2 * GIB)] == [0, GIB - 1, 0, 0]
