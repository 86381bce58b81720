"""Withdrawals by several threads on a real database: the row's lock decides, and the limits hold."""

from functools import partial

import pytest

from seedbox.models import User
from tests.at_once import at_once
from tests.builders import NOW
from tests.ledger import BTT
from tests.signers import HOT
from tests.withdrawals import World, money
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Attempt, Withdrawal
from wallet.services import attempts, withdrawal_rules, withdrawals
from wallet.services.operators import Actor
from wallet.services.refusals import Refused

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
                partial(withdrawals.cancel, user_id=owner.pk, withdrawal_id=asked.pk, now=NOW),
                partial(attempts.prepare, asked.pk, drafted, number=1, now=NOW),
            )
            asked.refresh_from_db()
            if isinstance(made, Attempt):
                assert isinstance(cancelled, Refused) and asked.state == WithdrawalState.SENDING
            else:
                assert made is None and asked.state == WithdrawalState.CANCELLED
            world.chain.mine()
