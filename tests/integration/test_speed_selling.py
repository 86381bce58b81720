"""The selling side, driven by messages and counters: what it grants, bills, refuses and redeems."""

from dataclasses import replace
from datetime import timedelta

import pytest

from seedbox.domain.lanes import Announce, LookAtPeers, PeersSeen, ShareUpload, SwarmPeer
from seedbox.models import User
from speed.domain.messages import Ask, Audit, Error, Meters, Quote, Refuse, State, Vouchers, Withdraw
from speed.domain.messages import Round as RoundMessage
from speed.domain.naming import dht_target, torrent_name
from speed.domain.refusals import Reason
from speed.domain.rounds import RoundRecord, bids_hash
from speed.models import ForSale, Hub, Round, SellingDeal
from speed.services import markets
from tests.market import speed_key
from tests.selling import ASK, BTT, MIB, Buyer, Shop
from wallet.domain.hub import ChannelState, SignedVoucher
from wallet.domain.money import Asset
from wallet.domain.speed1.receipt import SpeedNetwork

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(owner: User) -> Shop:
    return Shop(owner)


def peer(address: str) -> SwarmPeer:
    return SwarmPeer(
        endpoint=f"{address}:6881",
        place=f"{address}/32",
        peer_id=bytes(20),
        incoming=True,
        is_free=True,
        interested=True,
        unchoked=True,
        progress_ppm=0,
        up_bytes_per_s=0,
        down_bytes_per_s=0,
        sent_bytes=0,
        received_bytes=0,
    )


class TestAQuestion:
    def test_is_answered_for_connected_peers_only(self, shop: Shop) -> None:
        near, far = Buyer(1), Buyer(2)
        for buyer in (near, far):
            link = shop.connect(buyer)
            name = torrent_name(callee_nonce=link.callee_nonce, info_hash=bytes.fromhex(shop.torrent.info_hash_v1))
            shop.hear(buyer, Ask((name, bytes(20))))
        assert LookAtPeers(frozenset({shop.torrent.key})) in shop.floor.orders
        shop.seller.report(PeersSeen(shop.torrent.key, (peer(near.address),)), shop.floor.now)
        (quote,) = near.link.take(Quote)
        assert (quote.ask_ubtt_per_gib, quote.for_sale_bytes_per_s) == (ASK, 8 * MIB)
        assert far.link.take(Quote) == []


class TestADeal:
    def test_is_granted_billed_and_paid_to_the_last_byte(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(60, buyer)
        assert buyer.refusals == []
        row = shop.row(buyer)
        assert row.sent_bytes == buyer.tally.total_bytes > 100 * MIB
        assert row.cumulative_ubtt == buyer.cumulative > 0
        assert row.owed_ubtt == buyer.tally.owed_ubtt
        assert row.state == "in_lane"

    def test_leaves_upload_unthrottled_before_and_after(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.run(1)
        assert not any(isinstance(order, ShareUpload) for order in shop.floor.orders)
        shop.bid(buyer)
        shop.run(12, buyer)
        assert shop.lane(buyer) > 0
        shop.disconnect(buyer)
        shop.run(1)
        assert shop.floor.orders[-1] == ShareUpload()


class TestAnUnpaidWindow:
    def test_is_all_that_a_stranger_can_take(self, shop: Shop) -> None:
        cheat = Buyer(1, pays=False)
        shop.connect(cheat)
        shop.bid(cheat)
        shop.run(60, cheat)
        assert 3 * MIB < shop.row(cheat).sent_bytes <= 4 * MIB
        assert cheat.refusals[-1] is Reason.UNPAID

    def test_is_one_for_all_deals_and_keys_of_a_payer_and_all_at_an_address(self, shop: Shop, owner: User) -> None:
        other = shop.seed("book.iso", owner)
        shop.run(6)
        one = Buyer(1, pays=False)
        shop.connect(one)
        shop.bid(one)
        shop.run(60, one)
        same_payer = Buyer(2, pays=False, payer=1, torrent_key=other.key)
        same_address = Buyer(3, pays=False, address=one.address, torrent_key=other.key)
        for buyer in (same_payer, same_address):
            shop.connect(buyer)
            shop.bid(buyer, other)
        shop.run(30, one, same_payer, same_address)
        total = sum(shop.row(buyer).sent_bytes for buyer in (one, same_payer, same_address))
        assert total <= 4 * MIB

    def test_is_remembered_when_the_deal_is_long_over(self, shop: Shop) -> None:
        cheat = Buyer(1, pays=False)
        shop.connect(cheat)
        shop.bid(cheat)
        shop.run(60, cheat)
        shop.hear(cheat, Withdraw(cheat.deal))
        shop.run(15, cheat)
        assert shop.row(cheat).is_closed
        shop.start()
        again = Buyer(2, pays=False, payer=1)
        shop.connect(again)
        shop.bid(again)
        shop.run(30, again)
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

    def test_of_all_strangers_together_is_bounded(self, shop: Shop) -> None:
        crowd = [Buyer(number, pays=False, spend=BTT) for number in range(1, 25)]
        for buyer in crowd:
            shop.connect(buyer)
            shop.bid(buyer)
        shop.run(60, *crowd)
        assert 48 * MIB < sum(shop.row(buyer).sent_bytes for buyer in crowd) <= 66 * MIB

    def test_grows_with_what_was_paid_for(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(60, buyer)
        buyer.pays = False
        before = shop.row(buyer)
        shop.run(60, buyer)
        after = shop.row(buyer)
        assert 10 * MIB < after.sent_bytes - before.covered_bytes <= 16 * MIB

    def test_stays_open_for_who_pays_late_by_seconds(self, shop: Shop) -> None:
        buyer = Buyer(1, pays=False)
        shop.connect(buyer)
        shop.bid(buyer)
        for _ in range(12):
            shop.run(3, buyer)
            buyer.pay(shop)
        assert shop.row(buyer).cumulative_ubtt == buyer.cumulative
        assert shop.row(buyer).sent_bytes > 12 * MIB


class TestAReceipt:
    def test_has_to_be_good_before_a_lane_opens(self, shop: Shop) -> None:
        other_key = speed_key(b"\x77").public_key
        bad: dict[str, dict[str, object]] = {
            "of another network": {"network": SpeedNetwork.NILE},
            "in another asset": {"asset": Asset.TRC10},
            "for another seller": {"payee_key": other_key},
            "of another buyer": {"payer_key": other_key},
        }
        for number, (what, changes) in enumerate(bad.items(), 1):
            buyer = Buyer(number)
            shop.connect(buyer)
            buyer.receipt = shop.hub.open(replace(shop.terms_of(buyer), **changes))  # type: ignore[arg-type]  # one of its fields
            shop.bid(buyer)
            assert [refuse.reason for refuse in buyer.link.take(Refuse)] == [Reason.BAD_RECEIPT], what
        assert not SellingDeal.objects.exists()

    def test_must_be_signed_by_a_trusted_hub_that_knows_its_channel_as_open(self, shop: Shop) -> None:
        forged, unknown, closed = Buyer(1), Buyer(2), Buyer(3)
        for buyer in (forged, unknown, closed):
            shop.connect(buyer)
            buyer.receipt = shop.hub.open(shop.terms_of(buyer))
        forged.receipt = bytes([*(forged.receipt or b"")[:-2], 1, 1])
        del shop.hub.channels[unknown.channel.hex()]
        shop.hub.close(closed.channel.hex(), key="")
        for buyer in (forged, unknown, closed):
            shop.bid(buyer)
            assert [refuse.reason for refuse in buyer.link.take(Refuse)] == [Reason.BAD_RECEIPT]
        shop.run(12)
        assert not SellingDeal.objects.exists()

    def test_of_too_little_money_waits_for_a_top_up(self, shop: Shop) -> None:
        buyer = Buyer(1, amount=BTT // 10)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        assert set(buyer.refusals) == {Reason.CHANNEL_LOW}
        buyer.receipt = shop.hub.open(replace(shop.terms_of(buyer), amount_ubtt=10 * BTT))
        shop.bid(buyer)
        shop.run(12, buyer)
        assert shop.row(buyer).sent_bytes > 0
        assert shop.row(buyer).amount_ubtt == 10 * BTT

    def test_is_good_for_one_deal_only(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
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


class TestAVoucher:
    def test_counts_only_when_it_is_written(self, shop: Shop) -> None:
        buyer = Buyer(1, pays=False)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(20, buyer)
        assert shop.lane(buyer) == 0
        shop.floor.holds_writes = True
        buyer.pay(shop)
        shop.seller.tick(shop.floor.now)
        assert shop.lane(buyer) == 0
        shop.floor.catch_up()
        shop.run(20, buyer)
        assert shop.row(buyer).sent_bytes > 4 * MIB

    def test_that_is_lower_or_said_again_changes_nothing(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(30, buyer)
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
        buyer = Buyer(1, pays=False)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(20, buyer)
        shop.hear(buyer, buyer.vouchers(shop, buyer.tally.owed_ubtt - 1))
        shop.run(2, buyer)
        assert shop.row(buyer).covered_bytes == 0
        assert shop.row(buyer).cumulative_ubtt == buyer.tally.owed_ubtt - 1


class TestMeters:
    def test_that_agree_within_a_hundredth_go_on(self, shop: Shop) -> None:
        buyer = Buyer(1, counts_ppm=995_000)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(120, buyer)
        row = shop.row(buyer)
        assert row.state == "in_lane"
        assert row.written_off_bytes <= row.sent_bytes // 100 + MIB

    def test_that_disagree_for_three_rounds_end_the_deal(self, shop: Shop) -> None:
        buyer = Buyer(1, counts_ppm=800_000)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(120, buyer)
        assert Reason.METERS_DISAGREE in buyer.refusals
        row = shop.row(buyer)
        assert row.sent_bytes - row.covered_bytes <= 5 * MIB + row.sent_bytes // 100

    def test_are_told_once_a_second(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(15, buyer)
        told = buyer.link.take(Meters)
        assert 4 <= len(told) <= 15
        assert told[-1].meters[0].sent_bytes > 0


class TestSharedUpload:
    def test_is_split_as_bidders_spend(self, shop: Shop) -> None:
        buyers = [Buyer(number, spend=spend * 1_000) for number, spend in ((1, 1), (2, 2), (3, 4))]
        for buyer in buyers:
            shop.connect(buyer)
            shop.bid(buyer)
        shop.run(40, *buyers)
        speeds = [shop.row(buyer).speed_bytes_per_s for buyer in buyers]
        assert speeds[1] * 100 // speeds[0] in range(190, 211)
        assert speeds[2] * 100 // speeds[0] in range(390, 411)
        assert sum(speeds) <= 8 * MIB

    def test_ends_the_deal_that_gets_too_little_of_its_lane(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(35, buyer)
        lane = shop.lane(buyer)
        assert lane
        buyer.takes_ppm = 100_000  # its neighbours have the rest
        shop.run(60, buyer)
        assert Reason.SHARED_ADDRESS in buyer.refusals

    def test_admits_one_buyer_per_torrent_and_address(self, shop: Shop) -> None:
        one, neighbour = Buyer(1), Buyer(2, address="203.0.113.1")
        for buyer in (one, neighbour):
            shop.connect(buyer)
            shop.bid(buyer)
        assert [refuse.reason for refuse in neighbour.link.take(Refuse)] == [Reason.SHARED_ADDRESS]

    def test_is_refused_below_the_price_with_the_round_that_says_so(self, shop: Shop) -> None:
        poor, rich = Buyer(1, max_price=ASK), Buyer(2, spend=BTT, max_price=1_000 * BTT, amount=100 * BTT)
        for buyer in (poor, rich):
            shop.connect(buyer)
            shop.bid(buyer, useful_bytes_per_s=1_000 * MIB)
        shop.run(12, poor, rich)
        assert rich.prices[0] >= ASK
        kept = Round.objects.latest("number")
        assert {row["why"] for row in kept.rows} <= {"", *Reason}
        assert kept.granted_bytes_per_s <= kept.for_sale_bytes_per_s

    def test_can_be_recomputed_after_an_hour_and_for_a_day(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        number = Round.objects.latest("number").number
        shop.hear(buyer, Audit(number))
        assert buyer.link.take(Error)
        shop.floor.now += timedelta(hours=2)
        shop.hear(buyer, Audit(number))
        (told,) = buyer.link.take(RoundMessage)
        record = RoundRecord(told.round, told.ask, told.for_sale, told.price, told.bids)
        assert bids_hash(record).hex() == Round.objects.get(number=number).bids_hash
        shop.floor.now += timedelta(hours=24)
        shop.hear(buyer, Audit(number))
        assert buyer.link.take(Error)


class TestWhatIsSold:
    def test_is_nothing_while_selling_is_off(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        shop.change(sells=False)
        shop.run(12, buyer)
        assert buyer.refusals == [Reason.NOT_SELLING]
        assert shop.lane(buyer) == 0

    def test_is_no_private_torrent_unless_somebody_said_so(self, shop: Shop, owner: User) -> None:
        private = shop.seed("secret.iso", owner, private=True)
        shop.run(6)
        buyer = Buyer(1, torrent_key=private.key)
        shop.connect(buyer)
        shop.bid(buyer, private)
        assert [refuse.reason for refuse in buyer.link.take(Refuse)] == [Reason.NOT_SELLING]
        markets.offer(node_name="local", torrent_key=private.key, for_sale=ForSale.YES)
        shop.read_terms()
        shop.bid(buyer, private)
        shop.run(12, buyer)
        assert shop.row(buyer).sent_bytes > 0
        assert not any(
            isinstance(order, Announce) and dht_target(bytes.fromhex(private.info_hash_v1)) in order.targets
            for order in shop.floor.orders
        )

    def test_costs_what_the_torrent_asks_if_that_is_more(self, shop: Shop) -> None:
        markets.offer(
            node_name="local", torrent_key=shop.torrent.key, for_sale=ForSale.AS_THE_NODE, ask_ubtt_per_gib=20 * BTT
        )
        shop.read_terms()
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        assert set(buyer.refusals) == {Reason.PRICE_TOO_LOW}

    def test_is_announced_where_buyers_look(self, shop: Shop) -> None:
        shop.run(61)
        announced = [order for order in shop.floor.orders if isinstance(order, Announce)]
        assert announced[-1].targets == {dht_target(bytes.fromhex(shop.torrent.info_hash_v1)): 6890}

    def test_is_nothing_where_all_call_from_our_own_gateway(self, shop: Shop) -> None:
        for number in (1, 2):
            shop.connect(Buyer(number, address="172.17.0.1"))
        assert "host's network" in shop.seller.problem()


class TestAPausedDeal:
    def test_gives_its_lane_back_at_once_and_goes_on_when_it_bids_again(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        assert shop.lane(buyer) > 0
        shop.bid(buyer, spend_ubtt_per_s=0)
        assert shop.lane(buyer) == 0
        shop.run(12, buyer)
        assert not buyer.refusals
        assert Round.objects.latest("number").bids == 1
        shop.bid(buyer)
        shop.run(12, buyer)
        assert shop.lane(buyer) > 0


class TestALostConnection:
    def test_is_resumed_by_the_same_deal_and_receipt(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(25, buyer)
        shop.disconnect(buyer)
        before = shop.row(buyer).sent_bytes
        shop.run(30)
        shop.connect(buyer)
        (state,) = buyer.link.take(State)
        assert state.vouchers == (buyer.signed(shop, buyer.cumulative),)
        shop.bid(buyer)
        shop.run(25, buyer)
        assert shop.row(buyer).sent_bytes > before
        assert shop.row(buyer).opened_at < shop.row(buyer).linked_at

    def test_ends_the_deal_after_ten_minutes_with_all_that_was_promised(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(25, buyer)
        shop.disconnect(buyer)
        shop.floor.now += timedelta(seconds=601)
        shop.run(2)
        row = shop.row(buyer)
        assert (row.is_closed, row.state, row.redeemed_ubtt) == (True, "closed", buyer.cumulative)
        assert shop.hub.channels[buyer.channel.hex()].state is ChannelState.CLOSED


class TestASellerThatWasKilled:
    def test_knows_its_deals_and_debts_again(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(25, buyer)
        before = shop.row(buyer)
        shop.start()
        shop.connect(buyer)
        shop.bid(buyer)
        buyer.uploaded = buyer.seen = 0  # a new engine counts anew
        shop.run(25, buyer)
        after = shop.row(buyer)
        assert after.sent_bytes > before.sent_bytes
        assert after.cumulative_ubtt == buyer.cumulative
        assert after.state == "in_lane"

    def test_starts_at_what_was_redeemed_when_it_comes_from_a_backup(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        backup = SellingDeal.objects.values().get(deal_id=buyer.deal.hex())
        shop.run(30, buyer)
        buyer.pay(shop)
        shop.hub.redeem([SignedVoucher(buyer.channel.hex(), buyer.cumulative, b"")], key="")
        SellingDeal.objects.filter(pk=backup["id"]).update(**backup)
        shop.start()
        shop.run(2)
        shop.connect(buyer)
        shop.bid(buyer)
        replayed = buyer.vouchers(shop, buyer.cumulative)
        buyer.pays = False
        shop.run(12, buyer)
        for _ in range(10):
            shop.hear(buyer, replayed)
            shop.run(2, buyer)
        row = shop.row(buyer)
        assert row.redeemed_ubtt == buyer.cumulative
        assert row.sent_bytes - backup["sent_bytes"] <= 4 * MIB + MIB

    def test_leaves_nothing_throttled(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        shop.seller.finish(shop.floor.now)
        assert shop.floor.orders[-1] == ShareUpload()


class TestAWithdrawal:
    def test_waits_for_the_last_voucher_and_closes(self, shop: Shop) -> None:
        buyer = Buyer(1, pays=False)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        shop.hear(buyer, Withdraw(buyer.deal))
        assert shop.lane(buyer) == 0
        shop.run(5)
        assert not shop.row(buyer).is_closed
        buyer.pay(shop)
        shop.run(2)
        row = shop.row(buyer)
        assert (row.is_closed, row.redeemed_ubtt) == (True, buyer.cumulative)

    def test_is_nobody_elses(self, shop: Shop) -> None:
        buyer, other = Buyer(1), Buyer(2)
        for each in (buyer, other):
            shop.connect(each)
        shop.bid(buyer)
        shop.hear(other, Withdraw(buyer.deal))
        assert shop.row(buyer).state == "open"


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

    def test_is_redeemed_when_most_of_a_channels_time_is_over(self, shop: Shop) -> None:
        buyer = Buyer(1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(25, buyer)
        shop.floor.now += timedelta(seconds=2_900)
        shop.run(2)
        assert shop.row(buyer).redeemed_ubtt == buyer.cumulative
