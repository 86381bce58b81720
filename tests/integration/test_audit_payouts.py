"""The audit holds every withdrawal against its transfers, its hold and its attempts, and names the row."""

from collections.abc import Callable

import pytest
from django.db.models import F

from seedbox.models import User
from tests.ledger import BTT, fund, lifted_guards, post, transfer, user
from tests.withdrawals import World
from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Account, Attempt, Withdrawal
from wallet.services import audit, withdrawals

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def found() -> list[str]:
    """Return what the audit finds, but for what the owner has here without a deposit."""
    sentences = [str(finding) for finding in audit.audit().findings]
    return [one for one in sentences if "brings money from the chain, and no deposit has it" not in one]


@pytest.fixture
def one_of_each(world: World, owner: User) -> dict[str, Withdrawal]:
    """Withdrawals in every state that moves money, and some that do not."""
    made = {"final": world.request(owner.pk)}
    world.tick(8)
    world.chain.execution.token_faults.append("REVERT")
    made["returned"] = world.request(owner.pk)
    world.tick(8)
    made["cancelled"] = world.request(owner.pk)
    withdrawals.cancel(world.signer, user_id=owner.pk, withdrawal_id=made["cancelled"].pk, now=world.now)
    made["sending"] = world.request(owner.pk)
    world.step()
    made["queued"] = world.request(owner.pk)
    for state, one in made.items():
        one.refresh_from_db()
        assert one.state == state
    return made


def test_finds_nothing_where_all_is_right(one_of_each: dict[str, Withdrawal]) -> None:
    assert found() == []


Change = Callable[[dict[str, Withdrawal]], str]


def arrived_twice(made: dict[str, Withdrawal]) -> str:
    one = made["final"]
    fund(own_account(Asset.TRC20, AccountKind.TREASURY), BTT)
    Account.objects.filter(kind=AccountKind.IN_FLIGHT).update(balance_ubtt=F("balance_ubtt") + 1)
    flight, chain = (own_account(Asset.TRC20, kind) for kind in (AccountKind.IN_FLIGHT, AccountKind.CHAIN))
    post(transfer(flight, chain, 1, kind=TransferKind.WITHDRAWAL_FINAL, cause=f"withdrawal/{one.pk}"))
    return f"withdrawal {one.pk}: is final, and for it 101000000 µ left its user, 100000001 µ went to the chain"


def said_to_be_final(made: dict[str, Withdrawal]) -> str:
    one = made["returned"]
    Withdrawal.objects.filter(pk=one.pk).update(state=WithdrawalState.FINAL)
    return f"withdrawal {one.pk}: is final, and for it 101000000 µ left its user, 0 µ went to the chain"


def another_amount(made: dict[str, Withdrawal]) -> str:
    one = made["queued"]
    Withdrawal.objects.filter(pk=one.pk).update(amount_ubtt=F("amount_ubtt") + 1)
    return f"withdrawal {one.pk}: is queued, and its hold {one.hold_id} is of another account or amount"


def another_user(made: dict[str, Withdrawal]) -> str:
    one = made["sending"]
    Withdrawal.objects.filter(pk=one.pk).update(user_id=F("user_id") + 1)
    return f"withdrawal {one.pk}: is sending, and for it 101000000 µ left its user"


def lost_attempt(made: dict[str, Withdrawal]) -> str:
    one = made["final"]
    Attempt.objects.filter(withdrawal=one).update(state="failed")
    return f"withdrawal {one.pk}: is final and has 0 attempts that arrived"


def live_attempt(made: dict[str, Withdrawal]) -> str:
    one = made["returned"].attempts.get()
    Attempt.objects.filter(pk=one.pk).update(state="signed", ended_at=None)
    return f"attempt {one.pk}: is signed, and its withdrawal is returned"


@pytest.mark.parametrize(
    "change", [arrived_twice, said_to_be_final, another_amount, another_user, lost_attempt, live_attempt]
)
def test_names_a_row_that_does_not_fit(one_of_each: dict[str, Withdrawal], change: Change) -> None:
    with lifted_guards():
        sentence = change(one_of_each)
    assert any(finding.startswith(sentence) for finding in found()), (sentence, found())


def test_names_a_transfer_of_no_withdrawal(world: World, owner: User) -> None:
    world.scan()
    flight = own_account(Asset.TRC20, AccountKind.IN_FLIGHT)
    fund(user(owner.pk), BTT)
    Account.objects.get_or_create(
        asset=Asset.TRC20, kind=AccountKind.IN_FLIGHT, ref="", defaults={"created_at": world.now}
    )
    number = post(transfer(user(owner.pk), flight, 5, cause="withdrawal/999999")).transfer_id
    assert f"transfer {number}: is of a withdrawal that is not there: withdrawal/999999" in found()
