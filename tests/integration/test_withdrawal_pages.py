"""The pages by which users withdraw and operators watch over it."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from seedbox.models import User
from tests.builders import signed_in
from tests.factors import confirm, found, prove, set_up_app
from tests.ledger import BTT
from tests.signers import HOT
from tests.withdrawals import World, money, stranger_address
from wallet import wiring
from wallet.chain.fake_endpoint import Problem
from wallet.domain.kinds import TransferKind
from wallet.domain.tron.addresses import to_base58, to_hex
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Account, AddressBookEntry, Halt, Transfer, Withdrawal, WithdrawalDesk, WithdrawalRules
from wallet.services import address_book, attempts, causes, withdrawal_rules, withdrawals
from wallet.signer.protocol import SignerAway, SignerRefused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ADDRESS = to_base58(stranger_address())
HOSTILE = "<script>alert(1)</script>"
Prove = Callable[..., str]


@pytest.fixture(autouse=True)
def chain_of_the_world(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages ask this test's chain and signer, and nothing else."""
    monkeypatch.setattr(wiring, "chain", lambda: world.door)
    monkeypatch.setattr(wiring, "signer", lambda: world.signer)
    cache.clear()


@pytest.fixture
def browser(owner: User) -> Client:
    return signed_in(owner)


@pytest.fixture
def code(browser: Client) -> str:
    """A recovery code of the owner's: those of an app would change now and then while a test is under way."""
    return set_up_app(browser)[1][0]


def fill_in(browser: Client, **fields: str) -> str:
    key = found(r'name="key" value="([0-9a-f]{32})"', browser.get(reverse("withdraw")).content.decode())
    return browser.post(
        reverse("withdraw"), {"address": ADDRESS, "amount": "100", "key": key} | fields
    ).content.decode()


def wish_of(page: str) -> str:
    return found(r'name="wish" value="([^"]+)"', page)


class TestWithdrawing:
    def test_shows_what_it_costs_then_asks_for_a_code_and_shows_the_steps(
        self, browser: Client, code: str, owner: User, world: World
    ) -> None:
        page = fill_in(browser)
        for words in (
            ADDRESS,
            "Withdraw 100 BTT?",
            "101 BTT",
            "899 BTT",
            "2.965 TRX for energy",
            "This address has no account on the chain yet",
        ):
            assert words in page, words
        assert money(owner.pk) == (1_000, 0)
        shown = prove(browser, "withdraw_send", {"wish": wish_of(page)}, code)
        assert "In the queue, number 1" in shown and "It is the next one." in shown
        assert money(owner.pk) == (899, 101)
        world.tick(8)
        done = browser.get(reverse("withdrawal", args=[Withdrawal.objects.get().pk])).content.decode()
        assert "Arrived" in done and "It arrived irreversibly" in done and "broadcast <strong>SUCCESS" in done
        assert Withdrawal.objects.get().attempts.get().tx_id in done
        assert "Arrived" in browser.get(reverse("withdrawals")).content.decode()

    def test_without_a_second_factor_leads_to_setting_one_up(self, browser: Client, owner: User) -> None:
        answer = browser.post(reverse("withdraw_send"), {"wish": wish_of(fill_in(browser))}, follow=True)
        assert "Set up a second factor first" in answer.content.decode()
        assert money(owner.pk) == (1_000, 0)

    def test_says_from_the_start_that_it_takes_a_second_factor(self, browser: Client) -> None:
        words = f'<a href="{reverse("security")}">Set one up first</a>'
        assert words in browser.get(reverse("withdraw")).content.decode()
        set_up_app(browser)
        assert words not in browser.get(reverse("withdraw")).content.decode()

    def test_asks_for_a_code_on_a_page_that_takes_no_password_and_leads_back_to_the_filled_form(
        self, browser: Client, code: str
    ) -> None:
        page = fill_in(browser)
        back = unescape(found(r'name="back" value="([^"]+)"', page))
        asked = browser.post(reverse("withdraw_send"), {"wish": wish_of(page), "back": back})
        shown = browser.get(asked["Location"]).content.decode()
        assert "Use your password" not in shown and "Back to Security" not in shown
        assert unescape(found(r'<a href="([^"]+)">Back without confirming', shown)) == back
        form = browser.get(back).content.decode()
        assert f'value="{ADDRESS}"' in form and 'name="amount" type="text" value="100"' in form
        elsewhere = {"wish": wish_of(page), "back": "https://evil.example/"}
        asked = browser.post(reverse("withdraw_send"), elsewhere, headers={"referer": f"http://testserver{back}"})
        shown = browser.get(asked["Location"]).content.decode()
        assert "evil.example" not in shown
        assert unescape(found(r'<a href="([^"]+)">Back without confirming', shown)) == back
        other = browser.get(f"{reverse('mfa_reauthenticate')}?next={reverse('security')}").content.decode()
        assert "Use your password" in other and "Back to Security" in other

    def test_asks_for_a_code_on_a_page_that_leads_to_no_other_host_however_its_address_is_written(
        self, browser: Client, code: str
    ) -> None:
        wish = wish_of(fill_in(browser))
        for path in ("//evil.example/x", "///evil.example/x", "/\\evil.example", "/\t/evil.example", "\\/evil.example"):
            for back in (path, f"http://testserver{path}", f" http://testserver{path}"):
                asked = browser.post(reverse("withdraw_send"), {"wish": wish, "back": back}, headers={"referer": back})
                assert "Back without confirming" not in browser.get(asked["Location"]).content.decode(), back

    def test_case_54_a_code_that_was_used_is_used_up(self, browser: Client, code: str, owner: User) -> None:
        prove(browser, "withdraw_send", {"wish": wish_of(fill_in(browser))}, code)
        shown = prove(browser, "withdraw_send", {"wish": wish_of(fill_in(browser))}, code)
        assert "This code is not right." in shown
        assert Withdrawal.objects.count() == 1

    def test_case_54_a_proof_for_one_wish_serves_no_other(self, browser: Client, code: str, owner: User) -> None:
        first, second = wish_of(fill_in(browser)), wish_of(fill_in(browser))
        prove(browser, "withdraw_send", {"wish": first}, code)
        again = browser.post(reverse("withdraw_send"), {"wish": second})
        assert again["Location"].startswith(reverse("mfa_reauthenticate"))
        assert Withdrawal.objects.count() == 1

    def test_a_proof_for_a_wish_that_was_not_carried_out_serves_no_other_act(
        self, browser: Client, code: str, owner: User
    ) -> None:
        asked = browser.post(reverse("withdraw_send"), {"wish": wish_of(fill_in(browser))})
        assert asked["Location"].startswith(reverse("mfa_reauthenticate"))
        browser.post(reverse("mfa_reauthenticate"), {"code": code, "next": reverse("addresses")})
        other = browser.post(reverse("addresses_check"), {"address": to_base58(stranger_address(2)), "label": ""})
        assert other["Location"].startswith(reverse("mfa_reauthenticate"))
        assert not Withdrawal.objects.exists() and not AddressBookEntry.objects.exclude(address=ADDRESS).exists()

    def test_a_code_typed_below_one_wish_carries_out_no_other_that_took_its_place(
        self, browser: Client, code: str, owner: User
    ) -> None:
        meant, thiefs = wish_of(fill_in(browser)), wish_of(fill_in(browser, amount="800"))
        shown = browser.get(browser.post(reverse("withdraw_send"), {"wish": meant})["Location"]).content.decode()
        assert f"Withdraw 100 BTT to {ADDRESS}" in shown
        browser.post(reverse("withdraw_send"), {"wish": thiefs})  # by who has stolen the login session
        again = confirm(browser, shown, code)
        assert not Withdrawal.objects.exists() and "Another form was sent from this login" in again
        assert f"Withdraw 800 BTT to {ADDRESS}" in again and "Withdraw 100 BTT" not in again
        anew = browser.get(browser.post(reverse("withdraw_send"), {"wish": meant})["Location"]).content.decode()
        assert "In the queue, number 1" in confirm(browser, anew, code)  # the code was not used up
        assert Withdrawal.objects.get().amount_ubtt == 100 * BTT

    def test_a_code_without_an_act_carries_out_nothing(self, browser: Client, code: str, owner: User) -> None:
        path = reverse("withdraw_send")
        browser.post(path, {"wish": wish_of(fill_in(browser))})
        answer = browser.post(reverse("mfa_reauthenticate"), {"code": code, "next": path})
        assert answer["Location"].startswith(reverse("mfa_reauthenticate")) and not Withdrawal.objects.exists()

    def test_tells_operators_alone_what_others_want_and_what_the_signer_says(
        self, browser: Client, admin: User, owner: User, world: World
    ) -> None:
        first = world.request(owner.pk)
        world.signer.problem = SignerAway("nobody listens at /srv/box/signer.sock")
        world.step()
        second = world.request(owner.pk)
        WithdrawalDesk.objects.update(waits_because="the next one takes 777 BTT")
        own = "".join(browser.get(reverse("withdrawal", args=[one.pk])).content.decode() for one in (first, second))
        assert "/srv/box" not in own and "777 BTT" not in own
        assert own.count("the signer can&#x27;t sign now") == 2  # what happens now, and in the log
        assert "its operator sees why" in own
        boss = signed_in(admin)
        assert "/srv/box" in boss.get(reverse("desk_withdrawal", args=[first.pk])).content.decode()
        assert "777 BTT" in boss.get(reverse("desk")).content.decode()

    def test_tells_its_user_in_plain_sentences_what_signer_and_endpoints_say_to_operators(
        self, browser: Client, admin: User, owner: User, world: World
    ) -> None:
        asked = world.request(owner.pk)
        world.signer.problem = SignerRefused("the limit of 3 files in /srv/box")
        world.step()
        world.signer.problem = None
        for endpoint in (world.one, world.two):
            endpoint.problem = Problem.GARBAGE
        attempts.sign(world.signer, asked.attempts.get(), now=world.now)
        attempts.broadcast(world.door, asked.attempts.get(), now=world.now)
        told = {"own": browser.get(reverse("withdrawal", args=[asked.pk])).content.decode()}
        told["desk"] = signed_in(admin).get(reverse("desk_withdrawal", args=[asked.pk])).content.decode()
        for words in ("/srv/box", "the answer is no JSON", ">one<"):
            assert words not in told["own"] and words in told["desk"], words
        assert "the signer won&#x27;t sign it" in told["own"] and "the network gave no clear answer" in told["own"]

    def test_takes_no_wish_that_was_changed_or_is_somebody_elses(
        self, browser: Client, code: str, stranger: User, owner: User
    ) -> None:
        thief = signed_in(stranger)
        thiefs_code = set_up_app(thief)[1][0]
        wish = wish_of(fill_in(browser))
        for client, own_code, sent in ((browser, code, f"{wish}x"), (thief, thiefs_code, wish)):
            assert "That quote was too old" in prove(client, "withdraw_send", {"wish": sent}, own_code)
        assert not Withdrawal.objects.exists()

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"amount": "0"}, "it must be above zero"),
            ({"amount": "1e9"}, "This is no amount"),
            ({"amount": "9.9"}, "One withdrawal is at least 10 BTT"),
            ({"amount": "1000"}, "You have only 1,000 BTT available, and with the fee this takes 1,001 BTT"),
            ({"address": ADDRESS[:-1]}, "34 characters"),
            ({"address": "T" * 200}, "at most 64 characters"),
            ({"address": f"{ADDRESS}\0"}, "Null characters are not allowed"),
            ({"address": HOSTILE}, "is not of TRON"),
        ],
    )
    def test_says_what_is_wrong_and_keeps_what_was_typed(
        self, browser: Client, fields: dict[str, str], words: str
    ) -> None:
        page = fill_in(browser, **fields)
        assert words in page
        assert 'name="wish"' not in page and HOSTILE not in page

    def test_takes_an_address_in_hex(self, browser: Client) -> None:
        assert ADDRESS in fill_in(browser, address="0x" + to_hex(stranger_address()).upper())

    def test_says_when_the_chain_is_away(self, browser: Client, world: World) -> None:
        world.one.problem = world.two.problem = Problem.AWAY
        assert "The chain does not answer at the moment" in fill_in(browser)

    def test_of_more_than_one_has_says_so_before_the_chain_is_asked(self, browser: Client, world: World) -> None:
        world.one.problem = world.two.problem = Problem.AWAY
        page = fill_in(browser, amount="20000")
        assert "You have only 1,000 BTT available, and with the fee this takes 20,001 BTT" in page

    def test_of_a_deposit_that_is_not_moved_yet_says_that_it_is_being_moved(
        self, browser: Client, world: World
    ) -> None:
        token = world.chain.network.assets.trc20_contract
        world.chain.books.add(HOT, -world.chain.books.amount(HOT, token), token)
        assert "A deposit is credited before it is moved there" in fill_in(browser)

    def test_to_a_new_address_leads_to_the_book_where_new_ones_wait(
        self, browser: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(withdrawal_rules, "ON_A_DEVNET", {"address_wait_s": 3600})
        assert "not in your address book" in fill_in(browser)

    def test_is_linked_from_all_that_it_leaves_in_the_statement(
        self, browser: Client, owner: User, stranger: User, world: World
    ) -> None:
        address_book.add(owner.pk, ADDRESS, label="my cold store", now=world.now)
        asked = world.request(owner.pk)
        short = f"{ADDRESS[:7]}…{ADDRESS[-5:]}"
        held = browser.get(reverse("money")).content.decode()
        assert f'href="withdrawals/{asked.pk}/"' in held and f"to {short}" in held and "withdrawal/" not in held
        world.tick(8)
        page = browser.get(reverse("money")).content.decode()
        assert f"to {short}" in page and "to withdrawals" not in page
        entry = browser.get(
            reverse("money_entry", args=[Transfer.objects.get(kind=TransferKind.WITHDRAWAL).pk])
        ).content.decode()
        assert f'<a href="{reverse("withdrawal", args=[asked.pk])}">Withdrawal {asked.pk}</a>' in entry
        assert asked.attempts.get().tx_id in entry
        assert "my cold store" in browser.get(reverse("withdrawal", args=[asked.pk])).content.decode()
        assert causes.source_of(stranger.pk, 0, f"withdrawal/{asked.pk}") is None

    def test_can_be_cancelled_by_its_user_alone(
        self, browser: Client, world: World, owner: User, stranger: User
    ) -> None:
        asked = world.request(owner.pk)
        address = reverse("withdrawal_cancel", args=[asked.pk])
        assert signed_in(stranger).post(address).status_code == 404
        assert money(owner.pk) == (899, 101)
        assert "Cancelled. The money is yours again." in browser.post(address, follow=True).content.decode()
        assert money(owner.pk) == (1_000, 0)

    def test_that_is_frozen_says_where_the_reason_stands(self, browser: Client, owner: User) -> None:
        Account.objects.filter(ref=str(owner.pk)).update(is_frozen=True)
        assert reverse("own_acts") in browser.get(reverse("withdraw")).content.decode()


class TestTheAddressBook:
    def test_takes_an_address_with_a_second_factor(self, browser: Client, code: str, owner: User) -> None:
        form = {"address": to_hex(stranger_address()), "label": HOSTILE}
        shown = prove(browser, "addresses_check", form, code)
        assert ADDRESS in shown and "&lt;script&gt;" in shown and HOSTILE not in shown
        entry = AddressBookEntry.objects.get(user_id=owner.pk)
        gone = browser.post(reverse("addresses_remove", args=[entry.pk]), follow=True).content.decode()
        assert "No addresses yet" in gone

    def test_is_nobody_elses(self, world: World, browser: Client, owner: User, stranger: User) -> None:
        world.request(owner.pk)
        entry = AddressBookEntry.objects.get()
        other = signed_in(stranger)
        assert ADDRESS not in other.get(reverse("addresses")).content.decode()
        assert other.post(reverse("addresses_remove", args=[entry.pk])).status_code == 404
        assert AddressBookEntry.objects.get().removed_at is None


class TestTheDesk:
    @pytest.fixture
    def boss(self, admin: User) -> Client:
        return signed_in(admin)

    def test_shows_the_queue_and_why_it_waits(self, boss: Client, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        Halt.objects.create(reason="operator", detail="ada: a look at it first", halted_at=world.now)
        world.step()
        page = boss.get(reverse("desk")).content.decode()
        for words in ("a look at it first", "The queue waits: withdrawals are stopped", "In the queue, number 1"):
            assert words in page, words
        assert "In the queue, number 1" in boss.get(reverse("desk_now")).content.decode()
        assert f'href="{reverse("reserves_lift", args=[Halt.objects.get().pk])}">Lift</a>' in page
        assert "<bdi>olga</bdi>" in page
        one = boss.get(reverse("desk_withdrawal", args=[asked.pk])).content.decode()
        assert "<bdi>olga</bdi>" in one

    def test_approves_with_a_second_factor_and_rejects_with_a_reason(
        self, boss: Client, world: World, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(withdrawal_rules.DEFAULTS, "approval_above_ubtt", 50 * BTT)
        code = set_up_app(boss)[1][0]
        first, second = world.request(owner.pk), world.request(owner.pk)
        Withdrawal.objects.update(approve_until=timezone.now() + withdrawals.APPROVE_WITHIN)  # pages go by true time
        shown = prove(boss, "desk_approve", {}, code, first.pk)
        assert "Approved: it is in the queue." in shown
        answer = boss.post(reverse("desk_reject", args=[second.pk]), {"reason": HOSTILE}, follow=True)
        assert "The money is its user&#x27;s again." in answer.content.decode()
        states = list(Withdrawal.objects.order_by("pk").values_list("state", flat=True))
        assert states == [WithdrawalState.QUEUED, WithdrawalState.REJECTED]
        own = signed_in(owner).get(reverse("withdrawal", args=[second.pk])).content.decode()
        assert "&lt;script&gt;" in own and HOSTILE not in own

    def test_changes_the_rules_and_shows_who_did(self, boss: Client) -> None:
        code = set_up_app(boss)[1][0]
        page = boss.get(reverse("desk_rules")).content.decode()
        fields = dict(re.findall(r'name="([a-z_]+)" type="text" value="([^"]*)"', page))
        fields |= {"key": found(r'name="key" value="([0-9a-f]{32})"', page), "reason": "a test", "flat_fee_ubtt": "0"}
        assert "This is no amount" in boss.post(reverse("desk_rules"), fields | {"most_ubtt": "lots"}).content.decode()
        asked = boss.post(reverse("desk_rules"), fields | {"address_wait_h": "5"})
        page = boss.get(asked["Location"]).content.decode()
        assert "Fee of each withdrawal: 0; A new address waits for (hours): 5." in page
        shown = prove(boss, "desk_rules", fields, code)
        assert "These rules hold from now on." in shown
        rules = WithdrawalRules.objects.get()
        assert (rules.flat_fee_ubtt, rules.actor_name, rules.reason) == (0, "ada", "a test")

    def test_stops_everything_at_once(self, boss: Client, world: World, owner: User) -> None:
        world.request(owner.pk)
        boss.post(reverse("reserves_halt"), {"reason": "odd payments"})
        page = boss.get(reverse("desk")).content.decode()
        assert "Withdrawals are stopped since" in page and "ada: odd payments" in page
        world.tick(2)
        assert Withdrawal.objects.get().state == WithdrawalState.QUEUED
