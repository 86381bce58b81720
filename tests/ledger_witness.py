"""Follows a stream of wishes that a worker posts: says after every batch, and after every crash, what must be true."""

from collections.abc import Sequence
from random import Random
from typing import Any

from tests.ledger_model import Model, Stream
from tests.ledger_truth import Truth
from tests.ledger_worker import batch_at
from wallet.domain.accounts import AccountName
from wallet.domain.items import key_hash


class Witness:
    """The model beside one worker; `replay` is what somebody needs to see a failure again."""

    def __init__(self, *, seed: int, users: Sequence[AccountName], batches: int, prefix: str = "stream") -> None:
        stream = Stream(Random(seed), users, prefix)
        self.batches = [stream.batch() for _ in range(batches)]
        self.model = Model(users)
        self.replay = f"seed {seed}"
        self.next = 0  # the batch that the worker is at
        self.job: dict[str, Any] = {
            "seed": seed,
            "users": [int(name.ref) for name in users],
            "batches": batches,
            "prefix": prefix,
        }

    def follow(self, said: dict[str, Any]) -> None:
        """Do what the worker says that it has done; fail where the model answers otherwise."""
        number = said["batch"]
        wishes, at, seen = self.batches[number], batch_at(number), self.model.ids()
        assert number == self.next, self.replay
        codes = self.model.batch(wishes, at)
        if codes != said["codes"]:  # its connection was lost at the commit, and the ledger asked again
            codes = self.model.batch(wishes, at, seen)
        assert said["codes"] == codes, f"{self.replay}, batch {number}: {wishes}"
        self.next = number + 1

    def settle(self, truth: Truth) -> None:
        """Do the batch that was under way when the worker died if the books have it; they must agree then."""
        if self.next < len(self.batches):
            wishes = self.batches[self.next]
            new = [wish for wish in wishes if wish.name not in self.model.told]
            if any(key_hash(wish.key, wish.name[0]) in truth.codes for wish in new):
                self.model.batch(wishes, batch_at(self.next))
        self.agree(truth)

    def agree(self, truth: Truth) -> None:
        """Fail unless the books are what the model has: nothing is missing and nothing there twice."""
        assert truth.balance == self.model.balance, self.replay
        assert truth.held == self.model.held, self.replay
        told = self.model.codes()
        assert told.items() <= truth.codes.items(), self.replay
        assert len(truth.codes) == len(told) + len(self.job["users"]), self.replay  # what they began with
        assert not truth.beaten, self.replay
