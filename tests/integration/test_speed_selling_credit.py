"""The selling side, driven by messages and counters: how far it trusts, and what counts as money."""

from dataclasses import replace
from datetime import timedelta

import pytest

from seedbox.domain.lanes import ShareUpload
from seedbox.models import User
from speed.domain.messages import Error, Refuse, Vouchers, Withdraw
from speed.domain.refusals import Reason
from speed.models import Hub, SellingDeal
from speed.services import hubs
from tests.builders import NOW
from tests.market import HUB_PRIVATE_KEY, StubHub, speed_key
from tests.selling import BTT, MIB, Buyer, Shop
from wallet.domain.hub import ChannelState
from wallet.domain.money import Asset
from wallet.domain.speed1.receipt import SpeedNetwork
from wallet.domain.speed1.signing import hub_id_of

pytestmark = pytest.mark.django_db


def unpaid_of(shop: Shop, buyer: Buyer) -> int:
    """Return what the seller has against a payer at the moment."""
    credit = shop.seller.book.credit(shop.floor.terms)
    return credit.trust.payer(buyer.payer_ref.hex()).unpaid_bytes


def lanes_of(shop: Shop) -> list[ShareUpload]:
    """Return the orders by which the engine was to open a lane."""
    return [order for order in shop.floor.orders if isinstance(order, ShareUpload) and order.lanes]


def assert_refused(shop: Shop, buyer: Buyer) -> None:
    """Bid, and see that it is refused for its receipt, that no lane opens and nothing is kept of it."""
    shop.bid(buyer)
    assert [refuse.reason for refuse in buyer.link.take(Refuse)] == [Reason.BAD_RECEIPT]
    shop.run(12, buyer)
    assert (lanes_of(shop), SellingDeal.objects.count(), buyer.refusals) == ([], 0, [])


class TestAnUnpaidWindow:
    def test_is_all_that_a_stranger_can_take(self, shop: Shop) -> None:
        cheat = shop.serve(Buyer(1, pays=False), 60)
        assert 3 * MIB < shop.row(cheat).sent_bytes <= 4 * MIB
        assert cheat.refusals[-1] is Reason.UNPAID

    def test_is_one_for_all_deals_and_keys_of_a_payer_and_all_at_an_address(self, shop: Shop, owner: User) -> None:
        other = shop.seed("book.iso", owner)
        shop.run(6)
        one = shop.serve(Buyer(1, pays=False), 60)
        same_payer = Buyer(2, pays=False, payer=1, torrent_key=other.key)
        same_address = Buyer(3, pays=False, address=one.address, torrent_key=other.key)
        for buyer in (same_payer, same_address):
            shop.connect(buyer)
            shop.bid(buyer, other)
        shop.run(30, one, same_payer, same_address)
        total = sum(shop.row(buyer).sent_bytes for buyer in (one, same_payer, same_address))
        assert total <= 4 * MIB

    def test_is_remembered_when_the_deal_is_long_over(self, shop: Shop) -> None:
        cheat = shop.serve(Buyer(1, pays=False), 60)
        shop.hear(cheat, Withdraw(cheat.deal))
        shop.run(15, cheat)
        assert shop.row(cheat).is_closed
        shop.start()
        again = shop.serve(Buyer(2, pays=False, payer=1), 30)
        assert shop.row(again).sent_bytes <= 1 * MIB
        shop.floor.now += timedelta(days=8)
        shop.start()
        shop.seller.tick(shop.floor.now)
        late = Buyer(3, pays=False, payer=1)
        shop.connect(late)
        late.receipt = shop.hub.open(replace(shop.terms_of(late), expires_at_s=int(shop.floor.now.timestamp()) + 3_600))
        shop.bid(late)
        shop.run(30, late)
        assert shop.row(late).sent_bytes > 3 * MIB

    def test_is_forgotten_after_seven_days_however_often_the_seller_starts(self, shop: Shop) -> None:
        cheat = shop.serve(Buyer(1, pays=False), 30)
        shop.hear(cheat, Withdraw(cheat.deal))
        shop.run(15, cheat)
        shop.floor.now += timedelta(days=6)
        shop.start()
        assert unpaid_of(shop, cheat) > 0
        shop.floor.now += timedelta(days=2)
        shop.seller.tick(shop.floor.now)
        assert unpaid_of(shop, cheat) == 0

    def test_of_all_strangers_together_is_bounded(self, shop: Shop) -> None:
        crowd = [Buyer(number, pays=False, spend=BTT) for number in range(1, 25)]
        for buyer in crowd:
            shop.connect(buyer)
            shop.bid(buyer)
        shop.run(60, *crowd)
        assert 48 * MIB < sum(shop.row(buyer).sent_bytes for buyer in crowd) <= 64 * MIB

    def test_grows_with_what_was_paid_for(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 60)
        buyer.pays = False
        before = shop.row(buyer)
        shop.run(60, buyer)
        after = shop.row(buyer)
        assert 10 * MIB < after.sent_bytes - before.covered_bytes <= 16 * MIB

    def test_stays_open_for_who_pays_late_by_seconds(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1, pays=False))
        for _ in range(12):
            shop.run(3, buyer)
            buyer.pay(shop)
        assert shop.row(buyer).cumulative_ubtt == buyer.cumulative
        assert shop.row(buyer).sent_bytes > 12 * MIB


OTHER_KEY, OTHER_HUB = speed_key(b"\x77"), speed_key(b"\x78")
BAD: dict[str, dict[str, object]] = {
    "of another network": {"network": SpeedNetwork.NILE},
    "in another asset": {"asset": Asset.TRC10},
    "for another seller": {"payee_key": OTHER_KEY.public_key},
    "of another buyer": {"payer_key": OTHER_KEY.public_key},
    "of another hub": {"hub_id": hub_id_of(OTHER_HUB.public_key)},
    "that has run out": {"expires_at_s": int(NOW.timestamp()) + 4},
    "over more than is in its channel": {"amount_ubtt": 20 * BTT},
}


class TestAReceipt:
    @pytest.mark.parametrize("what", BAD)
    def test_has_to_be_good_before_a_lane_opens(self, shop: Shop, what: str) -> None:
        buyer = Buyer(1)
        shop.run(5)
        shop.connect(buyer)
        shop.hub.open(shop.terms_of(buyer))
        receipt = replace(shop.terms_of(buyer), **BAD[what])  # type: ignore[arg-type]  # one of its fields
        signer = OTHER_HUB.private_key if what == "of another hub" else HUB_PRIVATE_KEY
        buyer.receipt = receipt.signed(receipt.sign(signer))
        assert_refused(shop, buyer)

    @pytest.mark.parametrize("what", ["forged", "unknown", "closed", "expired"])
    def test_must_be_signed_by_a_trusted_hub_that_knows_its_channel_as_open(self, shop: Shop, what: str) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        buyer.receipt = shop.hub.open(shop.terms_of(buyer))
        channel = shop.hub.channels[buyer.channel.hex()]
        match what:
            case "forged":
                buyer.receipt = bytes([*buyer.receipt[:-2], 1, 1])
            case "unknown":
                del shop.hub.channels[channel.id]
            case _:
                shop.hub.channels[channel.id] = replace(channel, state=ChannelState(what))
        assert_refused(shop, buyer)

    def test_of_too_little_money_waits_for_a_top_up_without_a_lane(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1, amount=BTT // 10), 12)
        assert (set(buyer.refusals), lanes_of(shop)) == ({Reason.CHANNEL_LOW}, [])
        buyer.receipt = shop.hub.open(replace(shop.terms_of(buyer), amount_ubtt=10 * BTT))
        shop.bid(buyer)
        shop.run(12, buyer)
        assert shop.row(buyer).sent_bytes > 0
        assert shop.row(buyer).amount_ubtt == 10 * BTT

    def test_is_good_for_one_deal_only(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1))
        shop.bid(buyer, deal=b"\x99" * 16)
        assert [refuse.reason for refuse in buyer.link.take(Refuse)] == [Reason.BAD_RECEIPT]

    def test_ends_the_service_two_minutes_before_it_expires(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        buyer.receipt = shop.hub.open(replace(shop.terms_of(buyer), expires_at_s=int(shop.floor.now.timestamp()) + 125))
        shop.bid(buyer)
        shop.run(25, buyer)
        assert buyer.refusals[-1] is Reason.CHANNEL_LOW

    def test_waits_while_its_hub_is_away(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.hub.is_away = True
        shop.bid(buyer)
        assert [refuse.reason for refuse in buyer.link.take(Refuse)] == [Reason.BUSY]
        shop.hub.is_away = False
        shop.run(25, buyer)
        assert shop.row(buyer).sent_bytes > 0


class TestWhatAHubSaysOfAChannel:
    def test_mends_what_a_backup_from_before_a_top_up_has_forgotten(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 2)
        shop.hub.open(replace(shop.terms_of(buyer), amount_ubtt=20 * BTT), redeemed_ubtt=15 * BTT)
        shop.start()
        shop.run(2)
        row = shop.row(buyer)
        assert (row.amount_ubtt, row.redeemed_ubtt) == (20 * BTT, 15 * BTT)

    def test_counts_for_a_bid_that_brings_an_older_receipt(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        buyer.receipt = shop.hub.open(shop.terms_of(buyer))
        shop.hub.open(replace(shop.terms_of(buyer), amount_ubtt=20 * BTT), redeemed_ubtt=15 * BTT)
        shop.bid(buyer)
        row = shop.row(buyer)
        assert (row.amount_ubtt, row.redeemed_ubtt) == (20 * BTT, 15 * BTT)

    def test_is_not_believed_where_it_is_more_than_was_ever_in_it(self, shop: Shop) -> None:
        buyer, newcomer = Buyer(1), Buyer(2)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.hub.open(shop.terms_of(buyer), redeemed_ubtt=99 * BTT)
        shop.start()
        shop.run(2)
        assert shop.row(buyer).redeemed_ubtt == buyer.amount
        shop.connect(newcomer)
        newcomer.receipt = shop.hub.open(shop.terms_of(newcomer), redeemed_ubtt=99 * BTT)
        shop.bid(newcomer)
        assert [refuse.reason for refuse in newcomer.link.take(Refuse)] == [Reason.BAD_RECEIPT]


class TestAVoucher:
    def test_counts_only_when_it_is_written(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1, pays=False), 20)
        assert shop.lane(buyer) == 0
        shop.floor.holds_writes = True
        buyer.pay(shop)
        shop.seller.tick(shop.floor.now)
        assert shop.lane(buyer) == 0
        shop.floor.catch_up()
        shop.run(20, buyer)
        assert shop.row(buyer).sent_bytes > 4 * MIB

    def test_that_is_lower_or_said_again_changes_nothing(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 30)
        buyer.pays = False
        row = shop.row(buyer)
        shop.hear(buyer, Vouchers((buyer.signed(shop, 1),), ()))
        shop.hear(buyer, Vouchers((buyer.signed(shop, row.cumulative_ubtt),), ()))
        shop.run(0.2, buyer)
        assert shop.row(buyer).cumulative_ubtt == row.cumulative_ubtt
        assert not buyer.link.take(Error)

    def test_that_promises_too_much_or_is_forged_is_refused_whole(self, shop: Shop) -> None:
        buyer, other = Buyer(1), Buyer(2)
        shop.connect(buyer)
        shop.connect(other)
        shop.bid(buyer)
        shop.hear(buyer, Vouchers((buyer.signed(shop, buyer.amount + 1),), ()))
        forged = replace(buyer.signed(shop, 500), cumulative_ubtt=501)
        shop.hear(buyer, Vouchers((forged,), ()))
        shop.hear(other, Vouchers((buyer.signed(shop, 500),), ()))  # right, but not on its own connection
        assert shop.row(buyer).cumulative_ubtt == 0
        assert len(buyer.link.take(Error)) == 2

    def test_covers_only_what_it_is_enough_for(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1, pays=False), 20)
        shop.hear(buyer, buyer.vouchers(shop, buyer.tally.owed_ubtt - 1))
        shop.run(2, buyer)
        assert shop.row(buyer).covered_bytes == 0
        assert shop.row(buyer).cumulative_ubtt == buyer.tally.owed_ubtt - 1


class TestMoney:
    def test_is_redeemed_in_a_batch_when_a_hub_owes_too_much(self, shop: Shop) -> None:
        buyers = [Buyer(number) for number in (1, 2)]
        for buyer in buyers:
            shop.connect(buyer)
            shop.bid(buyer)
        shop.run(40, *buyers)
        assert shop.hub.redemptions == []
        Hub.objects.update(exposure_limit_ubtt=1)
        shop.read_terms()
        shop.run(2, *buyers)
        assert {voucher.channel for voucher in shop.hub.redemptions[0]} == {buyer.channel.hex() for buyer in buyers}
        row = shop.row(buyers[0])
        assert row.redeemed_ubtt > 0
        assert row.earned_ubtt == row.redeemed_ubtt - row.redeemed_ubtt // 100

    def test_is_paid_out_by_our_own_hub_also_when_it_has_another_key(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 15)
        shop.floor.hub_key = speed_key(b"\x78").public_key
        hubs.know(hub_key=shop.floor.hub_key, is_own=True)
        shop.read_terms()
        shop.run(15, buyer)
        assert buyer.refusals == []
        shop.hear(buyer, Withdraw(buyer.deal))
        buyer.pay(shop)
        shop.run(12)
        assert shop.row(buyer).redeemed_ubtt == buyer.cumulative > 0

    def test_is_paid_out_by_a_hub_that_is_trusted_no_more(self, owner: User) -> None:
        shop = Shop(owner, hub=StubHub(is_own=False))
        Hub.objects.update(url="https://hub.example")
        buyer = shop.serve(Buyer(1), 15)
        Hub.objects.update(is_trusted=False)
        shop.read_terms()
        assert [hub.url for hub in shop.floor.terms.owing] == ["https://hub.example"]
        shop.run(25, buyer)
        assert buyer.refusals[-1] is Reason.BAD_RECEIPT
        assert shop.row(buyer).redeemed_ubtt == buyer.cumulative > 0
        shop.read_terms()
        assert shop.floor.terms.owing == ()

    def test_is_redeemed_in_time_by_the_clock_of_the_hub(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 15)
        assert shop.hub.redemptions == []
        shop.floor.hub_ahead_s = 2_900
        shop.run(2, buyer)
        assert len(shop.hub.redemptions) == 1

    def test_is_redeemed_when_most_of_a_channels_time_is_over(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 25)
        shop.floor.now += timedelta(seconds=2_900)
        promised = buyer.cumulative
        shop.run(65, buyer)
        assert shop.row(buyer).redeemed_ubtt > promised
        assert len(shop.hub.redemptions) == 2  # not for every voucher that came since
