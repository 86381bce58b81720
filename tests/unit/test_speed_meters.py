"""What both ends count of a deal: billed bytes are bounded, sums lose nothing, and garbage is taken back."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from speed.domain.blocks import UNVERIFIED_BYTES, Counted, SellerBlocks
from speed.domain.meters import GRANT_LIFE_MS, KEPT_ROUNDS, MIB, SLACK_BYTES, Span, Tally, covers, granted

DEAL, OTHER = b"d" * 16, b"o" * 16
PIECE = 4 * MIB
BLOCK = 16 * 1024


def grant(
    round_number: int = 7, *, before: Span | None = None, speed: int = MIB, price: int = 5_000, at: int = 0
) -> Span:
    return granted(before, round_number=round_number, speed_bytes_per_s=speed, price_ubtt_per_gib=price, now_ms=at)


class TestAGrant:
    def test_bills_its_speed_times_its_time_and_a_mebibyte(self) -> None:
        span = grant(at=1_000).after(100 * MIB, 3_000)
        assert span.billed_bytes == 3 * MIB
        assert span.after(100 * MIB, 4_000).billed_bytes == 4 * MIB
        assert span.after(10, 4_000).billed_bytes == 3 * MIB + 10

    def test_bills_nothing_before_it_begins_and_after_it_ends(self) -> None:
        span = grant(at=1_000)
        assert span.after(10, 999) == span.after(10, 1_000 + GRANT_LIFE_MS) == span
        assert span.ended(2_000).after(10, 2_000).billed_bytes == 0
        assert span.ended(2_000).after(10, 1_999).billed_bytes == 10
        assert span.ended(90_000) == span

    def test_that_is_given_twice_in_a_round_goes_on_with_its_price_and_count(self) -> None:
        first = grant(at=0).after(2 * MIB, 2_000).ended(2_000)
        again = grant(before=first, price=9_000, at=5_000)
        assert (again.price_ubtt_per_gib, again.billed_bytes) == (5_000, 2 * MIB)
        assert again.after(100 * MIB, 6_000).billed_bytes == 2 * MIB + MIB + SLACK_BYTES
        assert grant(8, before=first, price=9_000).billed_bytes == 0

    def test_counts_for_little_more_than_was_billed_so_that_no_round_pays_for_another(self) -> None:
        idle = grant(at=0, speed=8 * MIB)
        assert idle.countable_bytes(0) == MIB
        assert idle.countable_bytes(10_000) == MIB + 4 * MIB
        busy = idle.after(40 * MIB, 5_000)
        assert busy.countable_bytes(5_000) == 41 * MIB == busy.allowed_bytes(5_000)
        assert busy.countable_bytes(10_000) == 45 * MIB

    @given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 4 * MIB), st.booleans()), max_size=30))
    def test_never_bills_more_than_its_time_allows_nor_more_than_came(self, steps: list[tuple[int, int, bool]]) -> None:
        now_ms, came, runs_ms, span = 0, 0, 0, grant()
        for passed_ms, size_bytes, is_granted in steps:
            if span.runs(now_ms):
                runs_ms += min(passed_ms, span.ends_at_ms - now_ms)
            now_ms += passed_ms
            came += size_bytes
            span = span.after(size_bytes, now_ms)
            assert span.billed_bytes <= min(came, MIB * runs_ms // 1_000 + SLACK_BYTES)
            span = grant(before=span.ended(now_ms), at=now_ms) if is_granted else span


class TestATally:
    @given(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**33), st.integers(4_096, 2**40)), max_size=60),
    )
    def test_owes_exactly_the_floor_of_the_sum(self, counts: list[tuple[int, int, int]]) -> None:
        tally, number, exact, total = Tally(), 0, Fraction(0), 0
        for gap, received_bytes, price in counts:
            number += gap + 1
            tally = tally.opened(number, price).counted(number, 1).counted(number, received_bytes)
            exact += Fraction(received_bytes * price, 2**30)
            total += received_bytes
        assert (tally.total_bytes, tally.owed_ubtt) == (total, exact.__floor__())
        assert len(tally.rounds) <= KEPT_ROUNDS

    def test_takes_the_newest_word_of_a_round_and_none_of_unknown_or_settled_ones(self) -> None:
        tally = Tally()
        for number in range(KEPT_ROUNDS + 1):
            tally = tally.opened(number, 2**30)
        counted = tally.counted(1, 9).counted(1, 7).counted(0, 5).counted(99, 5)
        assert (counted.total_bytes, counted.owed_ubtt, counted.received(1)) == (7, 7, 7)
        assert counted.opened(1, 5_000) == counted
        assert counted.opened(0, 5_000) == counted

    def test_hears_nothing_of_more_than_any_channel_could_pay(self) -> None:
        tally = Tally().opened(1, 2**40).opened(2, 4_096)
        assert tally.counted(1, 2**52).owed_ubtt == 2**62
        assert tally.counted(1, 2**52 + 1) == tally
        assert tally.counted(2, 2**62 + 1) == tally

    def test_is_covered_by_a_voucher_of_all_that_it_owes(self) -> None:
        tally = Tally().opened(1, 5_000).counted(1, 4 * MIB)  # 19.53 µBTT
        assert [covers(cumulative_ubtt, tally) for cumulative_ubtt in (18, 19, 20)] == [False, True, True]

    def test_tells_unanswered_rounds_and_the_last_three(self) -> None:
        tally = Tally()
        for number in range(10, 20):
            tally = tally.opened(number, 5_000)
        assert [count.round for count in tally.acks(99)] == [17, 18, 19]
        assert [count.round for count in tally.acks(15)] == [15, 16, 17, 18, 19]


class TestBlocksOfASeller:
    def fed(self, seller: SellerBlocks, size_bytes: int, *, deal: bytes = DEAL) -> int:
        """Receive so many bytes from piece 0 on; return how many count."""
        return sum(
            counted.size_bytes
            for offset in range(0, size_bytes, BLOCK)
            for counted in seller.received(Counted(deal, 7, BLOCK), piece=offset // PIECE, piece_bytes=PIECE)
        )

    def test_count_as_they_come_up_to_the_limit_of_unverified_ones(self) -> None:
        seller = SellerBlocks()
        assert self.fed(seller, 20 * MIB) == UNVERIFIED_BYTES
        passed = seller.checked(deal=DEAL, piece=0, passed=True)
        assert sum(counted.size_bytes for counted in passed) == PIECE
        assert {counted.round for counted in passed} == {7}

    def test_have_a_limit_of_two_pieces_if_these_are_large(self) -> None:
        seller = SellerBlocks()
        counted = [seller.received(Counted(DEAL, 7, BLOCK), piece=0, piece_bytes=16 * MIB) for _ in range(3 * 1_024)]
        assert sum(len(part) for part in counted) * BLOCK == 32 * MIB

    def test_of_a_failed_piece_are_taken_back_as_fewer_later(self) -> None:
        seller = SellerBlocks()
        assert self.fed(seller, PIECE) == PIECE
        assert seller.checked(deal=DEAL, piece=0, passed=False) == []
        assert (seller.to_deduct_bytes, seller.must_end) == ({DEAL: PIECE}, False)
        assert self.fed(seller, PIECE, deal=OTHER) == PIECE
        assert self.fed(seller, PIECE) == 0
        assert self.fed(seller, 2 * PIECE) == 2 * PIECE

    def test_of_a_second_failed_piece_end_the_deal(self) -> None:
        seller = SellerBlocks()
        self.fed(seller, 2 * PIECE)
        seller.checked(deal=DEAL, piece=0, passed=False)
        seller.checked(deal=DEAL, piece=1, passed=False)
        assert seller.must_end

    def test_of_pieces_that_nobody_waits_for_change_nothing(self) -> None:
        seller = SellerBlocks()
        assert seller.checked(deal=DEAL, piece=3, passed=False) == []
        assert (seller.failures, seller.to_deduct_bytes) == (0, {})

    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8), st.sampled_from(["", "", "", "pass", "fail"]))))
    def test_that_passed_are_paid_in_full_and_at_most_the_limit_of_others(
        self, steps: list[tuple[int, int, str]]
    ) -> None:
        seller, counted_bytes, verified_bytes = SellerBlocks(), 0, 0
        came: dict[int, int] = {}  # of each piece that was not checked yet
        for piece, mebibytes, verdict in steps:
            if verdict:
                found = seller.checked(deal=DEAL, piece=piece, passed=verdict == "pass")
                piece_bytes = came.pop(piece, 0)
                verified_bytes += piece_bytes if verdict == "pass" else 0
            else:
                block = Counted(DEAL, 7, mebibytes * MIB)
                found = seller.received(block, piece=piece, piece_bytes=PIECE)
                came[piece] = came.get(piece, 0) + block.size_bytes
            counted_bytes += sum(block.size_bytes for block in found)
            paid_for_garbage = seller.to_deduct_bytes.get(DEAL, 0)
            assert counted_bytes - paid_for_garbage <= verified_bytes + UNVERIFIED_BYTES
            assert counted_bytes <= verified_bytes + sum(came.values()) + paid_for_garbage
