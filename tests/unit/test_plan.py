from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.plan import Applied, Step, plan
from seedbox.domain.wishes import ABSENT, Desired

RUNNING = Desired(present=True, runs=True, recheck_count=0, trackers=("t1",), peers=("p1",))
STOPPED = replace(RUNNING, runs=False)
IN = Applied(runs=True, recheck_count=0, trackers=("t1",), peers=("p1",))
ADD = Step("add", trackers=("t1",), peers=("p1",))

CASES = [
    # desired, applied, steps
    (RUNNING, None, [ADD]),
    (RUNNING, IN, []),
    (STOPPED, IN, [Step("stop")]),
    (RUNNING, replace(IN, runs=False), [Step("start")]),
    (ABSENT, IN, [Step("remove")]),
    (ABSENT, None, [Step("remove")]),  # the node was down when its last holder left
    (replace(RUNNING, trackers=("t1", "t2")), IN, [Step("trackers", trackers=("t1", "t2"))]),
    (replace(RUNNING, trackers=()), IN, [Step("trackers", trackers=())]),
    (replace(RUNNING, peers=("p1", "p2")), IN, [Step("peers", peers=("p2",))]),
    (replace(RUNNING, peers=()), IN, []),  # who is connected stays connected
    (RUNNING, replace(IN, has_metadata=False), [Step("metadata")]),
    (replace(RUNNING, recheck_count=1), IN, [Step("recheck")]),
    (replace(RUNNING, recheck_count=1), None, [ADD, Step("recheck")]),
    (replace(STOPPED, recheck_count=1), IN, [Step("stop"), Step("recheck")]),
]


class TestAPlan:
    @pytest.mark.parametrize(("desired", "applied", "steps"), CASES)
    def test_leads_to_what_is_desired(self, desired: Desired, applied: Applied | None, steps: list[Step]) -> None:
        assert list(plan(desired=desired, applied=applied, rechecked_count=0)) == steps

    def test_gives_no_metadata_before_there_is_any(self) -> None:
        waiting = replace(IN, has_metadata=False)
        assert plan(desired=RUNNING, applied=waiting, rechecked_count=0, has_metadata=False) == ()

    def test_does_not_repeat_a_recheck(self) -> None:
        assert plan(desired=replace(RUNNING, recheck_count=2), applied=IN, rechecked_count=2) == ()

    @given(
        runs=st.booleans(),
        trackers=st.lists(st.sampled_from("abc"), unique=True).map(tuple),
        recheck_count=st.integers(0, 3),
        applied=st.none() | st.builds(Applied, runs=st.booleans(), trackers=st.just(("a",)), peers=st.just(())),
    )
    def test_leaves_nothing_to_do_once_carried_out(
        self, runs: bool, trackers: tuple[str, ...], recheck_count: int, applied: Applied | None
    ) -> None:
        desired = Desired(present=True, runs=runs, recheck_count=recheck_count, trackers=trackers, peers=())
        plan(desired=desired, applied=applied, rechecked_count=0)
        after = Applied(runs=runs, recheck_count=recheck_count, trackers=trackers, peers=())
        assert plan(desired=desired, applied=after, rechecked_count=recheck_count) == ()
