"""A seller is taken to starve who does not pay by what came in its slots, between lanes that show we can take more."""

import pytest

from speed.domain.free_service import FreeService

KIB = 1024


def after(*, lanes: int, gap_s: int, free_bytes_per_s: int, rounds: int) -> FreeService:
    """Return what is known after so many lanes, each with time without one behind it."""
    service = FreeService()
    for _ in range(rounds):
        service = service.in_lane(speed_bytes_per_s=lanes)
        service = service.unpaid(duration_ms=gap_s * 1_000, size_bytes=gap_s * free_bytes_per_s)
    return service.in_lane(speed_bytes_per_s=lanes)


class TestASeller:
    @pytest.mark.parametrize(("free_bytes_per_s", "starves"), [(0, True), (KIB - 1, True), (KIB, False)])
    def test_starves_who_gets_less_than_a_sixteenth_of_the_least(self, *, free_bytes_per_s: int, starves: bool) -> None:
        found = after(lanes=64 * KIB, gap_s=10, free_bytes_per_s=free_bytes_per_s, rounds=12)
        assert (found.is_known, found.starves) == (True, starves)

    def test_is_not_judged_by_less_than_two_minutes(self) -> None:
        found = after(lanes=64 * KIB, gap_s=10, free_bytes_per_s=0, rounds=11)
        assert (found.is_known, found.starves) == (False, False)

    def test_is_not_judged_where_lanes_are_slow_too(self) -> None:
        assert not after(lanes=63 * KIB, gap_s=10, free_bytes_per_s=0, rounds=50).is_known

    def test_is_not_judged_by_time_behind_which_we_could_take_no_more(self) -> None:
        service = FreeService().in_lane(speed_bytes_per_s=64 * KIB).unpaid(duration_ms=200_000, size_bytes=0)
        service = service.in_lane(speed_bytes_per_s=KIB).unpaid(duration_ms=1_000, size_bytes=0)
        assert not service.in_lane(speed_bytes_per_s=64 * KIB).is_known

    def test_is_judged_by_a_lane_that_took_a_while_to_become_fast(self) -> None:
        service = FreeService().in_lane(speed_bytes_per_s=64 * KIB).unpaid(duration_ms=200_000, size_bytes=0)
        service = service.in_lane(speed_bytes_per_s=KIB).in_lane(speed_bytes_per_s=64 * KIB)
        assert service.starves
