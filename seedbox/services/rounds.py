"""Questions of many tasks, asked together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Rounds(Generic[Question, Answer]):
    """Asks for all tasks of one event loop: questions that come meanwhile go into the next round.

    `ask` returns an answer to each question, or what is to be raised instead; what it raises itself is raised to all.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Question]], Awaitable[Sequence[Answer | Exception]]],
        *,
        at_once: int,
        pause_s: float,  # between two rounds; the first after a pause does not wait
    ) -> None:
        self._ask = ask
        self._at_once = at_once
        self._pause_s = pause_s
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def answer(self, question: Question) -> Answer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, answer))
        if self._asking is None:
            self._asking = loop.create_task(self._ask_all())
        return await answer

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[: self._at_once], self._waiting[self._at_once :]
                if asked := [
                    (question, answer) for question, answer in asked if not answer.done()
                ]:  # not of tasks gone
                    await self._ask_one_round(asked)
                    await asyncio.sleep(self._pause_s)
        finally:
            self._asking = None  # whatever ended it, who asks next begins anew

    async def _ask_one_round(self, asked: list[tuple[Question, asyncio.Future[Answer]]]) -> None:
        found: Sequence[Answer | Exception]
        try:
            found = await self._ask([question for question, _ in asked])
        except Exception as problem:  # whatever it is, each of them must hear of it
            found = [problem] * len(asked)
        for (_, answer), said in zip(asked, found, strict=True):
            if answer.done():
                continue
            if isinstance(said, Exception):
                answer.set_exception(said)
            else:
                answer.set_result(said)
