"""Seals: the Merkle root over up to a thousand transfers, chained to the seal before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from wallet.domain import merkle
from wallet.domain.canonical import microseconds, text
from wallet.domain.written import Written

WHAT = "seal"
MAX_TRANSFERS = 1_000  # of one seal: a path of ten hashes at most


@dataclass(frozen=True, slots=True)
class Link:
    """What the next seal is chained to."""

    number: int
    last_id: int  # of its transfers
    hash: bytes


BEGINNING = Link(0, 0, bytes(merkle.HASH_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What a seal says."""

    number: int
    first_id: int
    last_id: int
    count: int
    root: bytes
    previous_hash: bytes
    totals: Mapping[str, str]  # asset -> sum of its amounts in µBTT, both as decimal text
    sealed_at: datetime

    def text(self) -> str:
        """Return the canonical text, version 1."""
        totals = ",".join(f"{asset}={self.totals[asset]}" for asset in sorted(self.totals, key=int))
        return (
            f"1|seal|count=i{self.count}|first_id=i{self.first_id}|last_id=i{self.last_id}|number=i{self.number}"
            f"|previous_hash=s64:{self.previous_hash.hex()}|root=s64:{self.root.hex()}"
            f"|sealed_at=i{microseconds(self.sealed_at)}|totals={text(totals)}"
        )

    def hash(self) -> bytes:
        return seal_hash(self.text())

    def link(self) -> Link:
        return Link(self.number, self.last_id, self.hash())


def seal_hash(written: str) -> bytes:
    """Return the hash that the next seal carries, and that is published."""
    return sha256(written.encode()).digest()


def seal(transfers: Sequence[Written], *, after: Link, now: datetime) -> Seal:
    """Seal transfers, which are given in the order of their ids and follow those of the seal before."""
    assert 0 < len(transfers) <= MAX_TRANSFERS
    assert transfers[0].id > after.last_id
    totals: Counter[int] = Counter()
    for transfer in transfers:
        totals[transfer.asset] += transfer.amount_ubtt
    return Seal(
        number=after.number + 1,
        first_id=transfers[0].id,
        last_id=transfers[-1].id,
        count=len(transfers),
        root=merkle.root([transfer.leaf() for transfer in transfers]),
        previous_hash=after.hash,
        totals={str(asset): str(totals[asset]) for asset in sorted(totals)},
        sealed_at=now,
    )
