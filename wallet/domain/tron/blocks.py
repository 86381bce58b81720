"""Block headers, their ids and the tree over a block's transactions: all that must be computed and not believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from wallet.domain.tron.addresses import Address
from wallet.domain.tron.messages import HEADER
from wallet.domain.tron.protobuf import decode, encode

ID_BYTES = 32
NO_TRANSACTIONS = bytes(ID_BYTES)  # the root over none


@dataclass(frozen=True, slots=True)
class Header:
    number: int
    timestamp_ms: int
    parent_id: bytes
    tx_trie_root: bytes
    witness: Address
    version: int = 0
    witness_id: int = 0
    account_state_root: bytes = b""


def encode_header(header: Header) -> bytes:
    """Return the bytes that a witness signs the hash of. Raises BadMessage for a number without room."""
    return encode(
        HEADER,
        {
            "timestamp": header.timestamp_ms,
            "txTrieRoot": header.tx_trie_root,
            "parentHash": header.parent_id,
            "number": header.number,
            "witness_id": header.witness_id,
            "witness_address": header.witness,
            "version": header.version,
            "accountStateRoot": header.account_state_root,
        },
    )


def decode_header(data: bytes) -> Header:
    """Read a header. Raises BadMessage. Bytes of others need not be canonical: encode it again and compare."""
    values = decode(HEADER, data)
    return Header(
        number=values.get("number", 0),
        timestamp_ms=values.get("timestamp", 0),
        parent_id=values.get("parentHash", b""),
        tx_trie_root=values.get("txTrieRoot", b""),
        witness=Address(values.get("witness_address", b"")),
        version=values.get("version", 0),
        witness_id=values.get("witness_id", 0),
        account_state_root=values.get("accountStateRoot", b""),
    )


def header_hash(header: Header) -> bytes:
    """Return what the witness signs."""
    return sha256(encode_header(header)).digest()


def block_id(header: Header) -> bytes:
    """Return the number in eight bytes and the last 24 of the header's hash. Raises BadMessage."""
    digest = header_hash(header)
    return (header.number & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8) + digest[8:]


def number_of(id_of_block: bytes) -> int:
    return int.from_bytes(id_of_block[:8])


def ref_of(id_of_block: bytes, number: int) -> tuple[bytes, bytes]:
    """Return how a transaction names that block: ref_block_bytes and ref_block_hash."""
    return (number & 0xFFFF).to_bytes(2), id_of_block[8:16]


def tx_trie_root(transactions: Sequence[bytes]) -> bytes:
    """Return the root over transactions with their results; an odd last one goes up as it is."""
    level = [sha256(transaction).digest() for transaction in transactions]
    while len(level) > 1:
        above = [sha256(left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        level = above + level[-1:] if len(level) % 2 else above
    return level[0] if level else NO_TRANSACTIONS
