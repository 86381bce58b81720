"""Questions of many tasks that are asked together."""

import asyncio
from collections.abc import Sequence

import pytest

from seedbox.services.rounds import Rounds


class Refused(Exception):
    pass


class Oracle:
    """Doubles numbers; negative ones it refuses, and a zero makes it fail."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.begun = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.rounds.append(list(numbers))
        self.begun.set()
        await asyncio.to_thread(len, numbers)  # what is asked meanwhile waits for the next round
        if 0 in numbers:
            raise Refused("all")
        return [2 * number if number > 0 else Refused(str(number)) for number in numbers]


def ask(oracle: Oracle, *numbers: int, at_once: int = 10) -> list[int | BaseException]:
    async def scenario() -> list[int | BaseException]:
        rounds = Rounds(oracle, at_once=at_once, pause_s=0)
        return await asyncio.gather(*(rounds.answer(number) for number in numbers), return_exceptions=True)

    return asyncio.run(scenario())


class TestQuestions:
    def test_are_asked_together_and_answered_each(self) -> None:
        oracle = Oracle()
        assert ask(oracle, 1, 2, 3) == [2, 4, 6]
        assert oracle.rounds == [[1, 2, 3]]

    def test_are_asked_in_several_rounds_if_they_are_many(self) -> None:
        oracle = Oracle()
        assert ask(oracle, 1, 2, 3, 4, 5, at_once=2) == [2, 4, 6, 8, 10]
        assert oracle.rounds == [[1, 2], [3, 4], [5]]

    def test_that_are_refused_spoil_no_others(self) -> None:
        answers = ask(Oracle(), 1, -2, 3)
        assert answers[::2] == [2, 6]
        assert isinstance(answers[1], Refused)

    def test_of_a_round_that_fails_all_hear_of_it(self) -> None:
        answers = ask(Oracle(), 1, 0, 3, at_once=2)
        assert [type(answer) for answer in answers] == [Refused, Refused, int]

    def test_of_tasks_that_are_gone_are_not_asked(self) -> None:
        oracle = Oracle()

        async def scenario() -> int:
            rounds = Rounds(oracle, at_once=1, pause_s=0)
            first, gone, last = (asyncio.ensure_future(rounds.answer(number)) for number in (1, 2, 3))
            await oracle.begun.wait()
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            return await first + await last

        assert asyncio.run(scenario()) == 2 + 6
        assert oracle.rounds == [[1], [3]]
