"""Proofs that people take with them: their JSON form, and how they are checked without the box that gave them.

`static/proof.js` checks the same in a browser. What is checked here needs nothing but this file's JSON; what it comes
to is a hash, which means as much as the place where the reader has it from: the foot of a statement, a friend's box.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from wallet.domain import canonical, merkle, merkle_sum, seals, written
from wallet.domain.canonical import Fields, microseconds
from wallet.domain.merkle_sum import BadSum, SumNode

INCLUSION, LIABILITY, SNAPSHOT = "inclusion/1", "liability/1", "liabilities"
MAX_PATH = 64
MAX_LINKS = 1_000_000  # eleven days of a seal each second
MAX_BYTES = 400 * 1024 * 1024  # of a file with so many links
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,38}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BadProof(ValueError):
    """This proof does not hold; the sentence says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """Proves that a seal covers a transfer, and that newer seals are chained to that seal."""

    transfer: str  # canonical text
    leaf: bytes
    index: int  # of the leaf under the seal's root
    count: int
    path: tuple[bytes, ...]
    root: bytes
    seal: str  # canonical text
    seal_number: int
    seal_hash: bytes
    links: tuple[str, ...]  # the seals after it, as canonical texts; where there are many, not all
    newest_number: int
    newest_hash: bytes

    def as_json(self) -> dict[str, object]:
        return {
            "format": INCLUSION,
            "transfer": self.transfer,
            "leaf": self.leaf.hex(),
            "index": self.index,
            "count": self.count,
            "path": [step.hex() for step in self.path],
            "root": self.root.hex(),
            "seal": self.seal,
            "seal_number": self.seal_number,
            "seal_hash": self.seal_hash.hex(),
            "links": list(self.links),
            "newest": {"number": self.newest_number, "hash": self.newest_hash.hex()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the install owes to its users in one asset, at one moment."""

    asset: int
    taken_at: datetime
    seal_number: int  # the newest whose transfers are all in it; 0 before the first
    count: int  # of leaves, padding included
    root: SumNode

    def text(self) -> str:
        """Return the canonical text, version 1; its hash is published."""
        return (
            f"1|liabilities|asset=i{self.asset}|count=i{self.count}|root=s64:{self.root.hash.hex()}"
            f"|seal_number=i{self.seal_number}|taken_at=i{microseconds(self.taken_at)}"
            f"|total_ubtt=i{self.root.sum_ubtt}"
        )

    def hash(self) -> bytes:
        return sha256(self.text().encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Liability:
    """Proves that the total of a snapshot counts a user's balance in full."""

    snapshot: Snapshot
    user: str  # id
    nonce: bytes
    balance_ubtt: int
    index: int
    path: tuple[SumNode, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "format": LIABILITY,
            "snapshot": self.snapshot.text(),
            "snapshot_hash": self.snapshot.hash().hex(),
            "user": self.user,
            "nonce": self.nonce.hex(),
            "balance_ubtt": str(self.balance_ubtt),  # as text: a browser's numbers end at 2⁵³
            "index": self.index,
            "path": [{"hash": step.hash.hex(), "sum_ubtt": str(step.sum_ubtt)} for step in self.path],
        }


@dataclass(frozen=True, slots=True)
class Verified:
    """What a proof has shown, if the hash is the one that was published."""

    format: str
    sentence: str
    hash: str  # of the newest seal it is chained to, or of the snapshot


def verify_json(content: bytes) -> Verified:
    """Check a proof as it lies in a file; raises BadProof also for what is no JSON."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise BadProof("This is no JSON.") from None
    return verify(document)


def verify(document: object) -> Verified:
    """Check a proof's JSON; raises BadProof for whatever is wrong with it."""
    if not isinstance(document, dict):
        raise BadProof("This is no proof.")
    found = document.get("format")
    if found == INCLUSION:
        return _verify_inclusion(document)
    if found == LIABILITY:
        return _verify_liability(document)
    raise BadProof("This is no proof, or one of a newer version.")


def _verify_inclusion(document: Mapping[str, object]) -> Verified:
    transfer_text = _text(document, "transfer")
    transfer = _fields(written.WHAT, transfer_text)
    leaf = merkle.leaf_hash(transfer_text.encode())
    if leaf.hex() != _text(document, "leaf"):
        raise BadProof("The transfer is not the one that the leaf was made of.")
    count = _number(document, "count")
    path = [_hash(step) for step in _list(document, "path", MAX_PATH)]
    root = merkle.root_from_path(leaf, path, index=_number(document, "index"), count=count)
    if root is None or root.hex() != _text(document, "root"):
        raise BadProof("The path does not lead from the transfer to the root.")
    seal_text = _text(document, "seal")
    seal = _fields(seals.WHAT, seal_text)
    number = _number(document, "seal_number")
    if (_str(seal, "root"), _int(seal, "count"), _int(seal, "number")) != (root.hex(), count, number):
        raise BadProof("The seal is of another root.")
    if not _int(seal, "first_id") <= _int(transfer, "id") <= _int(seal, "last_id"):
        raise BadProof("The seal does not cover a transfer with this id.")
    if seals.seal_hash(seal_text).hex() != _text(document, "seal_hash"):
        raise BadProof("The seal's hash is wrong.")
    reached, hash_ = _follow(seal, _text(document, "seal_hash"), _list(document, "links", MAX_LINKS))
    newest = _mapping(document, "newest")
    newest_number, newest_hash = _number(newest, "number"), _text(newest, "hash")
    if reached > newest_number or (reached == newest_number and hash_ != newest_hash):
        raise BadProof("The chain of seals does not lead to the newest seal.")
    _hash(newest_hash)
    chain = "which is the newest" if number == newest_number else f"to which all seals up to {reached} are chained"
    return Verified(INCLUSION, f"Transfer {transfer['id']} is under seal {number}, {chain}.", hash_)


def _follow(seal: Fields, hash_: str, links: list[object]) -> tuple[int, str]:
    """Follow the chain from a seal; return the number and the hash of the last one."""
    number, last_id = _int(seal, "number"), _int(seal, "last_id")
    for link in links:
        if not isinstance(link, str):
            raise BadProof("A seal in the chain is no text.")
        after = _fields(seals.WHAT, link)
        if _str(after, "previous_hash") != hash_ or _int(after, "number") != number + 1:
            raise BadProof(f"Seal {number + 1} is not chained to seal {number}.")
        if _int(after, "first_id") <= last_id:
            raise BadProof(f"Seal {number + 1} reaches back behind seal {number}.")
        number, last_id, hash_ = number + 1, _int(after, "last_id"), seals.seal_hash(link).hex()
    return number, hash_


def _verify_liability(document: Mapping[str, object]) -> Verified:
    snapshot_text = _text(document, "snapshot")
    snapshot = _fields(SNAPSHOT, snapshot_text)
    hash_ = sha256(snapshot_text.encode()).hexdigest()
    if hash_ != _text(document, "snapshot_hash"):
        raise BadProof("The snapshot's hash is wrong.")
    user, balance_ubtt = _decimal(document, "user"), _decimal(document, "balance_ubtt")
    index, count = _number(document, "index"), _int(snapshot, "count")
    steps = _list(document, "path", MAX_PATH)
    if count != 1 << len(steps) or index >= count:
        raise BadProof("The path is not as long as the tree is high.")
    try:
        leaf = merkle_sum.leaf(user=str(user), nonce=_hash(_text(document, "nonce")), balance_ubtt=balance_ubtt)
        root = merkle_sum.root_from_path(leaf, [_step(step) for step in steps], index=index)
    except BadSum as problem:
        raise BadProof(str(problem)) from None
    if root.hash.hex() != _str(snapshot, "root"):
        raise BadProof("The path does not lead from this balance to the root.")
    if root.sum_ubtt != _int(snapshot, "total_ubtt"):
        raise BadProof("The total is not the sum of the balances.")
    sentence = f"{balance_ubtt} µBTT of user {user} are counted in the {root.sum_ubtt} µBTT that are owed in all."
    return Verified(LIABILITY, sentence, hash_)


def _step(step: object) -> SumNode:
    if not isinstance(step, dict):
        raise BadProof("A step of the path is none.")
    return SumNode(_hash(_text(step, "hash")), _decimal(step, "sum_ubtt"))


def _fields(what: str, text: str) -> Fields:
    try:
        return canonical.read(what, text)
    except canonical.BadText:
        raise BadProof(f"The text of the {what} is not in its canonical form.") from None


def _int(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int):
        raise BadProof(f"{name} is missing.")
    return value


def _str(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise BadProof(f"{name} is missing.")
    return value


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or len(value) > canonical.MAX_BYTES:
        raise BadProof(f"{name} is missing.")
    return value


def _number(document: Mapping[str, object], name: str) -> int:
    value = document.get(name)
    if type(value) is not int or not 0 <= value < 2**53:
        raise BadProof(f"{name} is missing.")
    return value


def _decimal(document: Mapping[str, object], name: str) -> int:
    value = _text(document, name)
    if not _DECIMAL.fullmatch(value):
        raise BadProof(f"{name} is no whole number from 0 on.")
    return int(value)


def _list(document: Mapping[str, object], name: str, limit: int) -> list[object]:
    value = document.get(name)
    if not isinstance(value, list) or len(value) > limit:
        raise BadProof(f"{name} is missing, or too long.")
    return value


def _mapping(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = document.get(name)
    if not isinstance(value, dict):
        raise BadProof(f"{name} is missing.")
    return value


def _hash(value: object) -> bytes:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise BadProof("A hash is not 64 hex digits.")
    return bytes.fromhex(value)
