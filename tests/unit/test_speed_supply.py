"""What one round of a seller shows of how much it has at which price."""

import pytest

from speed.domain.autobid_view import State
from speed.domain.deals import Wish
from speed.domain.lots import Source, cheapest
from speed.domain.supply import NOTHING_SEEN, Outcome, Quoted, Supply, spared

MIB, BTT = 2**20, 1_000_000
ASK = 40 * BTT
QUOTED = Quoted(ASK, 0, 8 * MIB, 2)


def outcome(*, price: int, speed: int, bid_price: int = 60, useful: int = 4 * MIB, number: int = 1) -> Outcome:
    return Outcome(number, Wish(bid_price * BTT, 10**9, useful), price * BTT, speed)


def after(*outcomes: Outcome) -> Supply:
    supply = NOTHING_SEEN
    for one in outcomes:
        supply = supply.after(one, ask_ubtt_per_gib=ASK)
    return supply


def at(supply: Supply, price: int, quoted: Quoted = QUOTED) -> int:
    return supply.speed_at(price * BTT, quoted)


class TestASellerThatIsNotKnown:
    def test_has_nothing_below_its_ask(self) -> None:
        assert at(NOTHING_SEEN, 39) == 0

    def test_has_everything_at_its_ask_if_nobody_bids(self) -> None:
        assert at(NOTHING_SEEN, 40, Quoted(ASK, 0, 8 * MIB, 0)) == 8 * MIB

    def test_has_half_of_it_to_give_beside_others_and_more_for_more(self) -> None:
        assert at(NOTHING_SEEN, 40) == 4 * MIB
        assert at(NOTHING_SEEN, 80) == 6 * MIB

    def test_has_nothing_at_its_last_price_if_that_was_no_ask(self) -> None:
        quoted = Quoted(ASK, 60 * BTT, 8 * MIB, 2)
        assert [at(NOTHING_SEEN, price, quoted) for price in (40, 60, 120)] == [0, 0, 4 * MIB]


class TestARound:
    def test_that_served_all_at_the_ask_shows_that_there_may_be_more(self) -> None:
        assert at(after(outcome(price=40, speed=4 * MIB)), 40) == 6 * MIB

    def test_above_the_ask_shows_what_others_pay(self) -> None:
        supply = after(outcome(price=50, speed=4 * MIB))
        assert [at(supply, price) for price in (40, 50, 100)] == [3 * MIB, 4 * MIB, 6 * MIB]

    def test_at_the_own_ceiling_shows_what_is_left(self) -> None:
        supply = after(outcome(price=60, speed=MIB))
        assert at(supply, 60) == MIB
        assert not supply.is_shared

    def test_with_a_price_above_the_bid_shows_that_nothing_is_left(self) -> None:
        assert at(after(outcome(price=70, speed=0)), 70) == 0

    def test_below_whose_ask_was_bid_shows_nothing(self) -> None:
        assert after(outcome(price=40, bid_price=39, speed=0)).points == ()

    def test_in_which_credit_was_short_lets_more_be_tried_bit_by_bit(self) -> None:
        supply = after(outcome(price=40, speed=MIB))
        assert at(supply, 60) == MIB
        supply = after(outcome(price=40, speed=MIB), outcome(price=40, speed=MIB, useful=MIB, number=2))
        assert at(supply, 60) == MIB * 5 // 4

    def test_is_forgotten_after_a_while(self) -> None:
        supply = after(outcome(price=60, speed=MIB, number=1))
        assert supply.fresh(30).points
        assert supply.fresh(31) == NOTHING_SEEN

    def test_that_contradicts_those_before_is_another_market(self) -> None:
        dear, cheap = outcome(price=60, speed=MIB), outcome(price=42, speed=4 * MIB, number=2)
        assert [point.round for point in after(dear, cheap).points] == [2]
        fallen = outcome(price=60, speed=MIB, number=2)
        assert [point.round for point in after(outcome(price=50, speed=4 * MIB), fallen).points] == [2]

    def test_that_fits_to_those_before_is_one_point_more(self) -> None:
        low, high = outcome(price=50, speed=MIB, useful=MIB), outcome(price=58, speed=2 * MIB, useful=2 * MIB, number=2)
        supply = after(low, high)
        assert [point.round for point in supply.points] == [1, 2]
        assert at(supply, 50) == MIB
        assert MIB <= at(supply, 54) <= 2 * MIB

    def test_gives_less_than_was_there_to_those_who_share_a_ceiling(self) -> None:
        supply = after(outcome(price=60, speed=MIB), outcome(price=60, speed=MIB // 2, useful=MIB, number=2))
        assert supply.is_shared
        assert after(*[outcome(price=60, speed=MIB, number=number) for number in (1, 2)]).is_shared is False


class TestLots:
    def test_are_taken_from_the_cheapest_and_leave_a_little(self) -> None:
        sources = [
            Source(name, Quoted(ask * BTT, 0, MIB, 0), NOTHING_SEEN) for name, ask in (("dear", 50), ("near", 40))
        ]
        first, second = cheapest(spared(MIB) + 100_000, sources, ceiling_ubtt_per_gib=60 * BTT)
        assert (first.seller, first.speed_bytes_per_s, first.price_ubtt_per_gib) == ("near", spared(MIB), 40 * BTT)
        assert (second.seller, second.gain_bytes_per_s) == ("dear", 100_000)

    def test_are_left_with_who_serves_already_if_another_is_hardly_cheaper(self) -> None:
        old = Source("old", Quoted(43 * BTT, 0, MIB, 0), NOTHING_SEEN, is_in_use=True)
        new = Source("new", Quoted(40 * BTT, 0, MIB, 0), NOTHING_SEEN)
        (lot,) = cheapest(MIB // 2, [new, old], ceiling_ubtt_per_gib=60 * BTT)
        assert lot.seller == "old"

    def test_make_up_for_what_the_seller_gave_without_money(self) -> None:
        source = Source("one", Quoted(ASK, 0, MIB, 0), NOTHING_SEEN, free_bytes_per_s=100_000)
        (lot,) = cheapest(200_000, [source], ceiling_ubtt_per_gib=ASK)
        assert (lot.speed_bytes_per_s, lot.gain_bytes_per_s) == (300_000, 200_000)

    def test_are_none_above_the_ceiling(self) -> None:
        assert cheapest(MIB, [Source("one", QUOTED, NOTHING_SEEN)], ceiling_ubtt_per_gib=ASK - 1) == []


class TestStates:
    @pytest.mark.parametrize("state", State)
    def test_are_over_or_measured_and_never_both(self, state: State) -> None:
        assert not (state.is_over and state.is_measured)
        assert State.CONTROL.is_measured
        assert State.LATE.is_over
