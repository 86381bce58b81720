"""How much is taken of one peer."""

from hypothesis import given
from hypothesis import strategies as st

from speed.domain.pace import Bucket, Seats


class TestABucket:
    def test_gives_a_burst_and_then_a_few_each_second(self) -> None:
        bucket = Bucket(per_s=50, burst=200, now_s=100.0)
        assert [bucket.take(100.0) for _ in range(201)] == [True] * 200 + [False]
        assert bucket.wait_s(100.0) == 0.02
        assert [bucket.take(101.0) for _ in range(51)] == [True] * 50 + [False]

    def test_holds_no_more_than_a_burst(self) -> None:
        bucket = Bucket(per_s=50, burst=200, now_s=0.0)
        assert sum(bucket.take(3_600.0) for _ in range(300)) == 200


class TestSeats:
    def test_give_nobody_more_than_a_share(self) -> None:
        seats = Seats(each=2, together=3)
        assert [seats.take("ann"), seats.take("ann"), seats.take("ann")] == [True, True, False]
        assert [seats.take("bob"), seats.take("eve")] == [True, False]
        seats.give_back("ann")
        assert [seats.take("eve"), seats.take("ann")] == [True, False]

    @given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=60))
    def test_are_counted_right_whoever_comes_and_goes(self, moves: list[tuple[str, bool]]) -> None:
        seats, sitting = Seats(each=3, together=7), [0, 0, 0, 0]
        for who, comes in moves:
            index = "abcd".index(who)
            if comes:
                fits = sitting[index] < 3 and sum(sitting) < 7
                assert seats.take(who) == fits
                sitting[index] += fits
            elif sitting[index]:
                seats.give_back(who)
                sitting[index] -= 1
            assert seats.taken == sum(sitting)
