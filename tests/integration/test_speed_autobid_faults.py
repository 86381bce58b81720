"""What befalls the automatic bidder: each time it says what it waits for, overspends nothing, and goes on by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from seedbox.domain.kept import told
from seedbox.models import Observation, User
from speed.agent.autobidder import NOT_BUYING
from speed.domain.autobid_view import State
from speed.domain.messages import Bye
from speed.models import AutoDecision, AutoRun, AvoidedSeller, BuyingDeal, Cause
from speed.services import autobid, bids
from tests.auto_bidding import BLOCK_MS, KIB, WISH, AutoTaker, Shop, seed_for
from tests.buying import BTT, MIB, PRICE, Stall
from tests.integration.test_speed_autobid import bought

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("slow_at_once")]


class Careful(AutoTaker):
    """A node whose budgets, books and sentences are looked at in each second."""

    def run(self, seconds: float, *stalls: Stall) -> None:
        for _ in range(round(seconds)):
            super().run(1, *stalls)
            self.check()

    def check(self) -> None:
        limit_ubtt = min(self.bid_row.budget_ubtt, self.terms.day_limit_ubtt)
        assert self.used() <= limit_ubtt
        assert self.in_channels <= limit_ubtt
        assert self.said.endswith(".") or self.run_row.said_at is None

    @property
    def states(self) -> list[str]:
        return list(AutoDecision.objects.order_by("pk").values_list("state", flat=True))


class TestAHub:
    def test_that_is_silent_is_named_and_waited_for(self, owner: User) -> None:
        taker, shop = Careful(owner), Shop(1)
        taker.books.is_away = True
        taker.connect(shop)
        taker.run_until(State.WAITING, shop)
        taker.run(3, shop)
        hub = taker.books.hub_id.hex()[:10]
        assert f"is to be bid, at most 200 BTT for this torrent. The hub {hub} has given no answer so far" in taker.said
        assert told(taker.bid_row.note) == taker.said
        taker.books.is_away = False
        taker.run_until(State.BIDDING, shop)
        taker.run(3, shop)
        assert taker.bid_row.note == ""
        assert shop.bids[-1].spend_ubtt_per_s

    def test_that_is_silent_makes_nobody_poor_whose_money_it_was_to_hold(self, owner: User) -> None:
        enough_for_one = replace(WISH, torrent_budget_ubtt=6 * BTT // 10)
        taker, shop = Careful(owner, enough_for_one), Shop(1)
        taker.books.is_away = True
        taker.connect(shop)
        taker.run_until(State.WAITING, shop)
        taker.run(30, shop)
        taker.books.is_away = False
        taker.run_until(State.BIDDING, shop)
        taker.run(12, shop)
        assert shop.bids[-1].spend_ubtt_per_s
        assert State.NO_MONEY not in taker.states

    def test_that_does_not_sign_is_named(self, owner: User) -> None:
        taker, shop = Careful(owner), Shop(1)
        taker.books.signs = False
        taker.connect(shop)
        taker.run_until(State.WAITING, shop)
        assert taker.said.endswith("has opened a channel, but not signed for it so far.")
        assert not shop.bids
        taker.books.signs = True
        taker.books.sign_waiting()
        taker.run_until(State.BIDDING, shop)
        assert shop.bids[-1].spend_ubtt_per_s

    def test_that_refuses_is_quoted_until_it_is_asked_anew(self, owner: User) -> None:
        taker, shop = Careful(owner), Shop(1)
        taker.books.money[str(owner.pk)] = 0
        taker.connect(shop)
        taker.run_until(State.WAITING, shop)
        assert "nothing is bid for now. The account" in taker.said
        taker.books.money[str(owner.pk)] = 100 * BTT
        taker.run_until(State.BIDDING, shop)
        taker.run(3, shop)
        assert shop.bids[-1].spend_ubtt_per_s


class TestASeller:
    def test_that_asks_too_much_is_said_to_from_the_start(self, owner: User) -> None:
        taker, shop = Careful(owner), Shop(1, ask=3 * PRICE)
        taker.connect(shop)
        taker.run_until(State.TOO_DEAR, shop)
        assert "1 seller from 48 BTT/GiB: above the ceiling of 32 BTT/GiB" in taker.said

    def test_that_is_gone_is_missed_and_bought_from_when_it_is_back(self, owner: User) -> None:
        taker, (shop,) = bought(owner, kind=Careful)
        taker.disconnect(shop)
        taker.run_until(State.NO_SELLERS)
        assert "nobody who is connected sells it" in taker.said
        taker.connect(shop)
        taker.run_until(State.BIDDING, shop)
        taker.run(2, shop)
        assert shop.bids[-1].spend_ubtt_per_s and BuyingDeal.objects.count() == 1

    @pytest.mark.parametrize("hours", [0, -5])
    def test_that_leaves_is_asked_again_after_a_while_also_if_the_clock_is_set_back(
        self, owner: User, hours: int
    ) -> None:
        taker, (shop,) = bought(owner, kind=Careful)
        taker.hear(shop, Bye("done"))
        taker.run_until(State.WAITING, shop)
        assert "there is none anew for a while" in taker.said
        taker.floor.now += timedelta(hours=hours)
        taker.run_until(State.BIDDING, shop)
        taker.run(3, shop)
        assert BuyingDeal.objects.count() == 2

    def test_too_many_that_are_not_bid_to_any_more_make_room_for_others(self, owner: User) -> None:
        taker = Careful(owner, replace(WISH, least_bytes_per_s=MIB))
        dear = [Shop(number, ask=PRICE, speed=32 * KIB) for number in range(1, 9)]
        for shop in dear:
            taker.connect(shop)
        taker.run_until(State.BIDDING, *dear)
        taker.run(20, *dear)
        assert BuyingDeal.objects.count() == 8
        cheap = Shop(20, ask=PRICE // 4, speed=MIB)
        taker.connect(cheap)
        taker.run(60, cheap, *dear)
        assert cheap.bids[-1].spend_ubtt_per_s
        assert BuyingDeal.objects.filter(end_reason="others sell it for less").count() == 1

    def test_that_grants_and_does_not_send_has_others_asked_too(self, owner: User) -> None:
        taker, (shop,) = bought(owner, shops=1)
        other = Shop(2, ask=PRICE)
        taker.connect(other)
        taker.run(40, shop, other)
        assert not other.bids
        shop.sends = 10 * KIB
        taker.run(60, shop, other)
        assert other.bids[-1].useful_bytes_per_s > 300 * KIB
        assert shop.bids[-1].useful_bytes_per_s < 50 * KIB

    def test_that_is_left_alone_is_judged_no_more(self, owner: User) -> None:
        taker, (shop,) = starved(owner)
        until = AvoidedSeller.objects.get().until
        taker.buyer.finish(taker.floor.now)
        AutoRun.objects.get().baselines.update(low_controls=1)
        taker.start()
        other = Shop(2, ask=PRICE)
        for one in (shop, other):
            taker.connect(one)
        taker.run(40, shop, other)
        assert other.bids
        assert AvoidedSeller.objects.get().until == until

    def test_is_not_judged_while_the_swarm_is_fast_enough(self, owner: User) -> None:
        taker, (shop,) = bought(owner, control=5)
        taker.free = 3 * MIB
        taker.run_until(State.FAST_ENOUGH, shop)
        taker.buyer.finish(taker.floor.now)
        AutoRun.objects.get().baselines.update(free_bytes_per_s=MIB, low_controls=1)
        taker.start()
        taker.connect(shop)
        taker.run(7 * BLOCK_MS // 1_000, shop)
        assert not AvoidedSeller.objects.exists()


def starved(owner: User) -> tuple[AutoTaker, list[Shop]]:
    """Return a node that has found its seller to starve who does not pay."""
    taker, shops = bought(owner)
    taker.buyer.finish(taker.floor.now)
    began_at = taker.floor.now - timedelta(milliseconds=6.5 * BLOCK_MS)
    AutoRun.objects.update(seed=seed_for(7, 0, 0), began_at=began_at, run_number=0)
    AutoRun.objects.get().baselines.update(free_bytes_per_s=MIB, low_controls=1)
    taker.start()
    taker.connect(shops[0])
    taker.run_until(State.CONTROL, *shops)
    taker.run(22, *shops)
    assert AvoidedSeller.objects.get().cause == Cause.STARVES_UNPAID
    return taker, shops


class TestAClock:
    def test_that_is_set_back_before_the_beginning_stops_no_control(self, owner: User) -> None:
        taker, (shop,) = bought(owner, kind=Careful)
        taker.floor.now -= timedelta(hours=5)
        taker.run_until(State.CONTROL, shop)
        taker.run_until(State.BIDDING, shop)

    def test_that_is_set_back_does_not_keep_sellers_from_being_asked(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        autobid.stop(owner.pk, now=taker.floor.now)
        taker.run(3, shop)
        taker.floor.now -= timedelta(hours=5)
        autobid.turn_on(owner.pk, WISH, now=taker.floor.now)
        taker.run_until(State.BIDDING, shop)

    def test_that_is_set_back_while_a_hub_is_silent_does_not_keep_it_from_being_asked(self, owner: User) -> None:
        taker, shop = Careful(owner), Shop(1)
        taker.books.is_away = True
        taker.connect(shop)
        taker.run_until(State.WAITING, shop)
        taker.books.is_away = False
        taker.floor.now -= timedelta(hours=5)
        taker.run(40, shop)
        assert taker.state is State.BIDDING


class TestANode:
    def test_that_was_restarted_bids_nothing_out_of_channels_that_budgets_were_lowered_under(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        taker.buyer.finish(taker.floor.now)
        shop.bids.clear()
        limit = taker.row(shop).cumulative_ubtt + 8_000
        autobid.turn_on(owner.pk, replace(WISH, torrent_budget_ubtt=limit), now=taker.floor.now)
        taker.start()
        taker.connect(shop)
        taker.run(15, shop)
        assert all(not bid.spend_ubtt_per_s for bid in shop.bids)
        assert taker.state is State.NO_MONEY

    def test_whose_operator_lets_nobody_bid_says_so_and_goes_on(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        taker.change(buys=False)
        taker.run(3, shop)
        assert (taker.state, taker.said) == (State.WAITING, NOT_BUYING)
        taker.change(buys=True)
        taker.run_until(State.BIDDING, shop)

    def test_that_checks_files_says_so_and_goes_on(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        loading = Observation.objects.get().state
        Observation.objects.update(state="checking")
        taker.run(3, shop)
        assert (taker.state, taker.said, taker.bid_row.note) == (State.WAITING, bids.CHECKED, bids.CHECKED)
        assert shop.bids[-1].spend_ubtt_per_s == 0
        Observation.objects.update(state=loading)
        taker.run_until(State.BIDDING, shop)
