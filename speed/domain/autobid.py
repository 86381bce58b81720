"""What is bid for a slow torrent in this round, and why: from what is seen to bids and a sentence, nothing else.

Whatever the swarm lacks of the wish is bought where it costs least. A bid names the price at which that seller probably
has so much, and a little more; each round shows how far that was right (`supply`), and the next bids go by it. What
is good enough stays as it is: a bid that moves all the time moves everybody's price.

Two things hold whatever is seen. No bid is above the ceiling; and bids of one round can't cost more than there is, in
channels and budgets, even if each were billed its whole price until its grant runs out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from speed.domain import autobid_words as words
from speed.domain.autobid_view import Seller, State, View
from speed.domain.buying import LEAST_CHANGE_PERCENT, MAX_DEALS_OF_TORRENT, price_of
from speed.domain.deals import Wish
from speed.domain.lots import Lot, Source, cheapest
from speed.domain.meters import GRANT_LIFE_MS, SLACK_BYTES
from speed.domain.rounds import ROUND_S
from speed.domain.supply import FULL_PERCENT, LEAST_LANE_BYTES_PER_S
from wallet.domain.rounding import GIB

GRANT_LIFE_S = GRANT_LIFE_MS // 1_000
HEADROOM_PERCENT = 5  # a bid's price above the one that is expected, so that a small rise does not lose the lane
DIGITS = 3  # of a price: the page says 45.1, not 45.123456
# What is bought may be so much more than what is missing, or less, before anything is bid anew.
SPARE_MORE_PERCENT = 10  # of what is missing
SPARE_MORE_OF_WISH_PERCENT = 5
SPARE_LESS_OF_WISH_PERCENT = 2
DEARER_PERCENT = 10  # so much dearer than a new plan may the standing bids be
ABOVE_PERCENT = 25  # so far above the price may a standing bid be, or it comes down: the price could follow it up


@dataclass(frozen=True, slots=True)
class Decision:
    """What to bid in this round. Every seller with a bid is named; a pause where nothing is bought of it now."""

    state: State
    sentence: str
    bids: Mapping[str, Wish]
    expected_bytes_per_s: int = 0  # that are probably bought with them


class _Bid(NamedTuple):
    seller: Seller
    wish: Wish
    is_hope: bool = False  # that others leave something: none is expected


def decide(view: View) -> Decision:
    """Return what to bid in this round, in a control nothing, and the reason in a sentence."""
    paused = {seller.name: _paused(seller.bid) for seller in view.sellers if seller.bid is not None}
    state = _reason_to_rest(view)
    if state is None and view.is_control:
        state = State.CONTROL
    if state is not None:
        return Decision(state, words.resting(state, view), paused)
    wanted = _held(view) or _planned(view)
    bids = _within_money(view, wanted)
    if not bids:
        return Decision(State.NO_MONEY, words.resting(State.NO_MONEY, view), paused)
    expected = sum(_buys(bids[bid.seller.name]) for bid in wanted if bid.seller.name in bids and not bid.is_hope)
    state = State.WAITING if view.obstacle else State.BIDDING
    return Decision(state, words.bidding(view, bids, is_hope=not expected), paused | bids, expected)


def _reason_to_rest(view: View) -> State | None:
    """Return why nothing is bid; None if there is something to bid for, or would be but for a control."""
    reasons = (
        (State.STOPPED, view.is_stopped),
        (State.DONE, view.left_bytes <= 0),
        (State.LATE, view.goal.is_late(now_s=view.now_s)),
        (State.NO_GAIN, view.brings_nothing),
        (State.WATCHING, not view.watch.is_slow and view.watch.opposite_since_s is not None),
        (State.FAST_ENOUGH, view.watch.is_met or view.missing_bytes_per_s <= 0),
        (State.WAITING, not view.sellers and bool(view.obstacle)),
        (State.NO_SELLERS, not view.sellers),
        (State.TOO_DEAR, not view.affordable),
        (State.NO_MONEY, view.money_ubtt <= 0),
    )
    return next((state for state, holds in reasons if holds), None)


def lots(view: View) -> list[Lot]:
    """Return from whom to buy what is missing, cheapest first; of more sellers than there are deals, the largest."""
    now_round = view.now_s // ROUND_S
    sources = [
        Source(
            seller.name,
            seller.quoted,
            seller.supply.fresh(now_round),
            seller.free_bytes_per_s,
            is_in_use=seller.is_bidding,
        )
        for seller in view.affordable
    ]
    found = cheapest(view.missing_bytes_per_s, sources, ceiling_ubtt_per_gib=view.ceiling_ubtt_per_gib)
    if len(found) <= MAX_DEALS_OF_TORRENT:
        return found
    largest = sorted(found, key=lambda lot: (-lot.gain_bytes_per_s, lot.seller))[:MAX_DEALS_OF_TORRENT]
    kept = {lot.seller for lot in largest}
    sources = [source for source in sources if source.seller in kept]
    return cheapest(view.missing_bytes_per_s, sources, ceiling_ubtt_per_gib=view.ceiling_ubtt_per_gib)


def _planned(view: View) -> list[_Bid]:
    """Return new bids, without a thought for the money; where the sellers have too little, one more that hopes."""
    by_name = {seller.name: seller for seller in view.affordable}
    ceiling, found = view.ceiling_ubtt_per_gib, lots(view)
    left = view.missing_bytes_per_s - sum(lot.gain_bytes_per_s for lot in found)
    bids = []
    for lot in found:
        seller, speed = by_name.pop(lot.seller), lot.speed_bytes_per_s
        price = min(_rounded_up(lot.price_ubtt_per_gib * (100 + HEADROOM_PERCENT) // 100), ceiling)
        if price == ceiling and seller.supply.is_shared:
            before = seller.bid.useful_bytes_per_s if seller.bid is not None else 0
            speed, left = max(speed + left, min(before, view.missing_bytes_per_s)), 0
        bids.append(_Bid(seller, _unless_near(seller.bid, _paid_for(speed, price), ceiling)))
    if left >= LEAST_LANE_BYTES_PER_S and by_name and len(bids) < MAX_DEALS_OF_TORRENT:
        seller = next(iter(by_name.values()))
        bids.append(_Bid(seller, _unless_near(seller.bid, _paid_for(left, ceiling), ceiling), is_hope=True))
    return bids


def _held(view: View) -> list[_Bid]:
    """Return the standing bids if they are good enough: all of them served, about enough, and hardly to be had cheaper.

    Empty: they are not.
    """
    standing = [_Bid(seller, seller.bid) for seller in view.affordable if seller.bid is not None and seller.is_bidding]
    if any(bid.max_price_ubtt_per_gib > view.ceiling_ubtt_per_gib for _, bid, _ in standing):
        return []
    if not all(_is_served(seller, bid) for seller, bid, _ in standing):
        return []
    gain = sum(bid.useful_bytes_per_s - seller.free_bytes_per_s for seller, bid, _ in standing)
    lacks, wish = view.missing_bytes_per_s, view.needed_bytes_per_s
    least = lacks - wish * SPARE_LESS_OF_WISH_PERCENT // 100
    most = lacks + max(lacks * SPARE_MORE_PERCENT, wish * SPARE_MORE_OF_WISH_PERCENT) // 100
    if not least <= gain <= most:
        return []
    now_costs = sum(
        bid.useful_bytes_per_s * seller.supply.last.price_ubtt_per_gib
        for seller, bid, _ in standing
        if seller.supply.last is not None
    )
    could_cost = sum(lot.speed_bytes_per_s * lot.price_ubtt_per_gib for lot in lots(view))
    if now_costs * 100 > could_cost * (100 + DEARER_PERCENT):
        return []
    return [_Bid(seller, _paid_for(bid.useful_bytes_per_s, bid.max_price_ubtt_per_gib)) for seller, bid, _ in standing]


def _is_served(seller: Seller, bid: Wish) -> bool:
    """Whether the last round gave all that this bid wants, at a price that is not far below it, and it comes, too."""
    last, most = seller.supply.last, seller.supply.most_bytes_per_s
    return (
        last is not None
        and (most is None or bid.useful_bytes_per_s <= most)
        and last.bid == bid
        and last.is_full
        and last.speed_bytes_per_s * 100 >= bid.useful_bytes_per_s * FULL_PERCENT
        and bid.max_price_ubtt_per_gib * 100 <= last.price_ubtt_per_gib * (100 + ABOVE_PERCENT)
    )


def _unless_near(old: Wish | None, new: Wish, ceiling: int) -> Wish:
    """Return the old bid in place of a new one that hardly differs; its money is looked at afterwards."""
    if old is None or old.is_paused or old.max_price_ubtt_per_gib > ceiling:
        return new
    pairs = (
        (old.max_price_ubtt_per_gib, new.max_price_ubtt_per_gib),
        (old.useful_bytes_per_s, new.useful_bytes_per_s),
    )
    if any(abs(after - before) * 100 >= before * LEAST_CHANGE_PERCENT for before, after in pairs):
        return new
    return _paid_for(old.useful_bytes_per_s, old.max_price_ubtt_per_gib)


def _within_money(view: View, bids: Sequence[_Bid]) -> dict[str, Wish]:
    """Return the bids with a pace that the money lasts for; those with the lowest prices have it first.

    Only the pace is cut, and what one that is cut leaves goes to no other: so more money never buys less.
    """
    left_ubtt = view.budget_left_ubtt
    found = {}
    for seller, bid, _ in sorted(bids, key=lambda bid: (bid.wish.max_price_ubtt_per_gib, bid.seller.name)):
        in_channel_ubtt = max(seller.in_channel_ubtt, 0)
        most = (in_channel_ubtt + left_ubtt - slack_ubtt(bid)) // GRANT_LIFE_S
        spend = min(bid.spend_ubtt_per_s, most)
        if spend > 0:
            found[seller.name] = Wish(bid.max_price_ubtt_per_gib, spend, bid.useful_bytes_per_s)
        is_cut = most < bid.spend_ubtt_per_s
        used_ubtt = max(bid.spend_ubtt_per_s * GRANT_LIFE_S + slack_ubtt(bid) - in_channel_ubtt, 0)
        left_ubtt = 0 if is_cut else left_ubtt - used_ubtt
    return found


def slack_ubtt(bid: Wish) -> int:
    """Return what a round may bill beyond the pace."""
    return price_of(SLACK_BYTES, bid.max_price_ubtt_per_gib)


def _paid_for(speed_bytes_per_s: int, price_ubtt_per_gib: int) -> Wish:
    """Return the bid whose pace pays for a speed at its own price, rounded up."""
    pace = max(-(-speed_bytes_per_s * price_ubtt_per_gib // GIB), 1)
    return Wish(price_ubtt_per_gib, pace, speed_bytes_per_s)


def _buys(bid: Wish) -> int:
    """Return what a bid buys if it costs what it costs at most."""
    return min(bid.useful_bytes_per_s, bid.spend_ubtt_per_s * GIB // bid.max_price_ubtt_per_gib)


def _paused(bid: Wish) -> Wish:
    return Wish(bid.max_price_ubtt_per_gib, 0, 0)


def _rounded_up(price: int) -> int:
    """Return a price with three digits that say something."""
    step = int("1".ljust(len(str(price)) - DIGITS + 1, "0"))
    return -(-price // step) * step
