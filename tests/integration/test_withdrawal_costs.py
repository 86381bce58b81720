"""What sending costs and what a token does: no TRX, no bandwidth, a contract that fails. And the order of the queue.

The numbers in the names are those of the list of failures that this wallet must survive.
"""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from seedbox.models import User
from tests.ledger import BTT
from tests.signers import HOT
from tests.withdrawals import (
    TRX,
    UNITS_OF_TRC20,
    World,
    check_paid_once,
    money,
    of_install,
    rich,
    stranger_address,
)
from wallet.chain.fake_execution import FALSE, Outcome
from wallet.chain.port import Log
from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.tron.abi import transfer_log
from wallet.domain.tron.transactions import decode_raw, encode_raw
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Attempt, Transfer, Withdrawal
from wallet.services import withdrawal_pages, withdrawing

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


class TestCases49To51And55:
    def test_49_without_trx_on_the_hot_address_nothing_is_begun(self, world: World, owner: User) -> None:
        world.chain.books.add(HOT, -world.chain.books.amount(HOT))
        asked = world.request(owner.pk)
        assert "too little TRX" in world.step().waits_because
        asked.refresh_from_db()
        assert (asked.state, money(owner.pk)) == (WithdrawalState.QUEUED, (899, 101))
        world.chain.pay_trx(HOT, 100 * TRX)
        world.tick(8)
        check_paid_once(world, asked)

    def test_49_without_tokens_on_the_hot_address_one_stands_aside_and_a_smaller_one_goes(
        self, world: World, owner: User
    ) -> None:
        token = world.chain.network.assets.trc20_contract
        world.chain.books.add(HOT, -world.chain.books.amount(HOT, token) + 99 * BTT * 10**12, token)
        large, small = world.request(owner.pk), world.request(owner.pk, 40)
        assert (world.step().begun, money(owner.pk)) == (1, (858, 101))
        large.refresh_from_db()
        assert "has too little, 99 BTT that is not spoken for, and this takes 100 BTT" in large.fails_because
        (row,) = withdrawal_pages.rows_of([large])
        assert "The address that pays has less than that at the moment" in str(row["now_text"])
        world.tick(8)
        check_paid_once(world, small)
        world.chain.pay_token(HOT, 100 * BTT * 10**12)
        world.now += withdrawing.TRIED_AGAIN
        world.tick(8)
        assert {one.state for one in Withdrawal.objects.all()} == {WithdrawalState.FINAL}
        assert sorted(world.paid()) == [40 * BTT, 100 * BTT]

    def test_49_a_batch_uses_up_the_free_bandwidth_and_pays_the_rest(
        self, world: World, owner: User, settings: Settings
    ) -> None:
        settings.WALLET_ASSET = "trc10"
        rich(owner.pk)
        asked = [world.request(owner.pk, 10, to=stranger_address(number)) for number in range(5)]
        world.tick(8)
        assert {one.state for one in Withdrawal.objects.all()} == {WithdrawalState.FINAL}
        fees = [one.attempts.get().fee_sun or 0 for one in asked]
        assert fees == [1_100_000] * 5  # five new accounts
        again = [world.request(owner.pk, 10, to=stranger_address(number)) for number in range(5)]
        world.tick(8)
        fees = [one.attempts.get().fee_sun or 0 for one in again]
        assert sorted(fees)[:2] == [0, 0] and max(fees) > 200_000

    @pytest.mark.parametrize("result", ["REVERT", "OUT_OF_ENERGY"])
    def test_50_a_contract_that_fails_gives_the_principal_back_and_its_fee_is_known(
        self, world: World, owner: User, result: str
    ) -> None:
        asked = world.request(owner.pk)
        world.chain.execution.token_faults.append(result)
        world.tick(8)
        asked.refresh_from_db()
        attempt = asked.attempts.get()
        assert (asked.state, attempt.state, money(owner.pk)) == ("returned", "failed", (1_000, 0))
        assert attempt.fee_sun is not None and attempt.fee_sun > 0
        assert "it failed there" in asked.reason and "the box bears" in asked.reason
        assert world.paid() == [] and of_install(AccountKind.IN_FLIGHT) == 0

    def test_51_a_token_is_judged_by_its_event(
        self, world: World, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contract, to = world.chain.network.assets.trc20_contract, stranger_address()
        topics, data = transfer_log(HOT, to, 100 * BTT * 10**12)
        others_topics, others_data = transfer_log(HOT, stranger_address(2), 100 * BTT * 10**12)
        ends = {
            "final": Outcome(logs=(Log(contract, topics, data),)),
            "returned": Outcome(logs=(Log(contract, others_topics, others_data), Log(to, topics, data))),
        }
        sign = world.signer.sign
        for state, outcome in ends.items():

            def sign_and_fix(request: Any, fixed: Outcome = outcome) -> bytes:
                world.chain.execution.outcomes[request.tx_id] = fixed
                return sign(request)

            monkeypatch.setattr(world.signer, "sign", sign_and_fix)
            asked = world.request(owner.pk)
            world.tick(8)
            asked.refresh_from_db()
            assert asked.state == state, asked.reason

    def test_51_a_call_that_returned_false_moved_nothing_and_never_arrived(self, world: World, owner: User) -> None:
        token, to = world.chain.network.assets.trc20_contract, stranger_address()
        had = world.chain.books.amount(HOT, token)
        asked = world.request(owner.pk)
        world.chain.execution.token_faults.append("FALSE")
        for _ in range(8):
            world.tick()
            asked.refresh_from_db()
            assert asked.state != WithdrawalState.FINAL
        attempt = asked.attempts.get()
        receipt = world.one.receipt(bytes.fromhex(attempt.tx_id), solid=True)
        assert receipt is not None and receipt.succeeded  # all that the chain says of the call itself
        assert world.chain.execution.returned[receipt.tx_id] == FALSE
        assert (asked.state, attempt.state, money(owner.pk)) == ("returned", "failed", (1_000, 0))
        assert "it did not move the token" in asked.reason
        assert (world.chain.books.amount(HOT, token), world.chain.books.amount(to, token)) == (had, 0)
        assert of_install(AccountKind.IN_FLIGHT) == 0
        assert not Transfer.objects.filter(kind=TransferKind.WITHDRAWAL_FINAL).exists()

    def test_51_a_call_that_moved_and_returned_nothing_has_arrived(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        world.chain.execution.token_faults.append("NOTHING")
        world.tick(8)
        assert world.chain.execution.returned[bytes.fromhex(asked.attempts.get().tx_id)] == b""
        check_paid_once(world, asked)
        token = world.chain.network.assets.trc20_contract
        assert world.chain.books.amount(stranger_address(), token) == 100 * BTT * UNITS_OF_TRC20

    def test_55_what_is_signed_is_canonical_and_has_neither_memo_nor_permission(
        self, world: World, owner: User, settings: Settings
    ) -> None:
        for asset in ("trc20", "trc10"):
            settings.WALLET_ASSET = asset
            rich(owner.pk)
            world.request(owner.pk)
        world.tick(8)
        for attempt in Attempt.objects.all():
            raw = decode_raw(bytes(attempt.raw_bytes))
            assert encode_raw(raw) == bytes(attempt.raw_bytes)
            assert (raw.memo, raw.permission_id) == (b"", 0)


class TestTheQueue:
    def test_goes_in_the_order_of_asking_and_one_user_who_may_not_pay_keeps_nobody_waiting(
        self, world: World, owner: User, stranger: User
    ) -> None:
        rich(stranger.pk)
        first, second = world.request(owner.pk), world.request(stranger.pk)
        owner.is_active = False
        owner.save()
        assert [one.pk for one in withdrawing.queue()] == [second.pk]
        world.tick(8)
        first.refresh_from_db()
        assert (first.state, money(owner.pk)) == (WithdrawalState.QUEUED, (899, 101))
        owner.is_active = True
        owner.save()
        world.tick(8)
        first.refresh_from_db()
        assert first.state == WithdrawalState.FINAL
