"""The automatic bidder on the buying side, without engine: when it bids, why it rests, and what it never does."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from seedbox.domain.kept import told
from seedbox.models import Observation, User
from speed.domain.auto_terms import OwnTerms
from speed.domain.autobid_view import State
from speed.models import AutoDecision, AutoRun, BuyingDeal, Payment
from speed.models import Bid as BidRow
from speed.services import auto_runs, autobid, bids
from speed.services.auto_runs import Seen
from tests.auto_bidding import BLOCK_MS, KIB, WISH, AutoTaker, Shop, seed_for
from tests.builders import make_holding, make_user
from tests.buying import BTT, GIB, MIB, PRICE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("slow_at_once")]


def bought(
    owner: User, *, control: int = 7, shops: int = 1, kind: type[AutoTaker] = AutoTaker
) -> tuple[AutoTaker, list[Shop]]:
    """Return a node that bids for its user's slow torrent, and the shops that sell it."""
    taker, found = kind(owner, control=control), [Shop(number + 1) for number in range(shops)]
    for shop in found:
        taker.connect(shop)
    taker.run_until(State.BIDDING, *found)
    taker.run(12, *found)
    return taker, found


def seen_at(at: datetime) -> Seen:
    return Seen(at, 1, 1, 1, is_control=False, price_ubtt_per_gib=0)


def with_money(taker: AutoTaker, name: str) -> User:
    """Return another holder of the torrent, who has turned it on, too."""
    other = make_user(name)
    make_holding(other, taker.torrent)
    taker.books.bind(str(other.pk), taker.floor.key.public_key.hex(), daily_limit_ubtt=500 * BTT)
    taker.books.money[str(other.pk)] = 500 * BTT
    autobid.turn_on(other.pk, WISH, now=taker.floor.now)
    AutoRun.objects.create(bid=BidRow.objects.get(user_id=other.pk), seed=seed_for(7), block_ms=BLOCK_MS)
    return other


class TestWhatWasSeen:
    def test_is_kept_between_decisions_with_what_was_free_wished_and_paid(self, owner: User) -> None:
        taker, shops = bought(owner, control=1)
        taker.run(60, *shops)
        seen = auto_runs.samples(taker.bid_row.pk, since=taker.floor.now - timedelta(hours=1))
        assert len(seen) > 6
        assert {one.needed_bytes_per_s for one in seen} == {512 * KIB}
        unpaid = next(one for one in seen if one.is_control)
        paid = seen[-1]
        assert (unpaid.total_bytes_per_s, unpaid.price_ubtt_per_gib) == (50 * KIB, 0)
        assert paid.total_bytes_per_s - paid.free_bytes_per_s == pytest.approx(462 * KIB, rel=0.15)
        assert paid.price_ubtt_per_gib == shops[0].price
        assert paid.spent_ubtt == BuyingDeal.objects.get().cumulative_ubtt > 0

    def test_is_let_go_when_it_is_old_but_for_one_in_some_minutes_and_those_after_a_week(
        self, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(auto_runs, "KEPT_SAMPLES", 40)
        taker = AutoTaker(owner)
        run, began = taker.run_row, taker.floor.now
        for number in range(80):
            auto_runs.sample(run.pk, seen_at(began + number * timedelta(seconds=10)))
        times = [one.at for one in auto_runs.samples(run.pk, since=began)]
        fine = [began + number * timedelta(seconds=10) for number in range(40, 80)]
        assert times == [began, began + auto_runs.COARSE_APART, *fine]
        auto_runs.sample(run.pk, seen_at(began + auto_runs.KEPT_COARSE + timedelta(minutes=6)))
        assert auto_runs.samples(run.pk, since=began)[0].at > began + auto_runs.COARSE_APART


class TestASlowTorrent:
    def test_is_bid_for_when_it_was_slow_for_the_whole_time_and_no_sooner(self, owner: User) -> None:
        taker, shop = AutoTaker(owner), Shop(1)
        taker.connect(shop)
        taker.run(18, shop)
        assert not shop.bids and not taker.in_channels
        assert "too slow, and bid for if it stays so" in told(taker.bid_row.note)
        taker.run_until(State.BIDDING, shop)
        taker.run(12, shop)
        assert shop.bids[-1].max_price_ubtt_per_gib < PRICE
        assert shop.bids[-1].useful_bytes_per_s == pytest.approx(462 * KIB, rel=0.05)
        said = told(AutoDecision.objects.filter(state=State.BIDDING).earliest("pk").sentence)
        assert said.startswith(
            "The swarm gives 50.0 KiB/s, the wish is 512 KiB/s, 1 seller from 8 BTT/GiB: bidding 8.4,"
        )
        assert taker.bid_row.note == ""

    def test_is_not_bid_for_while_it_is_fast_enough_for_nothing(self, owner: User) -> None:
        taker, shop = AutoTaker(owner), Shop(1)
        taker.connect(shop)
        taker.free = 3 * MIB
        taker.run(40, shop)
        assert not shop.bids
        assert told(taker.bid_row.note).endswith("fast enough without paying.")

    def test_is_paid_for_no_longer_when_the_swarm_has_become_fast_enough(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        taker.free = 3 * MIB
        taker.run_until(State.FAST_ENOUGH, shop)
        taker.run(2, shop)
        assert shop.bids[-1].spend_ubtt_per_s == 0
        assert [one.state for one in AutoDecision.objects.order_by("pk")][-1] == State.FAST_ENOUGH

    def test_is_bought_of_two_sellers_what_one_does_not_have(self, owner: User) -> None:
        taker = AutoTaker(owner)
        shops = [Shop(1, speed=256 * KIB), Shop(2, speed=256 * KIB, ask=PRICE // 2 + BTT)]
        for shop in shops:
            taker.connect(shop)
        taker.run_until(State.BIDDING, *shops)
        taker.run(30, *shops)
        assert all(shop.bids and shop.bids[-1].spend_ubtt_per_s for shop in shops)
        assert sum(shop.bids[-1].useful_bytes_per_s for shop in shops) <= 512 * KIB


class TestAControl:
    def test_pauses_all_sellers_at_once_and_ends_by_itself(self, owner: User) -> None:
        taker = AutoTaker(owner, control=1)
        shops = [Shop(1, speed=256 * KIB), Shop(2, speed=256 * KIB)]
        for shop in shops:
            taker.connect(shop)
        taker.run_until(State.BIDDING, *shops)
        taker.run_until(State.CONTROL, *shops)
        taker.run(1, *shops)
        assert [shop.bids[-1].spend_ubtt_per_s for shop in shops] == [0, 0]
        assert BuyingDeal.objects.filter(state="paused").count() == 2
        taker.run_until(State.BIDDING, *shops)
        taker.run(2, *shops)
        assert all(shop.bids[-1].spend_ubtt_per_s for shop in shops)

    def test_makes_one_pair_of_each_run(self, owner: User) -> None:
        taker, (shop,) = bought(owner, control=3)
        taker.run(8 * 20, shop)
        (pair,) = taker.run_row.pairs
        assert pair > 1.5  # it is ten times as fast for money: e to the power of more than two

    def test_of_a_run_goes_on_after_a_restart(self, owner: User) -> None:
        taker, (shop,) = bought(owner, control=2)
        before = taker.run_row
        taker.buyer.finish(taker.floor.now)
        shop.bids.clear()
        taker.start()
        taker.connect(shop)
        taker.run(11, shop)
        assert all(bid.spend_ubtt_per_s for bid in shop.bids)
        assert taker.run_row.is_slow and taker.state is State.BIDDING
        assert (taker.run_row.began_at, taker.run_row.seed) == (before.began_at, before.seed)
        assert taker.run_row.paid_ms > before.paid_ms
        taker.run_until(State.CONTROL, shop)
        assert BuyingDeal.objects.count() == 1

    def test_in_which_a_seller_gives_far_less_than_before_twice_has_it_left_alone(self, owner: User) -> None:
        taker, (shop,) = bought(owner, control=4)
        run = AutoRun.objects.get()
        taker.buyer.finish(taker.floor.now)
        run.baselines.update(free_bytes_per_s=MIB, low_controls=1)
        taker.start()
        taker.connect(shop)
        taker.run_until(State.CONTROL, shop)
        taker.run(25, shop)
        assert taker.row(shop).end_reason == "starves who does not pay"

    def test_that_follow_one_another_are_judged_one_by_one(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        taker.buyer.finish(taker.floor.now)
        began_at = taker.floor.now - timedelta(milliseconds=6.5 * BLOCK_MS)
        AutoRun.objects.update(seed=seed_for(7, 0), began_at=began_at, run_number=0)
        AutoRun.objects.get().baselines.update(free_bytes_per_s=MIB)
        taker.start()
        taker.connect(shop)
        taker.run_until(State.CONTROL, shop)
        taker.run(25, shop)
        assert taker.row(shop).end_reason == ""
        taker.run(20, shop)
        assert taker.row(shop).end_reason == "starves who does not pay"

    def test_that_shows_no_gain_often_enough_ends_it_until_its_user_says_so_anew(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        taker.buyer.finish(taker.floor.now)
        AutoRun.objects.update(pairs=[0.0, 0.1, -0.1, 0.0, 0.1, -0.1])
        taker.start()
        taker.connect(shop)
        taker.run(15, shop)
        assert (taker.state, taker.row(shop).end_reason) == (State.NO_GAIN, "paying brings nothing")
        count = AutoDecision.objects.count()
        taker.run(60, shop)
        assert AutoDecision.objects.count() == count and BuyingDeal.objects.count() == 1
        autobid.choose(owner.pk, taker.torrent.pk, autobid.Choice.ON, OwnTerms(), now=taker.floor.now)
        assert not AutoRun.objects.filter(verdict="brings_nothing").exists()


class TestFaults:
    def test_of_a_hub_are_said_and_open_nothing(self, owner: User) -> None:
        taker, shop = AutoTaker(owner), Shop(1)
        taker.books.is_away = True
        taker.connect(shop)
        taker.run(45, shop)
        assert not shop.bids and not BuyingDeal.objects.exists()
        taker.books.is_away = False
        taker.run(60, shop)
        assert shop.bids[-1].spend_ubtt_per_s

    def test_of_a_seller_that_goes_have_the_next_one_asked(self, owner: User) -> None:
        taker, shops = bought(owner, shops=2)
        gone, other = sorted(shops, key=lambda shop: not shop.bids)
        taker.disconnect(gone)
        taker.run(30, other)
        assert other.bids[-1].spend_ubtt_per_s
        assert BuyingDeal.objects.filter(state="in_lane").count() == 1

    @pytest.mark.parametrize("hours", [-5, 5])
    def test_of_the_clock_cost_nothing(self, owner: User, hours: int) -> None:
        taker, (shop,) = bought(owner)
        taker.floor.now += timedelta(hours=hours)
        taker.run(60, shop)
        run = taker.run_row
        assert run.all_paid_ms < 120_000
        assert taker.used() <= WISH.torrent_budget_ubtt
        assert taker.state in (State.BIDDING, State.CONTROL, State.WATCHING, State.NO_SELLERS), run.sentence


class TestMoney:
    def test_is_not_put_where_a_days_limit_has_no_room_for_it(self, owner: User) -> None:
        taker, shop = AutoTaker(owner), Shop(1)
        signed = WISH.day_limit_ubtt - BTT // 10
        Payment.objects.create(user_id=owner.pk, deal_id="before", hour_at=taker.floor.now, signed_ubtt=signed)
        taker.connect(shop)
        taker.run_until(State.NO_MONEY, shop)
        assert not shop.bids and not taker.in_channels
        assert "1 seller from 8 BTT/GiB: the budget today is used up, or would be" in taker.said

    def test_of_a_budget_that_is_lowered_while_it_bids_is_not_overspent(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        limit = taker.row(shop).owed_ubtt + 8_000  # a round may bill more, so that no bid has room in it
        autobid.turn_on(owner.pk, replace(WISH, torrent_budget_ubtt=limit), now=taker.floor.now)
        taker.run(60, shop)
        assert taker.row(shop).cumulative_ubtt <= limit
        assert taker.state is State.NO_MONEY
        assert shop.bids[-1].spend_ubtt_per_s == 0 or shop.withdrawn

    def test_is_paid_as_far_as_it_is_owed_when_its_user_stops_it(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        autobid.stop(owner.pk, now=taker.floor.now)
        shop.answers = False
        taker.run(4, shop)
        assert shop.withdrawn == [shop.bids[-1].deal]
        assert shop.cumulative == taker.row(shop).cumulative_ubtt == taker.row(shop).owed_ubtt
        assert (taker.state, taker.bid_row.is_on) == (State.STOPPED, False)
        taker.run(60, shop)
        assert BuyingDeal.objects.count() == 1

    def test_is_asked_for_no_more_when_the_torrent_is_whole(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        Observation.objects.update(done_bytes=GIB)
        shop.answers = False
        taker.run(4, shop)
        assert taker.row(shop).end_reason == "complete"
        assert taker.state is State.DONE


class TestTwoUsersOfOneTorrent:
    def test_are_served_by_the_first_ones_money_and_then_by_the_others(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        other = with_money(taker, "bob")
        taker.run(4, shop)
        theirs = bids.of_torrent(taker.torrent.pk, user_id=other.pk)
        assert theirs is not None and theirs.note == bids.RIDES_ALONG
        assert {deal.user_id for deal in BuyingDeal.objects.all()} == {owner.pk}
        autobid.turn_off(owner.pk, now=taker.floor.now)
        taker.run(3, shop)
        theirs.refresh_from_db()
        assert theirs.note != bids.RIDES_ALONG
        assert AutoRun.objects.filter(bid=theirs).exists()

    def test_do_not_wait_for_one_whose_budget_is_used_up(self, owner: User) -> None:
        taker, shop = AutoTaker(owner), Shop(1)
        Payment.objects.create(
            user_id=owner.pk, deal_id="before", hour_at=taker.floor.now, signed_ubtt=WISH.day_limit_ubtt - 1
        )
        other = with_money(taker, "bob")
        taker.connect(shop)
        taker.run_until(State.NO_MONEY, shop)
        taker.run(40, shop)
        assert taker.bid_row.note == bids.RIDES_ALONG
        assert {deal.user_id for deal in BuyingDeal.objects.all()} == {other.pk}
