"""Callers who come at once are served together, and each gets an own answer."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from tests.builders import NOW
from wallet.domain.items import EndHold, HoldEnd, Item
from wallet.domain.posting import Code, Outcome
from wallet.services.teller import Interrupted, Teller, Ticket

WAIT_S = 20


def wish(number: int) -> EndHold:
    return EndHold(key=f"test/{number}", hold=number, end=HoldEnd.VOIDED)


class Ledger:
    """Answers each item with its hold's number; the first batch waits until the others have come."""

    def __init__(self, *, poison: int = 0, is_closed: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.may_go_on = threading.Event()
        self._poison = poison
        self.is_closed = is_closed

    def post(self, items: Sequence[Item], now: datetime) -> list[Outcome]:
        numbers = [item.hold for item in items if isinstance(item, EndHold)]
        self.batches.append(numbers)
        assert self.may_go_on.wait(WAIT_S)
        if self.is_closed and len(self.batches) > 1:
            raise TimeoutError
        if self._poison in numbers:
            raise ValueError(f"{self._poison} can't be served")
        return [Outcome(Code.OK, hold_id=number) for number in numbers]


def serve_all(ledger: Ledger, count: int) -> list[int | Exception | None]:
    teller = Teller(ledger.post, is_everybodys=lambda problem: isinstance(problem, TimeoutError))

    def come(number: int) -> int | Exception | None:
        try:
            return teller.serve([wish(number)], NOW)[0].hold_id
        except (ValueError, TimeoutError) as problem:
            return problem

    with ThreadPoolExecutor(count) as pool:
        first = pool.submit(come, 1)
        while not ledger.batches:
            threading.Event().wait(0.001)
        rest = [pool.submit(come, number) for number in range(2, count + 1)]
        while len(teller._waiting) < count - 1:
            threading.Event().wait(0.001)
        ledger.may_go_on.set()
        return [future.result(WAIT_S) for future in (first, *rest)]


class TestCallersWhoWait:
    def test_are_served_together_and_each_gets_an_own_answer(self) -> None:
        ledger = Ledger()
        assert serve_all(ledger, 8) == [1, 2, 3, 4, 5, 6, 7, 8]
        assert [len(batch) for batch in ledger.batches] == [1, 7]

    def test_do_not_suffer_from_one_who_has_a_problem(self) -> None:
        ledger = Ledger(poison=3)
        answers = serve_all(ledger, 5)
        assert str(answers.pop(2)) == "3 can't be served"
        assert answers == [1, 2, 4, 5]

    def test_are_told_together_what_is_everybodys_problem(self) -> None:
        ledger = Ledger(is_closed=True)
        assert [type(answer) for answer in serve_all(ledger, 4)] == [int, *[TimeoutError] * 3]
        assert ledger.batches == [[1], [2, 3, 4]]


class TestACallerWhoIsAlone:
    def test_is_served_alone_time_and_again(self) -> None:
        ledger = Ledger()
        ledger.may_go_on.set()
        teller = Teller(ledger.post)
        assert [teller.serve([wish(number)], NOW)[0].hold_id for number in (1, 2, 3)] == [1, 2, 3]
        assert ledger.batches == [[1], [2], [3]]

    def test_is_told_its_own_problem_and_hinders_nobody_after_it(self) -> None:
        ledger = Ledger(poison=1)
        ledger.may_go_on.set()
        teller = Teller(ledger.post)
        with pytest.raises(ValueError, match="can't be served"):
            teller.serve([wish(1)], NOW)
        assert teller.serve([wish(2)], NOW)[0].hold_id == 2

    def test_that_is_interrupted_leaves_the_counter_open(self) -> None:
        def interrupt(items: Sequence[Item], now: datetime) -> list[Outcome]:
            raise KeyboardInterrupt

        teller = Teller(interrupt)
        for _ in range(2):
            with pytest.raises((KeyboardInterrupt, Interrupted)):
                teller.serve([wish(1)], NOW)

    def test_that_is_interrupted_before_it_serves_leaves_nothing_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt() -> list[Ticket]:
            raise KeyboardInterrupt

        ledger = Ledger()
        ledger.may_go_on.set()
        teller = Teller(ledger.post)
        with monkeypatch.context() as patched:
            patched.setattr(teller, "_take", interrupt)
            with pytest.raises(KeyboardInterrupt):
                teller.serve([wish(1)], NOW)
        assert teller.serve([wish(2)], NOW)[0].hold_id == 2
        assert ledger.batches == [[2]]
