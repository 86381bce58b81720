"""What every hub promises, shown on the own one, on one over HTTP, and on the one in memory that other tests use."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from django.core.cache import cache

from tests.builders import make_user
from tests.hubs import (
    BUYER,
    DAILY_UBTT,
    HAS_UBTT,
    HOUR_S,
    SELLER,
    SELLER_KEY,
    STRANGER,
    FakeWorld,
    OwnWorld,
    World,
    foreign,
    open_one,
    own,
    promise,
)
from tests.ledger import ASSET, BTT
from tests.signer_process import Running
from wallet.domain.channels import LEAST_UBTT
from wallet.domain.hub import ChannelState, HubRefused, Redemption, Refusal
from wallet.domain.speed1.receipt import SpeedNetwork, read_receipt
from wallet.domain.speed1.signing import hub_id_of
from wallet.signer.client import SignerClient

WRONG_TERMS: list[tuple[dict[str, object], Refusal]] = [
    ({"amount_ubtt": DAILY_UBTT + 1}, Refusal.OVER_DAILY_LIMIT),
    ({"payee_key": STRANGER}, Refusal.UNKNOWN_PAYEE),
    ({"account": "77777777"}, Refusal.NOT_BOUND),
    ({"expires_s": 599}, Refusal.BAD_REQUEST),
    ({"expires_s": 7 * 86_400 + 1}, Refusal.BAD_REQUEST),
    ({"amount_ubtt": LEAST_UBTT - 1}, Refusal.BAD_REQUEST),
]


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignerClient]:
    running = Running(tmp_path_factory.mktemp("hub") / "data")
    with running.process():
        yield running.client


@pytest.fixture(params=["own", "foreign", "fake"])
def world(request: pytest.FixtureRequest, committed_books: None) -> Iterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    signer: SignerClient = request.getfixturevalue("signer")
    people = make_user("olga"), make_user("sam")
    if request.param == "own":
        yield OwnWorld(*people, signer, own)
        return
    cache.clear()  # turns of the tests before
    request.getfixturevalue("settings").SIGNER_SOCKET = Path(signer._path)
    url = f"http://localhost:{request.getfixturevalue('live_server').thread.port}"
    calls = partial(foreign, url, hub_id_of(signer.hub_key(ASSET)))
    world = OwnWorld(*people, signer, calls)
    yield world
    for hub in (world.buyer, world.seller, world.stranger):
        hub.shut()  # type: ignore[attr-defined]  # they are foreign ones


def refusal(call: object) -> Refusal:
    with pytest.raises(HubRefused) as refused:
        call()  # type: ignore[operator]  # it is one
    return refused.value.code


class TestWhatAHubSaysOfItself:
    def test_is_who_it_is_and_what_time(self, world: World) -> None:
        info = world.buyer.info()
        assert info.hub_id == world.buyer.hub_id == hub_id_of(info.key)
        assert (info.network, info.asset, info.fee_ppm) == (SpeedNetwork.DEVNET, ASSET, 0)
        assert world.buyer.now() >= info.time_s - 1  # half a second may be rounded away


class TestAKey:
    def test_sees_the_accounts_that_have_bound_it(self, world: World) -> None:
        (account,) = world.buyer.accounts()
        assert (account.account, account.available_ubtt, account.daily_limit_ubtt) == (
            world.account,
            HAS_UBTT,
            DAILY_UBTT,
        )
        assert not account.earns
        (earning,) = world.seller.accounts()
        assert earning.earns
        assert world.stranger.accounts() == []

    def test_is_bound_by_a_code_once(self, world: World) -> None:
        code = world.code(most_ubtt=BTT, earns=False)
        assert (
            refusal(lambda: world.stranger.bind(pairing=code, daily_limit_ubtt=BTT + 1, earns=False, key="1"))
            is Refusal.OVER_DAILY_LIMIT
        )
        for _ in range(2):
            assert world.stranger.bind(pairing=code, daily_limit_ubtt=BTT, earns=False, key="2") == world.account
        assert world.stranger.accounts()[0].left_today_ubtt == BTT
        assert (
            refusal(lambda: world.stranger.bind(pairing=code, daily_limit_ubtt=BTT, earns=False, key="3"))
            is Refusal.BAD_PAIRING
        )
        assert (
            refusal(lambda: world.seller.bind(pairing=code, daily_limit_ubtt=BTT, earns=False, key="3"))
            is Refusal.BAD_PAIRING
        )

    def test_that_is_nobodys_leaves_nothing_behind(self, world: World) -> None:
        open_other = partial(
            world.stranger.open_channel, account=world.account, payee_key=SELLER, amount_ubtt=BTT, expires_s=HOUR_S
        )
        assert refusal(partial(open_other, key="1")) is Refusal.NOT_BOUND
        world.stranger.bind(pairing=world.code(most_ubtt=BTT, earns=False), daily_limit_ubtt=BTT, earns=False, key="1")
        assert open_other(key="2").payer == STRANGER

    def test_earns_for_one_account(self, world: World) -> None:
        code = world.code(most_ubtt=0, earns=True)
        assert (
            refusal(lambda: world.seller.bind(pairing=code, daily_limit_ubtt=0, earns=True, key="1"))
            is Refusal.EARNS_ELSEWHERE
        )

    def test_earns_only_if_code_and_caller_say_so(self, world: World) -> None:
        code = world.code(most_ubtt=BTT, earns=True)
        assert refusal(lambda: world.stranger.bind(pairing=code, daily_limit_ubtt=0, earns=False, key="1")) is (
            Refusal.BAD_REQUEST
        )
        world.stranger.bind(pairing=code, daily_limit_ubtt=BTT, earns=False, key="2")
        assert not world.stranger.accounts()[0].earns
        code = world.code(most_ubtt=BTT, earns=False)
        assert refusal(lambda: world.stranger.bind(pairing=code, daily_limit_ubtt=BTT, earns=True, key="3")) is (
            Refusal.MAY_NOT_EARN
        )
        assert world.stranger.bind(pairing=code, daily_limit_ubtt=BTT, earns=False, key="4") == world.account

    def test_that_is_revoked_opens_nothing_and_what_is_open_runs_on(self, world: World) -> None:
        channel = open_one(world, amount_ubtt=BTT)
        world.buyer.unbind()
        assert refusal(lambda: open_one(world, key="2")) is Refusal.NOT_BOUND
        again = partial(world.buyer.top_up, channel.id, key="3", amount_ubtt=1, expires_s=HOUR_S)
        assert refusal(again) is Refusal.NOT_BOUND
        assert world.buyer.accounts() == []
        world.sign()
        assert world.seller.channel(channel.id).state is ChannelState.OPEN


class TestAChannel:
    def test_opens_when_its_receipt_is_signed(self, world: World) -> None:
        channel = open_one(world)
        assert (channel.state, channel.receipt, channel.is_signed) == (ChannelState.OPENING, b"", False)
        assert world.money() == (HAS_UBTT - 4 * BTT, 0)
        world.sign()
        channel = world.buyer.channel(channel.id, wait_s=5)
        receipt = read_receipt(channel.receipt, hub_key=world.buyer.info().key)
        assert (channel.state, channel.is_signed) == (ChannelState.OPEN, True)
        assert (receipt.channel.hex(), receipt.payer_key.hex(), receipt.payee_key.hex()) == (channel.id, BUYER, SELLER)
        assert (receipt.amount_ubtt, receipt.expires_at_s) == (4 * BTT, channel.expires_at_s)
        assert receipt.opened_at_s == channel.opened_at_s

    def test_is_opened_once_for_a_key(self, world: World) -> None:
        first = open_one(world)
        assert open_one(world).id == first.id
        assert world.money()[0] == HAS_UBTT - 4 * BTT
        assert refusal(lambda: open_one(world, amount_ubtt=BTT)) is Refusal.CONFLICT
        assert open_one(world, key="2", amount_ubtt=BTT).id != first.id

    def test_is_seen_by_payer_and_payee_alone(self, world: World) -> None:
        channel = open_one(world)
        assert world.buyer.channel(channel.id).account == world.account
        assert world.seller.channel(channel.id).account == ""
        assert refusal(lambda: world.stranger.channel(channel.id)) is Refusal.NOT_FOUND
        assert refusal(lambda: world.buyer.channel("0" * 32)) is Refusal.NOT_FOUND

    def test_is_refused_with_the_reason(self, world: World) -> None:
        for number, (change, why) in enumerate(WRONG_TERMS):
            terms = {"account": world.account, "payee_key": SELLER, "amount_ubtt": BTT, "expires_s": HOUR_S} | change
            asked = partial(world.buyer.open_channel, key=str(number), **terms)  # type: ignore[arg-type]  # of terms
            assert refusal(asked) is why, change
        assert world.money() == (HAS_UBTT, 0)

    def test_counts_against_the_day_with_what_it_is_topped_up_by(self, world: World) -> None:
        channel = open_one(world)
        more = partial(world.buyer.top_up, channel.id, expires_s=HOUR_S)
        assert more(key="2", amount_ubtt=2 * BTT).amount_ubtt == 6 * BTT
        assert refusal(lambda: more(key="3", amount_ubtt=1)) is Refusal.OVER_DAILY_LIMIT
        assert refusal(lambda: open_one(world, key="4", amount_ubtt=LEAST_UBTT)) is Refusal.OVER_DAILY_LIMIT
        assert world.buyer.accounts()[0].left_today_ubtt == 0

    def test_gets_a_new_receipt_with_money_or_time(self, world: World) -> None:
        channel = open_one(world)
        world.sign()
        for _ in range(2):
            longer = world.buyer.top_up(channel.id, key="2", amount_ubtt=BTT, expires_s=2 * HOUR_S)
        assert (longer.amount_ubtt, longer.is_signed, longer.state) == (5 * BTT, False, ChannelState.OPEN)
        world.sign()
        found = world.seller.channel(channel.id)
        receipt = read_receipt(found.receipt, hub_key=world.buyer.info().key)
        assert (receipt.amount_ubtt, receipt.expires_at_s) == (5 * BTT, longer.expires_at_s)
        for hub, why in ((world.seller, Refusal.NOT_THE_PAYER), (world.stranger, Refusal.NOT_FOUND)):
            more = partial(hub.top_up, channel.id, key="3", amount_ubtt=1, expires_s=HOUR_S)
            assert refusal(more) is why

    def test_gets_no_receipt_for_a_few_seconds_without_money(self, world: World) -> None:
        channel = open_one(world)
        world.sign()
        same = world.buyer.top_up(channel.id, key="2", amount_ubtt=0, expires_s=HOUR_S + 30)
        assert (same.expires_at_s, same.is_signed) == (channel.expires_at_s, True)
        longer = world.buyer.top_up(channel.id, key="3", amount_ubtt=0, expires_s=HOUR_S + 90)
        assert longer.expires_at_s >= channel.expires_at_s + 60
        assert not longer.is_signed


class TestVouchers:
    def test_pay_what_is_new_in_any_order_and_as_often_as_they_come(self, world: World) -> None:
        channel = open_one(world)
        world.sign()
        brought = [promise(world, channel, cumulative_ubtt) for cumulative_ubtt in (300, 500, 400)]
        first = world.seller.redeem(brought, key="1")
        assert [one.outcome for one in first] == [Redemption.UNCHANGED, Redemption.PAID, Redemption.UNCHANGED]
        assert [(one.paid_ubtt, one.redeemed_ubtt) for one in first] == [(0, 500), (500, 500), (0, 500)]
        again = world.seller.redeem(brought, key="1")
        assert {(one.outcome, one.redeemed_ubtt) for one in again} == {(Redemption.UNCHANGED, 500)}
        assert refusal(lambda: world.seller.redeem(brought[:1], key="1")) is Refusal.CONFLICT
        assert world.money() == (HAS_UBTT - 4 * BTT, 500)
        assert world.buyer.channel(channel.id).redeemed_ubtt == 500

    def test_are_refused_each_for_itself(self, world: World) -> None:
        channel = open_one(world)
        world.sign()
        good, over = promise(world, channel, 7), promise(world, channel, 4 * BTT + 1)
        forged = promise(world, channel, 9, by=SELLER_KEY)
        raised, elsewhere = replace(good, cumulative_ubtt=8), replace(good, channel="0" * 32)
        found = world.seller.redeem([over, forged, raised, elsewhere, good], key="1")
        assert [one.code for one in found] == [
            Refusal.OVER_AMOUNT,
            Refusal.BAD_SIGNATURE,
            Refusal.BAD_SIGNATURE,
            Refusal.UNKNOWN_CHANNEL,
            None,
        ]
        assert world.money()[1] == 7
        for hub in (world.buyer, world.stranger):
            assert hub.redeem([promise(world, channel, 8)], key="2")[0].code is Refusal.UNKNOWN_CHANNEL

    def test_that_are_all_bad_use_up_no_key(self, world: World) -> None:
        channel = open_one(world)
        world.sign()
        forged = promise(world, channel, 9, by=SELLER_KEY)
        assert world.seller.redeem([forged], key="1")[0].code is Refusal.BAD_SIGNATURE
        assert world.seller.redeem([promise(world, channel, 9)], key="1")[0].outcome is Redemption.PAID
        assert refusal(lambda: world.seller.redeem([forged], key="1")) is Refusal.CONFLICT

    def test_of_a_closed_channel_come_too_late(self, world: World) -> None:
        channel = open_one(world)
        world.sign()
        last = promise(world, channel, BTT)
        for hub, why in ((world.buyer, Refusal.NOT_THE_PAYEE), (world.stranger, Refusal.NOT_FOUND)):
            assert refusal(partial(hub.close, channel.id, key="0", last=last)) is why
        forged = promise(world, channel, 2 * BTT, by=SELLER_KEY)
        assert refusal(lambda: world.seller.close(channel.id, key="1", last=forged)) is Refusal.BAD_SIGNATURE
        for key in ("2", "2", "3"):
            closed = world.seller.close(channel.id, key=key, last=last)
            assert (closed.state, closed.redeemed_ubtt) == (ChannelState.CLOSED, BTT)
        assert world.money() == (HAS_UBTT - BTT, BTT)
        assert world.seller.redeem([promise(world, channel, 2 * BTT)], key="4")[0].code is Refusal.CLOSED
        assert (
            refusal(lambda: world.buyer.top_up(channel.id, key="5", amount_ubtt=1, expires_s=HOUR_S)) is Refusal.CLOSED
        )


class TestTheDirectory:
    def test_tells_others_for_half_an_hour_what_is_for_sale(self, world: World) -> None:
        key, other = bytes(31) + b"\x01", bytes(31) + b"\x02"
        world.seller.put_offers([key, other], port=6890, key="1")
        assert [offer.port for offer in world.buyer.offers(key)] == [6890]
        assert world.seller.offers(key) == []
        world.seller.put_offers([other], port=6890, key="2")
        assert world.buyer.offers(key) == []
        assert refusal(lambda: world.stranger.offers(key)) is Refusal.NOT_BOUND
        assert refusal(lambda: world.stranger.put_offers([key], port=1, key="1")) is Refusal.NOT_BOUND
