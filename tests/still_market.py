"""A market in which nobody but the automatic bidder moves, cleared by the market's own rule."""

from dataclasses import replace

from speed.domain.autobid import Decision, decide
from speed.domain.autobid_view import Seller, View
from speed.domain.clearing import Terms, clear
from speed.domain.deals import Wish
from speed.domain.supply import Outcome


class Shop:
    """One seller whose rounds are cleared by the market's own rule, beside others who do not change."""

    def __init__(self, seller: Seller, others: list[Terms]) -> None:
        self.seller, self._others, self.granted = seller, others, 0

    def hold_round(self, bid: Wish | None, number: int) -> None:
        ours = [Terms(*self._terms(bid))] if bid is not None and not bid.is_paused else []
        quoted = self.seller.quoted
        cleared = clear(
            ask_ubtt_per_gib=quoted.ask_ubtt_per_gib,
            for_sale_bytes_per_s=quoted.for_sale_bytes_per_s,
            bids=[*self._others, *ours],
        )
        self.granted = cleared.granted_bytes_per_s[-1] if ours else 0
        supply = self.seller.supply
        if bid is not None and ours:
            heard = Outcome(number, bid, cleared.price_ubtt_per_gib, self.granted)
            supply = supply.after(heard, ask_ubtt_per_gib=quoted.ask_ubtt_per_gib)
        quoted = replace(quoted, last_price_ubtt_per_gib=cleared.price_ubtt_per_gib, other_bidders=len(self._others))
        self.seller = replace(self.seller, quoted=quoted, bid=bid, supply=supply)

    def _terms(self, bid: Wish) -> tuple[int, int, int, int]:
        return bid.max_price_ubtt_per_gib, bid.spend_ubtt_per_s, bid.useful_bytes_per_s, 2**40


def rounds(view: View, shops: list[Shop], count: int) -> list[Decision]:
    """Bid in so many rounds of a market in which nobody else moves."""
    decisions = []
    for number in range(count):
        now_s = view.now_s + number * 10
        decision = decide(replace(view, now_s=now_s, sellers=tuple(shop.seller for shop in shops)))
        for shop in shops:
            shop.hold_round(decision.bids.get(shop.seller.name), now_s // 10)
        decisions.append(decision)
    return decisions
