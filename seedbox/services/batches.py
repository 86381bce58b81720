"""Many ids, some at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice


def batched(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part
