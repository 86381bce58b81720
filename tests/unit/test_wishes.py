from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.wishes import ABSENT, Wish, fold

names = st.lists(st.sampled_from("abcde"), max_size=4).map(tuple)
wishes = st.builds(Wish, runs=st.booleans(), trackers=names, peers=names)


class TestAFoldOfWishes:
    def test_is_absent_without_holders(self) -> None:
        assert fold([], recheck_count=3) == ABSENT

    def test_keeps_order_and_drops_what_two_holders_brought(self) -> None:
        mine = Wish(runs=False, trackers=("b", "a"), peers=("1",))
        yours = Wish(runs=False, trackers=("a", "c"), peers=("2", "1"))
        desired = fold([mine, yours], recheck_count=0)
        assert desired.trackers == ("b", "a", "c")
        assert desired.peers == ("1", "2")

    @given(st.lists(wishes, min_size=1, max_size=5))
    def test_runs_if_anybody_wants_it(self, claims: list[Wish]) -> None:
        assert fold(claims, recheck_count=0).runs == any(claim.runs for claim in claims)

    @given(st.lists(wishes, min_size=1, max_size=5))
    def test_has_what_everybody_brought_and_nothing_else(self, claims: list[Wish]) -> None:
        desired = fold(claims, recheck_count=0)
        assert set(desired.trackers) == {url for claim in claims for url in claim.trackers}
        assert len(set(desired.trackers)) == len(desired.trackers)
        assert set(desired.peers) == {peer for claim in claims for peer in claim.peers}
