"""What may be asked for: destinations, limits, fees; and what admins decide. Numbers are of the list of failures."""

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import BTT
from tests.signers import HOT
from tests.withdrawals import TRX, World, fresh_form_key, money, rich, stranger_address
from wallet.domain import withdrawal_words as words
from wallet.domain.money import Asset
from wallet.domain.tron.addresses import BLACK_HOLE, ZERO_ADDRESS, to_base58, to_hex
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Account, DepositAddress, Withdrawal, WithdrawalDesk, WithdrawalRules
from wallet.services import (
    address_book,
    decisions,
    own_addresses,
    withdrawal_quotes,
    withdrawal_rules,
    withdrawals,
)
from wallet.services.operators import Actor
from wallet.services.refusals import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

T_FORM = to_base58(stranger_address())


def set_rules(admin: User, **values: int) -> WithdrawalRules:
    current = withdrawal_rules.current()
    kept = {name: getattr(current, name) for name in withdrawal_rules.FIELDS}
    actor = Actor(admin.pk, admin.username)
    return withdrawal_rules.change(kept | values, actor=actor, reason="a test", key=fresh_form_key(), now=NOW)


class TestCase52ADestination:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (to_base58(ZERO_ADDRESS), "Nobody can spend"),
            (to_base58(BLACK_HOLE), "Nobody can spend"),
            (to_hex(ZERO_ADDRESS), "Nobody can spend"),
            (to_base58(HOT), "belongs to this box"),
            (to_hex(HOT).upper(), "belongs to this box"),
            (T_FORM[:-1] + ("1" if T_FORM[-1] != "1" else "2"), "Copy the address again"),
            (T_FORM[:-1], "34 characters"),
            ("0x" + "ab" * 20, "Ethereum's kind"),
            ("", "There is no address"),
            ("somewhere", "not of TRON"),
        ],
    )
    def test_that_is_no_place_to_pay_to_is_refused(self, world: World, owner: User, text: str, words: str) -> None:
        with pytest.raises(Refused, match=words):
            address_book.add(owner.pk, text, label="", now=NOW)

    def test_of_another_user_is_refused(self, world: World, owner: User, stranger: User) -> None:
        theirs = to_base58(stranger_address(7))
        DepositAddress.objects.create(network="devnet", user_id=stranger.pk, index=1, address=theirs, made_at=NOW)
        assert own_addresses.is_own(theirs)
        with pytest.raises(Refused, match="your own deposit address or another user's"):
            address_book.add(owner.pk, theirs, label="", now=NOW)

    def test_that_is_there_already_needs_no_room(
        self, world: World, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(address_book, "MAX_ENTRIES", 1)
        entries = {address_book.add(owner.pk, T_FORM, label="", now=NOW).pk for _ in range(2)}
        assert len(entries) == 1
        with pytest.raises(Refused, match="Your book is full"):
            address_book.add(owner.pk, to_base58(stranger_address(7)), label="", now=NOW)

    def test_that_is_a_contract_is_refused(self, world: World) -> None:
        with pytest.raises(Refused, match="address of a contract"):
            withdrawal_quotes.quote(
                world.door, world.chain.network.assets.trc20_contract, asset=Asset.TRC20, amount_ubtt=100 * BTT
            )

    def test_is_one_address_in_each_of_its_forms(self, world: World, owner: User) -> None:
        address = stranger_address()
        forms = [T_FORM, f"  {T_FORM} ", to_hex(address), to_hex(address).upper(), "0x" + to_hex(address)]
        entries = {address_book.add(owner.pk, form, label="", now=NOW).pk for form in forms}
        assert len(entries) == 1 and address_book.entries(owner.pk)[0].address == T_FORM

    def test_that_is_new_waits(self, world: World, owner: User, admin: User) -> None:
        set_rules(admin, address_wait_s=24 * 3600)
        with pytest.raises(Refused, match="can be used from 2024-11-24 12:00 UTC on"):
            world.request(owner.pk)
        world.now += timedelta(hours=24)
        assert world.request(owner.pk).state == WithdrawalState.QUEUED

    def test_that_left_the_book_is_refused_and_waits_again(self, world: World, owner: User, admin: User) -> None:
        set_rules(admin, address_wait_s=3600)
        entry = address_book.add(owner.pk, T_FORM, label="", now=NOW - timedelta(days=1))
        assert address_book.remove(owner.pk, entry.pk, now=NOW)
        assert not address_book.remove(owner.pk, entry.pk, now=NOW)
        with pytest.raises(Refused, match="is new"):
            world.request(owner.pk)


class TestCase53ALimit:
    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"most_ubtt": 99 * BTT}, "One withdrawal is at most 99 BTT"),
            ({"least_ubtt": 101 * BTT}, "One withdrawal is at least 101 BTT"),
            ({"user_hour_ubtt": 99 * BTT}, "You can withdraw 99 BTT in an hour"),
            ({"all_day_ubtt": 99 * BTT, "all_hour_ubtt": 1}, "All users together can withdraw"),
        ],
    )
    def test_says_what_is_left_and_when_it_fits(
        self, world: World, owner: User, admin: User, values: dict[str, int], words: str
    ) -> None:
        set_rules(admin, **values)
        with pytest.raises(Refused, match=words):
            world.request(owner.pk)
        assert money(owner.pk) == (1_000, 0)

    def test_rolls_over_midnight_and_is_free_to_the_second(self, world: World, owner: User, admin: User) -> None:
        set_rules(admin, user_day_ubtt=150 * BTT, user_hour_ubtt=150 * BTT)
        world.now = NOW.replace(hour=23, minute=59)
        world.request(owner.pk)
        world.now += timedelta(minutes=2)
        with pytest.raises(Refused, match="50 BTT of it is left; this fits from 2024-11-24 23:59 UTC on"):
            world.request(owner.pk)
        world.now = NOW.replace(day=24, hour=23, minute=59)
        assert world.request(owner.pk).state == WithdrawalState.QUEUED

    def test_counts_no_withdrawal_that_was_cancelled(self, world: World, owner: User, admin: User) -> None:
        set_rules(admin, user_day_ubtt=150 * BTT, user_hour_ubtt=150 * BTT)
        first = world.request(owner.pk)
        withdrawals.cancel(world.signer, user_id=owner.pk, withdrawal_id=first.pk, now=NOW)
        assert world.request(owner.pk).state == WithdrawalState.QUEUED

    def test_that_refused_a_wish_refuses_it_for_ever(self, world: World, owner: User, admin: User) -> None:
        set_rules(admin, most_ubtt=50 * BTT)
        key = fresh_form_key()
        with pytest.raises(Refused, match="at most 50 BTT"):
            world.request(owner.pk, key=key)
        set_rules(admin, most_ubtt=500 * BTT)
        with pytest.raises(Refused, match="used already"):
            world.request(owner.pk, key=key)

    def test_of_the_trx_at_hand_stops_accepting(self, world: World, owner: User, admin: User) -> None:
        set_rules(admin, reserve_sun=20 * TRX)
        WithdrawalDesk.objects.create(looked_at=NOW, hot_sun=20 * TRX - 1)
        with pytest.raises(Refused, match="too little TRX"):
            world.request(owner.pk)

    def test_account_that_is_frozen_between_request_and_signature_keeps_it_waiting(
        self, world: World, owner: User
    ) -> None:
        asked = world.request(owner.pk)
        accounts = Account.objects.filter(ref=str(owner.pk))
        accounts.update(is_frozen=True)
        world.tick(3)
        asked.refresh_from_db()
        assert (asked.state, money(owner.pk)) == (WithdrawalState.QUEUED, (899, 101))
        with pytest.raises(Refused, match="frozen your account"):
            world.request(owner.pk)
        accounts.update(is_frozen=False)
        world.tick(8)
        asked.refresh_from_db()
        assert asked.state == WithdrawalState.FINAL


class TestCase54ADecision:
    @pytest.fixture
    def checked(self, world: World, owner: User, admin: User) -> Withdrawal:
        set_rules(admin, approval_above_ubtt=99 * BTT)
        asked = world.request(owner.pk)
        assert (asked.state, asked.needs_approval) == (WithdrawalState.CHECKING, True)
        return asked

    def test_is_awaited_and_approving_twice_is_as_once(self, world: World, checked: Withdrawal, admin: User) -> None:
        world.tick(2)
        assert Withdrawal.objects.get().state == WithdrawalState.CHECKING
        for _ in range(2):
            decided = decisions.approve(withdrawal_id=checked.pk, actor=Actor(admin.pk, admin.username), now=world.now)
        assert (decided.state, decided.decided_by_name) == (WithdrawalState.QUEUED, "ada")
        with pytest.raises(Refused, match="does not wait for approval any more"):
            decisions.approve(withdrawal_id=checked.pk, actor=Actor(admin.pk + 1, "bob"), now=world.now)
        world.tick(8)
        assert Withdrawal.objects.get().state == WithdrawalState.FINAL

    def test_is_nobodys_about_their_own(self, checked: Withdrawal, owner: User) -> None:
        with pytest.raises(Refused, match="another admin has to approve it"):
            decisions.approve(withdrawal_id=checked.pk, actor=Actor(owner.pk, owner.username), now=NOW)

    def test_against_it_gives_the_money_back_with_the_reason(
        self, world: World, checked: Withdrawal, owner: User, admin: User
    ) -> None:
        for _ in range(2):
            ended = decisions.reject(
                world.signer,
                withdrawal_id=checked.pk,
                actor=Actor(admin.pk, "ada"),
                reason="the address is a thief's",
                now=NOW,
            )
        assert (ended.state, ended.reason) == (WithdrawalState.REJECTED, "the address is a thief's")
        assert money(owner.pk) == (1_000, 0)
        with pytest.raises(Refused, match="does not wait for approval any more"):
            decisions.approve(withdrawal_id=checked.pk, actor=Actor(admin.pk, "ada"), now=NOW)

    def test_taken_back_by_another_admin_keeps_both_names(self, world: World, checked: Withdrawal) -> None:
        decisions.approve(withdrawal_id=checked.pk, actor=Actor(11, "ada"), now=NOW)
        decisions.reject(world.signer, withdrawal_id=checked.pk, actor=Actor(12, "bob"), reason="too soon", now=NOW)
        checked.refresh_from_db()
        assert (checked.decided_by_name, checked.rejected_by_name) == ("ada", "bob")

    def test_that_nobody_makes_in_time_gives_the_money_back(
        self, world: World, checked: Withdrawal, owner: User, admin: User
    ) -> None:
        world.now += withdrawals.APPROVE_WITHIN
        world.step()
        checked.refresh_from_db()
        assert (checked.state, checked.reason) == (WithdrawalState.REJECTED, words.UNAPPROVED)
        assert money(owner.pk) == (1_000, 0)

    def test_to_cancel_comes_before_the_first_attempt_or_not_at_all(self, world: World, owner: User) -> None:
        early, late = world.request(owner.pk), world.request(owner.pk)
        for _ in range(2):
            withdrawals.cancel(world.signer, user_id=owner.pk, withdrawal_id=early.pk, now=NOW)
        world.step()
        with pytest.raises(Refused, match="being sent already"):
            withdrawals.cancel(world.signer, user_id=owner.pk, withdrawal_id=late.pk, now=NOW)
        world.tick(8)
        assert world.paid() == [100 * BTT]
        assert money(owner.pk) == (899, 0)

    def test_to_want_it_back_ends_a_lost_attempt_with_a_return(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        world.one.hides.clear()
        world.chain.swallowed.clear()
        world.step()
        world.chain.swallowed.add(bytes.fromhex(asked.attempts.get().tx_id))
        withdrawals.want_back(user_id=owner.pk, withdrawal_id=asked.pk)
        world.tick_past_expiration()
        world.tick(2)
        asked.refresh_from_db()
        assert (asked.state, money(owner.pk)) == (WithdrawalState.RETURNED, (1_000, 0))
        assert world.paid() == [] and asked.attempts.count() == 1

    def test_of_somebody_else_is_not_found(self, world: World, owner: User, stranger: User) -> None:
        asked = world.request(owner.pk)
        with pytest.raises(Withdrawal.DoesNotExist):
            withdrawals.cancel(world.signer, user_id=stranger.pk, withdrawal_id=asked.pk, now=NOW)


class TestCase56AnAmount:
    @pytest.mark.parametrize(("asset", "units"), [("trc20", 10**12), ("trc10", 1)])
    def test_has_as_many_decimals_on_the_chain_as_its_token(
        self, world: World, owner: User, settings: Settings, asset: str, units: int
    ) -> None:
        settings.WALLET_ASSET = asset
        rich(owner.pk, 2_000)
        world.request(owner.pk, amount_ubtt=1_234_567_891)
        world.tick(8)
        to, assets = stranger_address(), world.chain.network.assets
        token = assets.trc20_contract if asset == "trc20" else assets.trc10_id
        assert world.chain.books.amount(to, token) == 1_234_567_891 * units

    def test_below_its_fee_is_refused(self, world: World, owner: User, admin: User) -> None:
        set_rules(admin, least_ubtt=1, flat_fee_ubtt=5 * BTT)
        with pytest.raises(Refused, match="more than would arrive"):
            withdrawal_quotes.quote(world.door, stranger_address(), asset=Asset.TRC20, amount_ubtt=5 * BTT)
        with pytest.raises(Refused, match="more than would arrive"):
            world.request(owner.pk, amount_ubtt=5 * BTT, fee_ubtt=5 * BTT)

    def test_with_its_fee_must_be_there(self, world: World, owner: User) -> None:
        with pytest.raises(Refused, match="You have only 1,000 BTT available, and with the fee this takes 1,001 BTT"):
            world.request(owner.pk, 1_000)

    def test_is_quoted_with_the_networks_cost_at_the_operators_price(
        self, world: World, owner: User, admin: User
    ) -> None:
        set_rules(admin, flat_fee_ubtt=BTT, ubtt_per_trx=2 * BTT)
        offer = withdrawal_quotes.quote(world.door, stranger_address(), asset=Asset.TRC20, amount_ubtt=100 * BTT)
        assert offer.quote.cost.energy_sun == 2_965_000 and offer.quote.cost.bandwidth_sun == 0
        assert offer.quote.fee_ubtt == BTT + 5_930_000  # 2.965 TRX
        assert offer.is_new_account

    def test_that_the_box_cannot_pay_now_is_said_at_once_with_whom_it_may_wait_for(self, world: World) -> None:
        with pytest.raises(
            Refused, match=r"has less than that at this moment\. .* its operator may have to fill it, too"
        ):
            withdrawal_quotes.quote(world.door, stranger_address(), asset=Asset.TRC20, amount_ubtt=2 * 10**9 * BTT)


class TestRules:
    @pytest.mark.parametrize(
        "values", [{"least_ubtt": 0}, {"most_ubtt": 1}, {"user_hour_ubtt": 2**61}, {"address_wait_s": 10**9}]
    )
    def test_that_make_no_sense_are_refused(self, admin: User, values: dict[str, int]) -> None:
        with pytest.raises(Refused):
            set_rules(admin, **values)

    def test_are_never_changed_and_the_newest_holds(self, admin: User) -> None:
        first = set_rules(admin, flat_fee_ubtt=7)
        second = set_rules(admin, flat_fee_ubtt=8)
        assert withdrawal_rules.current().pk == second.pk != first.pk
        assert [one.flat_fee_ubtt for one in withdrawal_rules.history(limit=5)] == [8, 7]

    def test_let_a_double_click_act_once(self, admin: User) -> None:
        values = {name: getattr(withdrawal_rules.current(), name) for name in withdrawal_rules.FIELDS}
        actor, key = Actor(admin.pk, "ada"), fresh_form_key()
        made = {withdrawal_rules.change(values, actor=actor, reason="why", key=key, now=NOW).pk for _ in range(2)}
        assert len(made) == 1
        for other, reason in ((values | {"flat_fee_ubtt": 7}, "why"), (values, "another reason")):
            with pytest.raises(Refused, match="used already"):
                withdrawal_rules.change(other, actor=actor, reason=reason, key=key, now=NOW)

    def test_keep_a_reserve_of_trx(self, world: World) -> None:
        world.step()
        assert (WithdrawalDesk.objects.get().hot_sun or 0) >= 9_999 * TRX
