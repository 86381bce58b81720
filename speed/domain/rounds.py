"""What a round leaves behind for everybody to recompute: its rows, their hash, and the audit of both.

The hash is given with every grant and refusal of the round; the rows follow at the earliest an hour later. It proves
that a bid was in and that the arithmetic was right. It cannot prove that the other bids were real.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from speed.domain.frames import Octets, Whole, Wire

ROUND_S = 10
LEAF_BYTES = 32
SALT_BYTES = 16
DEAL_BYTES = 16
FIRST_SERVED_S = 3_600  # after a round's end its rows are served …
LAST_SERVED_S = 24 * 3_600  # … until then
_HEAD = struct.Struct(">QQQQ")
_ROW = struct.Struct(">32sQQQQQ")


@dataclass(frozen=True, slots=True, order=True)
class PublishedBid:
    """One row of a round: a bid without its bidder. Paused bids are no rows."""

    leaf: Annotated[bytes, Octets(LEAF_BYTES)]
    max_price_ubtt_per_gib: Annotated[int, Whole(), Wire("max")]
    spend_ubtt_per_s: Annotated[int, Whole(), Wire("spend")]
    useful_bytes_per_s: Annotated[int, Whole(), Wire("useful")]
    cap_bytes_per_s: Annotated[int, Whole(), Wire("cap")]  # what its credit allows; 0: it could not take part
    granted_bytes_per_s: Annotated[int, Whole(), Wire("granted")]


@dataclass(frozen=True, slots=True)
class RoundRecord:
    round: int
    ask_ubtt_per_gib: int
    for_sale_bytes_per_s: int
    price_ubtt_per_gib: int
    bids: tuple[PublishedBid, ...]  # sorted by leaf


def round_at(now_s: float) -> int:
    """Return the number of the round that runs at a time of the seller's clock."""
    return int(now_s // ROUND_S)


def leaf_of(*, salt: bytes, deal: bytes) -> bytes:
    """Return what a deal is called in one round; only who knows the salt can tell."""
    return sha256(salt + deal).digest()


def bids_hash(record: RoundRecord) -> bytes:
    """Return the hash that a seller gives away with the round and cannot change any more."""
    made = sha256(
        _HEAD.pack(record.round, record.ask_ubtt_per_gib, record.for_sale_bytes_per_s, record.price_ubtt_per_gib)
    )
    for bid in sorted(record.bids):
        made.update(
            _ROW.pack(
                bid.leaf,
                bid.max_price_ubtt_per_gib,
                bid.spend_ubtt_per_s,
                bid.useful_bytes_per_s,
                bid.cap_bytes_per_s,
                bid.granted_bytes_per_s,
            )
        )
    return made.digest()


def rows_after(record: RoundRecord, leaf: bytes, most: int) -> Sequence[PublishedBid]:
    """Return the next rows behind a leaf, for a page of the record."""
    return [bid for bid in record.bids if bid.leaf > leaf][:most]
