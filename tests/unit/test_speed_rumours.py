"""What strangers say of where sellers are."""

from speed.domain.rumours import MAX_RUMOURS, Rumours

NEAR = "198.51.100.7:6890"
PLACES_NEAR = {"198.51.100.7/32"}


def poison(count: int, *, first: int = 0) -> list[str]:
    return [f"203.0.{number // 250}.{number % 250}:6890" for number in range(first, first + count)]


class TestRumours:
    def test_stay_while_there_is_room_the_newest_and_those_of_places_that_are_connected(self) -> None:
        rumours = Rumours()
        rumours.hear("film", [NEAR, *poison(5)], near=())
        for first in range(5, 1_000, 50):
            rumours.hear("film", poison(50, first=first), near=PLACES_NEAR)
        assert list(rumours.of("film")) == [NEAR, *poison(MAX_RUMOURS - 1, first=906)]

    def test_give_way_to_newer_ones_also_when_all_are_connected(self) -> None:
        rumours = Rumours()
        hosts = [f"198.51.{number // 200}.{number % 200}" for number in range(300)]
        near = {host: f"{host}:6890" for host in hosts}
        for endpoint in near.values():
            rumours.hear("film", [endpoint], near={f"{host}/32" for host in near})
        assert list(rumours.of("film")) == list(near.values())[-MAX_RUMOURS:]

    def test_of_one_place_are_few_whatever_ports_a_stranger_who_is_there_names(self) -> None:
        rumours = Rumours()
        rumours.hear("film", poison(10), near=())
        rumours.hear("film", [f"198.51.100.7:{port}" for port in range(1, 301)], near=PLACES_NEAR)
        assert list(rumours.of("film")) == [*poison(10), *(f"198.51.100.7:{port}" for port in range(297, 301))]

    def test_of_what_nobody_can_call_are_not_kept(self) -> None:
        rumours = Rumours()
        rumours.hear("film", ["nonsense", "203.0.113.1:0", "example.org:6890", "[fe80::1%eth0]:6890"], near=())
        assert not rumours.of("film")

    def test_are_looked_at_a_few_at_a_time_and_each_comes_round(self) -> None:
        rumours = Rumours()
        torrents = [f"film {number}" for number in range(5)]
        for key in torrents:
            rumours.hear(key, poison(MAX_RUMOURS), near=())
        rumours.begin_round()
        looks = [list(rumours.next_ones(150)) for _ in range(4)]
        assert [len(look) for look in looks] == [200, 200, 100, 0]
        assert {(key, endpoint) for look in looks for key, endpoint, _ in look} == {
            (key, endpoint) for key in torrents for endpoint in poison(MAX_RUMOURS)
        }

    def test_that_still_wait_when_a_round_begins_come_first(self) -> None:
        rumours = Rumours()
        for key in ("film", "song", "book"):
            rumours.hear(key, poison(1), near=())
        rumours.begin_round()
        assert [key for key, _, _ in rumours.next_ones(1)] == ["film"]
        rumours.begin_round()
        assert [key for key, _, _ in rumours.next_ones(9)] == ["song", "book", "film"]

    def test_of_torrents_that_are_not_wanted_any_more_are_forgotten(self) -> None:
        rumours = Rumours()
        rumours.hear("film", poison(1), near=())
        rumours.begin_round()
        rumours.keep_only({"song"})
        assert not rumours.of("film")
        assert not list(rumours.next_ones(9))
