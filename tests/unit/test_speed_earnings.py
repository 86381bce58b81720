"""What was earned over time: spans of steps, stacks of the largest names, and what a month will come to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speed.domain.earnings import MAX_SERIES, MAX_STEPS, OTHERS, Amount, Period, Side, span_of, stack
from speed.domain.month_end import month_end, seconds_left

NOW = datetime(2026, 11, 26, 21, 7, 8, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENTS = st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds it
AMOUNTS = st.lists(
    st.builds(
        lambda back_s, name, earned, spent: Amount(NOW - timedelta(seconds=back_s), name, name, earned, spent),
        st.integers(0, 40 * 86_400),
        st.sampled_from("abcdefghijklm"),
        st.integers(0, 2**62),
        st.integers(0, 2**62),
    ),
    max_size=30,
)


class TestASpan:
    @pytest.mark.parametrize(
        ("period", "since", "count"),
        [
            (Period.HOUR, datetime(2026, 11, 26, 20, 8, tzinfo=UTC), 60),
            (Period.DAY, datetime(2026, 11, 25, 22, tzinfo=UTC), 24),
            (Period.WEEK, datetime(2026, 11, 19, 22, tzinfo=UTC), 168),
            (Period.MONTH, datetime(2026, 10, 28, tzinfo=UTC), 30),
            (Period.YEAR, datetime(2025, 11, 27, tzinfo=UTC), 365),
        ],
    )
    def test_ends_with_the_step_of_now(self, period: Period, since: datetime, count: int) -> None:
        span = span_of(period, first_at=None, now=NOW)
        assert (span.since, span.count) == (since, count)
        assert span.number_of(NOW) == count - 1
        assert (span.number_of(since), span.number_of(since - timedelta(microseconds=1))) == (0, None)
        assert span.number_of(span.until) is None

    @given(MOMENTS, MOMENTS)
    def test_of_all_holds_what_was_first_and_now_and_is_bounded(self, one: datetime, other: datetime) -> None:
        first_at, now = sorted((one, other))
        span = span_of(Period.ALL, first_at=first_at, now=now)
        assert span.count <= MAX_STEPS
        assert span.number_of(first_at) is not None
        assert span.number_of(now) == span.count - 1


class TestAStack:
    @given(AMOUNTS, st.sampled_from(Side), st.sampled_from(Period))
    def test_sums_up_to_what_was_handed_in(self, amounts: list[Amount], side: Side, period: Period) -> None:
        span = span_of(period, first_at=NOW - 50 * DAY, now=NOW)
        found = stack(amounts, span=span, side=side, others="Others")
        assert found.total_ubtt == sum(one.of(side) for one in amounts if one.at >= span.since)
        assert sum(found.totals_ubtt) == found.total_ubtt
        assert len(found.series) <= MAX_SERIES + 1

    def test_names_the_largest_and_puts_the_others_last(self) -> None:
        span = span_of(Period.DAY, first_at=None, now=NOW)
        amounts = [Amount(NOW, f"k{number}", f"Torrent {number}", 10 + number, 0) for number in range(10)]
        found = stack(amounts, span=span, side=Side.EARNED, others="Others")
        assert [one.label for one in found.series] == [*(f"Torrent {n}" for n in range(9, 1, -1)), "Others"]
        assert (found.series[-1].key, found.series[-1].total_ubtt) == (OTHERS, 21)

    def test_gives_no_name_to_what_came_without_one(self) -> None:
        span = span_of(Period.DAY, first_at=None, now=NOW)
        amounts = [Amount(NOW, OTHERS, "", 9, 0), Amount(NOW, "k", "Torrent", 1, 0)]
        found = stack(amounts, span=span, side=Side.EARNED, others="Others")
        assert [(one.label, one.total_ubtt) for one in found.series] == [("Torrent", 1), ("Others", 9)]

    def test_calls_one_that_is_left_over_by_its_name(self) -> None:
        span = span_of(Period.DAY, first_at=None, now=NOW)
        amounts = [Amount(NOW, f"k{number}", f"Torrent {number}", 1, 2) for number in range(9)]
        found = stack(amounts, span=span, side=Side.NET, others="Others")
        assert [one.total_ubtt for one in found.series] == [-1] * 9
        assert OTHERS not in {one.key for one in found.series}


class TestAMonthsEnd:
    def test_goes_on_as_the_last_full_days_went(self) -> None:
        found = month_end([99, 70, 70, 70, 70, 70, 70, 70], so_far_ubtt=500, left_s=4 * 86_400, may_shrink=False)
        assert found is not None
        assert (found.expected_ubtt, found.low_ubtt, found.high_ubtt) == (780, 780, 780)
        assert (found.days, found.per_day_ubtt) == (7, 70)

    def test_has_a_range_from_their_spread(self) -> None:
        found = month_end([10_000, 20_000, 30_000], so_far_ubtt=0, left_s=3 * 86_400, may_shrink=False)
        assert found is not None
        # s = 10,000, t of 80 % with two degrees of freedom 1.8856: 1.8856 · 10,000 · √(3 + 9 ÷ 3) = 46,188.
        assert found.expected_ubtt == 60_000
        assert (found.low_ubtt, found.high_ubtt) == pytest.approx((13_812, 106_188), abs=3)

    @pytest.mark.parametrize("days", [[], [5], [5, 6]])
    def test_is_not_known_by_less_than_three_days(self, days: list[int]) -> None:
        assert month_end(days, so_far_ubtt=9, left_s=9, may_shrink=True) is None

    @given(
        st.lists(st.integers(-(2**62), 2**62), min_size=3, max_size=9),
        st.integers(-(2**62), 2**62),
        st.integers(0, 31 * 86_400),
        st.booleans(),
    )
    def test_lies_within_its_range_whatever_was(
        self, days: list[int], so_far: int, left_s: int, may_shrink: bool
    ) -> None:
        days = days if may_shrink else [abs(one) for one in days]
        found = month_end(days, so_far_ubtt=so_far, left_s=left_s, may_shrink=may_shrink)
        assert found is not None
        assert found.low_ubtt <= found.expected_ubtt <= found.high_ubtt
        assert may_shrink or found.low_ubtt >= so_far
        if not left_s:
            assert found.low_ubtt == found.high_ubtt == so_far

    def test_comes_with_the_first_of_the_next_month(self) -> None:
        assert seconds_left(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == 60
        assert seconds_left(datetime(2028, 2, 29, tzinfo=UTC)) == 86_400
