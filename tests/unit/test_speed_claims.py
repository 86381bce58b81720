"""A seller's meter as its buyer judges it: what can be so is never held against it, what can't be ends the deal."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speed.domain.claims import UNKNOWN, Claims, Count
from speed.domain.credit import GAP_ROUNDS, MAX_WINDOW_BYTES
from speed.domain.deals import ROUNDS_AFTER_BOUNCE

MIB, GIB = 1 << 20, 1 << 30
LEAST_PRICE, HIGHEST_PRICE = 4_096, 1 << 40
ROUND_MS, WORD_MS, HOUR_MS = 10_000, 1_000, 3_600_000

prices = st.integers(LEAST_PRICE, HIGHEST_PRICE)
# Of a round: its price, what is sent in a second, and which part of what arrives is for money, in percent.
rounds = st.lists(st.tuples(prices, st.integers(0, 64 * MIB), st.integers(0, 100)), min_size=1, max_size=12)


class Line:
    """A lane whose bytes come a word later than they are sent, but for a hundredth, and a mebibyte in all."""

    def __init__(self, claims: Claims, *, loses_bytes: int = 0) -> None:
        self.claims, self.loses_bytes = claims, loses_bytes
        self.now_ms = self.number = 0
        self.sent_bytes = self.came_bytes = self.counted_bytes = 0
        self.billed = self.owed = Fraction(0)
        self.under_way: list[tuple[int, int]] = []  # bytes, and their price

    def round(self, price: int, speed: int, counted_percent: int, *, says: Fraction = Fraction(1)) -> None:
        """Let a grant come, then ten seconds of what it grants; the seller says so many times what it has sent."""
        self.number += 1
        self.claims = self.claims.judged(
            self.number,
            price_ubtt_per_gib=price,
            came=Count(self.came_bytes, int(self.owed)),
            free_bytes=self.came_bytes - self.counted_bytes,
            now_ms=self.now_ms,
        )
        for _ in range(ROUND_MS // WORD_MS):
            self.now_ms += WORD_MS
            self._arrive(counted_percent)
            self.sent_bytes += speed
            self.billed += Fraction(speed * price, GIB)
            self.under_way.append((speed, price))
            said = Count(int(self.sent_bytes * says), int(self.billed * says))
            self.claims = self.claims.after(said, came=Count(self.came_bytes, int(self.owed)), now_ms=self.now_ms)

    def _arrive(self, counted_percent: int) -> None:
        for size_bytes, price in self.under_way:
            lost_bytes = min(size_bytes // 100 + self.loses_bytes, size_bytes)
            self.loses_bytes -= lost_bytes - min(size_bytes // 100, lost_bytes)
            counted_bytes = (size_bytes - lost_bytes) * counted_percent // 100
            self.came_bytes += size_bytes - lost_bytes
            self.counted_bytes += counted_bytes
            self.owed += Fraction(counted_bytes * price, GIB)
        self.under_way.clear()


class TestAMeterThat:
    @given(rounds=rounds, loses_bytes=st.integers(0, MIB))
    def test_is_true_is_believed_whatever_is_free_slow_or_lost(
        self, rounds: list[tuple[int, int, int]], loses_bytes: int
    ) -> None:
        line = Line(Claims(), loses_bytes=loses_bytes)
        for one in rounds:
            line.round(*one)
            assert line.claims.wrong_rounds == 0

    @given(rounds=rounds, ahead=st.builds(Count, st.integers(0, GIB), st.integers(0, GIB)))
    def test_was_ahead_before_a_connection_was_lost_is_believed_as_it_grows(
        self, rounds: list[tuple[int, int, int]], ahead: Count
    ) -> None:
        line = Line(UNKNOWN)
        line.sent_bytes, line.billed = ahead.size_bytes, Fraction(ahead.owed_ubtt)
        for one in rounds:
            line.round(*one)
            assert line.claims.wrong_rounds == 0

    @given(says=st.fractions(min_value=Fraction(5, 4), max_value=10**6), price=prices)
    def test_says_a_quarter_more_than_there_was_is_found_out(self, says: Fraction, price: int) -> None:
        line = Line(Claims())
        for _ in range(ROUNDS_AFTER_BOUNCE + GAP_ROUNDS):
            assert not line.claims.are_wrong
            line.round(price, MIB, 100, says=says)
        line.round(price, MIB, 100)
        assert line.claims.are_wrong

    def test_counts_a_dearer_price_than_was_told_is_found_out(self) -> None:
        claims = Claims()
        came = Count(100 * MIB, 1_000)
        for number in range(1, 20):
            claims = claims.after(Count(100 * MIB, 2_000), came=came, now_ms=number * ROUND_MS)
            now_ms = number * ROUND_MS + 5_000
            claims = claims.judged(number, price_ubtt_per_gib=10_000, came=came, free_bytes=0, now_ms=now_ms)
            assert claims.are_wrong == (number >= ROUNDS_AFTER_BOUNCE + GAP_ROUNDS)

    def test_is_judged_once_in_a_round_and_only_by_words_that_are_old_enough(self) -> None:
        lie = Count(GIB, 0)
        fresh, old = Claims(), Claims().after(lie, came=Count(), now_ms=0)
        for number in range(1, 9):
            fresh = fresh.after(lie, came=Count(), now_ms=number).judged(
                number, price_ubtt_per_gib=5_000, came=Count(), free_bytes=0, now_ms=number
            )
            old = old.judged(1, price_ubtt_per_gib=5_000, came=Count(), free_bytes=0, now_ms=5_000)
        assert (fresh.wrong_rounds, old.wrong_rounds) == (0, 0)

    @pytest.mark.parametrize("truth_ms", [0, 1_900])
    def test_is_true_only_just_before_what_is_judged_is_found_out(self, truth_ms: int) -> None:
        claims, came = Claims(), Count(100 * MIB, 0)
        for number in range(1, ROUNDS_AFTER_BOUNCE + GAP_ROUNDS + 1):
            start_ms = number * ROUND_MS
            words = {start_ms + truth_ms: came, start_ms + 100: Count(100 * came.size_bytes, 0)}
            for at_ms in sorted(words):
                claims = claims.after(words[at_ms], came=came, now_ms=at_ms)
            claims = claims.judged(
                number, price_ubtt_per_gib=LEAST_PRICE, came=came, free_bytes=0, now_ms=start_ms + 4_000
            )
        assert claims.are_wrong

    @given(says=st.fractions(min_value=Fraction(5, 4), max_value=10**6), hours=st.integers(1, 24))
    def test_says_too_much_is_found_out_though_a_clock_is_set_back(self, says: Fraction, hours: int) -> None:
        line = Line(Claims())
        line.now_ms = 24 * HOUR_MS
        line.round(LEAST_PRICE, MIB, 100, says=says)
        line.now_ms -= hours * HOUR_MS
        for _ in range(ROUNDS_AFTER_BOUNCE + GAP_ROUNDS):
            line.round(LEAST_PRICE, MIB, 100, says=says)
        line.round(LEAST_PRICE, MIB, 100)
        assert line.claims.are_wrong

    @given(losses=st.integers(1, 3), more=st.sampled_from([0, 2 * MIB]))
    def test_lost_a_window_with_each_connection_is_believed_and_no_more(self, losses: int, more: int) -> None:
        claims = Claims()
        for _ in range(losses):
            claims = claims.after_loss()
        said = Count(losses * MAX_WINDOW_BYTES + more, 0)
        for number in range(1, ROUNDS_AFTER_BOUNCE + GAP_ROUNDS + 1):
            claims = claims.after(said, came=Count(), now_ms=number * ROUND_MS)
            claims = claims.judged(
                number, price_ubtt_per_gib=LEAST_PRICE, came=Count(), free_bytes=0, now_ms=number * ROUND_MS + 5_000
            )
        assert claims.are_wrong == bool(more)

    @given(gaps=st.lists(st.integers(0, 3_000), max_size=40))
    def test_is_told_often_is_kept_in_a_few_words(self, gaps: list[int]) -> None:
        claims, now_ms = Claims(), 0
        for gap in gaps:
            now_ms += gap
            claims = claims.after(Count(now_ms, 0), came=Count(), now_ms=now_ms)
            assert 1 <= len(claims.heard) <= 6
