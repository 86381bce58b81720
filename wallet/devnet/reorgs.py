"""Throwing away the newest blocks for a longer branch."""

from collections.abc import Collection

from wallet.devnet.answers import BlockRef, BlockTransaction
from wallet.devnet.execution import Candidate
from wallet.devnet.parts import Parts
from wallet.devnet.pending import returned
from wallet.devnet.production import make_block
from wallet.domain.tron.transactions import bandwidth_bytes


class ReorgRefused(Exception):
    """A reorg cannot go this deep: there are not so many blocks, or it would undo a solid one (say force)."""


def check_depth(parts: Parts, depth: int, *, is_forced: bool) -> None:
    """Raise ReorgRefused unless so many blocks may be thrown away."""
    fork = parts.head.number - depth
    if depth < 1 or fork < parts.state.lowest_height():
        raise ReorgRefused(f"There are {parts.head.number - parts.state.lowest_height()} blocks that can be undone.")
    if fork < parts.highest_shown_solid and not is_forced:
        raise ReorgRefused(f"Block {parts.highest_shown_solid} was shown as solid: undoing it must be forced.")


def reorg(parts: Parts, depth: int, *, drop: bool | Collection[bytes]) -> tuple[BlockRef, ...]:
    """Replace the newest blocks by one more than there were. To be called within `parts.store.writing()`."""
    fork = parts.head.number - depth
    waiting = parts.pending.all()
    parts.state.forget_open()
    parts.pending.replace([*_throw_away(parts, fork, drop=drop), *waiting])
    parts.branch += 1
    parts.highest_shown_solid = min(parts.highest_shown_solid, fork)
    made = tuple(make_block(parts, at) for at in _times(parts.head.timestamp_ms, parts.clock.now_ms(), depth + 1))
    parts.save_settings()
    return made


def _throw_away(parts: Parts, fork: int, *, drop: bool | Collection[bytes]) -> list[Candidate]:
    """Undo all blocks behind the fork; return their transactions that come back, in their order."""
    thrown: list[BlockTransaction] = []
    for number in range(fork + 1, parts.head.number + 1):
        block = parts.store.block(number)
        assert block is not None, "blocks have no gaps"
        thrown += block.transactions
    changed: set[bytes] = set()
    while parts.state.height > fork:
        parts.forget_reference(parts.state.height)
        changed.update(parts.state.undo_block())
    parts.store.put_values({key: parts.state.get(key) for key in changed})
    parts.store.remove_blocks_from(fork + 1)
    head = parts.store.ref(fork)
    assert head is not None, "the fork is below the head"
    parts.head = head
    byte_counts = [bandwidth_bytes(each.signed) for each in thrown]
    return returned(thrown, drop=drop, byte_counts=byte_counts, now_ms=parts.clock.now_ms())


def _times(fork_ms: int, now_ms: int, count: int) -> list[int]:
    """Return times for blocks behind the fork: evenly up to now, and each above the one before."""
    step = max((now_ms - fork_ms) // count, 1)
    return [fork_ms + step * number for number in range(1, count + 1)]
