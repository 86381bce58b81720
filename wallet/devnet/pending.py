"""Transactions that wait for a block, in the order in which they came."""

from collections.abc import Collection, Iterable

from wallet.devnet.answers import BlockTransaction
from wallet.devnet.execution import Candidate

EXPIRES_AFTER_MS = 60_000  # then java-tron forgets a transaction that got into no block
SEEN_FOR_MS = 3_600_000  # how long the id cache, where it is on, remembers


class Pending:
    def __init__(self) -> None:
        self._candidates: dict[bytes, Candidate] = {}
        self._seen_ms: dict[bytes, int] = {}  # by id, oldest first
        self.dropped: set[bytes] = set()  # ids that no block will include

    def __len__(self) -> int:
        return len(self._candidates)

    def __contains__(self, tx_id: bytes) -> bool:
        return tx_id in self._candidates

    def ids(self) -> tuple[bytes, ...]:
        return tuple(self._candidates)

    def all(self) -> list[Candidate]:
        return list(self._candidates.values())

    def add(self, candidate: Candidate) -> None:
        self._candidates[candidate.tx_id] = candidate

    def replace(self, candidates: Iterable[Candidate]) -> None:
        self._candidates = {candidate.tx_id: candidate for candidate in candidates}

    def transaction(self, tx_id: bytes) -> BlockTransaction | None:
        candidate = self._candidates.get(tx_id)
        return None if candidate is None else BlockTransaction(tx_id, candidate.signed, candidate.raw, "", None)

    def see(self, tx_id: bytes, now_ms: int) -> bool:
        """Remember an id; return whether it was remembered already."""
        while self._seen_ms:
            oldest = next(iter(self._seen_ms))
            if self._seen_ms[oldest] > now_ms - SEEN_FOR_MS:
                break
            del self._seen_ms[oldest]
        if tx_id in self._seen_ms:
            return True
        self._seen_ms[tx_id] = now_ms
        return False


def is_over(candidate: Candidate, *, parent_ms: int, now_ms: int) -> bool:
    """Tell whether no block upon this parent may include it, or java-tron has forgotten it."""
    return candidate.raw.expiration_ms <= parent_ms or candidate.received_ms + EXPIRES_AFTER_MS < now_ms


def returned(
    transactions: Iterable[BlockTransaction], *, drop: bool | Collection[bytes], byte_counts: Iterable[int], now_ms: int
) -> list[Candidate]:
    """Return what comes back to pending out of blocks that were thrown away."""
    return [
        Candidate(each.tx_id, each.signed, each.raw, byte_count, now_ms)
        for each, byte_count in zip(transactions, byte_counts, strict=True)
        if not (drop if isinstance(drop, bool) else each.tx_id in drop)
    ]
