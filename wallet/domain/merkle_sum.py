"""The Merkle-sum tree of liabilities: each node hashes both its children's sums, so none of them can be left out.

Whoever holds one leaf, its path and the root knows that the root's total counts that leaf in full. Sums go in as 16
bytes, most significant first; whoever builds or checks refuses negative ones and those of 2¹²⁷ and more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from wallet.domain.merkle import LEAF, NODE

SUM_BYTES = 16
SUM_LIMIT = 2**127
NONCE_BYTES = 32
MIN_LEAVES = 16  # fewer would tell a small house's people much about each other


class BadSum(ValueError):
    """A balance or a sum of balances is negative, or 2¹²⁷ or more."""

    def __init__(self) -> None:
        super().__init__("A sum is negative, or too large to be one.")


@dataclass(frozen=True, slots=True, order=True)
class SumNode:
    """A node of the tree: a hash and the sum of the balances under it."""

    hash: bytes
    sum_ubtt: int


def leaf(*, user: str, nonce: bytes, balance_ubtt: int) -> SumNode:
    """Return a user's leaf; padding has no user. Without the nonce nobody can tell whose it is. Raises BadSum."""
    whose = sha256(user.encode() + nonce).digest()
    return SumNode(sha256(LEAF + whose + _sum_bytes(balance_ubtt)).digest(), balance_ubtt)


def padded(count: int) -> int:
    """Return how many leaves a tree for so many users has: a power of two, so every path is equally long."""
    return max(MIN_LEAVES, 1 << (count - 1).bit_length() if count else 0)


def root(leaves: Sequence[SumNode]) -> SumNode:
    """Return the root over a power of two of leaves. Raises BadSum."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def sum_path(leaves: Sequence[SumNode], *, index: int) -> tuple[SumNode, ...]:
    """Return the siblings on the way from one leaf to the root, from the bottom up."""
    path, level = [], list(leaves)
    while len(level) > 1:
        path.append(level[index ^ 1])
        level = _above(level)
        index >>= 1
    return tuple(path)


def root_from_path(start: SumNode, path: Sequence[SumNode], *, index: int) -> SumNode:
    """Return the root to which a path leads. Raises BadSum."""
    above = start
    for sibling in path:
        above = _parent(sibling, above) if index & 1 else _parent(above, sibling)
        index >>= 1
    return above


def _above(level: list[SumNode]) -> list[SumNode]:
    return [_parent(left, right) for left, right in zip(level[::2], level[1::2], strict=True)]


def _parent(left: SumNode, right: SumNode) -> SumNode:
    total = left.sum_ubtt + right.sum_ubtt
    _sum_bytes(total)
    content = left.hash + _sum_bytes(left.sum_ubtt) + right.hash + _sum_bytes(right.sum_ubtt)
    return SumNode(sha256(NODE + content).digest(), total)


def _sum_bytes(sum_ubtt: int) -> bytes:
    if not 0 <= sum_ubtt < SUM_LIMIT:
        raise BadSum
    return sum_ubtt.to_bytes(SUM_BYTES)
