"""Who is connected, and under which lane each connection was made."""

from seedbox.domain.lanes import place_of
from seedbox.engine.connections import Connections

HERE, THERE = ("192.0.2.1", 6881), ("192.0.2.2", 6881)
PLACE = place_of(HERE[0])


class TestAConnection:
    def test_keeps_the_lane_that_it_was_made_under(self) -> None:
        connections, lanes = Connections(), {PLACE: 3}
        connections.lane_of = lanes.get
        connection = connections.open("k", HERE, incoming=True)
        lanes.clear()
        connections.open("k", THERE, incoming=True)

        assert connection.lane == 3
        assert connections.counted() == {(3, PLACE): 1}
        assert [each.address for each in connections.in_lanes()] == [HERE]

    def test_that_was_being_made_before_a_lane_was_opened_is_under_none(self) -> None:
        connections, lanes = Connections(), dict[str, int]()
        connections.lane_of = lanes.get
        connections.begin("k", HERE)
        lanes[PLACE] = 0

        assert connections.open("k", HERE, incoming=False).lane is None
        assert connections.open("k", HERE, incoming=False).lane == 0

    def test_that_failed_before_was_never_one(self) -> None:
        connections, lanes = Connections(), dict[str, int]()
        connections.lane_of = lanes.get
        connections.begin("k", HERE)
        connections.close("k", HERE)
        lanes[PLACE] = 0

        assert connections.open("k", HERE, incoming=False).lane == 0

    def test_behind_the_same_endpoint_is_a_new_one_with_a_new_number(self) -> None:
        connections = Connections()
        first, second = (connections.open("k", HERE, incoming=False) for _ in range(2))

        assert first.number != second.number
        assert connections.at(PLACE) == (second,)

    def test_that_is_turned_away_as_a_second_one_leaves_the_first_as_it_was(self) -> None:
        connections, lanes = Connections(), dict[str, int]()
        connections.lane_of = lanes.get
        first = connections.open_another("k", HERE, incoming=True)
        lanes[PLACE] = 3
        connections.open_another("k", HERE, incoming=True)
        connections.close_one("k", HERE, is_second=True)

        assert connections.get("k", HERE) is first
        assert connections.at(PLACE) == (first,)
        assert connections.counted() == {}
        connections.close_one("k", HERE, is_second=False)
        assert connections.get("k", HERE) is None

    def test_that_comes_again_before_the_end_of_the_first_is_told_outlives_it(self) -> None:
        connections = Connections()
        connections.open_another("k", HERE, incoming=True)
        second = connections.open_another("k", HERE, incoming=True)
        connections.close_one("k", HERE, is_second=False)

        assert connections.get("k", HERE) is second

    def test_of_a_peer_that_comes_again_goes_on_from_what_its_last_one_had_counted(self) -> None:
        connections = Connections()
        connections.open("k", HERE, incoming=True).sent_bytes = 896_700
        connections.close("k", HERE)
        again = connections.open("k", HERE, incoming=True)

        assert connections.take_carried(again, 895_000) == 0
        assert connections.take_carried(again, 900_000) == 875 * 1024
        assert connections.take_carried(again, 900_000) == 0

    def test_of_another_torrent_stays_when_one_is_taken_out(self) -> None:
        connections = Connections()
        connections.open("gone", HERE, incoming=False)
        connections.begin("gone", THERE)
        stays = connections.open("stays", HERE, incoming=False)
        connections.forget("gone")

        assert list(connections.all()) == [stays]
        assert connections.get("gone", HERE) is None

    def test_with_what_has_no_address_is_at_no_place(self) -> None:
        assert Connections().open("k", ("a.hidden.service.i2p", 0), incoming=False).place == ""
