"""Which blocks of a torrent came from whom, though libtorrent leaves some out.

It tells of a block when that is on disk, and tells no more once a torrent is complete: of the last megabytes nothing
is heard but that their pieces fit. But a piece that was compared with its hash has arrived whole; so whatever of it was
asked for and not told of yet is counted then, as from whom it was asked last. What is told after that is no second one.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from seedbox.engine.connections import Address


class Arrived(NamedTuple):
    address: Address
    piece: int
    block: int


@dataclass
class BlockMeter:
    """Of one torrent; blocks from places that nobody watches go by."""

    _asked: dict[int, dict[int, Address]] = field(default_factory=dict)  # of watched places, by piece and block
    _ahead: set[tuple[int, int]] = field(default_factory=set)  # counted before libtorrent told of them

    def asked(self, piece: int, block: int, address: Address, *, is_watched: bool) -> None:
        """Note from whom a block is asked; the last one counts."""
        if is_watched:
            self._asked.setdefault(piece, {})[block] = address
        else:
            self._asked.get(piece, {}).pop(block, None)

    def arrived(self, piece: int, block: int, address: Address, *, is_watched: bool) -> list[Arrived]:
        """Take libtorrent's word that a block is there; return what is to be counted."""
        if (piece, block) in self._ahead:
            self._ahead.discard((piece, block))
            return []
        self._asked.get(piece, {}).pop(block, None)
        return [Arrived(address, piece, block)] if is_watched else []

    def checked(self, piece: int) -> list[Arrived]:
        """A piece was compared with its hash: return what has come of it and was not told of."""
        left = self._asked.pop(piece, {})
        self._ahead.update((piece, block) for block in left)
        return [Arrived(address, piece, block) for block, address in sorted(left.items())]
