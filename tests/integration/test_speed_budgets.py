"""Budgets: whatever happens in whatever order, and wherever a node dies, no more goes out than its user has said."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from speed.domain.blocks import MIB
from speed.models import Bid, Budget, BuyingDeal, Reservation
from speed.services import budgets, buying
from speed.services.budgets import Need
from speed.wire.hub_fake import FakeBooks, FakeHub
from speed.wire.hub_port import HubAway, HubRefused
from tests.at_once import at_once
from tests.builders import NOW
from tests.market import HUB_PRIVATE_KEY, speed_key
from tests.servers import PROVE
from wallet.domain.hub import ChannelState, HubChannel, SignedVoucher
from wallet.domain.speed1.voucher import Voucher

pytestmark = pytest.mark.django_db

BUYER, SELLER = speed_key(b"\x22"), speed_key(b"\x33")
DAY_LIMIT = 10_000
TORRENT_LIMITS = (6_000, 7_000)
LIFE_S = 3_600


class Died(Exception):
    """The node is killed here."""


@dataclass
class Scene:
    """One user with two bids on two nodes, and a hub that really moves the money. Steps are what an agent does."""

    now: datetime = NOW
    steps_left: int = 10**6  # commits and calls until the node dies
    bids: list[Bid] = field(default_factory=list)
    redeemed: list[tuple[datetime, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.books = FakeBooks(clock=lambda: int(self.now.timestamp()), private_key=HUB_PRIVATE_KEY)
        self.books.bind("7", BUYER.public_key.hex(), daily_limit_ubtt=10**9)
        self.books.bind("seller", SELLER.public_key.hex(), earns=True)
        self.books.money["7"] = 10**9
        self.buyer = FakeHub(self.books, BUYER.public_key.hex())
        self.seller = FakeHub(self.books, SELLER.public_key.hex())
        Budget.objects.create(user_id=7, is_on=True, day_limit_ubtt=DAY_LIMIT)
        for number, limit in enumerate(TORRENT_LIMITS):
            bid = Bid(user_id=7, node_name=f"node{number}", torrent_id=number, torrent_key="ab", is_on=True, on_at=NOW)
            bid.max_price_ubtt_per_gib, bid.spend_ubtt_per_s, bid.budget_ubtt = 4_096, 1, limit
            bid.save()
            self.bids.append(bid)

    def step(self, work: Callable[[], object]) -> object:
        """Do one commit, or one call of the hub; the node may die before it, or before it hears of it."""
        if self.steps_left <= 0:
            raise Died
        self.steps_left -= 1
        result = work()
        if self.steps_left == 0:
            raise Died
        return result

    def act(self, act: str, place: int, amount: int) -> None:
        match act:
            case "open":
                self.open(place, amount)
            case "top_up":
                self.top_up(place, amount)
            case "sign":
                self.sign(place, amount)
            case "close":
                self.close(place)
            case "pass_time":
                self.pass_time(amount // 200)
            case _:
                self.books.is_away = not self.books.is_away

    # --- what an agent does

    def open(self, place: int, wanted: int) -> None:
        bid = self.bids[place]
        deal_id = f"{Reservation.objects.count() + 1:032x}"
        reserved = self.step(lambda: budgets.reserve(need(bid, deal_id, "", wanted), now=self.now))
        if isinstance(reserved, Reservation):
            self.carry_out(reserved)

    def top_up(self, place: int, wanted: int) -> None:
        deal = BuyingDeal.objects.filter(bid_id=self.bids[place].pk, is_closed=False).first()
        if deal is not None:
            wish = need(self.bids[place], deal.deal_id, deal.channel_id, wanted)
            reserved = self.step(lambda: budgets.reserve(wish, now=self.now))
            if isinstance(reserved, Reservation):
                self.carry_out(reserved)

    def carry_out(self, row: Reservation) -> None:
        """Ask the hub, and write what it said; harmless as often as it is done."""
        with suppress(HubAway):
            try:
                channel = self.step(lambda: self.ask(row))
            except HubRefused as refusal:
                text = refusal.text
                self.step(lambda: budgets.refused(row.key, text=text))
                return
            assert isinstance(channel, HubChannel)
            if row.channel_id:
                self.step(
                    lambda: buying.topped_up(
                        row.key, deal_id=row.deal_id, amount_ubtt=channel.amount_ubtt, expires_at=self.now
                    )
                )
            else:
                self.step(lambda: buying.begin(row.key, columns(row, channel, self.now)))

    def ask(self, row: Reservation) -> HubChannel:
        if row.channel_id:
            return self.buyer.top_up(row.channel_id, key=row.key, amount_ubtt=row.amount_ubtt, expires_s=LIFE_S)
        return self.buyer.open_channel(
            key=row.key,
            account="7",
            payee_key=row.payee_key,
            amount_ubtt=row.amount_ubtt,
            expires_s=LIFE_S,
        )

    def sign(self, place: int, more: int) -> None:
        """Owe more, write it down, and only then let the seller see it, who redeems it at once if the hub is there."""
        deal = BuyingDeal.objects.filter(bid_id=self.bids[place].pk, is_closed=False).first()
        if deal is None:
            return
        total = min(deal.cumulative_ubtt + more, deal.amount_ubtt)
        row = {"deal_id": deal.deal_id, "cumulative_ubtt": total, "covered_bytes": deal.covered_bytes + MIB}
        self.step(lambda: buying.store([row], now=self.now))
        voucher = Voucher(self.books.hub_id, bytes.fromhex(deal.channel_id), SELLER.public_key, total)
        signed = SignedVoucher(deal.channel_id, total, voucher.sign(BUYER.private_key))
        with suppress(HubAway):
            (paid,) = self.seller.redeem([signed], key=f"{deal.channel_id}/{total}")
            self.redeemed.append((self.now, paid.paid_ubtt))

    def close(self, place: int) -> None:
        """The seller closes its channel, if the hub is there; the buyer learns of it."""
        deal = BuyingDeal.objects.filter(bid_id=self.bids[place].pk, is_closed=False).first()
        if deal is not None:
            with suppress(HubAway):
                self.seller.close(deal.channel_id, key=f"close {deal.channel_id}")
                self.step(lambda: buying.close(deal.deal_id, now=self.now))

    def restart(self) -> None:
        """Take up what was left: every reservation without an answer is carried out."""
        self.steps_left = NEVER
        for row in Reservation.objects.filter(state=Reservation.ASKED).select_related("bid"):
            self.carry_out(row)

    def pass_time(self, hours: int) -> None:
        """Let time pass; channels whose time is over give their rest back, and their buyer hears of it."""
        self.now += timedelta(hours=hours)
        self.books.expire_due()
        for deal in BuyingDeal.objects.filter(is_closed=False):
            if self.books.channels[deal.channel_id].state is ChannelState.EXPIRED:
                buying.close(deal.deal_id, now=self.now)

    # --- what must hold

    def check(self) -> None:
        """By the hub's own books: what was paid out, and what open channels still hold, is within every budget."""
        exposures = {bid.pk: self.exposure(bid) for bid in self.bids}
        for bid, limit in zip(self.bids, TORRENT_LIMITS, strict=True):
            assert exposures[bid.pk] <= budgets.of_torrent(bid).used_ubtt <= limit
        open_ubtt = sum(
            channel.amount_ubtt - channel.redeemed_ubtt for channel in self.books.channels.values() if is_open(channel)
        )
        day_ubtt = open_ubtt + sum(ubtt for at, ubtt in self.redeemed if at > self.now - timedelta(hours=24))
        assert day_ubtt <= budgets.of_day(Budget.objects.get(), now=self.now).used_ubtt <= DAY_LIMIT

    def exposure(self, bid: Bid) -> int:
        """Return what was taken out of channels for a bid, or still can be."""
        keys = Reservation.objects.filter(bid=bid).values_list("key", flat=True)
        answers = {self.books.calls.get((BUYER.public_key.hex(), key), (None, None))[1] for key in keys}
        channels = [self.books.channels[answer] for answer in answers if isinstance(answer, str)]
        return sum(channel.amount_ubtt if is_open(channel) else channel.redeemed_ubtt for channel in channels)


def is_open(channel: HubChannel) -> bool:
    return channel.state in (ChannelState.OPENING, ChannelState.OPEN)


def need(bid: Bid, deal_id: str, channel_id: str, wanted: int) -> Need:
    return Need(
        key=secrets.token_hex(16),
        bid_id=bid.pk,
        deal_id=deal_id,
        channel_id=channel_id,
        hub_id="ab" * 20,
        account="7",
        payee_key=SELLER.public_key.hex(),
        place="203.0.113.1/32",
        endpoint="",
        torrent_name="",
        size_bytes=MIB,
        wanted_ubtt=wanted,
        least_ubtt=wanted // 3,
        expires_s=LIFE_S,
    )


def columns(row: Reservation, channel: HubChannel, now: datetime) -> dict[str, object]:
    return {
        "node_name": row.node_name,
        "deal_id": row.deal_id,
        "torrent_id": row.bid.torrent_id,
        "torrent_key": row.bid.torrent_key,
        "size_bytes": MIB,
        "peer_key": row.payee_key,
        "place": row.place,
        "opened_at": now,
        "linked_at": now,
        "max_price_ubtt_per_gib": 4_096,
        "spend_ubtt_per_s": 1,
        "useful_bytes_per_s": 1,
        "hub_id": row.hub_id,
        "channel_id": channel.id,
        "amount_ubtt": channel.amount_ubtt,
        "expires_at": now,
        "bid_id": row.bid_id,
        "user_id": row.user_id,
        "account": row.account,
    }


NEVER = 10**6
acts = st.tuples(
    st.sampled_from(["open", "sign", "top_up", "sign", "open", "close", "pass_time", "away"]),
    st.sampled_from([0, 1]),  # which bid
    st.sampled_from([300, 900, 2_000, 4_000]),  # how much
    st.sampled_from([NEVER, 1, NEVER, 2, NEVER, 3]),  # steps until the node dies
)


class TestABudget:
    @settings(max_examples=8 * PROVE, deadline=None)
    @given(acts=st.lists(acts, min_size=10, max_size=14))
    def test_is_kept_in_any_order_of_things_with_deaths_between_any_two_of_them(
        self, acts: list[tuple[str, int, int, int]]
    ) -> None:
        with transaction.atomic():
            scene = Scene()
            for act, place, amount, life in acts:
                scene.steps_left = life
                try:
                    scene.act(act, place, amount)
                except Died:
                    scene.check()
                    scene.restart()
                scene.check()
            scene.books.is_away = False
            scene.restart()
            scene.check()
            transaction.set_rollback(True)

    def test_has_room_again_when_a_hub_has_refused(self) -> None:
        scene = Scene()
        scene.books.money["7"] = 0
        scene.open(0, 6_000)
        assert Reservation.objects.get().state == "refused"
        assert budgets.of_torrent(scene.bids[0]).left_ubtt == 6_000

    def test_counts_a_reservation_as_long_as_the_hub_has_not_answered(self) -> None:
        scene = Scene()
        scene.books.is_away = True
        scene.open(0, 6_000)
        assert budgets.of_torrent(scene.bids[0]).left_ubtt == 0
        assert budgets.of_day(Budget.objects.get(), now=NOW + timedelta(days=9)).used_ubtt == 6_000

    def test_is_taken_once_for_a_need_whose_first_answer_was_lost(self) -> None:
        scene = Scene()
        wanted = need(scene.bids[0], "0" * 32, "", 200)
        first = budgets.reserve(wanted, now=NOW)
        Bid.objects.update(is_on=False)  # meanwhile
        assert budgets.reserve(wanted, now=NOW) == first
        assert budgets.of_torrent(scene.bids[0]).used_ubtt == 200

    def test_of_a_user_who_has_stopped_has_no_room(self) -> None:
        scene = Scene()
        Budget.objects.update(is_on=False)
        assert budgets.reserve(need(scene.bids[0], "0" * 32, "", 1), now=NOW) == "The user has stopped it."


@pytest.mark.django_db(transaction=True)
class TestTwoNodesAtOnce:
    def test_never_take_more_than_a_user_has_said(self) -> None:
        scene = Scene()
        outcomes = at_once(
            *(
                lambda number=number: budgets.reserve(
                    need(scene.bids[number % 2], f"{number:032x}", "", 3_500), now=NOW
                )
                for number in range(6)
            )
        )
        taken = [outcome.amount_ubtt for outcome in outcomes if isinstance(outcome, Reservation)]
        assert DAY_LIMIT - 3_500 // 3 < sum(taken) <= DAY_LIMIT
        assert budgets.of_day(Budget.objects.get(), now=NOW).used_ubtt == sum(taken)
