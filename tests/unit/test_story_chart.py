"""The chart of an automatic bid: whatever was seen, it stays within its box, and nothing is drawn that nobody saw."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from speed.domain.plot import (
    COLUMNS,
    GAP_S,
    SPEED_HEIGHT,
    STRIP_HEIGHT,
    WIDTH,
    Plot,
    Point,
    nice_amount,
    nice_speed,
    plot,
)

MIB = 1 << 20
HOUR_S = 3_600


def seen(at_s: int, total: int = 2 * MIB, **fields: Any) -> Point:
    wish: dict[str, Any] = {"needed_bytes_per_s": 4 * MIB, "price_ubtt_per_gib": 40_000_000, "spent_ubtt": at_s * 1_000}
    return Point(at_s=at_s, total_bytes_per_s=total, **{"free_bytes_per_s": total // 4} | wish | fields)


def drawn(*points: Point, end_s: int = HOUR_S) -> Plot:
    return plot(points, begin_s=0, end_s=end_s)


def corners(shapes: tuple[str, ...]) -> list[list[tuple[int, int]]]:
    return [[(int(x), int(y)) for x, y in (pair.split(",") for pair in shape.split())] for shape in shapes]


amounts = st.integers(0, 1 << 62)
points = st.builds(
    Point,
    at_s=st.integers(-100, 8_000),
    total_bytes_per_s=amounts,
    free_bytes_per_s=amounts,
    needed_bytes_per_s=amounts,
    price_ubtt_per_gib=amounts,
    spent_ubtt=amounts,
    is_control=st.booleans(),
    is_coarse=st.booleans(),
)
series = st.lists(points, max_size=60).map(lambda found: sorted(found, key=lambda point: point.at_s))


class TestAChart:
    @given(series, st.integers(0, 4_000), st.integers(1, 8_000))
    def test_stays_within_its_box_whatever_was_seen(self, found: list[Point], begin_s: int, length_s: int) -> None:
        made = plot(found, begin_s=begin_s, end_s=begin_s + length_s)
        for shapes, height in (
            ((*made.free, *made.bought, *made.wish), SPEED_HEIGHT),
            ((*made.price, *made.spent), STRIP_HEIGHT),
        ):
            for shape in corners(shapes):
                assert len(shape) >= 2
                assert all(0 <= x <= WIDTH and 0 <= y <= height for x, y in shape)
        most = max((point.total_bytes_per_s for point in found), default=0)
        assert 0 <= made.mean_free_bytes_per_s <= made.mean_bytes_per_s <= most
        assert all(band.x >= 0 and band.width >= 1 and band.x + band.width <= WIDTH for band in made.bands)

    @given(series)
    def test_draws_each_stretch_from_left_to_right_and_bought_on_top_of_free(self, found: list[Point]) -> None:
        made = plot(found, begin_s=0, end_s=8_000)
        for free, bought in zip(corners(made.free), corners(made.bought), strict=True):
            edge, half = free[1:-1], len(bought) // 2
            assert [x for x, _ in edge] == sorted(x for x, _ in edge)
            assert bought[half:] == edge[::-1]
            assert all(top <= low for (_, top), (_, low) in zip(bought[:half], edge, strict=True))

    def test_is_empty_where_nothing_was_seen(self) -> None:
        made = drawn()
        assert (made.free, made.wish, made.bands, made.top_bytes_per_s) == ((), (), (), 4_096)
        assert made.mean_bytes_per_s == 0

    def test_leaves_a_gap_where_time_is_missing(self) -> None:
        before, after = corners(drawn(seen(600), seen(610), seen(1_200), seen(1_210)).free)
        assert max(x for x, _ in before) == 610 * WIDTH // HOUR_S
        assert min(x for x, _ in after) == 1_190 * WIDTH // HOUR_S

    def test_has_no_gap_between_old_samples_of_which_one_in_five_minutes_was_kept(self) -> None:
        old = [seen(at_s, is_coarse=True) for at_s in (300, 600, 900)]
        assert len(drawn(*old, seen(1_000), seen(1_010)).free) == 1
        assert len(drawn(seen(10), *old).free) == 4  # where all were kept, nothing was seen in between

    def test_shades_an_unpaid_block_from_where_it_began_to_where_it_ended(self) -> None:
        made = drawn(seen(100), *(seen(at_s, is_control=True) for at_s in range(110, 161, 10)), seen(170), end_s=WIDTH)
        (band,) = made.bands
        assert (band.x, band.x + band.width) == (100, 160)

    def test_knows_of_no_unpaid_block_where_most_samples_were_let_go(self) -> None:
        old = [seen(at_s, is_control=True, is_coarse=True) for at_s in (300, 600)]
        assert drawn(*old, seen(900), seen(910)).bands == ()

    def test_has_a_mean_in_which_each_sample_counts_for_its_time(self) -> None:
        old = [seen(at_s, 4 * MIB, is_coarse=True) for at_s in (300, 600)]
        made = drawn(*old, seen(610, MIB), seen(620, MIB))
        assert (made.mean_bytes_per_s, made.mean_free_bytes_per_s) == (
            (310 * 4 + 20) * MIB // 330,
            (310 + 5) * MIB // 330,
        )

    def test_has_no_price_while_there_is_no_lane(self) -> None:
        made = drawn(seen(10), seen(20, price_ubtt_per_gib=0), seen(30), seen(40))
        assert [len(line) for line in corners(made.price)] == [2, 2]

    def test_has_a_scale_that_holds_the_wish_and_all_that_came(self) -> None:
        assert drawn(seen(10, 3 * MIB)).top_bytes_per_s == 4 * MIB
        assert drawn(seen(10, 5 * MIB)).top_bytes_per_s == 6 * MIB
        assert drawn(seen(10, MIB, needed_bytes_per_s=1 << 50)).top_bytes_per_s == 12 * MIB  # just before its time

    def test_draws_many_samples_as_means_and_few_as_they_are(self) -> None:
        many = [seen(at_s, 2 * MIB if at_s % 20 else 4 * MIB) for at_s in range(0, 72_000, GAP_S // 3)]
        (shape,) = corners(plot(many, begin_s=0, end_s=72_000).free)
        assert COLUMNS <= len(shape) <= COLUMNS + 4

    @given(amounts)
    def test_has_scales_of_round_numbers_not_far_above_what_they_hold(self, amount: int) -> None:
        assert amount <= nice_speed(amount) <= max(amount * 3 // 2 + 1, 4_096)
        assert amount <= nice_amount(amount) <= max(amount * 5 // 2, 1)
