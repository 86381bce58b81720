"""Random schedules against the model of the ledger in plain dictionaries, on the real database."""

from datetime import timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.builders import NOW, make_user
from tests.ledger_model import Model, Stream, Wish
from tests.ledger_truth import read_truth
from tests.ledger_worker import begin_books, post_wishes
from tests.servers import PROVE
from wallet.domain.accounts import AccountName

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

SEEDS = st.integers(0, 2**32 - 1)  # a number each: Hypothesis would take minutes to draw a whole schedule itself


class LedgerMachine(RuleBasedStateMachine):
    """Asks the ledger and the model the same, in batches, alone, again, later; then they must agree."""

    users: list[AccountName]

    def __init__(self) -> None:
        super().__init__()
        self._rolled_back = transaction.atomic()
        self._rolled_back.__enter__()
        self.now = NOW
        self.asked: list[list[Wish]] = []
        self.stream = Stream(Random(0), self.users)
        self.model = Model(self.users)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._rolled_back.__exit__(None, None, None)

    @rule(seed=SEEDS)
    def ask(self, seed: int) -> None:
        self.stream.random = Random(seed)
        self.post(self.stream.batch())

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        self.post(data.draw(st.sampled_from(self.asked)))

    @rule(seconds=st.integers(1, 30))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def post(self, wishes: list[Wish]) -> None:
        self.asked.append(wishes)
        outcomes = post_wishes(wishes, self.now)
        assert [outcome.code for outcome in outcomes] == self.model.batch(wishes, self.now)

    @invariant()
    def agree(self) -> None:
        truth = read_truth()
        assert truth.balance == self.model.balance
        assert truth.held == self.model.held
        told = self.model.codes()
        assert told.items() <= truth.codes.items()
        assert len(truth.codes) == len(told) + len(self.users)  # what they began with
        assert not truth.beaten


class TestTheLedger:
    def test_does_what_the_model_does(self) -> None:
        LedgerMachine.users = begin_books([make_user(name).pk for name in ("olga", "sam", "tim")])
        schedules = settings(max_examples=25 * PROVE, stateful_step_count=25, phases=[Phase.generate, Phase.shrink])
        run_state_machine_as_test(LedgerMachine, settings=schedules)
