"""Callers who come at once are served together: one transaction for all who waited while the last one was committed.

A commit waits for the disk. Eight threads that each commit alone share two cores and one disk badly; together they take
one commit for eight, and each still has an answer of its own, durable when it comes.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from wallet.domain.items import Item
from wallet.domain.posting import Outcome

TOGETHER = 1_000  # items of one transaction, unless one caller brings more: beyond it a commit is not what costs
GATHER_S = 0.001  # about a commit; a caller who is alone waits for nobody


class Interrupted(Exception):
    """Whoever served was stopped in the middle. Ask again with the same keys: nothing is done twice."""


Post = Callable[[Sequence[Item], datetime], list[Outcome]]


@dataclass(eq=False)
class Ticket:
    """What one caller wants, and what became of it."""

    items: Sequence[Item]
    now: datetime
    outcomes: list[Outcome] | None = None
    problem: Exception | None = None
    serves: bool = False  # this caller is to serve those who wait, itself first
    called: threading.Event = field(default_factory=threading.Event)


class Teller:
    """Serves the callers of one process, in the order they came, with `post`; one of them does it for all who wait.

    Where `post` fails for several together, each is served alone, unless `is_everybodys` says that this would fail too.
    """

    def __init__(self, post: Post, *, is_everybodys: Callable[[Exception], bool] = lambda problem: False) -> None:
        self._post = post
        self._is_everybodys = is_everybodys
        self._waiting: deque[Ticket] = deque()
        self._is_open = True  # nobody is serving
        self._expected = 1  # as many as came together last time
        self._arrivals = threading.Condition()  # its lock guards all of the above

    def serve(self, items: Sequence[Item], now: datetime) -> list[Outcome]:
        """Return what became of the items; raises what `post` raises."""
        ticket = Ticket(items, now)
        with self._arrivals:
            self._waiting.append(ticket)
            ticket.serves, self._is_open = self._is_open, False
            self._arrivals.notify()
        if not ticket.serves:
            ticket.called.wait()
        if ticket.serves:
            self._serve_those_who_wait(ticket)
        if ticket.problem is not None:
            raise ticket.problem
        if ticket.outcomes is None:
            raise Interrupted
        return ticket.outcomes

    def _serve_those_who_wait(self, own: Ticket) -> None:
        together: list[Ticket] = []
        try:
            together += self._take()
            self._serve(together)
        finally:
            with self._arrivals:  # whoever came meanwhile serves next
                if own in self._waiting:  # interrupted before anything was taken
                    self._waiting.remove(own)
                self._is_open = not self._waiting
                if self._waiting:
                    self._waiting[0].serves = True
                    together.append(self._waiting[0])
            for ticket in together:
                ticket.called.set()

    def _take(self) -> list[Ticket]:
        with self._arrivals:
            # Those who were answered just now come back at once: without this one of them would go alone each time.
            self._arrivals.wait_for(lambda: len(self._waiting) >= self._expected, timeout=GATHER_S)
            taken = [self._waiting.popleft()]
            count = len(taken[0].items)
            while self._waiting and count + len(self._waiting[0].items) <= TOGETHER:
                taken.append(self._waiting.popleft())
                count += len(taken[-1].items)
            self._expected = len(taken)
        return taken

    def _serve(self, together: list[Ticket]) -> None:
        if len(together) > 1:
            try:
                outcomes = iter(self._post([item for ticket in together for item in ticket.items], _latest(together)))
            except Exception as problem:
                if self._is_everybodys(problem):
                    for ticket in together:
                        ticket.problem = problem
                    return
                # Else one of them has it, and only that one shall.
            else:
                for ticket in together:
                    ticket.outcomes = [next(outcomes) for _ in ticket.items]
                return
        for ticket in together:
            try:
                ticket.outcomes = self._post(ticket.items, ticket.now)
            except Exception as problem:  # it is its caller's, and raised there
                ticket.problem = problem


def _latest(tickets: Sequence[Ticket]) -> datetime:
    return max(ticket.now for ticket in tickets)
