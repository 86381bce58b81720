"""What operators do to accounts: with a reason, once, written down beside the effect, and never from nothing."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from seedbox.models import User
from tests.at_once import at_once
from tests.builders import NOW, make_user
from tests.ledger import ASSET, BTT, CHAIN, TREASURY, balance, fund, post, transfer, user
from wallet.domain.accounts import AccountKind, AccountName, own_account, user_account
from wallet.domain.money import Asset
from wallet.models import Account, OperatorAct
from wallet.models.operator_act import ActKind
from wallet.services import acts, audit, ledger, operators, overview, tips
from wallet.services.operators import Actor
from wallet.services.refusals import Refused

pytestmark = pytest.mark.both_databases

ADA = Actor(1_000_001, "ada")


def the(act: Callable[..., OperatorAct], **fields: Any) -> OperatorAct:
    defaults: dict[str, Any] = {"actor": ADA, "reason": "because", "key": uuid.uuid4().hex, "now": NOW}
    return act(**defaults | fields)


def refusal(act: Callable[..., OperatorAct], **fields: Any) -> str:
    with pytest.raises(Refused) as refused:
        the(act, **fields)
    return str(refused.value)


def id_of(name: AccountName) -> int:
    return Account.objects.get(asset=name.asset, kind=name.kind, ref=name.ref).pk


@pytest.mark.django_db
class TestAGrant:
    def test_comes_from_the_treasury_and_is_written_down(self, owner: User) -> None:
        fund(TREASURY, 5 * BTT)
        act = the(operators.grant, user_id=owner.pk, amount_ubtt=2 * BTT, reason=" for a bug report ")
        assert (balance(TREASURY), balance(user(owner.pk))) == (3 * BTT, 2 * BTT)
        assert (act.kind, act.actor_name, act.reason) == (ActKind.GRANTED, "ada", "for a bug report")
        line = acts.all_acts().lines[0]
        assert ([side.holder.name for side in line.sides], line.amount) == (["Treasury", "olga"], "2 BTT")

    def test_makes_no_money(self, owner: User) -> None:
        assert refusal(operators.grant, user_id=owner.pk, amount_ubtt=1).startswith("The treasury has only 0 BTT")
        assert not OperatorAct.objects.exists()
        assert balance(user(owner.pk)) == 0

    def test_is_done_once_for_its_form(self, owner: User) -> None:
        fund(TREASURY, 5 * BTT)
        again = {"user_id": owner.pk, "amount_ubtt": BTT, "key": "k"}
        assert the(operators.grant, **again) == the(operators.grant, **again)
        assert refusal(operators.grant, **again | {"amount_ubtt": 2 * BTT}) == operators.USED
        assert refusal(operators.grant, **again | {"reason": "another"}) == operators.USED
        assert (balance(user(owner.pk)), OperatorAct.objects.count()) == (BTT, 1)
        the(operators.grant, **again, actor=Actor(7, "bea"))  # her forms are hers
        assert balance(user(owner.pk)) == 2 * BTT

    def test_that_was_refused_stays_so_for_its_form(self, owner: User) -> None:
        again = {"user_id": owner.pk, "amount_ubtt": BTT, "key": "k"}
        refusal(operators.grant, **again)
        fund(TREASURY, 5 * BTT)
        refusal(operators.grant, **again)
        assert balance(user(owner.pk)) == 0

    def test_to_oneself_is_marked(self, admin: User, owner: User) -> None:
        fund(TREASURY, 5 * BTT)
        for person in (owner, admin):
            the(operators.grant, user_id=person.pk, amount_ubtt=BTT, actor=Actor(admin.pk, "ada"))
        assert [line.is_own for line in acts.all_acts().lines] == [True, False]

    def test_to_nobody_finds_no_account(self) -> None:
        fund(TREASURY, BTT)
        assert refusal(operators.grant, user_id=404_404, amount_ubtt=1).startswith("The account does not exist")


@pytest.mark.django_db
class TestAReason:
    @pytest.mark.parametrize("reason", ["", "   ", "x" * 201, "two\nlines", "a\0b"])
    def test_is_asked_of_every_act(self, reason: str, owner: User) -> None:
        fund(user(owner.pk), BTT)
        fund(TREASURY, BTT)
        mine, box = id_of(user(owner.pk)), id_of(TREASURY)
        tip = post(transfer(user(owner.pk), user(make_user().pk), 1)).transfer_id
        for act, fields in (
            (operators.grant, {"user_id": owner.pk, "amount_ubtt": 1}),
            (operators.freeze, {"account_id": mine}),
            (operators.adjust, {"debit_id": mine, "credit_id": box, "amount_ubtt": 1}),
            (operators.reverse, {"transfer_id": tip}),
        ):
            assert "reason" in refusal(act, **fields, reason=reason)
        assert not OperatorAct.objects.exists()

    def test_is_kept_as_it_was_written(self) -> None:
        fund(user(make_user().pk), 1)
        act = the(operators.freeze, account_id=Account.objects.get(kind=AccountKind.USER).pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            OperatorAct.objects.filter(pk=act.pk).update(reason="nothing")
        with pytest.raises(DatabaseError), transaction.atomic():
            OperatorAct.objects.filter(pk=act.pk).delete()


@pytest.mark.django_db
class TestAFrozenAccount:
    def test_pays_nothing_until_it_is_thawed(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), BTT)
        mine = id_of(user(owner.pk))
        the(operators.freeze, account_id=mine)
        assert not post(transfer(user(owner.pk), user(stranger.pk), 1)).is_done
        the(operators.thaw, account_id=mine)
        assert post(transfer(user(owner.pk), user(stranger.pk), 1)).is_done
        assert [line.what for line in acts.acts_on_user(owner.pk).lines] == ["Thawed", "Froze"]

    def test_is_so_in_every_asset_also_in_one_that_comes_later(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), BTT)
        mine, old = id_of(user(owner.pk)), user_account(Asset.TRC10, owner.pk)
        theirs = {name: name._replace(ref=str(stranger.pk)) for name in (user(owner.pk), old)}
        the(operators.freeze, account_id=mine)
        assert overview.overview().frozen == 1
        fund(old, BTT)
        assert [line.what for line in acts.acts_on_account(Account.objects.get(pk=id_of(old))).lines] == ["Froze"]
        assert not any(post(transfer(payer, payee, 1)).is_done for payer, payee in theirs.items())
        the(operators.thaw, account_id=id_of(old))
        assert all(post(transfer(payer, payee, 1)).is_done for payer, payee in theirs.items())

    def test_of_one_asset_alone_as_it_was_once_done_is_completed(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        Account.objects.filter(pk=id_of(user(owner.pk))).update(is_frozen=True)
        the(operators.freeze, account_id=id_of(user(owner.pk)))
        assert set(Account.objects.filter(ref=str(owner.pk)).values_list("asset", "is_frozen")) == {
            (Asset.TRC10, True),
            (Asset.TRC20, True),
        }

    def test_is_not_frozen_again_by_a_late_double_of_the_form(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        mine = id_of(user(owner.pk))
        first = the(operators.freeze, account_id=mine, key="k")
        the(operators.thaw, account_id=mine)
        assert the(operators.freeze, account_id=mine, key="k") == first
        assert not Account.objects.get(pk=mine).is_frozen
        assert refusal(operators.thaw, account_id=mine, key="k") == operators.USED

    def test_says_when_it_is_so_already(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        mine = id_of(user(owner.pk))
        assert "not frozen" in refusal(operators.thaw, account_id=mine)
        the(operators.freeze, account_id=mine)
        assert "frozen already" in refusal(operators.freeze, account_id=mine)
        assert OperatorAct.objects.count() == 1

    def test_is_a_users(self) -> None:
        fund(TREASURY, BTT)
        assert "Only a user's account" in refusal(operators.freeze, account_id=id_of(TREASURY))
        assert refusal(operators.freeze, account_id=404).startswith("There is no account 404.")


@pytest.mark.django_db
class TestAnAdjustment:
    def test_moves_between_accounts_that_exist_also_out_of_a_frozen_one(self, owner: User, stranger: User) -> None:
        for person in (owner, stranger):
            fund(user(person.pk), BTT)
        mine, theirs = id_of(user(owner.pk)), id_of(user(stranger.pk))
        the(operators.freeze, account_id=mine)
        the(operators.adjust, debit_id=mine, credit_id=theirs, amount_ubtt=BTT)
        assert (balance(user(owner.pk)), balance(user(stranger.pk))) == (0, 2 * BTT)
        for person in (owner, stranger):
            assert acts.acts_on_user(person.pk).lines[0].what == "Adjusted"
        assert refusal(operators.adjust, debit_id=mine, credit_id=theirs, amount_ubtt=1).startswith(
            "olga has only 0 BTT available"
        )

    def test_touches_nothing_that_follows_from_chain_or_deals(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        mine = id_of(user(owner.pk))
        follows = "can't be adjusted by hand"
        assert follows in refusal(operators.adjust, debit_id=id_of(CHAIN), credit_id=mine, amount_ubtt=1)
        assert follows in refusal(operators.adjust, debit_id=mine, credit_id=id_of(CHAIN), amount_ubtt=1)
        assert balance(user(owner.pk)) == BTT

    def test_stays_in_one_asset_and_needs_two_accounts(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        elsewhere = own_account(Asset.TRC10, AccountKind.TREASURY)
        fund(elsewhere, BTT)
        mine, other = id_of(user(owner.pk)), id_of(elsewhere)
        assert "different assets" in refusal(operators.adjust, debit_id=mine, credit_id=other, amount_ubtt=1)
        assert "two different accounts" in refusal(operators.adjust, debit_id=mine, credit_id=mine, amount_ubtt=1)
        assert "no account 404" in refusal(operators.adjust, debit_id=mine, credit_id=404, amount_ubtt=1)


@pytest.mark.django_db
class TestAReversal:
    def test_sends_the_money_back_once(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 2 * BTT)
        tip = post(transfer(user(owner.pk), user(stranger.pk), BTT)).transfer_id
        the(operators.reverse, transfer_id=tip, key="k")
        the(operators.reverse, transfer_id=tip, key="k")
        assert refusal(operators.reverse, transfer_id=tip).startswith("This transfer was reversed already.")
        assert (balance(user(owner.pk)), balance(user(stranger.pk))) == (2 * BTT, 0)
        assert OperatorAct.objects.count() == 1

    def test_is_no_transfer_to_be_reversed(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), BTT)
        tip = post(transfer(user(owner.pk), user(stranger.pk), BTT)).transfer_id
        back = the(operators.reverse, transfer_id=tip).transfer_id
        assert refusal(operators.reverse, transfer_id=back).startswith("Only tips, grants and adjustments")

    def test_takes_nothing_that_was_spent(self, owner: User, stranger: User, admin: User) -> None:
        fund(user(owner.pk), BTT)
        tip = post(transfer(user(owner.pk), user(stranger.pk), BTT)).transfer_id
        assert post(transfer(user(stranger.pk), user(admin.pk), 1)).is_done
        assert refusal(operators.reverse, transfer_id=tip).startswith("sam has only 0.999999 BTT available")
        assert balance(user(stranger.pk)) == BTT - 1
        assert not OperatorAct.objects.exists()

    def test_of_a_deposit_is_refused(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        deposit = Account.objects.get(kind=AccountKind.USER).credits.get()
        assert refusal(operators.reverse, transfer_id=deposit.pk).startswith("Only tips, grants and adjustments")
        assert refusal(operators.reverse, transfer_id=404_404).startswith("There is no transfer 404404.")


@pytest.mark.usefixtures("committed_books")
class TestActsAtOnce:
    def test_with_the_same_key_are_one(self) -> None:
        person = make_user("olga")
        fund(TREASURY, 10 * BTT)
        again = partial(
            operators.grant, user_id=person.pk, amount_ubtt=BTT, actor=ADA, reason="because", key="k", now=NOW
        )
        outcomes = at_once(*[again] * 6)
        assert len({one.pk for one in outcomes if isinstance(one, OperatorAct)}) == 1, outcomes
        mine = id_of(user(person.pk))
        freezing = partial(operators.freeze, account_id=mine, actor=ADA, reason="because", key="f", now=NOW)
        outcomes = at_once(*[freezing] * 6)
        assert all(isinstance(one, OperatorAct) for one in outcomes), outcomes
        assert (balance(user(person.pk)), OperatorAct.objects.count()) == (BTT, 2)

    def test_are_not_written_without_their_effect(self, monkeypatch: pytest.MonkeyPatch) -> None:
        person = make_user("olga")
        fund(TREASURY, 10 * BTT)
        monkeypatch.setattr(operators.Note, "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            the(operators.grant, user_id=person.pk, amount_ubtt=BTT)
        assert (balance(TREASURY), balance(user(person.pk)), OperatorAct.objects.count()) == (10 * BTT, 0, 0)


@pytest.mark.usefixtures("committed_books")
class TestTheBooksAfterAllThis:
    def test_are_found_right_by_the_audit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tips, "MAX_TIP_UBTT", BTT)
        olga, sam = make_user("olga"), make_user("sam")
        fund(TREASURY, 10 * BTT)
        the(operators.grant, user_id=olga.pk, amount_ubtt=5 * BTT)
        fields: dict[str, Any] = {"sender_id": olga.pk, "receiver_id": sam.pk, "memo": "thanks"}
        tip = tips.send(tips.Wish(amount_ubtt=BTT, key="1", **fields), now=NOW)
        with pytest.raises(Refused):
            tips.send(tips.Wish(amount_ubtt=2 * BTT, key="2", **fields), now=NOW)
        the(operators.freeze, account_id=id_of(user(olga.pk)))
        the(operators.reverse, transfer_id=tip)
        the(operators.adjust, debit_id=id_of(user(olga.pk)), credit_id=id_of(TREASURY), amount_ubtt=1)
        assert refusal(operators.grant, user_id=olga.pk, amount_ubtt=99 * BTT)
        assert audit.audit().findings == []


@pytest.mark.django_db
class TestTheOverview:
    def test_adds_up_to_zero_in_each_asset(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 2**62 - 1)
        fund(user(stranger.pk), 1)
        fund(own_account(Asset.TRC10, AccountKind.TREASURY), 7)
        found = overview.overview()
        assert found.balances == {Asset.TRC10: 0, Asset.TRC20: 0}
        sums = {one.kind: one.balance_ubtt for one in found.sums if one.asset is ASSET}
        assert sums == {AccountKind.CHAIN: -(2**62), AccountKind.USER: 2**62}

    def test_counts_beyond_64_bits(self, owner: User, stranger: User) -> None:
        for person in (owner, stranger):
            fund(user(person.pk), 1)
        Account.objects.filter(kind=AccountKind.USER).update(balance_ubtt=2**62)
        Account.objects.filter(kind=AccountKind.CHAIN).update(balance_ubtt=-(2**62) + 5)
        found = overview.overview()
        assert found.balances == {ASSET: 2**62 + 5}
        assert (found.users, found.frozen) == (2, 0)

    def test_shows_an_accounts_entries_without_what_people_wrote(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 3 * BTT)
        tip = post(transfer(user(owner.pk), user(stranger.pk), BTT, memo="between us"))
        account = Account.objects.get(ref=str(owner.pk))
        page = overview.entries_of(account)
        assert [(line.change_ubtt, line.other.name, line.is_reversible) for line in page.entries] == [
            (-BTT, "sam", True),
            (3 * BTT, "Chain", False),
        ]
        assert "memo" in page.entries[0].transfer.get_deferred_fields()
        the(operators.reverse, transfer_id=tip.transfer_id)
        assert [line.is_reversible for line in overview.entries_of(account).entries] == [False, False, False]

    def test_pages_through_entries_without_a_gap(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 100 * BTT)
        items = [transfer(user(owner.pk), user(stranger.pk), 1) for _ in range(30)]
        items += [transfer(user(stranger.pk), user(owner.pk), 1) for _ in range(30)]
        ledger.post(items, now=NOW)
        account, before, seen = Account.objects.get(ref=str(owner.pk)), None, []
        while True:
            page = overview.entries_of(account, before=before)
            seen += [line.version for line in page.entries]
            if page.before is None:
                break
            before = page.before
        assert seen == list(range(61, 0, -1))

    def test_finds_accounts_by_name_number_and_kind(self, owner: User, stranger: User) -> None:
        for name in (user(owner.pk), user(stranger.pk), TREASURY):
            fund(name, BTT)
        mine = id_of(user(owner.pk))

        def found(**wanted: Any) -> set[str]:
            return {who.name for _, who in overview.list_accounts(overview.Wanted(**wanted)).accounts}

        assert found() == {"olga", "sam", "Treasury", "Chain"}
        assert found(search="LG") == found(search=f"#{mine}") == {"olga"}
        assert found(kind=AccountKind.TREASURY) == {"Treasury"}
        assert found(search="%") == found(frozen_only=True) == set()
