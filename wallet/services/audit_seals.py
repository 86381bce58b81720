"""The audit of seals: which transfers each covers, its root, its hash, and the chain."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from wallet.domain import audit_words as words
from wallet.domain import merkle
from wallet.domain.seals import Seal
from wallet.domain.written import Written
from wallet.services.audit_findings import Findings
from wallet.services.audit_transfers import Account
from wallet.services.snapshot import Row, as_time, raw_column, read, read_in_pieces

_SEALS = """
SELECT number, first_id, last_id, count, root, previous_hash, totals, {sealed_at}, hash
FROM wallet_seal ORDER BY number
"""
_HASH = "SELECT {hash} FROM wallet_seal WHERE number = %s"


class NotedSeal(NamedTuple):
    """A seal's number and hash, as somebody noted them outside the database."""

    number: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.hash.hex()}"


class BadNotedSeal(ValueError):
    """This is no seal: write its number, a colon and its hash of 64 hex digits."""

    def __init__(self) -> None:
        super().__init__("This is no seal: write its number, a colon and its hash of 64 hex digits.")


def parse_noted_seal(text: str) -> NotedSeal:
    """Raises BadNotedSeal."""
    number, _, digits = text.strip().partition(":")
    try:
        noted = NotedSeal(int(number), bytes.fromhex(digits))
    except ValueError:
        raise BadNotedSeal from None
    if noted.number < 1 or len(noted.hash) != merkle.HASH_BYTES:
        raise BadNotedSeal
    return noted


class Chain:
    """Hashes all transfers, which come in the order of their ids, and compares with the seals over them."""

    def __init__(self, findings: Findings, accounts: dict[int, Account]) -> None:
        self.count = 0
        self.unsealed = 0
        self._findings = findings
        self._accounts = accounts
        self._seals = _read_seals(findings)
        self._link = (0, 0, bytes(merkle.HASH_BYTES))  # number, last id and hash of the seal before
        self._hash = b""
        self._told: int | None = None  # the seal before which there was something unsealed
        self._leaves: list[bytes] = []
        self._ids: list[int] = []
        self._totals: dict[int, int] = defaultdict(int)
        self._seal = self._next()

    def take(self, rows: list[Row]) -> None:
        """Hash some more transfers."""
        for row in rows:
            while self._seal is not None and row[0] > self._seal.last_id:
                self._finish(self._seal)
                self._seal = self._next()
            if self._seal is None:
                self.unsealed += 1
            elif row[0] < self._seal.first_id:
                self._say_unsealed(row[0], self._seal)
            else:
                self._ids.append(row[0])
                self._leaves.append(self._leaf(row))
                self._totals[row[1]] += row[5] if type(row[5]) is int else 0

    def close(self) -> None:
        """Look at the seals that are left when all transfers have come."""
        while self._seal is not None:
            self._finish(self._seal)
            self._seal = self._next()

    def compare(self, noted: NotedSeal, where: str) -> None:
        """Look whether a seal that was noted elsewhere is still there."""
        found, newest = read(_HASH.format(hash=raw_column("hash")), [noted.number]), self.newest
        if not found:
            says = words.GONE_WITH_ALL
            if newest:
                says = words.GONE_WITH_OTHERS
            self._findings.add("seal", noted.number, says, where=where, newest=newest.number if newest else "")
        elif bytes(found[0][0]) != noted.hash:
            self._findings.add("seal", noted.number, words.OTHER_HASH, where=where)

    @property
    def newest(self) -> NotedSeal | None:
        """The last seal, when all have been looked at."""
        number, _, last_hash = self._link
        return NotedSeal(number, last_hash) if number else None

    def _say_unsealed(self, transfer_id: int, seal: Seal) -> None:
        if self._told != seal.number:
            self._told = seal.number
            says = words.UNSEALED
            self._findings.add("transfer", transfer_id, says, number=seal.number)

    def _next(self) -> Seal | None:
        seal, self._hash = next(self._seals, (None, b""))
        return seal

    def _finish(self, seal: Seal) -> None:
        self.count += 1
        number, last_id, previous_hash = self._link
        if seal.number != number + 1:
            self._say(seal, words.SEALS_GONE, number=number)
        elif seal.previous_hash != previous_hash:
            self._say(seal, words.NOT_CHAINED)
        if not last_id < seal.first_id <= seal.last_id:
            self._say(
                seal,
                words.BEGINS_WRONG,
                first_id=seal.first_id,
                last_id=last_id,
            )
        elif seal.count != len(self._ids):
            says = words.COVERS_SO_MANY
            self._say(seal, says, count=seal.count, first_id=seal.first_id, last_id=seal.last_id, found=len(self._ids))
        elif self._ids and (self._ids[0], self._ids[-1]) != (seal.first_id, seal.last_id):
            self._say(
                seal,
                words.COVERS_OTHERS,
                first_id=seal.first_id,
                last_id=seal.last_id,
                first=self._ids[0],
                last=self._ids[-1],
            )
        elif seal.root != merkle.root(self._leaves):
            self._say(
                seal,
                words.OTHER_ROOT,
                first_id=seal.first_id,
                last_id=seal.last_id,
            )
        elif dict(seal.totals) != {str(asset): str(total_ubtt) for asset, total_ubtt in self._totals.items()}:
            self._say(seal, words.OTHER_TOTALS)
        if _hash(seal) != self._hash:
            self._say(seal, words.SEAL_CHANGED)
        self._link = (seal.number, max(seal.last_id, last_id), self._hash)
        self._leaves, self._ids = [], []
        self._totals.clear()

    def _leaf(self, row: Row) -> bytes:
        transfer_id, asset, kind, debit_id, credit_id, amount_ubtt = row[:6]
        event_at, written_at, key, body, *rest = row[10:]
        debit, credit = self._accounts[debit_id], self._accounts[credit_id]
        try:
            return Written(
                transfer_id,
                asset,
                kind,
                amount_ubtt,
                debit_id,
                debit.kind,
                debit.ref,
                credit_id,
                credit.kind,
                credit.ref,
                as_time(event_at),
                as_time(written_at),
                key,
                body,
                *rest,
            ).leaf()
        except (TypeError, AttributeError, ValueError):  # SQLite keeps anything in any column
            return b""

    def _say(self, seal: Seal, sentence: str, **values: object) -> None:
        self._findings.add("seal", seal.number, sentence, **values)


def _read_seals(findings: Findings) -> Iterator[tuple[Seal, bytes]]:
    """Yield what each seal says, and the hash that stands beside it."""
    for rows in read_in_pieces(_SEALS.format(sealed_at=raw_column("sealed_at"))):
        for number, first_id, last_id, count, root, previous_hash, totals, sealed_at, stored_hash in rows:
            try:
                if not all(type(one) is int for one in (first_id, last_id, count)):
                    raise TypeError
                hash_beside = bytes(stored_hash)
                seal = Seal(
                    number=number,
                    first_id=first_id,
                    last_id=last_id,
                    count=count,
                    root=bytes(root),
                    previous_hash=bytes(previous_hash),
                    totals=dict(json.loads(totals)),
                    sealed_at=as_time(sealed_at),
                )
            except (TypeError, ValueError, AttributeError):
                findings.add("seal", number, words.SEAL_UNREADABLE)
                continue
            yield seal, hash_beside


def _hash(seal: Seal) -> bytes:
    try:
        return seal.hash()
    except (TypeError, ValueError):  # totals of something else than assets
        return b""
