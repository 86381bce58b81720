"""How fast free peers and lanes may go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.upload_shares import LEAST_BYTES_PER_S, Flow, free_limit, free_speed, room_to_grow

MIB = 1024 * 1024


class TestTheFreeLimit:
    def test_is_what_lanes_leave(self) -> None:
        assert free_limit(limit_bytes_per_s=4 * MIB, free_share_ppm=200_000, lane_use_bytes_per_s=MIB) == 3 * MIB

    @given(st.integers(LEAST_BYTES_PER_S, 1 << 40), st.integers(0, 1_000_000), st.integers(0, 1 << 41))
    def test_is_never_below_the_free_share_nor_above_the_limit(self, limit: int, share: int, use: int) -> None:
        found = free_limit(limit_bytes_per_s=limit, free_share_ppm=share, lane_use_bytes_per_s=use)

        assert found * 1_000_000 >= limit * share
        assert LEAST_BYTES_PER_S <= found <= limit


class TestTheRoomToGrow:
    def test_brings_a_lane_to_its_grant_over_a_line_that_is_no_faster_than_the_limit(self) -> None:
        """Four share it equally at first, and free peers take all that they may."""
        limit, granted = 4 * MIB, 3 * MIB
        use = before = limit // 4
        for _ in range(8):
            room = room_to_grow(
                limit_bytes_per_s=limit,
                granted_bytes_per_s=granted,
                use_bytes_per_s=use,
                gained_bytes_per_s=use - before,
            )
            free = free_limit(limit_bytes_per_s=limit, free_share_ppm=200_000, lane_use_bytes_per_s=use + room)
            use, before = min(limit - free, granted), use
        assert use == granted

    @pytest.mark.parametrize(
        ("use", "gained", "room"),
        [(3 * MIB, 0, 0), (4 * MIB, MIB, 0), (MIB, 0, MIB // 16), (2 * MIB, -MIB, MIB // 16), (2 * MIB, MIB, MIB)],
    )
    def test_is_little_without_a_gain_and_no_more_than_is_missing(self, use: int, gained: int, room: int) -> None:
        found = room_to_grow(
            limit_bytes_per_s=4 * MIB, granted_bytes_per_s=3 * MIB, use_bytes_per_s=use, gained_bytes_per_s=gained
        )
        assert found == room


class TestTheFreeSpeed:
    @pytest.mark.parametrize(
        ("in_torrent", "on_node", "speed"),
        [
            ([90_000, 30_000, 60_000], [1], 60_000),
            ([90_000, 30_000], [1], 30_000),
            ([], [50_000], 50_000),
            ([], [], 800_000),
            ([0, 0, 10], [], LEAST_BYTES_PER_S),
        ],
    )
    def test_is_that_of_the_median_free_peer(self, in_torrent: list[int], on_node: list[int], speed: int) -> None:
        assert free_speed(in_torrent=in_torrent, on_node=on_node, free_limit_bytes_per_s=800_000) == speed

    @pytest.mark.parametrize(
        ("speeds", "shares", "speed"),
        [
            ([60_000], 3, 180_000),
            ([60_000], 20, 800_000),  # no more than all free peers may have together
            ([], 3, 800_000),
            ([1_000], 3, 3 * LEAST_BYTES_PER_S),
            ([1_000], 100, 100 * LEAST_BYTES_PER_S),  # and yet the least, for each
        ],
    )
    def test_is_for_each_of_those_that_share_a_lane(self, speeds: list[int], shares: int, speed: int) -> None:
        found = free_speed(in_torrent=speeds, on_node=[], free_limit_bytes_per_s=800_000, shares=shares)
        assert found == speed


class TestAFlow:
    def test_is_the_mean_of_the_last_second(self) -> None:
        flow = Flow(0.0)
        for tenth in range(1, 31):
            flow.count(1_000 if tenth <= 20 else 500, tenth / 10)

        assert flow.bytes_per_s == 5_000

    def test_that_has_just_begun_is_not_overrated(self) -> None:
        flow = Flow(0.0)
        flow.count(1_000, 0.001)

        assert flow.bytes_per_s == 5_000
