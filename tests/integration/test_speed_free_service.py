"""A buyer looks at what sellers give it in rounds that it does not pay for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from seedbox.domain.kept import told
from seedbox.domain.lanes import PeersSeen
from speed.domain.messages import Refuse
from speed.domain.refusals import Reason
from speed.models import AvoidedSeller, BuyingDeal, Cause
from tests.buying import MIB, PRICE, Stall, Taker
from tests.market import peer

pytestmark = pytest.mark.django_db

KIB = 1024
OTHER = "203.0.113.99"


def alternate(
    taker: Taker, stall: Stall, *, free: int, slots: bool = True, others: int = 0, neighbour: bool = False
) -> None:
    """Let 30 rounds go by, a fast lane in every second one; in the others it gives so many bytes per second."""
    received, bid = stall.sent, stall.bids[-1]
    first = int(taker.floor.now.timestamp()) // 10 + 1
    for number in range(first, first + 30):
        taker.floor.now += timedelta(seconds=number * 10 - taker.floor.now.timestamp())
        is_lane = number % 2 == 0
        if is_lane:
            taker.hear(stall, stall.grants(bid, number))
        else:
            taker.hear(stall, Refuse(bid.deal, number, PRICE, Reason.NO_CAPACITY))
        speed = MIB if is_lane else free
        for second in (0, 4, 9):
            now = taker.floor.now + timedelta(seconds=second)
            seen = peer(
                stall.address, received_bytes=received + second * speed, down_bytes_per_s=speed, serves_us=slots
            )
            rest = [peer(OTHER, down_bytes_per_s=others)]
            if neighbour:
                rest.append(replace(peer(stall.address), endpoint=f"{stall.address}:6882", peer_id=b"n" * 20))
            taker.buyer.report(PeersSeen(taker.torrent.key, (seen, *rest)), now)
        received += 9 * speed
    taker.run(3, stall)


class TestASeller:
    def test_that_starves_who_does_not_pay_is_left_alone(self, taker: Taker, stall: Stall) -> None:
        stall.answers = False
        alternate(taker, stall, free=KIB // 2)
        held = AvoidedSeller.objects.get(peer_key=stall.key.public_key.hex())
        assert held.cause == Cause.STARVES_UNPAID
        assert "512 bytes per second" in told(held.text)
        assert held.until - held.since == timedelta(days=7)
        assert BuyingDeal.objects.get().end_reason == "starves who does not pay"

    @pytest.mark.parametrize(
        ("free", "slots", "others"),
        [(KIB, True, 0), (0, False, 0), (KIB // 2, True, MIB)],
        ids=["gives a part of what is due", "has no slot", "and others fill what we can take"],
    )
    def test_is_bid_for_further_that(self, taker: Taker, stall: Stall, free: int, *, slots: bool, others: int) -> None:
        stall.answers = False
        alternate(taker, stall, free=free, slots=slots, others=others)
        assert not AvoidedSeller.objects.exists()
        assert BuyingDeal.objects.get().end_reason == ""

    def test_is_not_judged_by_what_a_neighbour_may_have_had_or_given(self, taker: Taker, stall: Stall) -> None:
        stall.answers = False
        alternate(taker, stall, free=0, neighbour=True)
        assert not AvoidedSeller.objects.exists()

    def test_is_not_judged_by_one_of_two_deals_that_share_its_limit(self, taker: Taker, stall: Stall) -> None:
        taker.torrent = taker.wish_for("song.flac")
        taker.bid()
        taker.run(6, stall)
        stall.answers = False
        alternate(taker, stall, free=0)
        assert not AvoidedSeller.objects.exists()
        assert [deal.end_reason for deal in BuyingDeal.objects.all()] == ["", ""]
