"""What a buyer counts of one seller's blocks: all that it has accepted, but unverified ones only up to a limit.

A piece that fails its hash is taken back as fewer counted bytes later on; a second one ends the deal.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

MIB = 2**20
UNVERIFIED_BYTES = 16 * MIB  # or two pieces, if those are more
FAILURES = 2  # with one seller end the deal of the second


@dataclass(frozen=True, slots=True)
class Counted:
    """Bytes that are now accepted, in the round whose grant ran when they came."""

    deal: bytes
    round: int
    size_bytes: int


@dataclass(slots=True)
class _Piece:
    """One deal's share of a piece that is not checked yet."""

    counted_bytes: int = 0  # with those that only made up for another piece: if this one fails too, they did not
    held: list[Counted] = field(default_factory=list)  # not counted yet: the limit was reached


class SellerBlocks:
    """The blocks of all deals with one seller whose pieces were not checked yet.

    It lives in memory only: what is lost with it stays counted as it was.
    """

    def __init__(self) -> None:
        self._pieces: dict[tuple[bytes, int], _Piece] = {}
        self._unverified_bytes = 0  # counted, of pieces that may still fail
        self._limit_bytes = UNVERIFIED_BYTES
        self.to_deduct_bytes: dict[bytes, int] = {}  # by deal: of failed pieces, not made up for yet
        self.failures = 0

    def received(self, block: Counted, *, piece: int, piece_bytes: int) -> list[Counted]:
        """Return what to count for a block that came for money: it, less what is to be deducted, or nothing yet."""
        self._limit_bytes = max(self._limit_bytes, 2 * piece_bytes)
        part = self._pieces.setdefault((block.deal, piece), _Piece())
        if part.held or self._unverified_bytes + block.size_bytes > self._limit_bytes:
            part.held.append(block)
            return []
        return list(self._count(part, [block]))

    def checked(self, *, deal: bytes, piece: int, passed: bool) -> list[Counted]:
        """Return what to count now that a piece was checked: its own held blocks, and those that have room now."""
        part = self._pieces.pop((deal, piece), None)
        if part is None:
            return []
        self._unverified_bytes -= part.counted_bytes
        now: list[Counted] = []
        if passed:
            now += (self._deducted(block) for block in part.held)
        else:
            self.failures += 1
            self.to_deduct_bytes[deal] = self.to_deduct_bytes.get(deal, 0) + part.counted_bytes
        for other in self._pieces.values():
            while other.held and self._unverified_bytes + other.held[0].size_bytes <= self._limit_bytes:
                now += self._count(other, [other.held.pop(0)])
        return [block for block in now if block.size_bytes]

    @property
    def must_end(self) -> bool:
        """Whether the deal of the newest failure must end."""
        return self.failures >= FAILURES

    def _count(self, part: _Piece, blocks: list[Counted]) -> Iterator[Counted]:
        for block in blocks:
            part.counted_bytes += block.size_bytes
            self._unverified_bytes += block.size_bytes
            yield self._deducted(block)

    def _deducted(self, block: Counted) -> Counted:
        """Return a block less what its deal must make up for, which shrinks by as much."""
        taken = min(block.size_bytes, self.to_deduct_bytes.get(block.deal, 0))
        if taken:
            self.to_deduct_bytes[block.deal] -= taken
        return Counted(block.deal, block.round, block.size_bytes - taken)
