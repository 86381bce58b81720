"""What holds of the automatic bidder whatever it has seen."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.kept import told
from speed.domain.autobid import GRANT_LIFE_S, decide, slack_ubtt
from speed.domain.autobid_view import Seller, State, View
from speed.domain.buying import LEAST_CHANGE_PERCENT, MAX_DEALS_OF_TORRENT, price_of
from speed.domain.clearing import Terms
from speed.domain.deals import Wish
from speed.domain.shortfall import Goal, Watch
from speed.domain.supply import Outcome, Quoted, Supply
from tests.servers import PROVE
from tests.still_market import Shop, rounds
from wallet.domain.rounding import GIB

KIB, MIB, BTT = 2**10, 2**20, 1_000_000
NOW_S = 1_000_000_000
SLOW = Watch(is_slow=True)

prices = st.integers(4_096, 10**9)
speeds = st.integers(0, 100 * MIB)
moneys = st.integers(0, 10**9)
wishes = st.builds(Wish, prices, st.integers(0, 10**7), speeds)
outcomes = st.builds(Outcome, st.integers(NOW_S // 10 - 40, NOW_S // 10), wishes, prices, speeds)
quotes = st.builds(Quoted, prices, st.one_of(st.just(0), prices), speeds, st.integers(0, 5))
watches = st.builds(Watch, st.booleans(), st.one_of(st.none(), st.integers(NOW_S - 100, NOW_S)))
goals = st.builds(Goal, speeds, st.one_of(st.none(), st.integers(NOW_S - 10, NOW_S + 10**6)))


@st.composite
def sellers(draw: st.DrawFn) -> tuple[Seller, ...]:
    found = []
    for name in draw(st.lists(st.sampled_from("abcdefghijkl"), max_size=10, unique=True)):
        quoted, supply = draw(quotes), Supply()
        for outcome in sorted(draw(st.lists(outcomes, max_size=4)), key=lambda outcome: outcome.round):
            supply = supply.after(outcome, ask_ubtt_per_gib=quoted.ask_ubtt_per_gib)
        last = supply.last.bid if supply.last else None
        bid = draw(st.sampled_from((None, last, draw(wishes))))
        found.append(Seller(name, quoted, supply, bid, draw(moneys), draw(st.integers(0, MIB))))
    return tuple(found)


views = st.builds(
    View,
    now_s=st.just(NOW_S),
    goal=goals,
    ceiling_ubtt_per_gib=prices,
    torrent_left_ubtt=moneys,
    day_left_ubtt=moneys,
    left_bytes=st.integers(0, 2**40),
    total_bytes_per_s=speeds,
    free_bytes_per_s=speeds,
    watch=st.one_of(st.just(SLOW), watches),
    sellers=sellers(),
    obstacle=st.sampled_from(("", "A hub is silent.")),
    is_control=st.booleans(),
    brings_nothing=st.sampled_from((False, False, True)),
    is_stopped=st.sampled_from((False, False, True)),
)
bidding = views.map(lambda view: replace(view, is_control=False, brings_nothing=False, is_stopped=False, watch=SLOW))


def buys(bid: Wish) -> int:
    return min(bid.useful_bytes_per_s, bid.spend_ubtt_per_s * GIB // bid.max_price_ubtt_per_gib)


class TestEveryDecision:
    @given(views)
    def test_bids_no_more_than_the_ceiling_and_no_more_than_there_is(self, view: View) -> None:
        out_of_budgets_ubtt = 0
        in_channels = {seller.name: seller.in_channel_ubtt for seller in view.sellers}
        found = decide(view).bids
        for name, bid in found.items():
            if bid.is_paused:
                continue
            assert bid.max_price_ubtt_per_gib <= view.ceiling_ubtt_per_gib
            worst_ubtt = bid.spend_ubtt_per_s * GRANT_LIFE_S + slack_ubtt(bid)
            out_of_budgets_ubtt += max(worst_ubtt - in_channels[name], 0)
        assert sum(not bid.is_paused for bid in found.values()) <= MAX_DEALS_OF_TORRENT
        assert out_of_budgets_ubtt <= view.budget_left_ubtt

    @given(bidding, moneys, moneys)
    def test_buys_no_less_with_more_money(self, view: View, more_of_torrent: int, more_of_day: int) -> None:
        richer = replace(
            view,
            torrent_left_ubtt=view.torrent_left_ubtt + more_of_torrent,
            day_left_ubtt=view.day_left_ubtt + more_of_day,
        )
        poor, rich = decide(view), decide(richer)
        assert rich.expected_bytes_per_s >= poor.expected_bytes_per_s
        for name, bid in poor.bids.items():
            assert buys(rich.bids[name]) >= buys(bid)

    @given(views)
    def test_has_a_sentence_that_is_whole(self, view: View) -> None:
        found = decide(view)
        sentence = told(found.sentence)
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert "%(" not in sentence
        if found.state is State.BIDDING:
            assert "/s" in sentence
            assert "BTT/GiB" in sentence

    @given(views)
    def test_is_the_same_in_whatever_order_sellers_are_known(self, view: View) -> None:
        assert decide(view) == decide(view)
        found, other = decide(view), decide(replace(view, sellers=view.sellers[::-1]))
        assert (found.state, found.bids, found.sentence) == (other.state, other.bids, other.sentence)

    @given(views)
    def test_names_every_seller_that_has_a_bid_and_pays_only_while_it_is_bidding(self, view: View) -> None:
        found = decide(view)
        assert {seller.name for seller in view.sellers if seller.bid is not None} <= set(found.bids)
        is_bid = any(not bid.is_paused for bid in found.bids.values())
        assert is_bid or found.state is not State.BIDDING
        assert not is_bid or found.state in (State.BIDDING, State.WAITING)
        assert found.state is not State.BIDDING or not view.obstacle

    @given(bidding)
    def test_changes_a_bid_by_a_twentieth_or_not_at_all(self, view: View) -> None:
        rich = replace(view, torrent_left_ubtt=10**15, day_left_ubtt=10**15)
        found = decide(rich)
        for seller in view.sellers:
            old = seller.bid
            if old is None or old.is_paused or old.max_price_ubtt_per_gib > view.ceiling_ubtt_per_gib:
                continue
            new = found.bids[seller.name]
            is_same = new.max_price_ubtt_per_gib == old.max_price_ubtt_per_gib
            is_same = is_same and new.useful_bytes_per_s == old.useful_bytes_per_s
            assert is_same or any(
                abs(after - before) * 100 >= before * LEAST_CHANGE_PERCENT
                for before, after in (
                    (old.max_price_ubtt_per_gib, new.max_price_ubtt_per_gib),
                    (old.useful_bytes_per_s, new.useful_bytes_per_s),
                )
            )


@st.composite
def rivals(draw: st.DrawFn, *, for_sale: int) -> list[Terms]:
    found = []
    for _ in range(draw(st.integers(0, 4))):
        ceiling = draw(st.integers(10, 150)) * BTT
        useful = for_sale * draw(st.integers(5, 100)) // 100
        found.append(Terms(ceiling, ceiling * useful // GIB * draw(st.integers(20, 100)) // 100, useful, useful))
    return found


@st.composite
def still_markets(draw: st.DrawFn) -> list[Shop]:
    shops = []
    for name in "abc"[: draw(st.integers(1, 3))]:
        for_sale = draw(st.integers(MIB // 4, 8 * MIB))
        quoted = Quoted(draw(st.integers(10, 80)) * BTT, 0, for_sale, 0)
        shops.append(Shop(Seller(name, quoted), draw(rivals(for_sale=for_sale))))
    return shops


def view_of(free: int) -> View:
    return View(
        now_s=NOW_S,
        goal=Goal(least_bytes_per_s=2 * MIB),
        ceiling_ubtt_per_gib=100 * BTT,
        torrent_left_ubtt=10**12,
        day_left_ubtt=10**12,
        left_bytes=2**40,
        total_bytes_per_s=free,
        free_bytes_per_s=free,
        watch=SLOW,
    )


def rests(bids: Sequence[object]) -> bool:
    """Say whether the last nine rounds were bid alike in."""
    return all(one == bids[-1] for one in bids[-9:])


@pytest.mark.timeout(60 * (1 + PROVE))
class TestEveryHistory:
    @given(still_markets(), st.integers(0, MIB))
    def test_of_a_market_that_does_not_move_comes_to_rest(self, shops: list[Shop], free: int) -> None:
        found = [tuple(sorted(one.bids.items())) for one in rounds(view_of(free), shops, 29)]
        if not rests(found):  # two sellers alike, whose prices each bid moves: they are learned some minutes later
            later = replace(view_of(free), now_s=NOW_S + 10 * len(found))
            found += [tuple(sorted(one.bids.items())) for one in rounds(later, shops, 29)]
        assert any(rests(found[:count]) for count in range(29, len(found) + 1))

    @given(
        st.integers(0, 200 * BTT),
        st.lists(st.tuples(still_markets(), st.integers(0, MIB), st.integers(0, 12)), min_size=1, max_size=8),
    )
    def test_of_whatever_markets_costs_no_more_than_the_budget(
        self, budget_ubtt: int, history: list[tuple[list[Shop], int, int]]
    ) -> None:
        left_ubtt = budget_ubtt
        known: dict[str, Seller] = {}
        for number, (shops, free, lasts_s) in enumerate(history):
            for shop in shops:
                before = known.get(shop.seller.name, shop.seller)
                shop.seller = replace(shop.seller, bid=before.bid, supply=before.supply)
            view = replace(view_of(free), torrent_left_ubtt=left_ubtt, now_s=NOW_S + number * 10)
            (decision,) = rounds(view, shops, 1)
            for shop in shops:
                known[shop.seller.name] = shop.seller
                bid = decision.bids.get(shop.seller.name)
                if shop.granted and bid is not None:
                    price = shop.seller.quoted.last_price_ubtt_per_gib
                    assert price <= 100 * BTT
                    left_ubtt -= price_of(shop.granted * lasts_s + MIB, price)
            assert left_ubtt >= 0
