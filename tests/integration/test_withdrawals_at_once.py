"""Withdrawals by several threads on a real database: the row's lock decides, and the limits hold."""

import threading
from functools import partial
from pathlib import Path

import pytest

from seedbox.models import User
from tests.at_once import at_once
from tests.builders import NOW
from tests.integration.test_forgotten_attempts import forgotten as signed_and_forgotten
from tests.ledger import BTT
from tests.signers import HOT
from tests.withdrawals import World, money, of_install, rich
from wallet.chain.fake import FakeChain
from wallet.chain.port import BroadcastCode
from wallet.domain.accounts import AccountKind
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Account, Attempt, ChainMovement, OperatorAct, Withdrawal
from wallet.services import attempts, forgotten, found_payments, withdrawal_rules, withdrawals, withdrawing
from wallet.services.chain_reading import time_of
from wallet.services.operators import Actor
from wallet.services.refusals import Refused
from wallet.services.withdrawing import Stepped


class SharedChain(FakeChain):
    """One that several threads hand transactions to: it tries them on its books, one after the other."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        super().__init__()

    def accept(self, signed_bytes: bytes, *, included: bool = True) -> tuple[BroadcastCode, str]:
        with self._turn:
            return super().accept(signed_bytes, included=included)


pytestmark = [pytest.mark.usefixtures("committed_books"), pytest.mark.both_databases]


class TestAtOnce:
    def test_case_48_two_workers_make_one_attempt(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        drafts = []
        for _ in range(4):
            drafts.append(attempts.draft(world.door, asked, hot=HOT, at=attempts.moment(world.door)))
            world.chain.mine()
        made = at_once(*(partial(attempts.prepare, asked.pk, one, number=1, now=NOW) for one in drafts))
        assert sum(isinstance(one, Attempt) for one in made) == 1, made
        assert sum(one is None for one in made) == 3, made
        assert Attempt.objects.count() == 1
        assert money(owner.pk) == (899, 0)

    def test_case_48_two_whole_steps_of_two_workers_pay_each_withdrawal_once(self, owner: User, tmp_path: Path) -> None:
        world = World(tmp_path, chain=SharedChain(), is_quick=True)
        rich(owner.pk)
        doors = [world.door, world.another_door()]
        for _ in range(3):
            for _ in range(3):
                world.request(owner.pk, 10)
            done = at_once(*(partial(withdrawing.step, door, world.signer, now=world.now) for door in doors))
            assert all(isinstance(one, Stepped) for one in done), done
            assert sum(one.begun for one in done if isinstance(one, Stepped)) == 3, done
        world.tick(8)
        assert {one.state for one in Withdrawal.objects.all()} == {WithdrawalState.FINAL}
        assert Attempt.objects.count() == Withdrawal.objects.count() == 9
        assert len({one.tx_id for one in world.signer.requests}) == 9  # asked for twice it is the same
        assert world.paid() == [10 * BTT] * 9
        assert (money(owner.pk), of_install(AccountKind.IN_FLIGHT)) == ((1_000 - 99, 0), 0)
        world.signer.close()

    @pytest.mark.parametrize("whose", ["user", "all"])
    def test_case_53_parallel_requests_do_not_slip_past_a_limit(
        self, world: World, owner: User, admin: User, whose: str
    ) -> None:
        values = {name: getattr(withdrawal_rules.current(), name) for name in withdrawal_rules.FIELDS}
        values |= {f"{whose}_hour_ubtt": 250 * BTT, f"{whose}_day_ubtt": 250 * BTT}
        withdrawal_rules.change(values, actor=Actor(admin.pk, "ada"), reason="a test", key="a" * 32, now=NOW)
        world.request(owner.pk, 50)
        found = at_once(*[lambda: world.request(owner.pk)] * 6)
        assert sum(isinstance(one, Withdrawal) for one in found) == 2, found
        assert sum(isinstance(one, Refused) for one in found) == 4, found
        assert money(owner.pk) == (1_000 - 253, 253)

    def test_case_54_cancel_against_sign_is_decided_once(self, world: World, owner: User) -> None:
        for _ in range(4):
            asked = world.request(owner.pk)
            drafted = attempts.draft(world.door, asked, hot=HOT, at=attempts.moment(world.door))
            cancelled, made = at_once(
                partial(withdrawals.cancel, world.signer, user_id=owner.pk, withdrawal_id=asked.pk, now=NOW),
                partial(attempts.prepare, asked.pk, drafted, number=1, now=NOW),
            )
            asked.refresh_from_db()
            if isinstance(made, Attempt):
                assert isinstance(cancelled, Refused) and asked.state == WithdrawalState.SENDING
            else:
                assert made is None and asked.state == WithdrawalState.CANCELLED
            world.chain.mine()

    def test_a_forgotten_payment_is_booked_by_an_operator_or_followed_never_both(
        self, world: World, owner: User
    ) -> None:
        bearer = Account.objects.get(kind=AccountKind.USER, ref=str(owner.pk))
        for number in range(4):
            world.now = time_of(world.chain.now_ms)
            asked = world.request(owner.pk, 10)
            world.door.broadcast(signed_and_forgotten(world, asked))
            world.chain.make_solid()
            world.scan()
            paid = ChainMovement.objects.filter(side="out").latest("pk")
            found = forgotten.find(world.door, world.signer, asked)
            assert found is not None and paid.tx_id == found.signed.tx_id.hex()
            book = partial(found_payments.book, movement_id=paid.pk, account_id=bearer.pk, reason="because")
            booked, taken = at_once(
                partial(book, actor=Actor(1, "ada"), key=str(number), now=world.now),
                partial(forgotten.take_over, asked.pk, found, now=world.now),
            )
            assert taken is None
            asked.refresh_from_db()
            if isinstance(booked, OperatorAct):
                assert asked.doubt and not asked.attempts.exists()
            else:
                assert isinstance(booked, Refused) and asked.attempts.count() == 1 and not asked.doubt
        taken_twice = 10 * OperatorAct.objects.count()  # by the booking, and held until the doubt is decided
        assert money(owner.pk)[0] == 1_000 - 4 * 11 - taken_twice
