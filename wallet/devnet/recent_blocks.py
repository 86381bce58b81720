"""Blocks as they were read last, so that a scanner's run through the newest ones decodes nothing twice."""

from collections import OrderedDict
from collections.abc import Sequence

from wallet.devnet.answers import Block, Info

MAX_WEIGHT = 20_000  # transactions, about 3 kB each; an empty block counts as one


class RecentBlocks:
    def __init__(self) -> None:
        self._blocks: OrderedDict[int, tuple[Block, tuple[Info, ...]]] = OrderedDict()
        self._weight = 0

    def get(self, number: int) -> tuple[Block, tuple[Info, ...]] | None:
        found = self._blocks.get(number)
        if found is not None:
            self._blocks.move_to_end(number)
        return found

    def add(self, block: Block, infos: Sequence[Info]) -> None:
        self._drop(block.number)
        self._blocks[block.number] = (block, tuple(infos))
        self._weight += _weight(block)
        while self._weight > MAX_WEIGHT and len(self._blocks) > 1:
            self._drop(next(iter(self._blocks)))

    def forget_from(self, number: int) -> None:
        for known in [known for known in self._blocks if known >= number]:
            self._drop(known)

    def _drop(self, number: int) -> None:
        if (found := self._blocks.pop(number, None)) is not None:
            self._weight -= _weight(found[0])


def _weight(block: Block) -> int:
    return 1 + len(block.transactions)
