"""Random markets, and a slow witness of the clearing rule that shares no step with ours: fractions, no shortcuts."""

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import strategies as st

from speed.domain.clearing import Terms

GIB = 2**30

# Ceilings close together meet each other and the ask; large and small spends and speeds bind in turn.
prices = st.integers(4_096, 4_100) | st.integers(4_096, 2**40)
spends = st.integers(0, 9) | st.integers(0, 10**6) | st.integers(0, 2**62)
speeds = st.integers(0, 9) | st.integers(0, 2**30) | st.integers(0, 2**62)
terms = st.builds(Terms, prices, spends, speeds, speeds)
markets = st.tuples(prices, speeds, st.lists(terms, max_size=8))


def demand(bid: Terms, price: Fraction) -> Fraction:
    if bid.max_price_ubtt_per_gib < price:
        return Fraction(0)
    return min(Fraction(min(bid.useful_bytes_per_s, bid.cap_bytes_per_s)), bid.spend_ubtt_per_s * GIB / price)


def total(bids: Sequence[Terms], price: Fraction) -> Fraction:
    return sum((demand(bid, price) for bid in bids), Fraction(0))


def price_by_witness(ask: int, for_sale: int, bids: Sequence[Terms]) -> Fraction:
    """Return the highest price from the ask on at which demand is enough; the ask if it nowhere is.

    Demand bends at ceilings and where a cap begins to bind; between two bends it is a constant and a multiple of 1 ÷ p.
    """
    lowest = Fraction(ask)
    if for_sale == 0 or total(bids, lowest) < for_sale:
        return lowest
    fastest = {bid: min(bid.useful_bytes_per_s, bid.cap_bytes_per_s) for bid in bids}
    bends = {lowest} | {Fraction(bid.max_price_ubtt_per_gib) for bid in bids}
    bends |= {Fraction(bid.spend_ubtt_per_s * GIB, fastest[bid]) for bid in bids if fastest[bid]}
    bend = max(price for price in bends if price >= lowest and total(bids, price) >= for_sale)
    above = min((price for price in bends if price > bend), default=None)
    if above is None:
        return bend
    there = [bid for bid in bids if bid.max_price_ubtt_per_gib >= above]
    bought = sum(bid.spend_ubtt_per_s * GIB for bid in there if bid.spend_ubtt_per_s * GIB <= bend * fastest[bid])
    fixed = sum(fastest[bid] for bid in there if bid.spend_ubtt_per_s * GIB > bend * fastest[bid])
    found = Fraction(bought, for_sale - fixed) if for_sale > fixed else bend
    return found if bend < found < above else bend
