"""The agent's way to the database: one thread, one thing after another, each until it has succeeded."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, close_old_connections, connections

from speed.agent.side import Otherwise, Then

FIRST_REST_S, LONGEST_REST_S = 0.5, 5.0  # after the database failed
REFRESH_S = 60.0  # a connection is looked at so often, whether it is still good

Work = Callable[[], Any]
AWAY = (OperationalError, InterfaceError)  # what else a database says would be said again and again

logger = logging.getLogger(__name__)


class Writing:
    """What is to be done in the database, in order. Used in the loop's thread; `run` is the task that does it."""

    def __init__(self, executor: Executor, clock: Callable[[], datetime]) -> None:
        self.problem = ""  # of the database, in a sentence
        self.failed = 0  # times that it has failed
        self._executor = executor
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[Work, Then[Any] | None, Otherwise | None]] = asyncio.Queue()
        self._refreshed_at_s = time.monotonic()

    def add(self, work: Work, then: Then[Any] | None = None, otherwise: Otherwise | None = None) -> None:
        self._waiting.put_nowait((work, then, otherwise))

    async def run(self) -> None:
        """Do what comes, until cancelled."""
        while True:
            work, then, otherwise = await self._waiting.get()
            try:
                await self._do(work, then, otherwise)
            finally:
                self._waiting.task_done()

    async def drain(self, limit_s: float) -> None:
        """Wait until all is done that was asked for, or the time is over."""
        try:
            await asyncio.wait_for(self._waiting.join(), limit_s)
        except TimeoutError:
            logger.error("%s writes of the market could not be done before the node stopped", self._waiting.qsize())

    async def _do(self, work: Work, then: Then[Any] | None, otherwise: Otherwise | None) -> None:
        rest_s = FIRST_REST_S
        while True:
            try:
                result = await asyncio.get_running_loop().run_in_executor(self._executor, self._guarded, work)
            except AWAY as problem:
                if isinstance(problem.__cause__, IntegrityError):  # the ledger has tried it often enough
                    self._give_up(otherwise)
                    return
                self.failed += 1
                self._complain(f"The market can't use the database, and waits for it: {problem}".strip())
                await asyncio.sleep(rest_s)
                rest_s = min(2 * rest_s, LONGEST_REST_S)
            except Exception:  # a mistake of ours must not stop the deals of others
                self._give_up(otherwise)
                return
            else:
                self._complain("")
                break
        if then is not None:
            told(then, result, self._clock())

    def _give_up(self, otherwise: Otherwise | None) -> None:
        logger.exception("a write of the market failed")
        if otherwise is not None:
            told(otherwise, self._clock())

    def _guarded(self, work: Work) -> Any:
        now_s = time.monotonic()
        if now_s - self._refreshed_at_s > REFRESH_S:
            self._refreshed_at_s = now_s
            close_old_connections()
        try:
            return work()
        except AWAY:
            connections.close_all()  # whatever state they are in: the next try connects anew
            raise

    def _complain(self, sentence: str) -> None:
        if sentence and sentence != self.problem:
            logger.error("%s", sentence)
        self.problem = sentence


def told(tell: Callable[..., None], *what: object) -> None:
    """Tell a side something; a mistake of ours in it is written down, and the agent goes on."""
    try:
        tell(*what)
    except Exception:
        logger.exception("the market could not take in what it was told")


def utc_now() -> datetime:
    return datetime.now(UTC)
