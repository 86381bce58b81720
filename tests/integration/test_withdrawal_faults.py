"""Withdrawals under fire: crashes, endpoints that answer nonsense, blocks that come too late. Never paid twice.

The numbers in the names are those of the list of failures that this wallet must survive.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from seedbox.models import User
from tests.ledger import BTT
from tests.signers import HOT
from tests.withdrawals import SLOW_BLOCK_MS, World, check_paid_once, money, of_install, stranger_address
from wallet.chain.fake_endpoint import (
    ACCEPTED_BUT_TIMED_OUT,
    SWALLOWED,
    WRONG_ID,
    BroadcastFault,
)
from wallet.chain.port import BroadcastCode
from wallet.domain.accounts import AccountKind
from wallet.domain.tron.transactions import Signed, encode_transaction
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Attempt, AttemptEvent, Halt, HaltReason, Withdrawal
from wallet.services import attempts, halts, own_addresses, reserves, scanning, withdrawals
from wallet.services.operators import Actor
from wallet.signer.protocol import SignerAway

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

REFUSALS = [code for code in BroadcastCode if code is not BroadcastCode.SUCCESS]


class Killed(BaseException):
    """The worker is gone in this moment."""


def codes_of(withdrawal: Withdrawal) -> list[str]:
    events = AttemptEvent.objects.filter(attempt__withdrawal=withdrawal, what="broadcast").order_by("pk")
    return list(events.values_list("code", flat=True))


def signed_bytes(attempt: Attempt) -> bytes:
    assert attempt.signature is not None
    return encode_transaction(Signed(bytes(attempt.raw_bytes), (bytes(attempt.signature),)))


class TestCase38ACrash:
    @pytest.fixture(params=["before signing", "after signing", "before broadcasting", "after broadcasting"])
    def killed(self, request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the worker be killed once, at that moment of its next step."""
        point: str = request.param
        done: list[str] = []

        def once(real: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
            def dies_once(*args: Any, **kwargs: Any) -> Any:
                answer = real(*args, **kwargs) if after or done else None
                if not done:
                    done.append(point)
                    raise Killed
                return answer

            return dies_once

        target, name = (world.signer, "sign") if "sign" in point else (world.door, "broadcast")
        monkeypatch.setattr(target, name, once(getattr(target, name), after=point.startswith("after")))

    @pytest.mark.usefixtures("killed")
    def test_at_any_step_leaves_exactly_one_transfer_on_the_chain(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        with pytest.raises(Killed):
            world.step()
        world.tick(8)
        check_paid_once(world, asked)
        assert asked.attempts.count() == 1
        assert len({request.raw_bytes for request in world.signer.requests}) == 1

    def test_before_the_first_attempt_is_as_if_the_worker_had_waited(
        self, world: World, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = world.request(owner.pk)
        with monkeypatch.context() as patched:
            patched.setattr(attempts, "prepare", lambda *args, **kwargs: (_ for _ in ()).throw(Killed))
            with pytest.raises(Killed):
                world.step()
        assert money(owner.pk) == (899, 101)
        world.tick(8)
        check_paid_once(world, asked)

    def test_for_as_long_as_the_attempt_lives_ends_in_another_one_and_one_payment(
        self, world: World, owner: User
    ) -> None:
        asked = world.request(owner.pk)
        world.signer.problem_after_signing = SignerAway("it hung up")  # it has signed, and nobody got the signature
        world.step()
        world.chain.mine(60)
        world.now += timedelta(seconds=180)
        world.signer.problem_after_signing = None
        world.scans = True
        world.tick(10)
        check_paid_once(world, asked)
        assert [attempt.state for attempt in asked.attempts.order_by("number")] == ["dead", "final"]


class TestCases39To42:
    def test_39_a_broadcast_that_timed_out_and_was_accepted_is_one_transfer(self, world: World, owner: User) -> None:
        world.one.broadcast_faults.append(ACCEPTED_BUT_TIMED_OUT)
        asked = world.request(owner.pk)
        world.tick(8)
        check_paid_once(world, asked)
        assert codes_of(asked)[:2] == ["UNKNOWN", "DUP_TRANSACTION_ERROR"]

    def test_40_success_without_a_block_is_tried_again_after_the_dead_proof_only(
        self, world: World, owner: User
    ) -> None:
        world.one.broadcast_faults.append(SWALLOWED)
        asked = world.request(owner.pk)
        world.step()
        first = asked.attempts.get()
        world.scans = True
        while world.chain.solid.timestamp_ms < first.expiration_ms:
            assert asked.attempts.count() == 1
            world.tick(block_ms=SLOW_BLOCK_MS)
        first.refresh_from_db()
        assert first.state == "dead" and asked.attempts.count() == 2
        code, _ = world.chain.accept(signed_bytes(first))  # and now it can't come any more
        assert code is BroadcastCode.TRANSACTION_EXPIRATION_ERROR
        world.tick(8)
        check_paid_once(world, asked)

    def test_40_the_signer_gets_the_proof_with_the_second_attempt(self, world: World, owner: User) -> None:
        world.one.broadcast_faults.append(SWALLOWED)
        world.request(owner.pk)
        world.step()
        world.tick_past_expiration()
        world.tick(2)
        first, second = world.signer.requests[0], world.signer.requests[-1]
        assert first.dead_proof is None and second.dead_proof is not None
        assert (second.attempt_key.rpartition("/")[2], second.dead_proof.tx_id) == ("2", first.tx_id)
        assert set(second.dead_proof.absent_at) == {"one", "two"}

    def test_40_money_that_is_wanted_back_after_the_attempt_is_dead_is_not_sent_again(
        self, world: World, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.one.broadcast_faults.append(SWALLOWED)
        asked = world.request(owner.pk)
        world.step()
        with monkeypatch.context() as patched:
            patched.setattr(attempts, "prepare", lambda *args, **kwargs: None)
            world.tick_past_expiration()
        assert asked.attempts.get().state == "dead"
        withdrawals.want_back(user_id=owner.pk, withdrawal_id=asked.pk)
        drafted = attempts.draft(world.door, asked, hot=HOT, at=attempts.moment(world.door))
        assert attempts.prepare(asked.pk, drafted, number=2, now=world.now) is None
        halts.halt(HaltReason.OPERATOR, "ada: a look", world.now)
        world.step()
        assert money(owner.pk) == (899, 0)  # nothing moves while withdrawals are stopped
        halts.lift(Halt.objects.get().pk, actor=Actor(1, "ada"), reason="looked", now=world.now)
        world.now += timedelta(minutes=2)
        world.step()
        assert money(owner.pk) == (899, 0)  # the scan has not looked for long: who knows what it will meet
        world.scan()
        world.tick(4)
        asked.refresh_from_db()
        assert (asked.state, money(owner.pk)) == (WithdrawalState.RETURNED, (1_000, 0))
        assert "you wanted no further attempt" in asked.reason
        assert asked.attempts.count() == 1 and world.paid() == [] and of_install(AccountKind.IN_FLIGHT) == 0

    def test_41_a_clock_that_is_past_the_expiration_allows_no_second_attempt(self, world: World, owner: User) -> None:
        world.one.broadcast_faults.append(SWALLOWED)
        asked = world.request(owner.pk)
        world.step()
        world.now += timedelta(hours=2)
        for _ in range(5):
            world.step()
        assert asked.attempts.get().state == "broadcast"

    def test_42_an_endpoint_that_lags_allows_no_second_attempt(self, world: World, owner: User) -> None:
        world.one.broadcast_faults.append(SWALLOWED)
        asked = world.request(owner.pk)
        world.step()
        world.two.lag = 8
        world.tick_past_expiration()
        assert asked.attempts.count() == 1
        world.two.lag = 0
        world.tick(10)
        check_paid_once(world, asked)
        assert asked.attempts.count() == 2

    def test_42_endpoints_that_deny_a_transaction_are_contradicted_by_our_own_index(
        self, world: World, owner: User
    ) -> None:
        asked = world.request(owner.pk)
        world.step()
        first = asked.attempts.get()
        for endpoint in (world.one, world.two):
            endpoint.hides.add(bytes.fromhex(first.tx_id))
        world.tick_past_expiration()
        world.tick(3)
        assert asked.attempts.get().state == "broadcast"  # in a block, whatever they say: no second one
        assert "holds it" in AttemptEvent.objects.filter(what="not dead").latest("pk").message
        for endpoint in (world.one, world.two):
            endpoint.hides.clear()
        world.tick(2)
        check_paid_once(world, asked)


class TestCases43To45:
    def test_43_each_answer_once_neither_loses_nor_doubles_a_payment(self, world: World, owner: User) -> None:
        asked = []
        for number, code in enumerate(REFUSALS):
            for endpoint in (world.one, world.two):
                endpoint.broadcast_faults.append(BroadcastFault(code))
            asked.append(world.request(owner.pk, 20, to=stranger_address(number)))
        world.tick(10)
        for number, one in enumerate(asked):
            one.refresh_from_db()
            assert (one.state, world.paid(stranger_address(number))) == (WithdrawalState.FINAL, [20 * BTT])
            assert one.attempts.count() == 1  # the same bytes, again and again
        assert {code for one in asked for code in codes_of(one)} == {*REFUSALS, BroadcastCode.SUCCESS}
        assert of_install(AccountKind.IN_FLIGHT) == 0

    def test_43_an_answer_for_ever_gives_the_money_back(self, world: World, owner: User) -> None:
        for endpoint in (world.one, world.two):
            endpoint.broadcast_faults.extend([BroadcastFault(BroadcastCode.TAPOS_ERROR)] * 1_000)
        asked = world.request(owner.pk)
        world.scans = True
        while Withdrawal.objects.get().state != WithdrawalState.RETURNED:
            world.tick(block_ms=SLOW_BLOCK_MS)
        asked.refresh_from_db()
        assert money(owner.pk) == (1_000, 0)
        assert asked.reason.startswith("5 attempts came into no block. The network said: TAPOS_ERROR")
        assert world.paid() == [] and of_install(AccountKind.IN_FLIGHT) == 0

    def test_44_a_refused_transaction_that_is_called_doubled_is_not_taken_for_sent(
        self, world: World, owner: User
    ) -> None:
        for endpoint in (world.one, world.two):
            endpoint.remembers_refused = True
            endpoint.broadcast_faults.append(BroadcastFault(BroadcastCode.BANDWITH_ERROR))
        asked = world.request(owner.pk)
        world.tick(3)
        assert "DUP_TRANSACTION_ERROR" in codes_of(asked)
        assert asked.attempts.get().state == "broadcast"
        world.tick_past_expiration()
        world.tick(8)
        check_paid_once(world, asked)
        assert asked.attempts.count() == 2

    def test_45_the_signer_is_asked_for_our_own_bytes_and_an_endpoints_other_id_is_an_alarm(
        self, world: World, owner: User
    ) -> None:
        world.one.broadcast_faults.append(WRONG_ID)
        asked = world.request(owner.pk)
        world.tick(8)
        check_paid_once(world, asked)
        (request,) = world.signer.requests
        assert request.tx_id.hex() == asked.attempts.get().tx_id
        assert request.raw_bytes == bytes(asked.attempts.get().raw_bytes)
        halt = Halt.objects.get()
        assert (halt.reason, halt.lifted_at) == (HaltReason.LIED, None)
        assert halt.detail.startswith(f"one was given {asked.attempts.get().tx_id} and calls it by another id: ")
        world.scan()
        scanning.look_at_endpoints(world.door)
        states = [(row["name"], row["state"]) for row in reserves.endpoint_rows(own_addresses.cursor())]
        assert states[0][0] == "one" and "called a transaction that it was given by another id" in str(states[0][1])
        assert ("two", "Answers") in states
        second = world.request(owner.pk)
        assert world.step().begun == 0 and not second.attempts.exists()


class TestCases46And47:
    def test_46_the_reference_is_irreversible_and_survives_a_fork(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        world.tick()
        attempt = asked.attempts.get()
        assert attempt.reference_number <= world.chain.solid.number
        world.chain.reorg(world.chain.head.number - world.chain.solid.number)
        world.tick(8)
        check_paid_once(world, asked)
        assert asked.attempts.count() == 1

    def test_46_a_block_that_is_taken_back_takes_the_state_back(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        world.tick(2)
        assert asked.attempts.get().state == "seen"
        world.chain.reorg(1, drop=[bytes.fromhex(asked.attempts.get().tx_id)])
        world.now += timedelta(seconds=6)
        world.step()
        assert asked.attempts.get().state == "broadcast"
        world.tick(8)
        check_paid_once(world, asked)

    def test_46_a_reference_of_sixty_blocks_ago_is_followed_by_a_fresh_one(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        world.signer.problem = SignerAway("it does not answer")
        world.step()
        world.chain.mine(60)
        world.now += timedelta(seconds=180)
        world.signer.problem = None
        world.scans = True
        world.tick(8)
        check_paid_once(world, asked)
        first, second = asked.attempts.order_by("number")
        assert second.reference_number > first.reference_number + 50

    @pytest.mark.parametrize("minutes", [-10, 0, 10])
    def test_47_expiration_comes_from_the_chains_time(self, world: World, owner: User, minutes: int) -> None:
        world.now += timedelta(minutes=minutes)
        asked = world.request(owner.pk)
        head_ms = world.chain.now_ms
        world.tick(8)
        check_paid_once(world, asked)
        assert 60_000 <= asked.attempts.get().expiration_ms - head_ms <= 120_000
