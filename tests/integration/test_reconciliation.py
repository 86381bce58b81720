"""The chain and the books must be equal to the last unit, at the height up to which blocks were read."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from seedbox.models import User
from tests.builders import NOW
from tests.exchange import BTT, BTTOLD, STRANGER, SUN, TOKEN, Exchange, credited, own
from tests.ledger import lifted_guards, post, transfer, user
from tests.withdrawals import World
from wallet.chain.fake import FEE_LIMIT_SUN
from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.addresses import parse_address
from wallet.domain.tron.transactions import TransferTrx, TriggerContract
from wallet.domain.withdrawal_states import AttemptState, WithdrawalState
from wallet.models import (
    Account,
    Answer,
    Attempt,
    ChainCursor,
    ChainMovement,
    Deposit,
    HaltReason,
    Reconciliation,
    Transfer,
    Withdrawal,
)
from wallet.services import deposit_addresses, halts, reconciliation, transfers_of_nothing, withdrawing
from wallet.services.operators import Actor

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

RICH = 5_000 * BTT
ODD = 777_777_777_777  # TRC-20 units below 1 µBTT


@pytest.fixture
def exchange(owner: User) -> Exchange:
    """An install to which everything has come that can come."""
    made = Exchange()
    made.scan_all()
    address = made.address(owner.pk)
    for _ in range(3):
        made.pay(address, RICH + ODD)
    made.pay(address, 7 * BTTOLD, Asset.TRC10)
    made.pay(address, 5)  # too small
    made.pay(address, 2**62 * 10**12 + 10**12)  # too large
    made.fake.pay_trx(made.hot, 100 * SUN)
    made.fake.pay_token(made.hot, RICH)
    made.arrive()
    call = TriggerContract(made.hot, TOKEN, transfer_call(address, BTT))
    made.fake.send(call, made.signer.hot_key, fee_limit_sun=FEE_LIMIT_SUN)
    made.arrive()
    return made


def differences() -> dict[Asset, int]:
    return {Asset(row.asset): row.difference for row in reconciliation.run(now=NOW)}


EQUAL = {Asset.TRC10: 0, Asset.TRC20: 0, Asset.TRX: 0}


class TestTheChainAndTheBooks:
    def test_are_equal_to_the_last_unit(self, exchange: Exchange, owner: User) -> None:
        assert differences() == EQUAL
        held = dict.fromkeys(Asset, 0)
        for address in (exchange.address(owner.pk), exchange.hot):
            held[Asset.TRX] += exchange.fake.books.amount(address)
            held[Asset.TRC10] += exchange.fake.books.amount(address, 1_002_000)
            held[Asset.TRC20] += exchange.fake.books.amount(address, TOKEN)
        assert {Asset(row.asset): row.chain for row in Reconciliation.objects.all()} == held
        assert not halts.is_halted()
        assert [transfers_of_nothing.without_a_cause(asset, most=9) for asset in Asset] == [[], [], []]

    def test_are_equal_although_deposits_leave_something_below_one(self, exchange: Exchange) -> None:
        assert own(AccountKind.ROUNDING) == 2  # 3 times 777,777,777,777 units
        assert exchange.cursor.carry_units == 3 * ODD - 2 * 10**12
        assert sum(Deposit.objects.values_list("remainder", flat=True)) == 3 * ODD

    def test_are_equal_while_money_moves_inside(self, exchange: Exchange, owner: User, stranger: User) -> None:
        assert post(transfer(user(owner.pk), user(stranger.pk), 7)).is_done
        assert differences() == EQUAL

    def test_leave_a_row_only_when_something_has_changed(self, exchange: Exchange, owner: User) -> None:
        reconciliation.run(now=NOW)
        exchange.fake.mine(9)
        exchange.scan_all()
        reconciliation.run(now=NOW)
        assert Reconciliation.objects.count() == 3
        assert exchange.cursor.reconciled_height == exchange.cursor.height
        exchange.deposit(owner.pk, RICH)
        reconciliation.run(now=NOW)
        assert Reconciliation.objects.count() == 4


class TestADifference:
    @pytest.mark.parametrize("units", [1, -1])
    def test_case_60_of_one_unit_is_an_alarm_and_halts_withdrawals(
        self, exchange: Exchange, owner: User, units: int
    ) -> None:
        found = Deposit.objects.filter(user_id=owner.pk).earliest("pk")
        with lifted_guards():
            ChainMovement.objects.filter(tx_id=found.tx_id, side="in").update(amount=found.amount + units)
        assert differences() == EQUAL | {Asset.TRC20: units}
        (halt,) = halts.standing()
        assert halt.reason == HaltReason.RECONCILIATION
        assert f"Deposit {found.pk} says {found.amount} units" in halt.detail
        assert halts.is_halted()

    def test_stays_after_a_person_has_lifted_the_halt_until_it_is_mended(self, exchange: Exchange) -> None:
        fake_money()
        differences()
        halts.lift(halts.standing()[0].pk, actor=Actor(1, "ada"), reason="I have looked", now=NOW)
        differences()
        assert [halt.reason for halt in halts.standing()] == [HaltReason.RECONCILIATION]

    def test_with_enough_to_name_is_not_looked_for_among_all_transfers(self, exchange: Exchange, owner: User) -> None:
        (fee,) = ChainMovement.objects.filter(side="fee")
        for index in range(reconciliation.NAMED):
            fee.pk, fee.index, fee.side, fee.kind, fee.asset = None, index, "out", "trc20", Asset.TRC20
            fee.tx_id, fee.transfer_id = f"{index:064x}", None
            fee.save(force_insert=True)
        with CaptureQueriesContext(connection) as queries:
            differences()
        named = Reconciliation.objects.get(asset=Asset.TRC20).rows
        assert len(named) == reconciliation.NAMED and all("no withdrawal of this box" in name for name in named)
        assert [query["sql"] for query in queries if 'FROM "wallet_transfer"' in query["sql"]] == []

    def test_is_found_when_a_deposit_was_credited_twice(self, exchange: Exchange, owner: User) -> None:
        chain = own_account(Asset.TRC20, AccountKind.CHAIN)
        again = transfer(chain, user(owner.pk), 5_000_000_000, cause="deposit/again", key="deposit/again")
        assert post(again).is_done
        assert differences()[Asset.TRC20] == -RICH
        (named,) = Reconciliation.objects.get(difference=-RICH).rows
        number = Transfer.objects.get(cause="deposit/again").pk
        assert named.startswith(f"Transfer {number} books 5,000 BTT from the chain (deposit/again)")
        assert f"Transfer {number} " in halts.standing()[0].detail

    def test_names_what_left_without_a_withdrawal(self, exchange: Exchange) -> None:
        exchange.fake.send(TransferTrx(exchange.hot, STRANGER, 9 * SUN), exchange.signer.hot_key)
        exchange.arrive()
        assert [halt.reason for halt in halts.standing()] == [HaltReason.OUTGOING]
        assert differences()[Asset.TRX] == -9 * SUN
        assert "no withdrawal of this box" in Reconciliation.objects.get(difference=-9_000_000).rows[0]

    def test_is_found_in_what_is_left_below_one(self, exchange: Exchange) -> None:
        ChainCursor.objects.update(carry_units=0)
        assert differences()[Asset.TRC20] == 3 * ODD - 2 * 10**12


class TestWithdrawals:
    @pytest.fixture
    def world(self, owner: User, tmp_path: Path) -> Iterator[World]:
        """A user who has deposited what there is, and an install that has read it."""
        made = World(tmp_path)
        address = parse_address(deposit_addresses.address_for(owner.pk, now=made.now).address)
        made.chain.pay_token(address, 1_000_000 * BTT)
        made.chain.make_solid()
        made.scan()
        assert differences() == EQUAL
        yield made
        made.signer.close()

    @pytest.mark.parametrize("scans_first", [True, False])
    def test_leave_no_difference_at_any_block(self, world: World, owner: User, scans_first: bool) -> None:
        wanted = world.request(owner.pk, 1_000)
        for _ in range(8):
            world.chain.mine()
            world.now += timedelta(seconds=3)
            if scans_first:
                world.scan()
                assert differences() == EQUAL
            withdrawing.step(world.door, world.signer, now=world.now)
            assert differences() == EQUAL
            if not scans_first:
                world.scan()
                assert differences() == EQUAL
        assert Withdrawal.objects.get(pk=wanted.pk).state == WithdrawalState.FINAL
        assert ChainMovement.objects.get(side="out").amount == 1_000 * BTT
        assert not halts.is_halted()
        assert transfers_of_nothing.without_a_cause(Asset.TRC20, most=9) == []

    def test_that_failed_on_the_chain_leave_no_difference(self, world: World, owner: User) -> None:
        world.chain.execution.token_faults.append("REVERT")
        wanted = world.request(owner.pk, 1_000)
        for _ in range(8):
            world.tick()
            world.scan()
            assert differences() == EQUAL
        assert Withdrawal.objects.get(pk=wanted.pk).state == WithdrawalState.RETURNED
        assert not halts.is_halted()

    def test_that_are_final_though_nothing_was_paid_are_named(self, world: World, owner: User) -> None:
        wanted = world.request(owner.pk, 1_000)
        world.tick(8)
        world.scan()
        with lifted_guards():
            ChainMovement.objects.filter(side="out").delete()
        assert differences()[Asset.TRC20] == 1_000 * BTT
        assert f"Withdrawal {wanted.pk} is final, and" in halts.standing()[0].detail

    def test_that_were_paid_though_they_were_taken_for_dead_are_named(self, world: World, owner: User) -> None:
        world.request(owner.pk, 1_000)
        world.tick(8)
        world.scan()
        with lifted_guards():
            Attempt.objects.update(state=AttemptState.FAILED)
        with lifted_guards():
            Transfer.objects.filter(kind=TransferKind.WITHDRAWAL_FINAL).delete()
            Account.objects.filter(kind=AccountKind.IN_FLIGHT).update(balance_ubtt=1_001_000_000)
            Account.objects.filter(kind=AccountKind.FEES).update(balance_ubtt=0)
        assert differences()[Asset.TRC20] == -1_000 * BTT
        assert "is failed, and pays" in halts.standing()[0].detail


class TestAFeeThatCanNotBeBooked:
    def test_waits_and_is_booked_once_when_there_is_money(self, exchange: Exchange, owner: User) -> None:
        fees, treasury = (own_account(Asset.TRX, kind) for kind in (AccountKind.NETWORK_FEES, AccountKind.TREASURY))
        left = own(AccountKind.NETWORK_FEES, Asset.TRX)
        assert post(transfer(fees, treasury, left)).is_done
        exchange.fake.send(TransferTrx(exchange.hot, exchange.address(owner.pk), 1), exchange.signer.hot_key)
        exchange.arrive()
        assert ChainMovement.objects.filter(side="fee", transfer_id=None).count() == 1
        assert differences() == EQUAL
        answers = Answer.objects.count()
        exchange.fake.mine(9)
        exchange.scan_all()
        assert Answer.objects.count() == answers  # nobody asks the ledger for what it can't do
        assert post(transfer(treasury, fees, left)).is_done
        exchange.fake.mine(9)
        exchange.scan_all()
        exchange.fake.mine(9)
        exchange.scan_all()
        fee = ChainMovement.objects.filter(side="fee").latest("pk")
        assert own(AccountKind.NETWORK_FEES, Asset.TRX) == left - fee.amount
        assert differences() == EQUAL
        assert credited(owner.pk, Asset.TRX) == 0


def fake_money() -> None:
    """Change what came by one unit, as nobody but a superuser can."""
    with lifted_guards():
        row = ChainMovement.objects.filter(side="in").earliest("pk")
        ChainMovement.objects.filter(pk=row.pk).update(amount=row.amount + 1)
