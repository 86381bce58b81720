"""The selling side, driven by messages and counters: what it sells, and how deals begin, rest and end."""

from datetime import timedelta

import pytest

from seedbox.domain.lanes import Announce, LookAtPeers, PeersSeen, ShareUpload
from seedbox.models import User
from speed.agent.asks import MAX_OF_LINK
from speed.domain.messages import MAX_DEALS, Ask, Quote, Refuse, State, Vouchers, Withdraw
from speed.domain.naming import dht_target, torrent_name
from speed.domain.refusals import Reason
from speed.models import ForSale, Market, Round, SellingDeal
from speed.services.deal_rows import why
from tests.market import peer, set_offer
from tests.selling import ASK, BTT, MIB, STEP_S, Buyer, Shop
from wallet.domain.hub import ChannelState, SignedVoucher

pytestmark = pytest.mark.django_db


def reasons_in_one_burst(shop: Shop, *buyers: Buyer) -> list[list[Reason]]:
    """Let all of them bid before the database answers, and return why each was refused."""
    for buyer in buyers:
        shop.connect(buyer)
    shop.floor.holds_writes = True
    for buyer in buyers:
        shop.bid(buyer)
    shop.floor.catch_up()
    return [[refuse.reason for refuse in buyer.link.take(Refuse)] for buyer in buyers]


class TestAQuestion:
    def test_is_answered_for_connected_peers_only(self, shop: Shop) -> None:
        near, far = Buyer(1), Buyer(2)
        for buyer in (near, far):
            link = shop.connect(buyer)
            name = torrent_name(callee_nonce=link.callee_nonce, info_hash=bytes.fromhex(shop.torrent.info_hash_v1))
            shop.hear(buyer, Ask((name, bytes(20))))
        looks = [order for order in shop.floor.orders if isinstance(order, LookAtPeers)]
        assert looks == [LookAtPeers(frozenset({shop.torrent.key}))]  # one for both
        shop.seller.report(PeersSeen(shop.torrent.key, (peer(near.address),)), shop.floor.now)
        (quote,) = near.link.take(Quote)
        assert (quote.ask_ubtt_per_gib, quote.for_sale_bytes_per_s) == (ASK, 8 * MIB)
        assert far.link.take(Quote) == []

    def test_is_one_of_a_few_that_a_connection_may_have_waiting(self, shop: Shop) -> None:
        buyer, other = Buyer(1), Buyer(2)
        for each in (buyer, other):
            link = shop.connect(each)
            name = torrent_name(callee_nonce=link.callee_nonce, info_hash=bytes.fromhex(shop.torrent.info_hash_v1))
        for _ in range(MAX_OF_LINK + 50):
            shop.hear(buyer, Ask((name,)))
        shop.hear(other, Ask((name,)))
        seen = PeersSeen(shop.torrent.key, (peer(buyer.address), peer(other.address)))
        shop.seller.report(seen, shop.floor.now)
        assert len(buyer.link.take(Quote)) == MAX_OF_LINK
        assert len(other.link.take(Quote)) == 1


class TestADeal:
    def test_is_granted_billed_and_paid_to_the_last_byte(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 60)
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


class TestBidsInOneBurst:
    """While the database is slow, several deals are being looked into at once."""

    def test_admit_one_deal_of_an_account_about_a_torrent(self, shop: Shop) -> None:
        one, other = Buyer(1), Buyer(2, payer=1)
        assert reasons_in_one_burst(shop, one, other) == [[], [Reason.BUSY]]

    def test_admit_one_deal_of_a_torrent_at_an_address(self, shop: Shop) -> None:
        one, other = Buyer(1), Buyer(2, address="203.0.113.1")
        assert reasons_in_one_burst(shop, one, other) == [[], [Reason.SHARED_ADDRESS]]

    def test_are_looked_at_once_more_where_their_buyer_is_by_then(self, shop: Shop) -> None:
        one, other = Buyer(1), Buyer(2)
        for buyer in (one, other):
            shop.connect(buyer)
        shop.bid(one)
        shop.floor.holds_writes = True
        shop.bid(other)
        other.address = one.address
        shop.connect(other)
        shop.bid(other)
        shop.floor.catch_up()
        assert other.link.take(Refuse)[-1].reason is Reason.SHARED_ADDRESS
        shop.run(12, one)
        assert shop.row(one).state == "in_lane"
        assert shop.row(other).is_closed


class TestAConnection:
    def test_carries_32_deals_and_is_told_of_all_that_its_key_has(self, shop: Shop, owner: User) -> None:
        torrents = [shop.seed(f"{number}.iso", owner) for number in range(MAX_DEALS + 1)]
        shop.run(6)
        buyers = [Buyer(number) for number in range(1, MAX_DEALS + 2)]
        for buyer in buyers:
            buyer.key = buyers[0].key
        full, spare = shop.connect(buyers[0]), shop.connect(buyers[-1])
        for buyer, torrent in zip(buyers, torrents, strict=True):
            buyer.link = spare if buyer is buyers[-1] else full
            shop.bid(buyer, torrent)
            shop.hear(buyer, Vouchers((buyer.signed(shop, 1),), ()))
        assert [*full.take(Refuse), *spare.take(Refuse)] == []
        buyers[-1].link = full
        shop.bid(buyers[-1], torrents[-1])
        assert [refuse.reason for refuse in full.take(Refuse)] == [Reason.BUSY]
        again = shop.connect(buyers[0])
        assert [len(state.vouchers) for state in again.take(State)] == [MAX_DEALS, 1]


class TestWhatIsSold:
    def test_is_nothing_while_selling_is_off(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 12)
        shop.change(sells=False)
        shop.run(12, buyer)
        assert buyer.refusals == [Reason.NOT_SELLING]
        assert shop.lane(buyer) == 0

    def test_is_paid_for_to_the_end_when_selling_is_switched_off(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1, pays=False), 12)
        shop.change(sells=False)
        shop.run(12, buyer)
        assert shop.seller.wants_port
        Market.objects.update(upload_limit_bytes_per_s=0)
        shop.read_terms()
        assert shop.seller.wants_port
        buyer.pay(shop)
        shop.run(12)
        assert shop.row(buyer).redeemed_ubtt == buyer.cumulative > 0
        assert not shop.seller.wants_port

    def test_is_known_before_a_buyer_goes_on_after_a_restart(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 12)
        shop.floor.holds_writes = True
        shop.start()
        shop.floor.catch_up()
        shop.connect(buyer)
        shop.floor.holds_writes = True
        shop.bid(buyer)
        shop.seller.tick(shop.floor.now)
        assert Reason.NOT_SELLING not in [refuse.reason for refuse in buyer.link.take(Refuse)]

    def test_is_no_private_torrent_unless_somebody_said_so(self, shop: Shop, owner: User) -> None:
        private = shop.seed("secret.iso", owner, private=True)
        shop.run(6)
        buyer = Buyer(1, torrent_key=private.key)
        shop.connect(buyer)
        shop.bid(buyer, private)
        assert [refuse.reason for refuse in buyer.link.take(Refuse)] == [Reason.NOT_SELLING]
        set_offer(private.key, ForSale.YES)
        shop.read_terms()
        shop.bid(buyer, private)
        shop.run(12, buyer)
        assert shop.row(buyer).sent_bytes > 0
        assert not any(
            isinstance(order, Announce) and dht_target(bytes.fromhex(private.info_hash_v1)) in order.targets
            for order in shop.floor.orders
        )

    def test_is_taken_out_of_the_hubs_directory_when_the_port_is_closed(self, shop: Shop, owner: User) -> None:
        private = shop.seed("secret.iso", owner, private=True)
        set_offer(private.key, ForSale.YES)
        shop.read_terms()
        shop.run(12)
        ((keys, port),) = shop.hub.offered
        assert (len(keys), port) == (1, 6890)
        shop.floor.port = 0
        shop.run(130)
        assert shop.hub.offered[1:] == [([], 6890)]

    def test_costs_what_the_torrent_asks_if_that_is_more(self, shop: Shop) -> None:
        set_offer(shop.torrent.key, ForSale.AS_THE_NODE, ask_ubtt_per_gib=20 * BTT)
        shop.read_terms()
        buyer = shop.serve(Buyer(1), 12)
        assert set(buyer.refusals) == {Reason.PRICE_TOO_LOW}

    def test_is_announced_where_buyers_look(self, shop: Shop) -> None:
        shop.run(61)
        announced = [order for order in shop.floor.orders if isinstance(order, Announce)]
        assert announced[-1].targets == {dht_target(bytes.fromhex(shop.torrent.info_hash_v1)): 6890}

    def test_is_announced_as_soon_as_the_port_is_open(self, shop: Shop) -> None:
        """A node that was just started knows what it sells before it listens."""
        shop.floor.port = 0
        shop.start()
        shop.floor.orders.clear()
        shop.run(1)
        assert not any(isinstance(order, Announce) for order in shop.floor.orders)
        shop.floor.port = 6890
        shop.run(1)
        assert any(isinstance(order, Announce) and order.targets for order in shop.floor.orders)

    def test_is_announced_at_once_when_the_port_is_open_again(self, shop: Shop) -> None:
        shop.run(61)
        shop.floor.port = 0
        shop.run(1)
        shop.floor.port = 6890
        shop.run(1)
        announced = [order for order in shop.floor.orders if isinstance(order, Announce)]
        assert [set(order.targets.values()) for order in announced[-3:]] == [{6890}, set(), {6890}]

    def test_is_nothing_where_all_call_from_our_own_gateway(self, shop: Shop) -> None:
        for number in (1, 2):
            shop.connect(Buyer(number, address="172.17.0.1"))
        assert "host's network" in shop.seller.problem()


class TestAPausedDeal:
    def test_gives_its_lane_back_at_once_and_goes_on_when_it_bids_again(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 12)
        assert shop.lane(buyer) > 0
        shop.bid(buyer, spend_ubtt_per_s=0)
        shop.run(STEP_S, buyer)
        assert shop.lane(buyer) == 0
        shop.run(12, buyer)
        assert not buyer.refusals
        assert Round.objects.latest("number").bids == 1
        shop.bid(buyer)
        shop.run(12, buyer)
        assert shop.lane(buyer) > 0


class TestALostConnection:
    def test_is_resumed_by_the_same_deal_and_receipt(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 25)
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

    def test_makes_way_for_a_buyer_who_has_forgotten_the_deal(self, shop: Shop) -> None:
        buyer, again = Buyer(1), Buyer(2, payer=1)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        shop.connect(again)
        shop.bid(again)
        assert [refuse.reason for refuse in again.link.take(Refuse)] == [Reason.BUSY]
        shop.disconnect(buyer)
        shop.bid(again)
        shop.run(12, again)
        assert shop.row(buyer).is_closed
        assert shop.row(again).sent_bytes > 0

    def test_ends_the_deal_after_ten_minutes_with_all_that_was_promised(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 25)
        shop.disconnect(buyer)
        shop.floor.now += timedelta(seconds=601)
        shop.run(2)
        row = shop.row(buyer)
        assert (row.is_closed, row.state, row.redeemed_ubtt) == (True, "closed", buyer.cumulative)
        assert why(row.end_reason) == "The buyer was not connected for ten minutes"
        assert shop.hub.channels[buyer.channel.hex()].state is ChannelState.CLOSED


class TestASellerThatWasKilled:
    def test_knows_its_deals_and_debts_again(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 25)
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

    def test_waits_ten_minutes_for_buyers_whatever_it_has_missed(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 25)
        shop.floor.now += timedelta(hours=1)
        before = shop.row(buyer).linked_at
        shop.start()
        shop.run(2)
        assert not shop.row(buyer).is_closed
        assert shop.row(buyer).linked_at == before
        shop.floor.now += timedelta(seconds=601)
        shop.run(2)
        assert shop.row(buyer).is_closed

    def test_starts_at_what_was_redeemed_when_it_comes_from_a_backup(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1), 12)
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
        shop.serve(Buyer(1), 12)
        shop.seller.finish(shop.floor.now)
        assert shop.floor.orders[-1] == ShareUpload()


class TestAWithdrawal:
    def test_waits_for_the_last_voucher_and_closes(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1, pays=False), 12)
        shop.hear(buyer, Withdraw(buyer.deal))
        assert shop.lane(buyer) == 0
        shop.run(5)
        assert not shop.row(buyer).is_closed
        buyer.pay(shop)
        shop.run(7)
        row = shop.row(buyer)
        assert (row.is_closed, row.redeemed_ubtt) == (True, buyer.cumulative)

    def test_is_nobody_elses(self, shop: Shop) -> None:
        buyer, other = Buyer(1), Buyer(2)
        for each in (buyer, other):
            shop.connect(each)
        shop.bid(buyer)
        shop.hear(other, Withdraw(buyer.deal))
        assert shop.row(buyer).state == "open"
