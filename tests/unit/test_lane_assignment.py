"""Which place has which lane, whatever comes and goes."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from seedbox.domain.lane_assignment import COOLING_S, SHARED, SINGLE_LANES, LaneAssignment

PLACES = [f"192.0.2.{number}/32" for number in range(100, 130)]


def give(assignment: LaneAssignment, wanted: list[str], connected: dict[tuple[int, str], int], now_s: float) -> None:
    assignment.update(wanted=frozenset(wanted), connected=connected, now_s=now_s)


class TestALane:
    def test_is_a_places_own_while_there_are_any_and_shared_after_that(self) -> None:
        assignment = LaneAssignment()
        give(assignment, PLACES[:23], {}, 0)
        give(assignment, PLACES[:25], {}, 0)

        assert sorted(assignment.lanes[place] for place in PLACES[:23]) == list(range(SINGLE_LANES))
        assert {assignment.lanes[place] for place in PLACES[23:25]} == {SHARED}

    def test_stays_with_its_place_while_a_connection_is_left_and_rests_after_that(self) -> None:
        assignment = LaneAssignment()
        give(assignment, PLACES[:1], {}, 0)
        give(assignment, [], {(0, PLACES[0]): 1}, 1)
        assert assignment.lanes == {PLACES[0]: 0}

        give(assignment, [], {}, 2)
        assert assignment.is_empty
        give(assignment, PLACES[1:2], {}, 3)
        assert assignment.lanes == {PLACES[1]: 1}
        give(assignment, PLACES[1:3], {}, 2 + COOLING_S)
        assert assignment.lanes == {PLACES[1]: 1, PLACES[2]: 0}

    def test_goes_back_to_its_place_when_that_is_wanted_or_turns_up_late(self) -> None:
        for wanted, connected in ((PLACES[:1], {}), ([], {(0, PLACES[0]): 1})):
            assignment = LaneAssignment()
            give(assignment, PLACES[:1], {}, 0)
            give(assignment, [], {}, 1)
            give(assignment, wanted, connected, 2)

            assert assignment.lanes == {PLACES[0]: 0}

    def test_of_its_own_is_given_to_a_sharer_that_was_not_connected_for_a_while(self) -> None:
        assignment = LaneAssignment()
        give(assignment, PLACES[:24], {}, 0)
        assert assignment.lanes[PLACES[23]] == SHARED
        left = PLACES[1:24]
        give(assignment, left, {(SHARED, PLACES[23]): 1}, 1)
        give(assignment, left, {(SHARED, PLACES[23]): 1}, 2 + COOLING_S)
        assert assignment.lanes[PLACES[23]] == SHARED
        give(assignment, left, {}, 3 + 2 * COOLING_S)
        assert assignment.lanes[PLACES[23]] == 0

    @given(st.lists(st.sampled_from(PLACES), unique=True, max_size=SINGLE_LANES))
    def test_is_never_shared_while_there_are_enough(self, wanted: list[str]) -> None:
        assignment = LaneAssignment()
        give(assignment, wanted, {}, 0)

        assert len(set(assignment.lanes.values())) == len(wanted)
        assert SHARED not in assignment.lanes.values()


class ComingAndGoing(RuleBasedStateMachine):
    """Places want lanes, connect and leave in any order; a connection keeps the lane that it was made under."""

    def __init__(self) -> None:
        super().__init__()
        self.assignment = LaneAssignment()
        self.connected: Counter[tuple[int, str]] = Counter()
        self.wanted: set[str] = set()
        self.now_s = 0.0

    @rule(place=st.sampled_from(PLACES), wants=st.booleans())
    def wish(self, place: str, wants: bool) -> None:
        (self.wanted.add if wants else self.wanted.discard)(place)
        self.update()

    @rule(number=st.integers(0, len(PLACES)))
    def wish_for_many(self, number: int) -> None:
        self.wanted = set(PLACES[:number])
        self.update()

    @rule(place=st.sampled_from(PLACES))
    def connect(self, place: str) -> None:
        if place in self.assignment.lanes:
            self.connected[self.assignment.lanes[place], place] += 1

    @rule(place=st.sampled_from(PLACES))
    def leave(self, place: str) -> None:
        for number, other in tuple(self.connected):
            if other == place:
                del self.connected[number, other]
        self.update()

    @rule(later_s=st.sampled_from([0.2, 1.0, COOLING_S]))
    def wait(self, later_s: float) -> None:
        self.now_s += later_s
        self.update()

    def update(self) -> None:
        self.assignment.update(wanted=frozenset(self.wanted), connected=self.connected, now_s=self.now_s)

    @invariant()
    def everybody_who_wants_a_lane_has_one(self) -> None:
        self.update()
        assert self.wanted <= self.assignment.lanes.keys()

    @invariant()
    def single_lanes_are_single(self) -> None:
        single = [number for number in self.assignment.lanes.values() if number != SHARED]
        assert len(single) == len(set(single))
        assert set(single) <= set(range(SINGLE_LANES))

    @invariant()
    def nobody_is_moved_while_connected(self) -> None:
        for (number, place), count in self.connected.items():
            assert not count or self.assignment.lanes[place] == number

    @invariant()
    def nobody_keeps_a_lane_for_nothing(self) -> None:
        connected = {place for (_, place), count in self.connected.items() if count}
        assert self.assignment.lanes.keys() <= self.wanted | connected


TestComingAndGoing = ComingAndGoing.TestCase
