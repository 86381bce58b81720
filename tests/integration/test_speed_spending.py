"""Who may spend: on the real ledger through the own hub, and at foreign hubs by pairing codes."""

from datetime import timedelta
from typing import Any

import libtorrent as lt
import pytest
from django.urls import reverse

from seedbox.models import Holding, Metadata, Torrent, User
from speed.domain.naming import directory_key
from speed.models import Agent, Hub, Pairing
from speed.services import beats, bids, hub_list, spenders
from speed.services.own_hub import OwnHub
from speed.wire.hub_fake import FakeHub
from speed.wire.hub_port import HubRefused
from tests.builders import NOW, make_node, signed_in
from tests.buying import BTT, PRICE, Stall, Taker
from tests.ledger import balance, fund, user
from tests.market import speed_key
from wallet.domain.hub import HubChannel, Refusal
from wallet.services import speed_keys

pytestmark = pytest.mark.django_db

NODE, NEW_NODE, SELLER = (speed_key(seed).public_key for seed in (b"\x22", b"\x23", b"\x33"))


def hub(key: bytes = NODE) -> OwnHub:
    return OwnHub(key.hex(), clock=lambda: NOW)


def open_channel(owner: User, amount_ubtt: int, *, key: bytes = NODE) -> HubChannel:
    return hub(key).open_channel(
        key=f"{amount_ubtt}",
        account=str(owner.pk),
        payee_key=SELLER.hex(),
        amount_ubtt=amount_ubtt,
        expires_s=3_600,
    )


def beat(key: bytes) -> None:
    """Let the node tell how it is, and which key it has."""
    beats.beat(
        node_name="local",
        now=NOW,
        speed_key=key,
        listens_on=(),
        port_mapping="",
        selling_problem="",
        buying_problem="",
        problem="",
        counters={},
    )


@pytest.fixture
def spender(owner: User) -> User:
    """Somebody with 50 BTT who lets the node spend 10 of them a day."""
    node = make_node()
    Agent.objects.create(node_name=node.name, speed_key=NODE.hex())
    fund(user(owner.pk), 50 * BTT)
    speed_keys.bind_node(make_node("shop").pk, SELLER.hex(), now=NOW)
    spenders.allow(owner.pk, day_limit_ubtt=10 * BTT, now=NOW)
    return owner


class TestSpending:
    def test_lets_the_node_open_channels_up_to_the_days_limit(self, spender: User) -> None:
        open_channel(spender, 10 * BTT)
        assert balance(user(spender.pk)) == 40 * BTT
        with pytest.raises(HubRefused) as refusal:
            open_channel(spender, 256)
        assert refusal.value.code is Refusal.OVER_DAILY_LIMIT

    def test_that_is_stopped_is_refused_by_the_ledger_itself(self, spender: User) -> None:
        channel = open_channel(spender, 2 * BTT)
        spenders.stop(spender.pk, now=NOW)
        with pytest.raises(HubRefused) as refusal:
            open_channel(spender, BTT)
        assert refusal.value.code is Refusal.NOT_BOUND
        with pytest.raises(HubRefused):
            hub().top_up(channel.id, key="more", amount_ubtt=1, expires_s=3_600)
        assert balance(user(spender.pk)) == 48 * BTT

    def test_goes_on_with_a_new_key_of_the_node(self, spender: User) -> None:
        with pytest.raises(HubRefused):
            open_channel(spender, BTT, key=NEW_NODE)
        spenders.bind_all(NEW_NODE, now=NOW)
        assert open_channel(spender, 2 * BTT, key=NEW_NODE).amount_ubtt == 2 * BTT

    def test_ends_by_the_key_that_the_node_had_before_whose_channels_run_out(self, spender: User, admin: User) -> None:
        open_channel(spender, BTT)
        for _ in range(2):
            beat(NEW_NODE)
        with pytest.raises(HubRefused) as refusal:
            open_channel(spender, 2 * BTT)
        assert refusal.value.code is Refusal.NOT_BOUND
        page = signed_in(admin).get(reverse("market_node", args=["local"])).content.decode()
        assert f"{NODE.hex()}</span>: channels that still run out: 1, until" in page
        speed_keys.bind_user(spender.pk, NODE.hex(), daily_limit_ubtt=BTT, now=NOW)  # by a code, whoever has it now
        assert "A former key of node local of this box" in [one["whose"] for one in hub_list.keys_of(spender.pk)]
        beat(NODE)
        assert Agent.objects.get().former_keys == [NEW_NODE.hex()]
        assert speed_keys.is_bound(NODE.hex())

    def test_by_a_key_goes_on_for_a_node_that_has_another_name_now(self, spender: User) -> None:
        Agent.objects.create(node_name="renamed", speed_key=NODE.hex())
        beat(NEW_NODE)
        assert open_channel(spender, BTT).amount_ubtt == BTT


class TestAPairingCode:
    def test_is_brought_to_its_hub_by_the_node_and_used_up(self, taker: Taker) -> None:
        taker.books.pairings["CODE"] = "their 7", 10 * BTT, False
        taker.books.money["their 7"] = BTT
        self.pair(taker, "CODE")
        pairing = Pairing.objects.get()
        assert (pairing.account, pairing.code, pairing.problem) == ("their 7", "", "")

    def test_tells_what_its_account_holds_there_until_it_lets_the_node_act_no_more(self, taker: Taker) -> None:
        taker.books.pairings["CODE"] = "their 7", BTT, False
        taker.books.money["their 7"] = 3 * BTT
        self.pair(taker, "CODE")
        taker.run(60.2)
        assert Pairing.objects.get().held_ubtt == 3 * BTT
        taker.floor.hub.unbind()
        taker.run(60.2)
        pairing = Pairing.objects.get()
        assert (pairing.held_ubtt, pairing.problem) == (0, spenders.REVOKED)

    def test_tells_what_its_account_holds_soon_after_its_hub_answers_again(self, taker: Taker) -> None:
        taker.books.pairings["CODE"] = "their 7", BTT, False
        taker.books.money["their 7"] = 3 * BTT
        self.pair(taker, "CODE")
        taker.books.is_away = True  # as one is, too, of which a node that has just started knows no key yet
        taker.run(60.2)
        assert Pairing.objects.get().heard_at is None
        taker.books.is_away = False
        taker.run(10.2)
        assert Pairing.objects.get().held_ubtt == 3 * BTT

    def test_that_is_wrong_leaves_a_sentence(self, taker: Taker) -> None:
        self.pair(taker, "WRONG")
        assert Pairing.objects.get().problem == "There is no such pairing code."

    def test_that_is_refused_leaves_an_account_of_before_as_it_was(self, taker: Taker) -> None:
        taker.books.pairings["CODE"] = "their 7", 0, True
        self.pair(taker, "CODE", limit_ubtt=0, earns=True)
        self.pair(taker, "WRONG", limit_ubtt=BTT)
        pairing = Pairing.objects.get()
        assert (pairing.account, pairing.daily_limit_ubtt, pairing.earns) == ("their 7", 0, True)
        assert pairing.problem == "There is no such pairing code."

    def test_by_which_a_node_only_earns_is_nothing_to_bid_with(self, taker: Taker) -> None:
        Hub.objects.update(url="https://hub.example.org")
        taker.books.pairings["CODE"] = "their 7", 0, True
        self.pair(taker, "CODE", limit_ubtt=0, earns=True)
        assert Pairing.objects.get().account == "their 7"
        bid = taker.bid()
        taker.run(2.2)
        bid.refresh_from_db()
        assert bid.note == bids.NO_ACCOUNT

    def pair(self, taker: Taker, code: str, *, limit_ubtt: int = BTT, earns: bool = False) -> None:
        spenders.pair(
            user_id=taker.user.pk,
            node_name="local",
            hub_id=taker.books.hub_id.hex(),
            code=code,
            daily_limit_ubtt=limit_ubtt,
            earns=earns,
            key=f"for-{code}",
        )
        taker.run(4)


class TestAPrivateTorrent:
    def test_is_bid_for_only_with_leave_to_ask_the_hubs_directory_and_its_sellers_are_called(
        self, taker: Taker
    ) -> None:
        info: dict[bytes, Any] = {b"length": 2**30, b"name": b"film.iso", b"piece length": 16_384, b"pieces": b""}
        file: dict[bytes, Any] = {b"info": info}
        Torrent.objects.update(private=True)
        Metadata.objects.create(torrent=taker.torrent, torrent_file=lt.bencode(file))
        seller = FakeHub(taker.books, SELLER.hex(), address="203.0.113.1")
        taker.books.bind("seller", SELLER.hex(), earns=True)
        seller.put_offers([directory_key(lt.bencode(info))], port=6890, key="1")
        bid = taker.bid()
        taker.run(2.2)
        bid.refresh_from_db()
        assert (bid.note, taker.floor.dialled) == (bids.PRIVATE, [])
        bids.place(
            user_id=taker.user.pk,
            torrent_id=taker.torrent.pk,
            max_price_ubtt_per_gib=PRICE,
            spend_ubtt_per_s=BTT,
            budget_ubtt=BTT,
            asks_directory=True,
            now=taker.floor.now,
        )
        taker.run(4.4)
        taker.see(Stall(1))
        taker.floor.now += timedelta(seconds=2)
        taker.buyer.tick(taker.floor.now)
        assert taker.floor.dialled == ["203.0.113.1:6890"]


class TestANewKey:
    def test_frees_the_budget_when_the_time_of_the_old_ones_channels_is_over(self, taker: Taker, stall: Stall) -> None:
        taker.floor.hub = FakeHub(taker.books, "02" + "ab" * 32, is_own=True)
        taker.start()
        bids.withdraw(user_id=taker.user.pk, torrent_id=taker.torrent.pk)
        taker.run(4)
        deal = taker.row(stall)
        assert taker.used() == deal.amount_ubtt > deal.cumulative_ubtt
        taker.floor.now += timedelta(hours=1, minutes=6)
        taker.run(1)
        deal.refresh_from_db()
        assert deal.is_closed
        assert taker.used() == deal.cumulative_ubtt


class TestARemovedTorrent:
    def test_ends_its_bid_also_where_nothing_is_bid_any_more(self, taker: Taker) -> None:
        bid = taker.bid()
        taker.run(2.2)
        taker.change(buys=False)
        Holding.objects.all().delete()
        taker.run(10.2)
        bid.refresh_from_db()
        assert (bid.is_on, bid.note) == (False, bids.REMOVED)
