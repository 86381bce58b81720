"""What a buyer decides: what goes into a channel, which bid is news, which grant is believed, what is acknowledged."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speed.domain.buying import (
    CHANNEL_LIFE_S,
    EVERYTHING_BYTES_PER_S,
    RENEW_BEFORE_S,
    Filling,
    adopted,
    affordable,
    believed_speed,
    first_filling,
    hub_for,
    is_news,
    must_renew,
    share_of,
    top_up,
    within,
)
from speed.domain.credit import least_channel_ubtt
from speed.domain.deals import Wish
from speed.domain.meters import Tally

MIB, GIB = 1 << 20, 1 << 30
BTT = 1_000_000
WISH = Wish(16 * BTT, 10_000, 10 * MIB)  # 64 MiB cost 1 BTT, a minute's pace is 0.6

wishes = st.builds(Wish, st.integers(4_096, 1 << 40), st.integers(1, 1 << 40), st.integers(1, 1 << 50))


def tally_of(*rounds: tuple[int, int]) -> Tally:
    """Return what was received in rounds from 1 on: price and bytes of each."""
    tally = Tally()
    for number, (price, size_bytes) in enumerate(rounds, 1):
        tally = tally.opened(number, price).counted(number, size_bytes)
    return tally


class TestAChannel:
    @pytest.mark.parametrize(
        ("wish", "size_bytes", "left_bytes", "filling"),
        [
            (WISH, GIB, GIB, Filling(BTT, BTT)),  # 64 MiB's worth
            (replace(WISH, spend_ubtt_per_s=50_000), GIB, GIB, Filling(3 * BTT, BTT)),  # a minute's pace
            (replace(WISH, spend_ubtt_per_s=50_000), GIB, 128 * MIB, Filling(2 * BTT, BTT)),  # all that is left
            (WISH, 32 * MIB, 32 * MIB, Filling(BTT // 2, BTT // 2)),  # the whole torrent is less
            (Wish(4_096, 1, 1), 1, 1, Filling(256, 256)),  # what a hub opens a channel with at least
        ],
    )
    def test_holds_64_mebibytes_at_the_ceiling_or_a_minutes_pace(
        self, wish: Wish, size_bytes: int, left_bytes: int, filling: Filling
    ) -> None:
        assert first_filling(wish, size_bytes=size_bytes, left_bytes=left_bytes) == filling

    @pytest.mark.parametrize(
        ("wish", "amount", "owed", "left_bytes", "filling"),
        [
            (WISH, BTT, BTT // 2, GIB, None),  # half is there
            (WISH, BTT, BTT // 2 + 1, GIB, Filling(BTT // 2 + 1, BTT // 64)),
            (WISH, BTT, BTT, 16 * MIB, Filling(BTT // 4, BTT // 64)),  # no more than is left
            (WISH, BTT, BTT, 0, None),
            (replace(WISH, max_price_ubtt_per_gib=24 * BTT), BTT, 0, GIB, Filling(BTT // 2, BTT // 2)),  # raised
        ],
    )
    def test_is_topped_up_when_half_is_used_and_when_the_ceiling_was_raised(
        self, wish: Wish, amount: int, owed: int, left_bytes: int, filling: Filling | None
    ) -> None:
        found = top_up(wish, size_bytes=GIB, left_bytes=left_bytes, amount_ubtt=amount, owed_ubtt=owed)
        assert found == filling

    def test_is_renewed_in_good_time(self) -> None:
        assert not must_renew(expires_at_s=CHANNEL_LIFE_S, now_s=CHANNEL_LIFE_S - RENEW_BEFORE_S)
        assert must_renew(expires_at_s=CHANNEL_LIFE_S, now_s=CHANNEL_LIFE_S - RENEW_BEFORE_S + 1)

    @given(wish=wishes, amount=st.integers(1, 1 << 50), size_bytes=st.integers(1, 1 << 45))
    def test_is_large_enough_for_every_ceiling_that_is_bid_with_it(
        self, wish: Wish, amount: int, size_bytes: int
    ) -> None:
        ceiling = affordable(wish, amount_ubtt=amount, size_bytes=size_bytes).max_price_ubtt_per_gib
        assert ceiling <= wish.max_price_ubtt_per_gib
        assert least_channel_ubtt(max_price_ubtt_per_gib=ceiling, left_bytes=size_bytes) <= amount


class TestABid:
    @pytest.mark.parametrize(
        ("new", "is_sent"),
        [
            (WISH, False),
            (replace(WISH, spend_ubtt_per_s=10_499, useful_bytes_per_s=10 * MIB * 96 // 100), False),
            (replace(WISH, spend_ubtt_per_s=10_500), True),
            (replace(WISH, useful_bytes_per_s=9 * MIB), True),
            (replace(WISH, max_price_ubtt_per_gib=16 * BTT * 104 // 100), False),
            (replace(WISH, max_price_ubtt_per_gib=16 * BTT - 1), True),
            (replace(WISH, spend_ubtt_per_s=0), True),
        ],
    )
    def test_is_sent_when_it_has_changed_by_5_percent_or_lowers_its_ceiling(self, new: Wish, *, is_sent: bool) -> None:
        assert is_news(WISH, new) is is_sent

    def test_that_is_paused_has_no_news_until_it_goes_on(self) -> None:
        paused = replace(WISH, spend_ubtt_per_s=0)
        assert not is_news(paused, replace(paused, max_price_ubtt_per_gib=4_096))
        assert is_news(paused, WISH)

    def test_is_shared_among_sellers(self) -> None:
        assert share_of(WISH, 3) == Wish(16 * BTT, 3_333, 10 * MIB // 3)
        assert share_of(replace(WISH, useful_bytes_per_s=0), 1).useful_bytes_per_s == EVERYTHING_BYTES_PER_S


class TestAGrant:
    @pytest.mark.parametrize(
        ("speed", "price", "believed"),
        [
            (1_000, 16 * BTT, 1_000),
            (GIB, 16 * BTT, 671_088),  # 10,000 µBTT a second buy no more
            (GIB, 4_096, 10 * MIB),  # more is of no use
            (1_000, 16 * BTT + 1, None),
        ],
    )
    def test_is_believed_as_far_as_the_bid_buys(self, speed: int, price: int, believed: int | None) -> None:
        assert believed_speed(speed, price_ubtt_per_gib=price, wishes=(WISH,)) == believed

    def test_may_answer_the_bid_before(self) -> None:
        lower = replace(WISH, max_price_ubtt_per_gib=8 * BTT)
        assert believed_speed(1_000, price_ubtt_per_gib=9 * BTT, wishes=(lower, WISH)) == 1_000


class TestAcknowledgements:
    @given(
        rounds=st.lists(st.tuples(st.integers(4_096, 1 << 40), st.integers(0, 1 << 32)), max_size=20),
        percent=st.integers(0, 100),
    )
    def test_cost_no_more_than_is_paid_and_the_oldest_come_first(
        self, rounds: list[tuple[int, int]], percent: int
    ) -> None:
        tally = tally_of(*rounds)
        amount = max(tally.owed_ubtt * percent // 100, tally.settled.owed_ubtt)
        said = within(tally, amount)
        assert said.owed_ubtt <= amount
        assert said == tally or percent < 100
        cut = [now.received_bytes < then.received_bytes for now, then in zip(said.rounds, tally.rounds, strict=True)]
        emptied = [count.received_bytes == 0 for count in said.rounds]
        assert all(emptied[place] for place in range(len(cut)) if True in cut[:place])

    def test_of_who_has_promised_more_than_it_remembers_go_on_from_there(self) -> None:
        tally = tally_of((GIB, 100))
        assert adopted(tally, 1_000).owed_ubtt == 1_000
        assert adopted(tally, 1_000).counted(1, 150).owed_ubtt == 1_050
        assert adopted(tally, 99) == tally


class TestTheHubOfADeal:
    """Of those that a user has an account at and the seller trusts, in the order of the accounts."""

    @pytest.mark.parametrize(
        ("common", "silent", "owing", "found"),
        [
            ("abc", "", "", "a"),
            ("cba", "", "", "c"),
            ("abc", "a", "", "b"),  # one that gives no answer is left out …
            ("abc", "", "ab", "c"),  # … and one that owes a word about a channel comes last
            ("ab", "", "ab", "a"),  # but it comes: it does answer
            ("abc", "bc", "abc", "a"),
            ("ab", "ab", "ab", None),
            ("", "", "", None),
        ],
    )
    def test_is_the_first_that_answers_and_owes_nothing(
        self, common: str, silent: str, owing: str, found: str | None
    ) -> None:
        hubs = [letter.encode() for letter in common]
        chosen = hub_for(hubs, is_silent=silent.encode().__contains__, owes_a_word=owing.encode().__contains__)
        assert chosen == (found.encode() if found else None)
