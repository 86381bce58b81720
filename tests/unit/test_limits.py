"""Limits of withdrawals, in windows that roll."""

from datetime import timedelta

from tests.builders import NOW
from wallet.domain.limits import DAY, HOUR, Spent, Window, first_over, left_ubtt

OWN_HOUR = Window(HOUR, 100, is_everybodys=False)
OWN_DAY = Window(DAY, 250, is_everybodys=False)
ALL_DAY = Window(DAY, 1_000, is_everybodys=True)


class TestAWindow:
    def test_takes_what_fits_to_the_last_unit(self) -> None:
        spent = [Spent(NOW, 60)]
        assert first_over([OWN_HOUR], amount_ubtt=40, own=spent, all_spent=[], now=NOW) is None
        over = first_over([OWN_HOUR], amount_ubtt=41, own=spent, all_spent=[], now=NOW)
        assert over is not None and (over.left_ubtt, over.free_at) == (40, NOW + HOUR)

    def test_rolls_and_knows_no_midnight(self) -> None:
        late, early = NOW.replace(hour=23, minute=59), NOW.replace(hour=0) + timedelta(days=1, minutes=1)
        assert first_over([OWN_DAY], amount_ubtt=250, own=[Spent(late, 250)], all_spent=[], now=early) is not None

    def test_ends_exactly_when_its_span_is_over(self) -> None:
        spent = [Spent(NOW - DAY, 250)]
        assert left_ubtt(OWN_DAY, spent, now=NOW) == 250
        assert left_ubtt(OWN_DAY, spent, now=NOW - timedelta(microseconds=1)) == 0

    def test_says_when_enough_of_it_is_free(self) -> None:
        spent = [Spent(NOW - timedelta(minutes=minutes), 50) for minutes in (10, 40)]
        over = first_over([OWN_HOUR], amount_ubtt=50, own=spent, all_spent=[], now=NOW)
        assert over is not None and over.free_at == NOW + timedelta(minutes=20)

    def test_that_the_amount_never_fits_into_is_free_never(self) -> None:
        over = first_over([OWN_HOUR], amount_ubtt=101, own=[], all_spent=[], now=NOW)
        assert over is not None and over.free_at is None

    def test_of_everybody_counts_everybody(self) -> None:
        windows = [OWN_DAY, ALL_DAY]
        over = first_over(windows, amount_ubtt=100, own=[], all_spent=[Spent(NOW, 950)], now=NOW)
        assert over is not None and over.window is ALL_DAY

    def test_that_keeps_waiting_longest_is_named(self) -> None:
        spent = [Spent(NOW, 100), Spent(NOW, 100)]
        over = first_over([OWN_HOUR, OWN_DAY], amount_ubtt=60, own=spent, all_spent=[], now=NOW)
        assert over is not None and over.window is OWN_DAY
