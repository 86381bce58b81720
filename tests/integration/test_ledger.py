"""What the one writing door promises, on both databases."""

import pytest

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import BTT, CHAIN, balance, fund, post, transfer, user
from wallet.domain.posting import Code
from wallet.models import Account, Transfer
from wallet.services import ledger

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


class TestATransfer:
    def test_moves_money_from_one_account_to_another(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 5 * BTT)
        outcome = post(transfer(user(owner.pk), user(stranger.pk), 2 * BTT, memo="thanks, “Sam” \\ {1}"))
        assert outcome.code is Code.OK
        assert (balance(user(owner.pk)), balance(user(stranger.pk)), balance(CHAIN)) == (3 * BTT, 2 * BTT, -5 * BTT)
        assert outcome.transfer_id is not None
        written = Transfer.objects.get(pk=outcome.transfer_id)
        assert (written.debit_version, written.credit_version) == (2, 1)
        assert (written.debit_balance_ubtt, written.credit_balance_ubtt) == (3 * BTT, 2 * BTT)
        assert written.memo == "thanks, “Sam” \\ {1}"

    def test_is_refused_where_there_is_not_that_much(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), BTT)
        assert post(transfer(user(owner.pk), user(stranger.pk), BTT + 1)).code is Code.INSUFFICIENT
        assert balance(user(owner.pk)) == BTT

    def test_of_a_user_who_does_not_exist_finds_no_account(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        assert post(transfer(user(owner.pk), user(owner.pk + 1_000_000), 1)).code is Code.NOT_FOUND
        assert Account.objects.count() == 2

    def test_under_the_same_key_happens_once(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), BTT)
        wish = transfer(user(owner.pk), user(stranger.pk), BTT)
        first, again = post(wish), post(wish)
        assert (first.code, again.code) == (Code.OK, Code.EXISTS)
        assert first.transfer_id == again.transfer_id
        found = ledger.outcome_of(wish.key)
        assert found and found.transfer_id == first.transfer_id

    def test_that_was_refused_stays_refused_under_its_key(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), BTT)
        wish = transfer(user(owner.pk), user(stranger.pk), 2 * BTT)
        assert post(wish).code is Code.INSUFFICIENT
        fund(user(owner.pk), 5 * BTT)
        assert post(wish).code is Code.INSUFFICIENT

    def test_in_one_batch_sees_what_came_before(self, owner: User, stranger: User, admin: User) -> None:
        fund(user(owner.pk), BTT)
        on = [
            transfer(user(owner.pk), user(stranger.pk), BTT),
            transfer(user(stranger.pk), user(admin.pk), BTT),
            transfer(user(stranger.pk), user(owner.pk), 1),
        ]
        assert [outcome.code for outcome in ledger.post(on, now=NOW)] == [Code.OK, Code.OK, Code.INSUFFICIENT]
        assert balance(user(admin.pk)) == BTT
