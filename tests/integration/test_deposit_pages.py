"""The pages of deposits: to whom they show what, and what they say while it is on its way."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from seedbox.models import User
from tests.box import free_port
from tests.builders import NOW, let_in, signed_in
from tests.devnet import RunningDevnet, devnet_here
from tests.exchange import BTT, BTTOLD, SUN, Exchange
from tests.ledger import lifted_guards
from wallet.domain.money import Asset
from wallet.domain.tron.addresses import to_base58
from wallet.models import ChainMovement, Deposit, DepositAddress, Halt, HaltReason
from wallet.services import (
    chain_rounds,
    deposit_screen,
    halts,
    pending,
    reconciliation,
    reserves,
    second_source,
    sweeps,
)

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db

RICH = 5_000 * BTT


@pytest.fixture
def exchange(owner: User) -> Exchange:
    made = Exchange()
    made.fake.solid_lag = 10
    made.fake.mine(15)
    made.scan_all()
    return made


def show(person: User, name: str, *args: object) -> str:
    return text_of(let_in(person).get(reverse(name, args=args)))


def text_of(response: "Response") -> str:
    """Return what a reader sees: no tags, no templates of the live script, single spaces."""
    assert response.status_code == 200
    page = re.sub(r"<template>.*?</template>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


class TestTheDepositPage:
    def test_says_what_to_wait_for_before_there_is_a_key(self, owner: User) -> None:
        assert "the box waits for its signer" in show(owner, "deposit")

    def test_shows_no_address_before_the_scan_has_begun(self, owner: User) -> None:
        exchange = Exchange()
        assert "the box waits for its signer and its chain" in show(owner, "deposit")
        exchange.scan()
        assert "Address on TRON" in show(owner, "deposit")

    def test_shows_the_own_address_as_text_and_as_a_picture(
        self, exchange: Exchange, owner: User, stranger: User
    ) -> None:
        page = let_in(owner).get(reverse("deposit")).content.decode()
        address = exchange.signer.confirm_address(DepositAddress.objects.get(user_id=owner.pk).index)
        assert f'readonly value="{address}"' in page
        assert "<svg" in page
        assert address not in let_in(stranger).get(reverse("deposit")).content.decode()

    def test_explains_what_is_credited_and_what_is_not(self, exchange: Exchange, owner: User) -> None:
        page = show(owner, "deposit")
        for words in ("TRC-20, at least 1,000 BTT", "TRC-10, at least 1 BTTOLD", "1002000", "Any other token"):
            assert words in page

    def test_shows_what_is_on_its_way_and_then_what_has_come(
        self, exchange: Exchange, owner: User, stranger: User, settings: Settings
    ) -> None:
        assert re.search(r"after about 20 blocks, \d+\ss", show(owner, "deposit").replace("&nbsp;", " "))
        exchange.pay(exchange.address(owner.pk), RICH)
        exchange.fake.mine(4)
        exchange.scan_all()
        pending.look_at_head(exchange.chain, now=exchange.now)
        assert re.search(r"4 of about 20 blocks \w+…\w+ about 21\ss 5,000 BTT", show(owner, "deposit"))
        settings.WALLET_DEVNET_SOLID_LAG = 5  # the chain is later than it should be
        assert re.search(r"4 of about 11 blocks", show(owner, "deposit"))
        assert "5,000" not in show(stranger, "deposit").replace("1,000 BTT", "")
        exchange.arrive()
        page = show(owner, "deposit")
        assert "Nothing at this moment" in page
        assert "Credited" in page
        assert "+5,000 BTT" in page

    @pytest.mark.parametrize(
        ("units", "asset", "words"),
        [
            (999 * BTT, Asset.TRC20, "below 1,000 BTT 999 BTT"),
            (5 * SUN, Asset.TRX, "TRX pays for the chain 5 TRX"),
            (1, Asset.TRC10, "below 1 BTTOLD 0.000001 BTTOLD"),
        ],
    )
    def test_promises_no_credit_for_what_gets_none(
        self, exchange: Exchange, owner: User, units: int, asset: Asset, words: str
    ) -> None:
        exchange.pay(exchange.address(owner.pk), units, asset)
        exchange.fake.mine()
        pending.look_at_head(exchange.chain, now=exchange.now)
        assert f"not credited: {words}" in show(owner, "deposit")

    def test_says_of_a_deposit_that_was_not_credited_why(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 999 * BTT)
        assert "Not credited: below the minimum" in show(owner, "deposit")
        page = show(owner, "deposit_came", Deposit.objects.get().pk)
        assert "less than the minimum of 1,000 BTT" in page
        assert "999 BTT" in page

    def test_is_linked_from_its_entry_with_its_transaction(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, RICH)
        came = Deposit.objects.get()
        page = let_in(owner).get(reverse("money_entry", args=[came.transfer_id])).content.decode()
        assert f'<a href="{reverse("deposit_came", args=[came.pk])}">Deposit {came.pk}</a>' in page
        assert came.tx_id in page

    def test_writes_all_18_decimals_and_where_the_last_went(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, RICH + 1)
        page = show(owner, "deposit_came", Deposit.objects.get().pk)
        assert "5,000.000000000000000001 BTT" in page
        assert "the 0.000000000000000001 BTT below that went to the box" in page

    def test_names_what_is_held_in_the_other_asset(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 7 * BTTOLD, Asset.TRC10)
        assert "You have 7 BTTOLD" in show(owner, "deposit")

    def test_goes_on_to_older_ones(self, exchange: Exchange, owner: User) -> None:
        for _ in range(26):
            exchange.pay(exchange.address(owner.pk), RICH)
        exchange.arrive()
        client = let_in(owner)
        page = client.get(reverse("deposit")).content.decode()
        older = re.search(r'rel="next" href="([^"]*)"', page)
        assert older
        assert text_of(client.get(older[1])).count("+5,000 BTT") == 1

    def test_tells_an_open_page_of_its_own_user_alone(self, exchange: Exchange, owner: User, stranger: User) -> None:
        exchange.pay(exchange.address(owner.pk), RICH)
        exchange.fake.mine()
        pending.look_at_head(exchange.chain, now=exchange.now)
        exchange.arrive()
        assert "5,000" in str(deposit_screen.messages(owner.pk))
        assert "5,000" not in str(deposit_screen.messages(stranger.pk))


class TestTheReservesPage:
    def test_says_when_nobody_signs(self, exchange: Exchange, admin: User) -> None:
        assert "Nothing is signed: the signer does not answer" in show(admin, "reserves")

    def test_shows_chain_and_books_the_float_and_the_endpoints(
        self, exchange: Exchange, owner: User, admin: User
    ) -> None:
        exchange.pay(exchange.hot, 50 * SUN, Asset.TRX)
        exchange.deposit(owner.pk, RICH)
        chain_rounds.read(exchange.chain, exchange.signer, now=exchange.now)
        reconciliation.run(now=exchange.now)
        page = show(admin, "reserves")
        assert "Up to date" in page
        assert "first Answers" in page
        assert re.search(r"BTT at block \d+ 5,000 5,000 0", page)
        assert "BTT 0 5,000 on 1 5,000" in page
        assert "It is short of TRX" in page

    def test_says_so_before_anything_was_read(self, admin: User) -> None:
        assert "Waiting for the signer" in show(admin, "reserves")
        Exchange()
        assert "Waiting for the chain: no two endpoints agree yet" in show(admin, "reserves")

    def test_names_the_rows_of_a_difference_and_that_withdrawals_are_halted(
        self, exchange: Exchange, owner: User, admin: User
    ) -> None:
        exchange.deposit(owner.pk, RICH)
        with lifted_guards():
            ChainMovement.objects.filter(side="in").update(amount=RICH - 1)
        reconciliation.run(now=exchange.now)
        page = show(admin, "reserves")
        assert "Withdrawals are halted: The chain and the books differ" in page
        assert f"Deposit {Deposit.objects.get().pk} says {RICH} units, its movement {RICH - 1}" in page
        assert "\N{MINUS SIGN}0.000000000000000001" in page

    def test_shows_where_an_endpoint_says_otherwise_than_the_blocks(self, exchange: Exchange, admin: User) -> None:
        exchange.fake.books.add(exchange.hot, 5_000_000, 0)
        second_source.compare(exchange.chain, now=exchange.now)
        assert f"By the word of an endpoint, {to_base58(exchange.hot)} has 5 TRX more than" in show(admin, "reserves")

    def test_shows_sweeps_and_what_was_not_credited(self, exchange: Exchange, owner: User, admin: User) -> None:
        exchange.deposit(owner.pk, 50_000 * BTTOLD, Asset.TRC10)
        exchange.deposit(owner.pk, 5)
        sweeps.step(exchange.chain, exchange.signer, now=exchange.now)
        page = show(admin, "reserves")
        assert "Sweep" in page
        assert "50,000 BTTOLD" in page
        assert "Below the minimum" in page

    def test_tells_open_pages_of_admins_alone(self, exchange: Exchange, owner: User, admin: User) -> None:
        assert reserves.messages(owner.pk) == []
        assert "Up to date" in str(reserves.messages(admin.pk))
        admin.is_active = False
        admin.save()
        assert reserves.messages(admin.pk) == []


class TestAHaltOnThePages:
    def test_is_made_and_lifted_by_an_admin_with_a_reason(self, admin: User) -> None:
        client = signed_in(admin)
        client.post(reverse("reserves_halt"), {"reason": "the hot key may be out"})
        (halt,) = halts.standing()
        assert (halt.reason, halt.detail) == (HaltReason.OPERATOR, "ada: the hot key may be out")
        lift = reverse("reserves_lift", args=[halt.pk])
        assert "This field is required" in client.post(lift, {"reason": " "}).content.decode()
        assert halts.is_halted()
        assert client.post(lift, {"reason": "it was not"}).status_code == 302
        assert not halts.is_halted()
        assert Halt.objects.get().lifted_by_name == "ada"
        assert client.get(lift).status_code == 404
        assert "it was not" in show(admin, "reserves")

    def test_is_lifted_only_by_who_has_just_proved_who_they_are(self, admin: User) -> None:
        halts.halt(HaltReason.AUDIT, "because", NOW)
        client = Client()
        client.force_login(admin)
        answer = client.post(reverse("reserves_lift", args=[halts.standing()[0].pk]), {"reason": "mended"})
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_reauthenticate"))
        assert halts.is_halted()


class TestTheFaucet:
    @pytest.fixture
    def devnet(self, settings: Settings) -> Iterator[RunningDevnet]:
        with devnet_here() as chain:
            settings.WALLET_CHAIN_ENDPOINTS = (chain.url,)
            yield chain

    def test_pays_the_user_and_for_the_fees_of_the_box(
        self, devnet: RunningDevnet, exchange: Exchange, owner: User
    ) -> None:
        let_in(owner).post(reverse("deposit_faucet"))
        devnet.mine()
        assert self.of(devnet, DepositAddress.objects.get(user_id=owner.pk).address)["assetV2"] == [
            {"key": "1002000", "value": 20_000_000_000}
        ]
        assert self.of(devnet, exchange.signer.status().hot_address)["balance"] == 10_000 * SUN

    def test_pays_for_the_fees_alone_when_an_admin_says_so(
        self, devnet: RunningDevnet, exchange: Exchange, admin: User
    ) -> None:
        assert "Get test TRX" in show(admin, "reserves")
        let_in(admin).post(reverse("reserves_fuel"))
        devnet.mine()
        assert self.of(devnet, exchange.signer.status().hot_address)["balance"] == 10_000 * SUN

    def test_says_when_it_is_away(self, exchange: Exchange, admin: User, settings: Settings) -> None:
        settings.WALLET_CHAIN_ENDPOINTS = (f"http://127.0.0.1:{free_port()}",)
        page = let_in(admin).post(reverse("reserves_fuel"), follow=True).content.decode()
        assert "the development chain does not answer. Try again in a moment." in page

    def of(self, devnet: RunningDevnet, address: str | None) -> dict[str, Any]:
        return dict(devnet.post("wallet/getaccount", address=address, visible=True))


class TestAPageWithoutAnAddress:
    def test_looks_again_by_itself_until_the_box_is_ready(self, owner: User) -> None:
        page = signed_in(owner).get(reverse("deposit"))
        assert "Deposits are not ready yet" in page.content.decode()
        assert page["Refresh"] == "5"
