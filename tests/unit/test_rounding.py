"""Byte prices lose nothing, whatever the steps."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.domain.rounding import GIB, Accrual, equal_shares, fee_of

steps = st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), max_size=30)


class TestAnAccrual:
    @given(steps)
    def test_is_exactly_the_floor_of_the_sum(self, taken: list[tuple[int, int]]) -> None:
        accrual = Accrual()
        for size_bytes, price in taken:
            accrual = accrual.after(size_bytes=size_bytes, price_ubtt_per_gib=price)
        exact = sum((Fraction(size_bytes * price, GIB) for size_bytes, price in taken), Fraction(0))
        assert accrual.owed_ubtt + Fraction(accrual.carried, GIB) == exact
        assert 0 <= accrual.carried < GIB

    def test_of_a_billion_tiny_steps_equals_one_large_one(self) -> None:
        # A hundred thousand of them are taken one by one; what those leave is taken ten thousand times.
        price, size_bytes, billion, walked = 33_333_333, 16_384, 10**9, 100_000
        accrual = Accrual()
        for _ in range(walked):
            accrual = accrual.after(size_bytes=size_bytes, price_ubtt_per_gib=price)
        assert accrual == Accrual().after(size_bytes=size_bytes * walked, price_ubtt_per_gib=price)
        times = billion // walked
        owed, carried = divmod(accrual.owed_ubtt * times * GIB + accrual.carried * times, GIB)
        whole = Accrual(owed, carried)
        assert whole == Accrual().after(size_bytes=size_bytes * billion, price_ubtt_per_gib=price)
        assert whole.owed_ubtt == 508_626_296_997

    def test_refuses_what_is_below_zero(self) -> None:
        with pytest.raises(ValueError, match="below zero"):
            Accrual().after(size_bytes=-1, price_ubtt_per_gib=1)


class TestFeesAndShares:
    @given(st.lists(st.integers(0, 10**9), max_size=50), st.integers(0, 1_000_000))
    def test_booked_as_growth_add_up_to_the_fee_of_the_total(self, gains: list[int], fee_ppm: int) -> None:
        total = booked = 0
        for gain in gains:
            booked += fee_of(total + gain, fee_ppm) - fee_of(total, fee_ppm)
            total += gain
        assert booked == fee_of(total, fee_ppm)
        assert booked <= total * fee_ppm / 1_000_000

    @given(st.integers(0, 2**62), st.integers(1, 100))
    def test_leave_less_than_one_unit_for_each_holder(self, total: int, holders: int) -> None:
        assert 0 <= total - equal_shares(total, holders) * holders < holders
