"""The audit compares what came from the chain with its transfers, both ways, and names the row that does not fit."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db.models import F

from seedbox.models import User
from tests.builders import NOW
from tests.exchange import BTT, BTTOLD, SUN, TOKEN, Exchange
from tests.ledger import CHAIN, lifted_guards, post, transfer, user
from wallet.chain.fake import FEE_LIMIT_SUN
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.transactions import TriggerContract
from wallet.models import ChainCursor, ChainMovement, Deposit, HaltReason
from wallet.services import audit, auditing, halts, seals

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def books(owner: User) -> Exchange:
    """Deposits of every kind, a fee, and a rounded remainder."""
    made = Exchange()
    made.scan_all()
    for _ in range(2):
        made.pay(made.address(owner.pk), 5_000 * BTT + 600_000_000_000)
    made.pay(made.address(owner.pk), 7 * BTTOLD, Asset.TRC10)
    made.pay(made.address(owner.pk), 1)
    made.pay(made.hot, 100 * SUN, Asset.TRX)
    made.pay(made.hot, 9 * BTT)
    made.arrive()
    call = TriggerContract(made.hot, TOKEN, transfer_call(made.address(owner.pk), BTT))
    made.fake.send(call, made.signer.hot_key, fee_limit_sun=FEE_LIMIT_SUN)
    made.arrive()
    seals.seal_new(now=NOW)
    return made


def found() -> list[str]:
    return [str(finding) for finding in audit.audit().findings]


def first(**fields: object) -> Deposit:
    return Deposit.objects.filter(**fields).earliest("pk")


def other_amount() -> str:
    deposit = first(fate="credited")
    Deposit.objects.filter(pk=deposit.pk).update(amount_ubtt=deposit.amount_ubtt + 1)
    return f"deposit {deposit.pk}: was booked by transfer {deposit.transfer_id}, which is not there, or books something"


def other_user() -> str:
    deposit = first(fate="credited")
    Deposit.objects.filter(pk=deposit.pk).update(user_id=F("user_id") + 1)
    return f"deposit {deposit.pk}: was booked by transfer"


def no_deposit() -> str:
    deposit = first(asset=Asset.TRC10)
    Deposit.objects.filter(pk=deposit.pk).delete()
    return f"transfer {deposit.transfer_id}: brings money from the chain, and no deposit has it"


def no_movement() -> str:
    deposit = first(fate="credited")
    ChainMovement.objects.filter(tx_id=deposit.tx_id, side="in").delete()
    return f"deposit {deposit.pk}: says {deposit.amount} units, and no movement"


def nothing_made() -> str:
    deposit = first(fate="small")
    movement = ChainMovement.objects.get(tx_id=deposit.tx_id, side="in")
    Deposit.objects.filter(pk=deposit.pk).delete()
    return f"chainmovement {movement.pk}: came in, 1 units, and nothing was made of it"


def other_fee() -> str:
    fee = ChainMovement.objects.filter(side="fee").latest("pk")
    ChainMovement.objects.filter(pk=fee.pk).update(amount=fee.amount + 1)
    return f"chainmovement {fee.pk}: is a fee of {fee.amount + 1} sun that transfer {fee.transfer_id} does not book"


def no_fee() -> str:
    fee = ChainMovement.objects.filter(side="fee").latest("pk")
    ChainMovement.objects.filter(pk=fee.pk).delete()
    return f"transfer {fee.transfer_id}: books a network fee that the chain never took"


def lost_remainder() -> str:
    ChainCursor.objects.update(carry_units=0)
    return "chaincursor all: deposits have left 1200000000000 units below 1 µBTT, and 0 units are kept"


class TestTheAudit:
    @pytest.mark.usefixtures("books")
    def test_finds_nothing_where_all_is_well(self) -> None:
        assert found() == []

    @pytest.mark.usefixtures("books")
    @pytest.mark.parametrize(
        "spoil",
        [other_amount, other_user, no_deposit, no_movement, nothing_made, other_fee, no_fee, lost_remainder],
    )
    def test_names_what_does_not_fit(self, spoil: Callable[[], str]) -> None:
        with lifted_guards():
            expected = spoil()
        assert [finding for finding in found() if finding.startswith(expected)], found()

    @pytest.mark.usefixtures("books")
    def test_finds_money_that_no_block_has_brought_and_halts(self, owner: User, tmp_path: Path) -> None:
        forged = transfer(CHAIN, user(owner.pk), 5, kind=TransferKind.DEPOSIT, cause="deposit/devnet/ff/trc20/0")
        number = post(forged).transfer_id
        assert auditing.audit_if_due(data_folder=tmp_path, now=NOW)
        (halt,) = halts.standing()
        assert halt.reason == HaltReason.AUDIT
        assert f"transfer {number}: brings money from the chain, and no deposit has it" in halt.detail
