from seedbox.domain.throttles import Allowance, take

THREE = Allowance(at_once=3, every_s=10.0)


def full_after(turns: int, *, now_s: float = 100.0) -> float:
    full_at_s = 0.0
    for _ in range(turns):
        full_at_s = take(THREE, full_at_s=full_at_s, now_s=now_s).full_at_s
    return full_at_s


class TestAStoreOfTurns:
    def test_gives_all_of_them_at_once_to_who_has_rested(self) -> None:
        assert take(THREE, full_at_s=full_after(2), now_s=100.0).wait_s == 0

    def test_lets_one_wait_for_the_next_when_it_is_empty(self) -> None:
        assert take(THREE, full_at_s=full_after(3), now_s=100.0).wait_s == 10.0
        assert take(THREE, full_at_s=full_after(3), now_s=104.0).wait_s == 6.0

    def test_gives_one_more_as_soon_as_it_is_there(self) -> None:
        taken = take(THREE, full_at_s=full_after(3), now_s=110.0)
        assert taken.wait_s == 0
        assert take(THREE, full_at_s=taken.full_at_s, now_s=110.0).wait_s == 10.0

    def test_is_not_emptied_further_by_who_keeps_trying(self) -> None:
        refused = take(THREE, full_at_s=full_after(3), now_s=104.0)
        assert take(THREE, full_at_s=refused.full_at_s, now_s=110.0).wait_s == 0

    def test_fills_no_further_than_it_was(self) -> None:
        assert take(THREE, full_at_s=full_after(3), now_s=100_000.0).full_at_s == 100_010.0
