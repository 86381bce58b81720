"""One round's price and shares: what every buyer may rely on, whatever the others bid."""

import random
import sys
from fractions import Fraction
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.config.benches import clearing as bench
from speed.domain.clearing import Clearing, Terms, clear
from speed.domain.refusals import Reason
from tests.markets import demand, markets, price_by_witness, terms, total

MIB = 2**20
Market = tuple[int, int, list[Terms]]


def cleared(market: Market) -> Clearing:
    ask, for_sale, bids = market
    return clear(ask_ubtt_per_gib=ask, for_sale_bytes_per_s=for_sale, bids=bids)


def btt(per_mib: str) -> int:
    """Return a price of BTT per MiB in µBTT per GiB."""
    return int(Fraction(per_mib) * 1_000_000 * 1_024)


class TestTheWorkedExample:
    """Upload 10 MiB/s, of which 8 are for sale at 0.010 BTT per MiB or more."""

    bids = [
        Terms(btt("0.050"), 200_000, 6 * MIB, 99 * MIB),
        Terms(btt("0.040"), 100_000, 6 * MIB, 99 * MIB),
        Terms(btt("0.030"), 50_000, 6 * MIB, 99 * MIB),
    ]

    def test_clears_at_what_uses_all_that_is_for_sale(self) -> None:
        found = cleared((btt("0.010"), 8 * MIB, self.bids))
        assert found.price_ubtt_per_gib == btt("0.0375")
        assert found.granted_bytes_per_s == (8 * MIB * 2 // 3, 8 * MIB // 3, 0)  # 2 : 1 as they spend
        assert found.lost_by == (None, None, Reason.PRICE_TOO_LOW)

    def test_clears_at_the_ask_when_less_is_wanted_than_is_for_sale(self) -> None:
        found = cleared((btt("0.030"), 100 * MIB, self.bids))
        assert found.price_ubtt_per_gib == btt("0.030")
        assert found.granted_bytes_per_s == (6 * MIB, 200 * MIB // 60, 100 * MIB // 60)  # the first can use no more

    def test_shares_what_is_left_among_those_whose_ceiling_is_the_price(self) -> None:
        bids = [Terms(9_000, 10**9, 6 * MIB, 99 * MIB), *[Terms(5_000, spend, 9 * MIB, 9 * MIB) for spend in (60, 20)]]
        found = cleared((4_096, 8 * MIB, bids))
        assert (found.price_ubtt_per_gib, found.exact_price) == (5_000, (5_000, 1))
        assert found.granted_bytes_per_s == (6 * MIB, 3 * MIB // 2, MIB // 2)

    def test_leaves_nothing_to_them_if_the_others_take_exactly_all(self) -> None:
        bids = [Terms(9_000, 5_000, 2**40, 2**40), Terms(5_000, 10**9, MIB, MIB)]
        found = cleared((4_096, 2**30, bids))
        assert (found.exact_price, found.granted_bytes_per_s) == ((5_000, 1), (2**30, 0))
        assert found.lost_by == (None, Reason.NO_CAPACITY)


class TestARound:
    @given(markets)
    def test_has_the_price_and_the_shares_of_the_rule(self, market: Market) -> None:
        ask, for_sale, bids = market
        found = cleared(market)
        price = price_by_witness(*market)
        assert Fraction(*found.exact_price) == price >= ask
        assert found.price_ubtt_per_gib == price.__floor__()
        assert sum(found.granted_bytes_per_s) <= for_sale
        if for_sale:  # what flooring leaves is less than a byte for each
            most = min(Fraction(for_sale), total(bids, price))
            assert sum(found.granted_bytes_per_s) > most - max(len(bids), 1)
        for bid, share in zip(bids, found.granted_bytes_per_s, strict=True):
            if bid.max_price_ubtt_per_gib > price and for_sale:
                assert share == demand(bid, price).__floor__()
            assert share <= demand(bid, price)  # so nobody above its ceiling, its use, its credit or its spend

    @given(markets, st.randoms(use_true_random=False))
    def test_is_the_same_in_whatever_order_bids_came(self, market: Market, draw: random.Random) -> None:
        ask, for_sale, bids = market
        order = draw.sample(range(len(bids)), len(bids))
        found, shuffled = cleared(market), cleared((ask, for_sale, [bids[place] for place in order]))
        assert shuffled.exact_price == found.exact_price
        assert shuffled.granted_bytes_per_s == tuple(found.granted_bytes_per_s[place] for place in order)

    @given(markets, terms, st.integers(1, 2**62))
    def test_never_gives_less_for_more(self, market: Market, bid: Terms, more: int) -> None:
        ask, for_sale, bids = market
        richer = bid._replace(spend_ubtt_per_s=bid.spend_ubtt_per_s + more)
        shares = [cleared((ask, for_sale, [*bids, one])).granted_bytes_per_s[-1] for one in (bid, richer)]
        assert shares[0] <= shares[1]

    @given(markets)
    def test_says_of_each_bid_why_it_lost(self, market: Market) -> None:
        found = cleared(market)
        for bid, share, why in zip(market[2], found.granted_bytes_per_s, found.lost_by, strict=True):
            assert (why is None) == (share > 0)
            if share == 0 and bid.max_price_ubtt_per_gib < Fraction(*found.exact_price):
                assert why is Reason.PRICE_TOO_LOW
            elif share == 0:
                assert why is (Reason.NO_CAPACITY if bid.cap_bytes_per_s else Reason.UNPAID)

    def test_without_bids_or_anything_for_sale_is_at_the_ask(self) -> None:
        bid = Terms(9_000, 10**9, MIB, MIB)
        assert cleared((5_000, MIB, [])).price_ubtt_per_gib == 5_000
        nothing = cleared((5_000, 0, [bid]))
        assert (nothing.price_ubtt_per_gib, nothing.granted_bytes_per_s) == (5_000, (0,))
        assert nothing.lost_by == (Reason.NO_CAPACITY,)

    @pytest.mark.parametrize(("ask", "for_sale"), [(0, 1), (-1, 1), (4_096, -1)])
    def test_needs_an_ask_and_something_that_is_not_below_zero(self, ask: int, for_sale: int) -> None:
        with pytest.raises(ValueError, match="ask"):
            cleared((ask, for_sale, []))


class TestItsWork:
    """Counted in steps of the interpreter, which no other process changes; sorting, in C, is n log n by itself."""

    FEW, FOURFOLD = 256, 6  # four times as many bids, with their longer logarithm, are 5 times the work

    @pytest.mark.parametrize("kind", ["spread", "alike", "equal", "knotted"])
    def test_grows_little_faster_than_the_number_of_bids(self, kind: str) -> None:
        few, many = (steps_of(market_of(kind, bids)) for bids in (self.FEW, 4 * self.FEW))
        assert 3 * few < many < self.FOURFOLD * few


def market_of(kind: str, bids: int) -> Market:
    """Return a market of so many bids. The knotted all bend at the price: whether caps bind stays open to the end."""
    draw, middle = random.Random(1), 2**30
    found = []
    for number in range(bids):
        speed = draw.randint(16 * 1_024, 16 * MIB)
        ceiling = {
            "spread": draw.randint(4_096, 2**40),
            "alike": draw.randint(40_000_000, 80_000_000),
            "equal": 60_000_000,
            "knotted": middle + (number - bids // 2) * 2,
        }[kind]
        found.append(Terms(ceiling, speed if kind == "knotted" else draw.randint(1, 500_000), speed, 16 * MIB))
    fastest = sum(bid.useful_bytes_per_s for bid in found)
    return 4_096, fastest // 2 if kind == "knotted" else 4 * MIB * bids, found


def steps_of(market: Market) -> int:
    """Clear a market, and return how many steps of the interpreter it took."""
    steps, before = 0, sys.gettrace()

    def step(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal steps
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        steps += event == "opcode"
        return step

    sys.settrace(step)
    try:
        cleared(market)
    finally:
        sys.settrace(before)
    return steps


class TestTheBench:
    def test_measures_a_round_and_finds_nearly_the_best_use_of_what_is_for_sale(self) -> None:
        figures = bench.measure(bids=200, rounds=1, markets=20)
        assert figures["clearing_ms"] > 0
        assert 0.95 <= figures["efficiency"] <= 1
