"""Secret bytes that no log, traceback, message or pickle gives away, and that can be wiped."""

from types import TracebackType
from typing import NoReturn, Self

STARS = "***"


class Secret:
    """Bytes in a buffer of their own. Leaving the `with` block wipes them.

    Python and the libraries below make short-lived copies that nobody can wipe; what we keep, we can.
    """

    __slots__ = ("_buffer",)

    def __init__(self, value: bytes | bytearray) -> None:
        self._buffer = bytearray(value)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def reveal(self) -> bytes:
        return bytes(self._buffer)

    def wipe(self) -> None:
        self._buffer[:] = bytes(len(self._buffer))

    def __len__(self) -> int:
        return len(self._buffer)

    def __repr__(self) -> str:
        return STARS

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return STARS

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret does not leave its process")
