"""What a node might ask, from its rounds and its buyers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speed.domain.asking import LEAST_ROUNDS, Demand, Sold, Suggestion, Way, suggest
from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB
from wallet.domain.money import Asset

MIB, BTT = 2**20, 1_000_000
ASK = 20 * BTT

prices = st.integers(MIN_PRICE_UBTT_PER_GIB, MAX_PRICE_UBTT_PER_GIB)


@st.composite
def sums(draw: st.DrawFn) -> Sold:
    rounds = draw(st.integers(1, 60_480))
    for_sale = draw(st.integers(0, 2**40))
    return Sold(draw(prices), rounds, draw(st.integers(0, rounds)), draw(st.integers(0, for_sale)), for_sale)


demands = st.builds(
    Demand,
    sells=st.sampled_from((True, True, True, False)),
    ask_ubtt_per_gib=prices,
    sold=st.lists(sums(), max_size=4),
    ceilings=st.lists(prices, max_size=4),
    leechers=st.integers(0, 3),
)


def rounds(price: int, *, used_percent: int = 100, number: int = 100, competed: int = 0) -> Sold:
    return Sold(price * BTT, number, competed, number * MIB * used_percent // 100, number * MIB)


def asked(*sold: Sold, ceilings: tuple[int, ...] = (), leechers: int = 0) -> Suggestion:
    found = Demand(True, ASK, sold, [ceiling * BTT for ceiling in ceilings], leechers)
    return suggest(found, asset=Asset.TRC20)


class TestASuggestedAsk:
    def test_rises_halfway_to_what_rounds_clear_at_when_buyers_compete(self) -> None:
        assert asked(rounds(30, competed=60), ceilings=(40, 50)) == Suggestion(
            Way.RAISE,
            25 * BTT,
            "Buyers competed in 60 % of a week's rounds, which cleared at 30 BTT/GiB on average. Try 25 BTT/GiB.",
        )

    def test_weighs_prices_by_what_was_sold_at_them(self) -> None:
        few, many = rounds(100, number=10, competed=10), rounds(30, number=90, competed=90)
        assert "cleared at 37 BTT/GiB" in asked(few, many).sentence
        assert "cleared at 30.6 BTT/GiB" in asked(rounds(30, competed=100), rounds(37, number=10)).sentence

    def test_does_not_rise_above_what_half_of_the_buyers_would_pay(self) -> None:
        assert asked(rounds(40, competed=100), ceilings=(22, 24, 90)).ask_ubtt_per_gib == 24 * BTT
        stays = asked(rounds(40, competed=100), ceilings=(20, 20, 90))
        assert (stays.way, stays.ask_ubtt_per_gib) == (Way.STAY, ASK)
        assert "Half of them would pay no more than you ask." in stays.sentence

    def test_stays_when_what_is_for_sale_sells(self) -> None:
        assert asked(rounds(20, used_percent=80), ceilings=(30, 10)) == Suggestion(
            Way.STAY, ASK, "In a week's rounds 80 % of what is for sale was sold, at 20 BTT/GiB on average: it fits."
        )
        assert asked(rounds(21, competed=100)).way is Way.STAY  # 20.5 in two digits is what it asks

    def test_falls_when_much_is_left_over_and_buyers_are_shut_out(self) -> None:
        assert asked(rounds(20, used_percent=30), ceilings=(30, 12, 16, 18)) == Suggestion(
            Way.LOWER,
            16 * BTT,
            "In a week's rounds 30 % of what is for sale was sold, and ceilings of 3 buyers were below the ask. "
            "Try 16 BTT/GiB.",
        )
        assert asked(rounds(20, used_percent=30), ceilings=(30,)).way is Way.STAY

    def test_falls_to_what_bidders_would_pay_when_nothing_is_sold_by_half_at_most(self) -> None:
        found = asked(rounds(20, used_percent=0), ceilings=(15,))
        assert (found.way, found.ask_ubtt_per_gib) == (Way.LOWER, 15 * BTT)
        assert "bids by one buyer within a week, of up to 15 BTT/GiB." in found.sentence
        assert asked(ceilings=(1, 2)).ask_ubtt_per_gib == 10 * BTT

    def test_falls_by_a_fifth_when_only_leechers_are_here(self) -> None:
        found = asked(leechers=3)
        assert (found.way, found.ask_ubtt_per_gib) == (Way.LOWER, 16 * BTT)
        assert "Those that know of no market buy at no price." in found.sentence

    def test_is_not_known_without_sales_rounds_or_a_seller(self) -> None:
        for found in (asked(), asked(ceilings=(30,), leechers=3), asked(rounds(30, number=LEAST_ROUNDS - 1))):
            assert (found.way, found.ask_ubtt_per_gib) == (Way.UNKNOWN, ASK)
            assert found.sentence.startswith("Not enough is known")
        off = suggest(Demand(False, ASK, [rounds(30)], [], 3), asset=Asset.TRC20)
        assert (off.way, off.sentence) == (
            Way.UNKNOWN,
            "Selling is off: turn it on, and a week of rounds will tell.",
        )

    @pytest.mark.parametrize("ask", [MIN_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB + 1])
    def test_is_never_below_the_least_price(self, ask: int) -> None:
        found = suggest(Demand(True, ask, [], [], 3), asset=Asset.TRC20)
        assert found.ask_ubtt_per_gib >= MIN_PRICE_UBTT_PER_GIB

    @given(demands)
    def test_keeps_within_bounds_and_says_why_whatever_was_seen(self, demand: Demand) -> None:
        found, ask = suggest(demand, asset=Asset.TRC20), demand.ask_ubtt_per_gib
        assert found.sentence.endswith(".")
        assert MIN_PRICE_UBTT_PER_GIB <= found.ask_ubtt_per_gib <= MAX_PRICE_UBTT_PER_GIB
        match found.way:
            case Way.RAISE:
                assert ask < found.ask_ubtt_per_gib <= 2 * ask
            case Way.LOWER:
                assert ask <= 2 * found.ask_ubtt_per_gib < 2 * ask
            case _:
                assert found.ask_ubtt_per_gib == ask

    @given(demands, st.integers(1, 2**30))
    def test_is_never_lower_for_rounds_that_cleared_higher(self, demand: Demand, more: int) -> None:
        dearer = [replace(one, price_ubtt_per_gib=one.price_ubtt_per_gib + more) for one in demand.sold]
        before = suggest(demand, asset=Asset.TRC20)
        after = suggest(replace(demand, sold=dearer), asset=Asset.TRC20)
        assert after.ask_ubtt_per_gib >= before.ask_ubtt_per_gib
