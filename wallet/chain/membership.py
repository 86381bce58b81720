"""One endpoint as a member of the chain: how it is, when it is asked again, and whether it was found to be ours."""

import threading
from collections.abc import Callable
from typing import TypeVar

from wallet.chain.port import CallFails, ChainEndpoint, ChainError, ChainUnreachable, Heights
from wallet.domain import chain_words as words

FIRST_REST_S = 0.5  # doubled with each failure after another
LONGEST_REST_S = 15.0
LAST_FOR_S = 60.0  # after a transaction to which it gave no answer: each other one would wait for it as long again
DOUBTED_FOR_S = 3600.0  # after a lie that the next good answer does not mend; the halt stands for longer

T = TypeVar("T")


class Member:
    """Safe for threads: what two of them note at once is one of the two, and each is true."""

    def __init__(self, endpoint: ChainEndpoint, clock: Callable[[], float]) -> None:
        self.endpoint = endpoint
        self.problem = ""  # the newest, empty while all is well
        self.seen: Heights | None = None  # the newest
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0
        self._is_ours = False
        self._comes_last_until = 0.0
        self._doubt = ""
        self._doubted_until = 0.0

    @property
    def trouble(self) -> str:
        """Return what is to be said of it: what is wrong now, or a lie of the last hour; "" if it is well."""
        return self.problem or (self._doubt if self._clock() < self._doubted_until else "")

    @property
    def name(self) -> str:
        return self.endpoint.name

    def doubt(self, why: str) -> None:
        with self._lock:
            self._doubt, self._doubted_until = why, self._clock() + DOUBTED_FOR_S

    def heights(self) -> Heights:
        self.seen = self.endpoint.heights()
        return self.seen

    @property
    def comes_last(self) -> bool:
        """Say whether transactions are given to others first; whatever else it is asked, it may answer well."""
        return self._clock() < self._comes_last_until

    def note_broadcast(self, *, answered: bool) -> None:
        self._comes_last_until = 0.0 if answered else self._clock() + LAST_FOR_S

    def ask(self, check: Callable[["Member"], None], question: Callable[["Member"], T]) -> T:
        """Return the answer; the endpoint must pass `check` first, and again after it was away. Raises ChainError."""
        if self._clock() < self._rests_until:
            raise ChainUnreachable(self.name, words.NOT_ASKED % {"problem": self.problem})
        try:
            if not self._is_ours:
                check(self)
                self._is_ours = True
            answer = question(self)
        except ChainUnreachable as problem:
            self._rest(problem)
            raise
        except CallFails:
            self._is_well()
            raise
        except ChainError as problem:
            self.problem = problem.why
            raise
        self._is_well()
        return answer

    def _is_well(self) -> None:
        with self._lock:
            self._failures, self.problem = 0, ""

    def _rest(self, problem: ChainError) -> None:
        with self._lock:
            self.problem = problem.why
            self._is_ours = False  # whoever answers next may be another server
            rest_s = min(FIRST_REST_S * 2 ** min(self._failures, 10), LONGEST_REST_S)
            self._failures += 1
            self._rests_until = self._clock() + rest_s
