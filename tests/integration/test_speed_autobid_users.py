"""What users say while the automatic bidder is at work, and who of several with one torrent pays, and is told what."""

from dataclasses import replace
from datetime import timedelta

import pytest

from seedbox.models import User
from speed.domain.auto_terms import OwnTerms
from speed.domain.autobid_view import State
from speed.models import AutoDecision, AutoRun, BuyingDeal, Payment
from speed.models import Bid as BidRow
from speed.services import auto_screen, autobid, bids
from speed.services.auto_rows import STATES
from speed.services.autobid import Choice
from tests.auto_bidding import WISH, AutoTaker, Shop
from tests.auto_rows import a_run, an_auto_bid
from tests.builders import NOW, make_holding, make_torrent
from tests.buying import BTT
from tests.integration.test_speed_autobid import bought, with_money

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("slow_at_once")]

NOTHING = [0.0, 0.1, -0.1, 0.0, 0.1, -0.1]


def given_up(owner: User) -> tuple[AutoTaker, Shop]:
    """Return a node that has found, for a torrent that is on by itself, that paying brings nothing."""
    taker, (shop,) = bought(owner)
    autobid.choose(owner.pk, taker.torrent.pk, Choice.ON, OwnTerms(), now=taker.floor.now)
    taker.buyer.finish(taker.floor.now)
    AutoRun.objects.update(pairs=NOTHING)
    taker.start()
    taker.connect(shop)
    taker.run_until(State.NO_GAIN, shop)
    return taker, shop


class TestAWord:
    def test_to_try_again_forgets_what_was_measured_and_keeps_the_log_and_how_sellers_were(self, owner: User) -> None:
        taker, shop = given_up(owner)  # and said so at once, before the node has ended its deal
        count, baselines = AutoDecision.objects.count(), list(taker.run_row.baselines.values())
        autobid.choose(owner.pk, taker.torrent.pk, Choice.ON, OwnTerms(), now=taker.floor.now)
        taker.run_until(State.BIDDING, shop)
        assert (taker.run_row.pairs, taker.run_row.verdict) == ([], "unknown")
        assert AutoDecision.objects.count() > count
        assert list(taker.run_row.baselines.values()) == baselines

    def test_of_other_terms_forgets_nothing(self, owner: User) -> None:
        taker, shop = given_up(owner)
        other = OwnTerms(ceiling_ubtt_per_gib=WISH.ceiling_ubtt_per_gib // 2)
        autobid.choose(owner.pk, taker.torrent.pk, Choice.ON, other, now=taker.floor.now)
        taker.run(15, shop)
        assert (taker.state, taker.run_row.pairs) == (State.NO_GAIN, NOTHING)
        assert taker.bid_row.max_price_ubtt_per_gib == WISH.ceiling_ubtt_per_gib // 2

    def test_that_all_are_off_leaves_those_that_are_on_by_themselves(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        other = taker.wish_for("other.iso")
        autobid.choose(owner.pk, taker.torrent.pk, Choice.ON, OwnTerms(), now=taker.floor.now)
        autobid.turn_off(owner.pk, now=taker.floor.now)
        taker.run(12, shop)
        assert taker.state is State.BIDDING and shop.bids[-1].spend_ubtt_per_s
        assert not BidRow.objects.filter(torrent_id=other.pk, is_on=True).exists()
        autobid.choose(owner.pk, taker.torrent.pk, Choice.AS_ALL, OwnTerms(), now=taker.floor.now)
        taker.run(3, shop)
        assert (taker.state, taker.bid_row.is_on) == (State.STOPPED, False)

    def test_of_another_budget_while_it_bids_holds_from_the_next_decision_on(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        for budget in (BTT, 300 * BTT, 2 * BTT):
            autobid.turn_on(owner.pk, replace(WISH, torrent_budget_ubtt=budget), now=taker.floor.now)
            taker.run(12, shop)
            assert taker.state is State.BIDDING
            assert taker.used() <= budget
            money = min(budget, WISH.day_limit_ubtt)
            assert taker.said.endswith(f"at most {money // BTT} BTT for this torrent.") or taker.row(shop).owed_ubtt


class TestAPage:
    def test_has_a_word_for_whatever_the_bidder_does(self) -> None:
        assert set(STATES) == {None, *State}


class TestWhatPayingChanged:
    def test_is_pooled_of_all_torrents_of_one_user_and_of_no_other(self, owner: User) -> None:
        taker, _ = bought(owner)
        other = with_money(taker, "bob")
        AutoRun.objects.filter(bid__user_id=owner.pk).update(pairs=[1.0, 1.1, 0.9])
        AutoRun.objects.filter(bid__user_id=other.pk).update(pairs=[0.5] * 5)
        own, theirs = (auto_screen.story(user.pk, taker.torrent.pk) for user in (owner, other))
        assert own is not None and theirs is not None
        assert (own.uplift.controls, own.uplift.shown) == (3, None)
        assert (theirs.uplift.controls, theirs.uplift.shown) == (5, None)

    def test_is_pooled_once_however_many_torrents_have_too_few_unpaid_blocks(self, owner: User) -> None:
        for number in range(3):
            bid = an_auto_bid(make_holding(owner, make_torrent(f"{number}.iso")), "local", now=NOW)
            a_run(bid, State.BIDDING, "Why.", pairs=[0.7, 0.8])
        first, *others = (one.uplift.shown for one in auto_screen.stories(owner.pk))
        assert first is not None and len(others) == 2
        assert all(other is first for other in others)  # the page of thousands is as quick as there are torrents


class TestSeveralUsersOfOneTorrent:
    def test_have_one_bidder_and_the_others_are_told(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        others = [with_money(taker, name) for name in ("bob", "carol")]
        for user, following in zip((owner, *others), (*others, None), strict=True):
            taker.run_until(State.BIDDING, shop)
            taker.run(3, shop)
            standing = BidRow.objects.get(user_id=user.pk)
            assert standing.note == ""
            riders = BidRow.objects.filter(is_on=True).exclude(pk=standing.pk)
            assert {rider.note for rider in riders} <= {bids.RIDES_ALONG}
            assert set(BuyingDeal.objects.filter(state__in=("open", "in_lane")).values_list("user_id", flat=True)) == {
                user.pk
            }
            autobid.stop(user.pk, now=taker.floor.now)
            taker.user = following or user
        assert BuyingDeal.objects.count() == 3

    def test_are_told_who_pays_when_an_older_bid_stands_again(self, owner: User) -> None:
        taker, (shop,) = bought(owner)
        with_money(taker, "bob")
        BidRow.objects.filter(user_id=owner.pk).update(on_at=taker.floor.now + timedelta(seconds=1))  # after bob's
        taker.run(3, shop)
        assert (taker.state, taker.said) == (State.WAITING, bids.RIDES_ALONG)
        assert taker.bid_row.note == bids.RIDES_ALONG

    def test_do_not_wait_for_one_without_money_when_another_has_some_again(self, owner: User) -> None:
        taker, shop = AutoTaker(owner), Shop(1)
        other = with_money(taker, "bob")
        for user in (owner, other):
            signed = WISH.day_limit_ubtt - BTT // 10
            Payment.objects.create(user_id=user.pk, deal_id=f"of {user}", hour_at=taker.floor.now, signed_ubtt=signed)
        taker.connect(shop)
        taker.run_until(State.NO_MONEY, shop)
        taker.user = other
        taker.run_until(State.NO_MONEY, shop)
        taker.run(4, shop)
        Payment.objects.filter(user_id=other.pk).delete()  # its day is over
        taker.run_until(State.BIDDING, shop)
        taker.user = owner
        assert taker.bid_row.note == bids.RIDES_ALONG
