"""An older backup of the books was put back, and the signer knows of payments that they have forgotten (case 22)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from seedbox.models import User
from tests.ledger import BTT
from tests.signers import HOT
from tests.withdrawals import (
    SLOW_BLOCK_MS,
    UNITS_OF_TRC20,
    World,
    check_paid_once,
    money,
    of_install,
    stranger_address,
)
from wallet.chain.fake_endpoint import SWALLOWED, FakeEndpoint
from wallet.chain.port import BadAnswer, Block
from wallet.domain import withdrawal_words as words
from wallet.domain.accounts import AccountKind
from wallet.domain.tron.addresses import parse_address
from wallet.domain.tron.transactions import Signed, encode_transaction, tx_id
from wallet.domain.withdrawal_states import AttemptState, WithdrawalState
from wallet.domain.withdrawal_words import OLD_BLOCK
from wallet.models import Account, ChainMovement, Halt, HaltReason, Withdrawal
from wallet.services import (
    attempts,
    compared,
    decisions,
    deposit_addresses,
    found_payments,
    halts,
    reconciliation,
    withdrawals,
)
from wallet.services.chain_reading import time_of
from wallet.services.operators import Actor
from wallet.services.refusals import Refused
from wallet.services.returning import UNSURE
from wallet.signer.protocol import SignerAway, SignRequest

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ADA = Actor(1_000_001, "ada")


@pytest.fixture(autouse=True)
def _same_time_on_the_chain(world: World) -> None:
    """What was signed before a withdrawal was asked for is not its payment, so the clocks must be those of one day."""
    world.now = time_of(world.chain.now_ms)
    world.agree()


def forgotten(world: World, asked: Withdrawal, *, number: int = 1, amount_btt: int = 0) -> bytes:
    """Let the signer sign what the books then know nothing of; return what the network could be given."""
    meant = Withdrawal.objects.get(pk=asked.pk)
    meant.amount_ubtt = amount_btt * BTT or asked.amount_ubtt
    drafted = attempts.draft(world.door, meant, hot=HOT, at=attempts.moment(world.door))
    key, raw_bytes = f"withdrawal/{asked.pk}/{number}", drafted.raw_bytes
    request = SignRequest("withdrawal", key, raw_bytes, tx_id(raw_bytes), drafted.reference.header)
    return encode_transaction(Signed(raw_bytes, (world.signer.sign(request),)))


def lift_all(world: World) -> None:
    for halt in halts.standing():
        halts.lift(halt.pk, actor=ADA, reason="looked", now=world.now)


class TestAPaymentThatTheBooksHaveForgotten:
    def test_is_found_paid_and_never_given_back(self, world: World, owner: User) -> None:
        world.scan()
        asked = world.request(owner.pk)
        world.door.broadcast(forgotten(world, asked))
        world.scans = True
        world.tick(8)
        check_paid_once(world, asked)
        found = asked.attempts.get()
        assert found.key == f"withdrawal/{asked.pk}/1" and len(world.signer.requests) == 1
        halt = Halt.objects.get()  # books that have forgotten one have forgotten more
        assert halt.reason == HaltReason.SIGNER and found.tx_id in halt.detail

    def test_is_found_also_while_withdrawals_are_stopped(self, world: World, owner: User) -> None:
        world.scan()
        asked = world.request(owner.pk)
        world.door.broadcast(forgotten(world, asked))
        world.chain.make_solid()
        world.scan()
        assert {halt.reason for halt in halts.standing()} == {HaltReason.OUTGOING}
        world.step()
        world.tick()
        check_paid_once(world, asked)

    def test_is_given_to_the_network_again_while_it_can_still_arrive(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        forgotten(world, asked)
        world.tick(8)
        check_paid_once(world, asked)
        assert len(world.signer.requests) == 1

    def test_that_came_into_no_block_is_given_up_by_the_dead_proof_alone(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        forgotten(world, asked)
        world.one.broadcast_faults.append(SWALLOWED)
        world.step()
        withdrawals.want_back(user_id=owner.pk, withdrawal_id=asked.pk)
        lift_all(world)
        while asked.attempts.get().state != AttemptState.DEAD:
            assert money(owner.pk) == (899, 0)
            world.tick_past_expiration()
        world.tick()
        asked.refresh_from_db()
        assert (asked.state, money(owner.pk)) == (WithdrawalState.RETURNED, (1_000, 0))
        assert world.paid() == [] and of_install(AccountKind.IN_FLIGHT) == 0

    def test_under_a_later_number_is_followed_when_the_attempt_of_the_books_is_dead(
        self, world: World, owner: User
    ) -> None:
        asked = world.request(owner.pk)
        signed = attempts.draft(world.door, asked, hot=HOT, at=attempts.moment(world.door))
        attempts.prepare(asked.pk, signed, number=1, now=world.now)
        world.chain.mine()
        world.door.broadcast(forgotten(world, asked, number=3))
        withdrawals.want_back(user_id=owner.pk, withdrawal_id=asked.pk)
        for _ in range(3):
            world.tick_past_expiration()
            lift_all(world)  # whatever a person does, the money does not return
        world.tick(8, block_ms=SLOW_BLOCK_MS)
        check_paid_once(world, asked)
        assert [one.key for one in asked.attempts.order_by("number")] == [
            f"withdrawal/{asked.pk}/1",
            f"withdrawal/{asked.pk}/3",
        ]

    def test_keeps_money_where_it_is_while_the_signer_can_not_say_what_it_has_signed(
        self, world: World, owner: User
    ) -> None:
        asked = world.request(owner.pk)
        world.one.broadcast_faults.append(SWALLOWED)
        world.step()
        withdrawals.want_back(user_id=owner.pk, withdrawal_id=asked.pk)
        world.signer.silence = SignerAway("it does not answer")
        world.tick_past_expiration()
        world.tick(2, block_ms=SLOW_BLOCK_MS)
        assert (asked.attempts.get().state, money(owner.pk)) == (AttemptState.BROADCAST, (899, 0))
        world.signer.silence = None
        world.tick(block_ms=SLOW_BLOCK_MS)
        assert (asked.attempts.get().state, money(owner.pk)) == (AttemptState.DEAD, (1_000, 0))

    def test_that_an_operator_has_booked_already_is_not_taken_from_its_user_again(
        self, world: World, owner: User
    ) -> None:
        asked = world.request(owner.pk)
        world.door.broadcast(forgotten(world, asked))
        world.chain.make_solid()
        world.scan()
        (paid,) = ChainMovement.objects.filter(side="out")
        bearer = Account.objects.get(kind=AccountKind.USER, ref=str(owner.pk))
        found_payments.book(
            movement_id=paid.pk, account_id=bearer.pk, actor=ADA, reason="it is olga's", key="a", now=world.now
        )
        world.tick(3)
        asked.refresh_from_db()
        assert "an operator has booked that payment already" in asked.doubt and not asked.attempts.exists()
        decisions.reject(world.signer, withdrawal_id=asked.pk, actor=ADA, reason="paid and booked", now=world.now)
        assert money(owner.pk) == (900, 0)


class Pruned(FakeEndpoint):
    """Keeps no old blocks, as nodes may that were not told to."""

    kept_from = 0

    def blocks(self, first: int, last: int, *, solid: bool = True) -> tuple[Block, ...]:
        if first < self.kept_from:
            raise BadAnswer(self.name, f"block {first} is kept no longer")
        return super().blocks(first, last, solid=solid)


class TestAPaymentWhoseBlockNoEndpointKeeps:
    @pytest.fixture
    def pruned(self, world: World) -> list[Pruned]:
        found = [Pruned(world.chain, "one"), Pruned(world.chain, "two")]
        world.one, world.two = found
        world.door = world.another_door()
        return found

    @pytest.mark.parametrize("is_unwanted", [False, True])
    def test_waits_alone_until_one_does(
        self, world: World, owner: User, pruned: list[Pruned], *, is_unwanted: bool
    ) -> None:
        asked = world.request(owner.pk)
        if is_unwanted:  # and its attempt of the books is dead
            drafted = attempts.draft(world.door, asked, hot=HOT, at=attempts.moment(world.door))
            attempts.prepare(asked.pk, drafted, number=1, now=world.now)
            withdrawals.want_back(user_id=owner.pk, withdrawal_id=asked.pk)
            proof = {"dead_header": b"header", "dead_scanned_to": 1, "dead_sources": ["one", "two"]}
            asked.attempts.update(state=AttemptState.DEAD, ended_at=world.now, **proof)
            world.chain.mine()
        forgotten(world, asked, number=3)
        world.chain.make_solid()
        world.scan()
        for endpoint in pruned:
            endpoint.kept_from = world.chain.solid.number
        other, world.scans = world.request(owner.pk, 50, to=stranger_address(2)), True
        world.tick(8)
        other.refresh_from_db()
        assert (other.state, asked.attempts.count()) == (WithdrawalState.FINAL, int(is_unwanted))
        assert money(owner.pk)[0] == 848
        asked.refresh_from_db()
        assert is_unwanted or asked.fails_because == OLD_BLOCK  # behind all others, and of no turn but its own
        for endpoint in pruned:
            endpoint.kept_from = 0
        world.now += timedelta(minutes=1)
        world.tick()
        assert asked.attempts.latest("number").signed_as == 3


class TestToGiveBackWhatWasForgotten:
    """Before the driver has asked the signer, or while it can't answer."""

    @pytest.fixture(params=["cancel", "reject", "expire"])
    def give_back(self, world: World, owner: User, request: pytest.FixtureRequest) -> Callable[[Withdrawal], None]:
        """Whoever gives the money back of what the books say was never sent; that it was refused, or passed over."""

        def cancel(asked: Withdrawal) -> None:
            withdrawals.cancel(world.signer, user_id=owner.pk, withdrawal_id=asked.pk, now=world.now)

        def reject(asked: Withdrawal) -> None:
            decisions.reject(world.signer, withdrawal_id=asked.pk, actor=ADA, reason="a thief's", now=world.now)

        def expire(asked: Withdrawal) -> None:
            Withdrawal.objects.filter(pk=asked.pk).update(state=WithdrawalState.CHECKING, approve_until=world.now)
            withdrawals.expire_unapproved(world.signer, now=world.now)
            asked.refresh_from_db()
            if asked.state == WithdrawalState.CHECKING:
                raise Refused(asked.doubt or UNSURE)

        acts: dict[str, Callable[[Withdrawal], None]] = {"cancel": cancel, "reject": reject, "expire": expire}
        return acts[request.param]

    def test_is_refused_when_the_signer_has_signed_for_it(
        self, world: World, owner: User, give_back: Callable[[Withdrawal], None]
    ) -> None:
        asked = world.request(owner.pk)
        world.door.broadcast(forgotten(world, asked))
        with pytest.raises(Refused, match=r"It was sent before|knows of no approval"):
            give_back(asked)
        assert money(owner.pk) == (899, 101)
        Withdrawal.objects.update(state=WithdrawalState.QUEUED, doubt="")
        lift_all(world)
        world.scans = True
        world.tick(8)
        check_paid_once(world, asked)

    def test_waits_until_the_signer_can_say_that_it_has_signed_nothing(
        self, world: World, owner: User, give_back: Callable[[Withdrawal], None]
    ) -> None:
        asked = world.request(owner.pk)
        world.signer.silence = SignerAway("it does not answer")
        with pytest.raises(Refused, match="can't be said at the moment"):
            give_back(asked)
        assert money(owner.pk) == (899, 101)
        world.signer.silence = None
        give_back(asked)
        assert money(owner.pk) == (1_000, 0)

    def test_is_an_admins_to_decide_when_the_driver_leaves_it_alone(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        forgotten(world, asked)
        Account.objects.filter(kind=AccountKind.USER).update(is_frozen=True)
        world.tick(2)
        with pytest.raises(Refused, match="An admin has to look"):
            decisions.reject(world.signer, withdrawal_id=asked.pk, actor=ADA, reason="a thief's", now=world.now)
        assert money(owner.pk) == (899, 101)
        decisions.reject(world.signer, withdrawal_id=asked.pk, actor=ADA, reason="looked up", now=world.now)
        assert money(owner.pk) == (1_000, 0)

    @pytest.mark.parametrize("first", ["cancel", "reject", "approve late"])
    def test_is_an_admins_to_decide_when_its_approval_was_forgotten_too(
        self, world: World, owner: User, first: str
    ) -> None:
        asked = world.request(owner.pk)
        forgotten(world, asked)
        Withdrawal.objects.update(state=WithdrawalState.CHECKING, needs_approval=True, approve_until=world.now)
        with pytest.raises(Refused):
            if first == "cancel":
                withdrawals.cancel(world.signer, user_id=owner.pk, withdrawal_id=asked.pk, now=world.now)
            elif first == "reject":
                decisions.reject(world.signer, withdrawal_id=asked.pk, actor=ADA, reason="why?", now=world.now)
            else:
                decisions.approve(withdrawal_id=asked.pk, actor=ADA, now=world.now)
        world.step()
        asked.refresh_from_db()
        assert "knows of no approval" in asked.doubt and asked.state == WithdrawalState.CHECKING
        assert money(owner.pk) == (899, 101)
        assert {halt.reason for halt in halts.standing()} == {HaltReason.SIGNER}
        with pytest.raises(Refused, match="An admin has to look at it first"):
            decisions.approve(withdrawal_id=asked.pk, actor=ADA, now=world.now)
        decisions.reject(world.signer, withdrawal_id=asked.pk, actor=ADA, reason="never paid", now=world.now)
        assert money(owner.pk) == (1_000, 0)


class TestAnotherPaymentUnderItsNumber:
    @pytest.fixture
    def world(self, owner: User, tmp_path: Path) -> Iterator[World]:
        """A box whose user has paid in what there is: the chain is read and held against the books in earnest."""
        made = World(tmp_path, agrees=False, scans=True)
        address = parse_address(deposit_addresses.address_for(owner.pk, now=made.now).address)
        made.chain.pay_token(address, 1_000 * BTT * UNITS_OF_TRC20)
        made.chain.make_solid()
        made.now = time_of(made.chain.now_ms)
        made.scan()
        reconciliation.run(now=made.now)
        yield made
        made.signer.close()

    @pytest.fixture
    def doubted(self, world: World, owner: User) -> Withdrawal:
        asked = world.request(owner.pk)
        world.door.broadcast(forgotten(world, asked, amount_btt=70))
        world.tick(30)
        lift_all(world)
        world.tick(2)
        asked.refresh_from_db()
        return asked

    def test_neither_sends_nor_returns_it(self, world: World, owner: User, doubted: Withdrawal) -> None:
        assert "pays another amount, or somebody else" in doubted.doubt
        assert (doubted.state, doubted.attempts.count(), money(owner.pk)) == (WithdrawalState.QUEUED, 0, (899, 101))
        with pytest.raises(Refused, match="An admin has to look at it first"):
            withdrawals.cancel(world.signer, user_id=owner.pk, withdrawal_id=doubted.pk, now=world.now)

    def test_keeps_everybody_waiting_until_what_was_paid_is_booked(
        self, world: World, owner: User, doubted: Withdrawal
    ) -> None:
        other = world.request(owner.pk, 50, to=stranger_address(2))
        lift_all(world)
        world.tick(8)
        assert not other.attempts.exists() and compared.why_not(world.now) == words.DIFFER
        (paid,) = ChainMovement.objects.filter(side="out")
        bearer = Account.objects.get(kind=AccountKind.USER, ref=str(owner.pk))
        found_payments.book(
            movement_id=paid.pk, account_id=bearer.pk, actor=ADA, reason="olga's", key="a", now=world.now
        )
        lift_all(world)
        world.now += compared.ROUND
        world.tick()
        lift_all(world)  # the round before had found it once more
        world.tick(30)
        other.refresh_from_db()
        assert (other.state, halts.standing()) == (WithdrawalState.FINAL, [])
        assert world.paid(stranger_address(2)) == [50 * BTT] and world.paid() == [70 * BTT]
        doubted.refresh_from_db()
        assert (doubted.state, money(owner.pk)) == (WithdrawalState.QUEUED, (778, 101))

    def test_is_for_an_admin_to_decide_who_gives_the_money_back(
        self, world: World, owner: User, doubted: Withdrawal
    ) -> None:
        for _ in range(2):
            decisions.reject(world.signer, withdrawal_id=doubted.pk, actor=ADA, reason="the old one's", now=world.now)
        assert money(owner.pk) == (1_000, 0)

    def test_is_also_one_for_the_same_that_was_signed_long_before_it(self, world: World, owner: User) -> None:
        world.now += timedelta(hours=1)
        asked = world.request(owner.pk)
        forgotten(world, asked)
        world.step()
        asked.refresh_from_db()
        assert "before this withdrawal was asked for" in asked.doubt and not asked.attempts.exists()

    def test_found_after_its_own_attempt_died_returns_nothing_by_itself(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        drafted = attempts.draft(world.door, asked, hot=HOT, at=attempts.moment(world.door))
        attempts.prepare(asked.pk, drafted, number=1, now=world.now)
        forgotten(world, asked, amount_btt=70)
        for _ in range(3):
            world.tick_past_expiration()
            lift_all(world)
        world.tick(3, block_ms=SLOW_BLOCK_MS)
        asked.refresh_from_db()
        assert asked.doubt and (asked.state, asked.attempts.get().state) == ("sending", "dead")
        with pytest.raises(Refused, match="An admin has to look at it first"):
            withdrawals.want_back(user_id=owner.pk, withdrawal_id=asked.pk)
        assert money(owner.pk) == (899, 0)
        for _ in range(2):
            decisions.reject(world.signer, withdrawal_id=asked.pk, actor=ADA, reason="never paid", now=world.now)
        asked.refresh_from_db()
        assert (asked.state, money(owner.pk), world.paid()) == ("returned", (1_000, 0), [])
