"""People who are frozen or gone, and callers who ask for nonsense: the money stays where it is."""

from datetime import timedelta
from typing import Any

import pytest

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import ASSET, BTT, balance, fund, place_hold, post, transfer, user, void
from tests.ledger_truth import Truth, read_truth
from wallet.domain.accounts import AccountKind, AccountName, channel_account, own_account
from wallet.domain.items import BadItem, HoldEnd, Item
from wallet.domain.kinds import TransferKind
from wallet.domain.posting import Code
from wallet.models import Account, Answer, Transfer
from wallet.services import ledger

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def olga(owner: User) -> AccountName:
    fund(user(owner.pk), 5 * BTT)
    return user(owner.pk)


@pytest.fixture
def sam(stranger: User) -> AccountName:
    return user(stranger.pk)


def held(name: AccountName, amount_ubtt: int) -> int:
    hold = post(place_hold(name, amount_ubtt)).hold_id
    assert hold
    return hold


class TestAFrozenAccount:
    @pytest.fixture
    def hold(self, olga: AccountName) -> int:
        hold = held(olga, 2 * BTT)
        Account.objects.filter(kind=AccountKind.USER, ref=olga.ref).update(is_frozen=True)
        return hold

    def test_lets_nothing_out_and_no_new_hold_in(self, olga: AccountName, sam: AccountName, hold: int) -> None:
        wishes = [transfer(olga, sam, 1), transfer(olga, sam, 1, hold=hold), place_hold(olga, 1)]
        assert [post(wish).code for wish in wishes] == [Code.FROZEN] * 3
        assert balance(olga) == 5 * BTT

    def test_takes_what_comes_and_gets_back_what_was_held(self, olga: AccountName, sam: AccountName, hold: int) -> None:
        fund(olga, BTT)
        assert post(void(hold)).code is Code.OK
        assert read_truth().held[olga] == 0
        assert balance(olga) == 6 * BTT

    def test_lets_its_holds_expire(self, olga: AccountName, hold: int) -> None:
        late = NOW + timedelta(hours=2)
        assert ledger.post_one(void(hold, end=HoldEnd.EXPIRED), now=late).code is Code.OK
        assert read_truth().held[olga] == 0

    def test_is_reached_by_an_operators_correction(self, olga: AccountName, sam: AccountName, hold: int) -> None:
        assert post(transfer(olga, sam, 3 * BTT, kind=TransferKind.ADJUSTMENT)).code is Code.OK
        assert post(transfer(olga, sam, 1, kind=TransferKind.ADJUSTMENT)).code is Code.INSUFFICIENT  # the rest is held

    def test_stays_refused_under_its_key_when_it_is_thawed(
        self, olga: AccountName, sam: AccountName, hold: int
    ) -> None:
        wish = transfer(olga, sam, 1)
        assert post(wish).code is Code.FROZEN
        Account.objects.update(is_frozen=False)
        assert post(wish).code is Code.FROZEN
        assert post(transfer(olga, sam, 1)).code is Code.OK


class TestADeletedUser:
    """The books outlive people: the account stays, with its money, its holds and its name."""

    @pytest.fixture
    def hold(self, olga: AccountName) -> int:
        hold = held(olga, 2 * BTT)
        User.objects.get(pk=olga.ref).delete()
        return hold

    def test_leaves_the_money_and_what_is_held(self, olga: AccountName, hold: int) -> None:
        truth = read_truth()
        assert (truth.balance[olga], truth.held[olga]) == (5 * BTT, 2 * BTT)

    def test_who_had_an_account_can_still_be_paid_and_be_corrected(
        self, olga: AccountName, sam: AccountName, hold: int
    ) -> None:
        fund(sam, BTT)
        assert post(transfer(sam, olga, BTT)).code is Code.OK
        in_flight = own_account(ASSET, AccountKind.IN_FLIGHT)
        assert post(transfer(olga, in_flight, BTT, hold=hold)).code is Code.OK
        assert post(transfer(olga, sam, 5 * BTT, kind=TransferKind.ADJUSTMENT)).code is Code.OK
        assert balance(olga) == 0

    def test_who_had_none_gets_none(self, olga: AccountName, sam: AccountName) -> None:
        User.objects.get(pk=sam.ref).delete()
        wish = transfer(olga, sam, BTT)
        assert [post(wish).code, post(wish).code] == [Code.NOT_FOUND] * 2
        assert not Account.objects.filter(ref=sam.ref).exists()

    def test_hinders_nobody_else_in_the_batch(self, olga: AccountName, sam: AccountName, admin: User) -> None:
        User.objects.get(pk=sam.ref).delete()
        wishes = [transfer(olga, sam, 1), transfer(olga, user(admin.pk), 1)]
        assert [outcome.code for outcome in ledger.post(wishes, now=NOW)] == [Code.NOT_FOUND, Code.OK]


class TestAChannelsAccount:
    def test_comes_into_being_when_it_is_opened_and_only_then(self, olga: AccountName) -> None:
        channel = channel_account(ASSET, "ab" * 16)
        opening = transfer(olga, channel, BTT, kind=TransferKind.CHANNEL_OPENED)
        topping_up = transfer(olga, channel, BTT, kind=TransferKind.CHANNEL_TOPPED_UP)
        assert [post(wish).code for wish in (topping_up, opening, topping_up)] == [Code.NOT_FOUND, Code.OK, Code.OK]
        assert balance(channel) == 2 * BTT
        read_truth()


def stands() -> tuple[Truth, int, int]:
    return read_truth(), Transfer.objects.count(), Answer.objects.count()


class TestNonsense:
    @pytest.mark.parametrize("amount", [0, -1, 1.5, "1", True, 2**63, float("nan")], ids=repr)
    def test_is_an_error_of_its_own_kind_and_changes_nothing(
        self, olga: AccountName, sam: AccountName, amount: Any
    ) -> None:
        before = stands()
        with pytest.raises(BadItem):
            ledger.post([transfer(olga, sam, 1), transfer(olga, sam, amount)], now=NOW)
        assert stands() == before

    @pytest.mark.parametrize("count", [0, 100_000])
    def test_in_its_number_changes_nothing_either(self, olga: AccountName, sam: AccountName, count: int) -> None:
        before = stands()
        with pytest.raises(BadItem):
            ledger.post([transfer(olga, sam, 1)] * count, now=NOW)
        assert stands() == before

    def test_about_what_is_not_there_uses_up_no_key(self, olga: AccountName, sam: AccountName) -> None:
        before = stands()
        back: dict[str, Any] = {"kind": TransferKind.REVERSAL, "reverses": 2**62}
        wishes: list[Item] = [transfer(olga, sam, 1, hold=2**62), void(2**62), transfer(olga, sam, 1, **back)]
        assert {outcome.code for outcome in ledger.post(wishes, now=NOW)} == {Code.NOT_FOUND}
        (_, *rows), (_, *rows_before) = stands(), before
        assert rows == rows_before
        assert all(ledger.outcome_of(wish.key) is None for wish in wishes)


class TestTenThousandItems:
    def test_are_one_batch_in_which_one_who_has_nothing_is_refused_alone(
        self, olga: AccountName, sam: AccountName, admin: User
    ) -> None:
        ada = user(admin.pk)
        wishes = [transfer(*((sam, ada) if number % 100 == 7 else (olga, ada)), 1) for number in range(10_000)]
        codes = [outcome.code for outcome in ledger.post(wishes, now=NOW)]
        assert {codes[number] for number in range(7, 10_000, 100)} == {Code.INSUFFICIENT}
        assert codes.count(Code.OK) == 9_900
        assert balance(ada) == 9_900
        read_truth()
