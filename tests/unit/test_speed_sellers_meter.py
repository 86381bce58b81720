"""What the seller's meter makes of the engine's counters."""

from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.lanes import Reading
from speed.agent.meter import SellersMeter

KEY, PLACE = "ab" * 20, "203.0.113.7/32"
PAIR = (KEY, PLACE)


def reading(sent_bytes: int, *, number: int = 1, endpoint: str = "203.0.113.7:6881", key: str = KEY) -> Reading:
    return Reading(key, endpoint, bytes(20), number, sent_bytes)


def watching() -> SellersMeter:
    meter = SellersMeter()
    meter.watch({KEY: [PLACE]})
    return meter


class TestTheSellersMeter:
    def test_counts_nothing_that_was_sent_before_it_watched(self) -> None:
        meter = watching()
        assert meter.read([reading(5_000)]) == {}
        assert meter.read([reading(5_300)]) == {PAIR: 300}

    def test_counts_a_later_connection_from_its_beginning(self) -> None:
        meter = watching()
        meter.read([reading(5_000)])
        assert meter.read([reading(5_000), reading(70, number=2, endpoint="203.0.113.7:50001")]) == {PAIR: 70}

    def test_takes_a_lower_counter_for_a_new_connection(self) -> None:
        meter = watching()
        meter.read([reading(5_000)])
        assert meter.read([reading(40)]) == {PAIR: 40}

    def test_does_not_mistake_a_connection_that_one_reading_left_out(self) -> None:
        meter = watching()
        meter.read([reading(5_000)])
        assert meter.read([]) == {}
        assert meter.read([reading(5_100)]) == {PAIR: 100}

    def test_adds_up_all_connections_of_a_place(self) -> None:
        meter = watching()
        both = [reading(10), reading(20, number=2, endpoint="203.0.113.7:50001")]
        meter.read(both)
        grown = [reading(11), reading(22, number=2, endpoint="203.0.113.7:50001")]
        assert meter.read(grown) == {PAIR: 3}

    def test_keeps_what_it_knows_when_another_place_is_watched_too(self) -> None:
        meter = watching()
        meter.read([reading(5_000)])
        meter.watch({KEY: [PLACE, "203.0.113.8/32"]})
        there = reading(900, number=2, endpoint="203.0.113.8:6881")
        assert meter.read([reading(5_001), there]) == {PAIR: 1}

    def test_does_not_mistake_a_reading_that_was_on_its_way(self) -> None:
        meter = watching()
        meter.read([])  # from before the engine knew what to watch
        assert meter.read([reading(5_000)]) == {}

    @given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20))
    def test_counts_the_whole_growth_in_any_steps(self, steps: list[int]) -> None:
        meter = watching()
        meter.read([reading(0)])
        total, counted = 0, 0
        for step in steps:
            total += step
            counted += meter.read([reading(total)]).get(PAIR, 0)
        assert counted == total
