"""What was made of blocks last, by number, so that a scanner's run through the newest ones makes nothing twice."""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class RecentBlocks(Generic[T]):
    def __init__(self, max_weight: int) -> None:
        self._max_weight = max_weight
        self._found: OrderedDict[int, tuple[T, int]] = OrderedDict()
        self._weight = 0

    def get(self, number: int) -> T | None:
        found = self._found.get(number)
        if found is None:
            return None
        self._found.move_to_end(number)
        return found[0]

    def add(self, number: int, made: T, weight: int) -> None:
        self._drop(number)
        self._found[number] = made, weight
        self._weight += weight
        while self._weight > self._max_weight and len(self._found) > 1:
            self._drop(next(iter(self._found)))

    def forget_from(self, number: int) -> None:
        for known in [known for known in self._found if known >= number]:
            self._drop(known)

    def _drop(self, number: int) -> None:
        if (found := self._found.pop(number, None)) is not None:
            self._weight -= found[1]
