"""The protocol's table of bounded harm: nodes that cheat, what they get by it, and never above the bound.

Receipts that are no good, vouchers that are forged, lowered or said again, a payer that would close, and a stolen key
have their tests where the rules are: beside credit, channels and the hub's keys.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from seedbox.domain.lanes import PeersSeen, SellersFound
from seedbox.models import User
from seedbox.services import market_facts
from speed.agent.finder import Finder
from speed.agent.replies import INFLATED
from speed.domain.messages import Bye, Withdraw
from speed.domain.naming import dht_target
from speed.models import BuyingDeal, SellingDeal
from speed.services.deal_rows import why
from tests.buying import BLOCK, GIB, PRICE, Stall, Taker
from tests.cheats import HOUR, Garbler, Inflater, Mute, NeverPays, Withholder
from tests.market import peer
from tests.selling import MIB, Shop
from wallet.domain.hub import ChannelState

pytestmark = pytest.mark.django_db

WINDOW_BYTES, MOST_GARBAGE_BYTES = 4 * MIB, 16 * MIB


def bound(sent_bytes: int) -> int:
    """Return what a stranger may cost at most: the window, a mebibyte and a hundredth of what was sent."""
    return WINDOW_BYTES + MIB + sent_bytes // 100


class TestABuyerThatNeverPays:
    def test_gets_one_window_at_all_addresses_of_one_net(self, owner: User) -> None:
        shop = Shop(owner)
        cheats = [NeverPays(number, address=f"2001:db8:7:7::{number}") for number in range(1, 4)]
        for cheat in cheats:  # one torrent has one buyer at a place: the others want more torrents
            torrent = shop.seed(f"book {cheat.number}", owner) if cheat.number > 1 else shop.torrent
            cheat.torrent_key = torrent.key
            shop.run(6)
            shop.connect(cheat)
            shop.bid(cheat, torrent)
        shop.run(60, *cheats)
        sent = sum(SellingDeal.objects.values_list("sent_bytes", flat=True))
        assert 3 * MIB < sent <= bound(sent)
        assert len(SellingDeal.objects.all()) == len(cheats)

    def test_gets_no_second_window_by_new_deals_keys_and_connections(self, owner: User) -> None:
        shop = Shop(owner)
        for number in range(1, 5):
            cheat = NeverPays(number, address="203.0.113.9", payer=1)
            shop.connect(cheat)
            shop.bid(cheat)
            shop.run(25, cheat)
            shop.hear(cheat, Withdraw(cheat.deal) if number % 2 else Bye("see you"))
            shop.disconnect(cheat)
            shop.run(80)
        sent = sum(SellingDeal.objects.values_list("sent_bytes", flat=True))
        assert 3 * MIB < sent <= bound(sent)


class TestASellerThat:
    @pytest.fixture
    def taker(self, owner: User) -> Taker:
        taker = Taker(owner)
        taker.bid()
        return taker

    def test_grants_and_sends_nothing_gets_nothing(self, taker: Taker) -> None:
        mute = Mute(1)
        taker.connect(mute)
        taker.run(70, mute)  # longer than the longest time between two vouchers
        assert (mute.granted_round > 0, mute.cumulative) == (True, 0)

    def test_inflates_its_meter_gets_no_more_for_it_and_loses_its_deal_for_an_hour(self, taker: Taker) -> None:
        inflater = Inflater(1)
        taker.connect(inflater)
        taker.run(70, inflater)
        row = taker.row(inflater)
        assert (row.end_reason, why(row.end_reason)) == (
            INFLATED,
            "The seller claims to have sent far more than came from it",
        )
        assert 0 < inflater.cumulative <= inflater.sent * PRICE // GIB
        assert inflater.withdrawn == [bytes.fromhex(row.deal_id)]
        assert (row.peer_key, BuyingDeal.objects.count()) == (inflater.key.public_key.hex(), 1)
        assert taker.rounds()[-1].number == inflater.granted_round  # the one in which it was found out

    @pytest.mark.parametrize("bad_pieces", [frozenset(), frozenset({1})])
    def test_tells_what_it_has_sent_keeps_its_deal_whatever_of_it_is_paid(
        self, taker: Taker, bad_pieces: frozenset[int]
    ) -> None:
        stall = Inflater(1, percent=100, bad_pieces=bad_pieces)
        taker.connect(stall)
        taker.run(12, stall)
        taker.disconnect(stall)
        stall.blocks += 50 * MIB // BLOCK  # nobody counted them
        taker.connect(stall)
        taker.run(55, stall)
        row = taker.row(stall)
        assert (row.end_reason, row.sent_bytes - row.accepted_bytes > 40 * MIB) == ("", True)

    def test_has_lost_what_was_under_way_when_its_connection_broke_keeps_its_deal(self, taker: Taker) -> None:
        stall = Inflater(1, percent=100)
        taker.connect(stall)
        taker.run(12, stall)
        came = peer(stall.address, received_bytes=stall.sent)
        taker.buyer.report(PeersSeen(taker.torrent.key, (came,)), taker.floor.now)
        stall.blocks += 12 * MIB // BLOCK  # nobody has them, and the next look finds another connection
        taker.run(55, stall)
        row = taker.row(stall)
        assert (row.end_reason, row.sent_bytes - row.accepted_bytes > 10 * MIB) == ("", True)

    def test_sends_garbage_gets_no_more_than_what_nobody_could_have_checked(self, taker: Taker) -> None:
        garbler = Garbler(1)
        taker.connect(garbler)
        taker.run(30, garbler)
        assert garbler.sent > 0
        assert garbler.cumulative <= MOST_GARBAGE_BYTES * PRICE // GIB
        assert taker.row(garbler).end_reason == "bad data"

    def test_sends_garbage_in_large_pieces_gets_no_more_than_two_of_them(self, owner: User) -> None:
        taker, garbler = Taker(owner, piece_bytes=16 * MIB), Garbler(1)
        taker.bid()
        taker.connect(garbler)
        taker.run(30, garbler)
        assert garbler.sent > 16 * MIB
        assert garbler.cumulative <= 32 * MIB * PRICE // GIB
        assert taker.row(garbler).end_reason == "bad data"

    @pytest.mark.parametrize(("piece_bytes", "most_bytes"), [(4 * MIB, 16 * MIB), (16 * MIB, 32 * MIB)])
    def test_lets_no_piece_be_checked_is_paid_for_what_may_be_unchecked(
        self, owner: User, piece_bytes: int, most_bytes: int
    ) -> None:
        taker, withholder = Taker(owner, piece_bytes=piece_bytes), Withholder(1)
        taker.bid()
        taker.connect(withholder)
        taker.run(30, withholder)
        assert withholder.sent > most_bytes
        assert (most_bytes - 4 * MIB) * PRICE // GIB < withholder.cumulative <= most_bytes * PRICE // GIB

    def test_vanishes_leaves_its_buyer_all_that_was_not_signed(self, taker: Taker) -> None:
        stall = Stall(1)
        taker.connect(stall)
        taker.run(8, stall)
        taker.disconnect(stall)
        has_ubtt = taker.books.money[str(taker.user.pk)]
        taker.floor.now += 2 * HOUR
        taker.books.expire_due()
        taker.run(15)
        row = taker.row(stall)
        assert row.is_closed
        assert taker.used() == row.cumulative_ubtt
        assert taker.books.money[str(taker.user.pk)] == has_ubtt + row.amount_ubtt


class TestABuyerThatVanishes:
    def test_has_paid_what_the_newest_voucher_promised(self, owner: User) -> None:
        shop = Shop(owner)
        buyer = NeverPays(1, pays=True)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(20, buyer)
        shop.disconnect(buyer)
        shop.floor.now += timedelta(minutes=10)
        shop.run(2)
        row = shop.row(buyer)
        assert row.is_closed
        assert row.redeemed_ubtt == buyer.cumulative > 0
        assert shop.hub.channels[buyer.channel.hex()].state is ChannelState.CLOSED

    def test_while_the_seller_is_down_and_its_channel_runs_out_leaves_a_deal_that_is_over(self, owner: User) -> None:
        shop = Shop(owner)
        buyer = NeverPays(1, pays=True)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        channel = shop.hub.channels[buyer.channel.hex()]
        shop.hub.channels[channel.id] = replace(channel, state=ChannelState.EXPIRED)
        shop.start()
        shop.run(2)
        row = shop.row(buyer)
        assert (row.is_closed, row.state, row.end_reason) == (True, "closed", "its channel has ended")


class TestAnybodyWhoPoisonsTheDht:
    """With a hundred rumours of each torrent that are all lies, while each has a thousand peers."""

    TORRENTS, PEERS, RUMOURS = 40, 1_000, 100
    MOST_CALLS = 4_000  # of functions, in a turn; each rumour beside each peer would be millions

    def test_makes_nobody_dial_and_holds_no_turn_up_and_the_true_seller_is_found(self, taker: Taker) -> None:
        facts = market_facts.torrent(taker.torrent.pk)
        assert facts is not None
        torrents = [replace(facts, key=f"{n:040x}", info_hash_v1=f"{n:040x}") for n in range(self.TORRENTS)]
        peers = tuple(peer(f"198.18.{n // 250}.{n % 250}") for n in range(self.PEERS))
        lies = tuple(f"203.0.113.{n}:6890" for n in range(self.RUMOURS))
        finder, floor = Finder(taker.floor), taker.floor
        finder.look_for(torrents, asks_directory=())
        for torrent in torrents:
            finder.peers_seen(PeersSeen(torrent.key, peers), floor.now)
            finder.found(SellersFound(dht_target(torrent.info_hash), lies))
        turns = [calls_of(lambda: finder.tick(floor.now)) for _ in range(self.TORRENTS)]
        assert (floor.dialled, max(turns) < self.MOST_CALLS) == ([], True)

        finder.found(SellersFound(dht_target(torrents[-1].info_hash), ("198.18.1.1:6890", *lies)))
        floor.now += timedelta(seconds=2)
        turns = [calls_of(lambda: finder.tick(floor.now)) for _ in range(self.TORRENTS)]
        assert (floor.dialled, max(turns) < self.MOST_CALLS) == (["198.18.1.1:6890"], True)


def calls_of(work: Callable[[], object]) -> int:
    """Do some work, and return how many functions were called for it: a measure that no other process changes."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
