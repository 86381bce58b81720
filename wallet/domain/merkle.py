"""The Merkle tree of RFC 6962: leaf and node hashes never meet, and an odd last one goes up as it is, not doubled."""

from collections.abc import Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"
HASH_BYTES = 32


def leaf_hash(content: bytes) -> bytes:
    return sha256(LEAF + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; that of none is the hash of nothing."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else sha256().digest()


def audit_path(leaves: Sequence[bytes], *, index: int) -> tuple[bytes, ...]:
    """Return what it takes to come from one leaf to the root, from the bottom up."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    path, level = [], list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level = _above(level)
        index >>= 1
    return tuple(path)


def root_from_path(leaf: bytes, path: Sequence[bytes], *, index: int, count: int) -> bytes | None:
    """Return the root to which a path leads, or None if a tree of so many leaves has no such path at that place.

    Trees of different sizes can share a path and a root, so whoever relies on the count must know it by other means:
    a seal's hash covers it.
    """
    if not 0 <= index < count:
        return None
    place, last, above = index, count - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            above = node_hash(sibling, above)
            while not place & 1 and place:  # this one went up as it was
                place, last = place >> 1, last >> 1
        else:
            above = node_hash(above, sibling)
        place, last = place >> 1, last >> 1
    return above if last == 0 else None


def _above(level: list[bytes]) -> list[bytes]:
    above = [sha256(NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) % 2:
        above.append(level[-1])
    return above
