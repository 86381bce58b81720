"""Blocks are counted once each, and all of them, though libtorrent leaves some out."""

from hypothesis import given
from hypothesis import strategies as st

from seedbox.engine.block_meter import Arrived, BlockMeter

SELLER, OTHER = ("192.0.2.1", 6881), ("192.0.2.2", 6881)


def meter(*blocks: int) -> BlockMeter:
    """Return one that has asked the seller for these blocks of piece 0."""
    meter = BlockMeter()
    for block in blocks:
        meter.asked(0, block, SELLER, is_watched=True)
    return meter


class TestABlock:
    def test_is_counted_when_it_is_told_of(self) -> None:
        assert meter(0).arrived(0, 0, SELLER, is_watched=True) == [Arrived(SELLER, 0, 0)]

    def test_that_is_not_told_of_is_counted_with_its_piece(self) -> None:
        bought = meter(0, 1)
        bought.arrived(0, 0, SELLER, is_watched=True)

        assert bought.checked(0) == [Arrived(SELLER, 0, 1)]
        assert bought.checked(0) == []

    def test_that_is_told_of_after_its_piece_is_not_counted_again(self) -> None:
        bought = meter(0)
        bought.checked(0)

        assert bought.arrived(0, 0, SELLER, is_watched=True) == []

    def test_is_counted_anew_when_its_piece_has_failed_and_is_fetched_again(self) -> None:
        bought = meter(0)
        bought.arrived(0, 0, SELLER, is_watched=True)
        bought.checked(0)
        bought.asked(0, 0, SELLER, is_watched=True)

        assert bought.arrived(0, 0, SELLER, is_watched=True) == [Arrived(SELLER, 0, 0)]

    def test_that_somebody_else_was_asked_for_last_is_not_the_sellers(self) -> None:
        bought = meter(0)
        bought.asked(0, 0, OTHER, is_watched=False)

        assert bought.checked(0) == []

    def test_that_was_asked_for_before_anybody_watched_counts_when_it_is_told_of(self) -> None:
        assert BlockMeter().arrived(3, 1, SELLER, is_watched=True) == [Arrived(SELLER, 3, 1)]
        assert BlockMeter().arrived(3, 1, OTHER, is_watched=False) == []

    @given(st.permutations([*range(6), *("checked",)]), st.sets(st.integers(0, 5)))
    def test_is_counted_once_wherever_its_check_comes_and_whatever_is_left_out(
        self, order: list[int | str], left_out: set[int]
    ) -> None:
        bought = meter(*range(6))
        counted = []
        for event in order:
            if isinstance(event, str):
                counted += bought.checked(0)
            elif event not in left_out:
                counted += bought.arrived(0, event, SELLER, is_watched=True)

        assert sorted(arrived.block for arrived in counted) == list(range(6))
