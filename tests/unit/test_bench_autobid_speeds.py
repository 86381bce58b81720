"""How the bench of the automatic bidder comes from what was loaded by when to speeds."""

import pytest

from seedbox.config.benches.autobid_speeds import Loaded
from speed.domain.controls import Controls

MIB = 1024 * 1024
CONTROLS = Controls(b"seed", began_at_ms=100_000, block_ms=30_000)


def loaded(*points: tuple[float, int]) -> Loaded:
    found = Loaded()
    for at_s, size_bytes in points:
        found.note(at_s, size_bytes)
    return found


class TestWhatWasLoaded:
    def test_came_evenly_between_two_looks_and_is_not_known_outside_of_them(self) -> None:
        found = loaded((10.0, 0), (20.0, 10 * MIB), (20.0, 99 * MIB), (25.0, 10 * MIB))
        assert [found.at(at_s) for at_s in (5, 10, 15, 22, 30)] == [0, 0, 5 * MIB, 10 * MIB, 10 * MIB]
        assert found.speed(10, 20) == MIB

    def test_is_measured_in_paid_blocks_without_the_first_third_of_those_after_unpaid_time(self) -> None:
        """A MiB per second while it is paid and settled, three before and nothing in the control."""
        points, size_bytes = [(100.0, 0)], 0
        for into_s in range(240):
            place = CONTROLS.place_at(100_000 + into_s * 1_000)
            size_bytes += 0 if place.is_control else MIB if place.is_measured else 3 * MIB
            points.append((101.0 + into_s, size_bytes))
        found = loaded(*points)
        assert found.paid_speed(CONTROLS, lasts_s=240, is_settled=True) == pytest.approx(MIB)
        assert found.paid_speed(CONTROLS, lasts_s=240, is_settled=False) > MIB
