"""Who reads what is being written now, as far as numbers go: a page's user, or whom a message is for.

Pages, sockets and nodes say for whom they write; everything else, such as files, the command line and the log, is
written plainly. `domain.language.number` asks here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property

from seedbox.domain.numerals import PLAIN, Numerals


class Reader:
    """Somebody whose way to write numbers is asked for when the first one is written."""

    def __init__(self, find: Callable[[], Numerals]) -> None:
        self._find = find

    @cached_property
    def numerals(self) -> Numerals:
        return self._find()

    @cached_property  # asked for with each number that is written
    def signs(self) -> tuple[str, str]:
        return self.numerals.signs


_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)


def signs() -> tuple[str, str]:
    """Return the signs of the reader's numbers, as `domain.numerals` says."""
    reader = _reader.get()
    return PLAIN.signs if reader is None else reader.signs


def current() -> Numerals:
    reader = _reader.get()
    return PLAIN if reader is None else reader.numerals


def begin(numerals: Numerals) -> None:
    """Write for this reader from now on, in this task and those that it starts."""
    _reader.set(Reader(lambda: numerals))


@contextmanager
def read_by(reader: Reader) -> Iterator[None]:
    """Write for this reader meanwhile."""
    before = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(before)


@contextmanager
def written(numerals: Numerals) -> Iterator[None]:
    """Write numbers like this meanwhile."""
    with read_by(Reader(lambda: numerals)):
        yield
