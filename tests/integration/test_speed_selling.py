"""The selling side, driven by messages and counters: what it grants, bills, refuses and redeems."""

import pytest

from seedbox.domain.lanes import LookAtPeers, PeersSeen, ShareUpload, SwarmPeer
from seedbox.models import User
from speed.domain.messages import Ask, Grants, Quote, Refuse
from speed.domain.naming import torrent_name
from speed.domain.refusals import Reason
from tests.selling import ASK, BTT, MIB, Buyer, Shop

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


class TestAStranger:
    def test_gets_no_more_than_the_window_unpaid(self, shop: Shop) -> None:
        cheat = Buyer(1, pays=False)
        shop.connect(cheat)
        shop.bid(cheat)
        shop.run(60, cheat)
        assert 3 * MIB < shop.row(cheat).sent_bytes <= 4 * MIB
        assert cheat.refusals[-1] is Reason.UNPAID

    def test_is_refused_for_a_receipt_that_is_not_good(self, shop: Shop) -> None:
        buyer = Buyer(1, amount=BTT // 10)
        shop.connect(buyer)
        shop.bid(buyer)
        shop.run(12, buyer)
        assert set(buyer.refusals) == {Reason.CHANNEL_LOW}
        assert not buyer.link.take(Grants)
        forged = Buyer(2)
        shop.connect(forged)
        shop.bid(forged, receipt=bytes(235))
        assert forged.link.take(Refuse)[0].reason is Reason.BAD_RECEIPT
