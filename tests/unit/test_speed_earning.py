"""What a torrent earns for its disk, and whether it is worth it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speed.domain.earning import DAY_S, TRIED_S, Hint, Kept, advice, median_of, per_gib_day
from wallet.domain.money import Asset

GIB, BTT = 2**30, 1_000_000
IDLE = Kept(
    is_whole=True,
    seeds=True,
    is_for_sale=True,
    private=False,
    disk_bytes=4 * GIB,
    held_s=TRIED_S,
    is_sold=False,
    deals=0,
    leechers=0,
    week_ubtt=0,
    per_gib_day_ubtt=0,
)

amounts = st.integers(0, 2**62)
spans = st.integers(0, 10**9)
sizes = st.integers(1, 2**45)
kept = st.builds(
    Kept,
    is_whole=st.booleans(),
    seeds=st.booleans(),
    is_for_sale=st.booleans(),
    private=st.booleans(),
    disk_bytes=st.integers(0, 2**45),
    held_s=spans,
    is_sold=st.booleans(),
    deals=st.integers(0, 3),
    leechers=st.integers(0, 3),
    week_ubtt=st.one_of(st.just(0), amounts),
    per_gib_day_ubtt=st.one_of(st.just(0), amounts),
)


def said(**changes: object) -> tuple[Hint, str]:
    found = advice(replace(IDLE, **changes), median_ubtt=BTT, asset=Asset.TRC20)  # type: ignore[arg-type]  # its fields
    return found.hint, found.sentence


class TestEarnedPerGibAndDay:
    @pytest.mark.parametrize(
        ("earned", "disk", "since", "expected"),
        [
            (7 * BTT, GIB, 7 * DAY_S, BTT),
            (7 * BTT, 2 * GIB, 7 * DAY_S, 500_000),
            (7 * BTT, GIB // 2, 7 * DAY_S, 2 * BTT),
            (BTT, GIB, 60, BTT),  # a minute counts as a day
            (BTT, GIB, -60, BTT),  # and so does a clock that was set back
            (10, 3 * GIB, DAY_S, 3),  # 3.33…
            (1, 2 * GIB, DAY_S, 0),
            (0, GIB, DAY_S, 0),
            (BTT, 0, DAY_S, 0),  # nothing of it is there any more
        ],
    )
    def test_is_the_exact_quotient_rounded_down(self, earned: int, disk: int, since: int, expected: int) -> None:
        assert per_gib_day(earned_ubtt=earned, disk_bytes=disk, since_s=since) == expected

    @given(amounts, sizes, spans)
    def test_never_comes_to_more_than_was_earned(self, earned: int, disk: int, since: int) -> None:
        value = per_gib_day(earned_ubtt=earned, disk_bytes=disk, since_s=since)
        assert value * disk * max(since, DAY_S) <= earned * GIB * DAY_S < (value + 1) * disk * max(since, DAY_S)

    @given(st.lists(st.integers(0, 1_000)))
    def test_has_a_median_that_half_of_the_earners_reach(self, values: list[int]) -> None:
        earners = [value for value in values if value]
        median = median_of(values)
        assert (median in earners) if earners else median == 0
        assert 2 * sum(1 for value in earners if value >= median) >= len(earners)
        assert 2 * sum(1 for value in earners if value <= median) >= len(earners)


class TestAdvice:
    def test_keeps_what_is_being_bought(self) -> None:
        assert said(deals=1) == (Hint.KEEP, "1 deal is about it now: keep it.")
        assert said(deals=2, is_whole=False)[0] is Hint.KEEP

    def test_keeps_what_earns_as_much_as_half_of_the_earners(self) -> None:
        assert said(per_gib_day_ubtt=BTT) == (
            Hint.KEEP,
            "It earns 1 BTT per GiB and day, as much as half of those that earn, or more.",
        )
        assert said(per_gib_day_ubtt=BTT - 1)[0] is not Hint.KEEP

    def test_drops_what_is_whole_large_and_wanted_by_nobody_for_a_week(self) -> None:
        assert said() == (
            Hint.DROP,
            "Nothing of it was sold within a week and nobody loads it now: dropping it frees up to 4.00 GiB.",
        )

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"is_whole": False}, "not complete"),
            ({"seeds": False}, "does not seed"),
            ({"private": True}, "its tracker may ask for a ratio"),
            ({"is_for_sale": False}, "not for sale"),
            ({"held_s": TRIED_S - 1}, "too early to say"),
            ({"week_ubtt": 5}, "It earned 0.000005 BTT within a week"),
            ({"is_sold": True}, "Some of it was sold"),
            ({"leechers": 1}, "1 leecher is still here"),
            ({"leechers": 1_200}, "1,200 leechers are still here"),
            ({"disk_bytes": GIB - 1}, "takes only"),
        ],
    )
    def test_says_why_when_it_is_neither(self, changes: dict[str, object], words: str) -> None:
        hint, sentence = said(**changes)
        assert hint is Hint.NEUTRAL
        assert words in sentence

    @given(kept, amounts)
    def test_never_drops_what_is_young_private_wanted_or_not_whole(self, one: Kept, median: int) -> None:
        found = advice(one, median_ubtt=median, asset=Asset.TRC20)
        assert found.sentence.endswith(".")
        if found.hint is Hint.DROP:
            assert one.is_whole and one.seeds and not one.private and one.held_s >= TRIED_S
            assert not (one.deals or one.leechers or one.week_ubtt or one.is_sold)
