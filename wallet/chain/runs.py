"""Many blocks of one endpoint in several answers: the next one is on its way while one is read.

Most of the time of a long read is the server's, which writes, and ours, who verify; so both work at once. No answer is
so large that a server is silent for long before it comes.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from wallet.chain.port import MAX_BLOCKS, ChainUnreachable
from wallet.chain.transport import TooLarge, Transport

FIRST_BLOCKS = 8  # of a read: nobody knows how full they are
GROWTH = 4  # from one answer to the next, when blocks are empty: the ones behind them may be full
ANSWER_BYTES = 1024 * 1024  # that an answer shall have about


@dataclass(frozen=True, slots=True)
class Run:
    first: int
    last: int
    answer: bytes

    @property
    def next_count(self) -> int:
        """Return how many blocks to ask for next."""
        count = self.last - self.first + 1
        return max(min(ANSWER_BYTES * count // max(len(self.answer), 1), GROWTH * count), 1)


class Runs:
    """Safe for threads: the most that is asked for at once is a guess, and any will do."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._most = MAX_BLOCKS  # fewer after an answer that was too large, or did not come in time

    def answers(self, path: str, first: int, last: int) -> Generator[Run, None, None]:
        """Yield the answers about all blocks of a range, in their order; to be closed when it is not used up.

        One that is too large is asked for in halves. Raises ChainError.
        """
        run = self._ask(path, first, last, FIRST_BLOCKS)
        if run.last < last:
            with ThreadPoolExecutor(1, thread_name_prefix="blocks") as ahead:
                while run.last < last:
                    next_run = ahead.submit(self._ask, path, run.last + 1, last, run.next_count)
                    yield run
                    run = next_run.result()
        yield run

    def _ask(self, path: str, first: int, last: int, wanted: int) -> Run:
        count = min(last - first + 1, wanted, self._most)
        while True:
            try:
                answer = self._transport.post(path, {"visible": False, "startNum": first, "endNum": first + count})
            except TooLarge:
                if count == 1:
                    raise
                count = self._most = (count + 1) // 2
            except ChainUnreachable:
                self._most = (count + 1) // 2
                raise
            else:
                self._most = min(max(self._most, 2 * count), MAX_BLOCKS)
                return Run(first, first + count - 1, answer)
