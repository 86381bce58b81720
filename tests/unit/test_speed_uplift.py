"""What the blocks of control say, and when they say nothing yet."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speed.domain.controls import BLOCK_MS, RUN_BLOCKS, Controls, Place, RunTally
from speed.domain.student import t_quantile
from speed.domain.uplift import (
    DECISION_CONFIDENCE,
    Interval,
    UnpaidService,
    Verdict,
    interval,
    pool,
    savings,
    uplift,
    verdict,
)

CONTROLS = Controls(b"seed", began_at_ms=5_000)
THREE_TIMES = math.log(3)
CLEAR = [THREE_TIMES + wobble for wobble in (-0.1, 0.1) * 3]
NOISE = [-0.5, 0.5] * 3


class TestQuantiles:
    @pytest.mark.parametrize(
        ("freedom", "confidence", "tabulated"),
        [
            (1, 0.95, 12.706),
            (2, 0.95, 4.303),
            (5, 0.95, 2.571),
            (11, 0.95, 2.201),
            (23, 0.95, 2.069),
            (120, 0.95, 1.980),
            (1, 0.99, 63.657),
            (5, 0.99, 4.032),
            (10, 0.99, 3.169),
            (23, 0.99, 2.807),
            (30, 0.99, 2.750),
            (4, 0.90, 2.132),
        ],
    )
    def test_are_those_of_every_table(self, freedom: int, confidence: float, tabulated: float) -> None:
        assert t_quantile(freedom=freedom, confidence=confidence) == pytest.approx(tabulated, abs=0.0006)

    def test_of_nothing_are_refused(self) -> None:
        with pytest.raises(ValueError, match="no such quantile"):
            t_quantile(freedom=0, confidence=0.95)
        with pytest.raises(ValueError, match="no such quantile"):
            t_quantile(freedom=3, confidence=1)


class TestBlocks:
    def test_have_one_control_in_each_run_wherever_it_is_drawn(self) -> None:
        places = [CONTROLS.place_at(5_000 + block * BLOCK_MS) for block in range(400 * RUN_BLOCKS)]
        unpaid = [place for place in places if place.is_control]
        assert [place.run for place in unpaid] == list(range(400))
        drawn = Counter(place.block for place in unpaid)
        assert sorted(drawn) == list(range(RUN_BLOCKS))
        assert max(drawn.values()) < 2 * min(drawn.values())

    def test_begin_with_a_paid_one_and_draw_the_first_control_among_all_others(self) -> None:
        drawn = Counter(Controls(bytes([seed, more]), 0).control_of(0) for seed in range(40) for more in range(20))
        assert sorted(drawn) == list(range(1, RUN_BLOCKS))
        assert max(drawn.values()) < 2 * min(drawn.values())

    def test_are_the_same_after_a_restart_and_others_with_another_seed(self) -> None:
        again = Controls(b"seed", began_at_ms=90_000)
        other = Controls(b"other", began_at_ms=0)
        runs = range(50)
        assert [CONTROLS.control_of(run) for run in runs] == [again.control_of(run) for run in runs]
        assert [CONTROLS.control_of(run) for run in runs] != [other.control_of(run) for run in runs]

    def test_are_not_measured_in_their_first_third_where_paying_changes(self) -> None:
        control = CONTROLS.control_of(0)
        begins_ms = 5_000 + control * BLOCK_MS
        for at_ms in (begins_ms, begins_ms + 19_999, begins_ms + BLOCK_MS, begins_ms + BLOCK_MS + 19_999):
            assert not CONTROLS.place_at(at_ms).is_measured
        for at_ms in (begins_ms - 1, begins_ms + 20_000, begins_ms + BLOCK_MS + 20_000):
            assert CONTROLS.place_at(at_ms).is_measured
        assert [CONTROLS.place_at(5_000 + into_ms).is_measured for into_ms in (0, 19_999, 20_000)] == [
            False,
            False,
            True,
        ]

    def test_can_be_shorter(self) -> None:
        short = Controls(b"seed", began_at_ms=0, block_ms=20_000)
        assert [place.run for place in map(short.place_at, (0, 159_999, 160_000))] == [0, 0, 1]

    def test_begin_with_the_bidding_though_a_clock_was_set_back(self) -> None:
        assert CONTROLS.place_at(0) == CONTROLS.place_at(5_000)
        assert CONTROLS.place_at(0).ends_at_ms == 65_000


def place(*, is_control: bool, run: int = 0, is_measured: bool = True) -> Place:
    return Place(run, 0, is_control, is_measured, 0)


class TestARun:
    def test_compares_the_mean_of_what_was_paid_with_its_control(self) -> None:
        tally = RunTally(0).after(place(is_control=False), size_bytes=60_000_000, duration_ms=60_000)
        tally = tally.after(place(is_control=False), size_bytes=120_000_000, duration_ms=60_000)
        tally = tally.after(place(is_control=True, is_measured=False), size_bytes=10**9, duration_ms=20_000)
        tally = tally.after(place(is_control=True), size_bytes=20_000_000, duration_ms=40_000)
        assert tally.pair() == pytest.approx(THREE_TIMES)

    def test_says_nothing_while_too_little_was_measured(self) -> None:
        paid = RunTally(0).after(place(is_control=False), size_bytes=1, duration_ms=420_000)
        assert paid.pair() is None
        assert paid.after(place(is_control=True), size_bytes=1, duration_ms=19_999).pair() is None
        assert RunTally(0, paid_ms=59_999, control_ms=40_000).pair() is None

    def test_begins_anew_with_the_next_one(self) -> None:
        before = RunTally(0, 9, 9, 9, 9)
        assert before.after(place(is_control=False, run=1), size_bytes=7, duration_ms=8) == RunTally(1, 7, 8)

    def test_counts_a_dry_swarm_as_a_kibibyte_a_second(self) -> None:
        assert RunTally(0, 0, 420_000, 0, 40_000).pair() == 0
        gained = RunTally(0, 1024 * 1024 * 420, 420_000, 0, 40_000).pair()
        assert gained == pytest.approx(math.log(1024))


class TestAVerdict:
    def test_is_not_known_with_fewer_than_six_controls(self) -> None:
        assert verdict(CLEAR[:5]) is Verdict.UNKNOWN
        assert interval(CLEAR[:5]) is None
        assert uplift(CLEAR[:5]).shown is None

    def test_is_that_it_helps_if_the_interval_is_above_one(self) -> None:
        found = uplift(CLEAR)
        assert found.verdict is Verdict.HELPS
        assert found.shown is not None
        assert found.shown.factor == pytest.approx(3)
        assert 2.6 < found.shown.low < 3 < found.shown.high < 3.4

    @pytest.mark.parametrize("pairs", [NOISE, [-pair for pair in CLEAR], [0.0] * 6])
    def test_is_that_it_brings_nothing_if_the_interval_includes_one_or_less(self, pairs: list[float]) -> None:
        assert verdict(pairs) is Verdict.BRINGS_NOTHING

    def test_stays_between_the_times_of_decision(self) -> None:
        assert verdict(CLEAR + NOISE[:5]) is Verdict.HELPS
        assert verdict(CLEAR + [-3.0] * 5) is Verdict.HELPS
        assert verdict(CLEAR + [-3.0] * 6) is Verdict.BRINGS_NOTHING
        assert verdict(NOISE + CLEAR * 3) is Verdict.BRINGS_NOTHING

    def test_is_made_with_a_wider_interval_than_is_shown(self) -> None:
        shown, decided = interval(CLEAR), interval(CLEAR, confidence=DECISION_CONFIDENCE)
        assert shown is not None
        assert decided is not None
        assert decided.low < shown.low < shown.high < decided.high

    def test_is_not_made_by_what_is_pooled(self) -> None:
        found = uplift(NOISE[:3], pooled=pool([NOISE[:3], CLEAR]))
        assert (found.verdict, found.is_pooled, found.controls) == (Verdict.UNKNOWN, True, 9)
        assert uplift(CLEAR, pooled=pool([CLEAR, NOISE])).is_pooled is False
        assert uplift(NOISE[:3], pooled=pool([NOISE[:3], CLEAR[:2]])).shown is None

    @given(st.lists(st.floats(-40, 40), min_size=6, max_size=30))
    def test_can_be_given_for_whatever_was_measured(self, pairs: list[float]) -> None:
        found = uplift(pairs)
        assert found.shown is not None
        assert 0 <= found.shown.low <= found.shown.factor * 1.000001
        assert found.shown.factor <= found.shown.high * 1.000001

    def test_of_a_swarm_that_paying_does_not_change_is_wrong_in_one_case_of_twenty_at_most(self) -> None:
        draw = random.Random(7)
        wrong = sum(verdict([draw.gauss(0, 0.3) for _ in range(24)]) is Verdict.HELPS for _ in range(400))
        assert wrong <= 20


class TestSavings:
    def test_are_the_time_that_it_would_have_taken_longer(self) -> None:
        found = savings(Interval(3.0, 2.5, 3.5), paid_s=600, spent_ubtt=40_000_001)
        assert (found.saved_s, found.low_s, found.high_s) == (1_200, 900, 1_500)
        assert found.cost_per_minute_ubtt == 2_000_001  # twenty minutes

    def test_have_no_price_where_nothing_is_saved(self) -> None:
        assert savings(Interval(0.9, 0.5, 1.5), paid_s=600, spent_ubtt=1).cost_per_minute_ubtt is None


class TestASeller:
    def test_starves_if_it_twice_in_a_row_serves_less_than_half_of_what_it_did(self) -> None:
        service = UnpaidService(baseline_bytes_per_s=1_000).after_control(499)
        assert not service.starves
        assert not service.after_control(500).after_control(499).starves
        assert service.after_control(0).starves

    def test_that_was_not_seen_before_is_not_held_to_anything(self) -> None:
        assert not UnpaidService(baseline_bytes_per_s=0).after_control(0).after_control(0).starves
