"""What a round leaves behind for everybody to recompute: its rows, their hash, and the audit of both.

The hash is given with every grant and refusal of the round; the rows follow at the earliest an hour later. It proves
that a bid was in and that the arithmetic was right. It cannot prove that the other bids were real.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from seedbox.domain.kept import kept as _
from speed.domain.clearing import Terms, clear
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

    @property
    def terms(self) -> Terms:
        return Terms(self.max_price_ubtt_per_gib, self.spend_ubtt_per_s, self.useful_bytes_per_s, self.cap_bytes_per_s)


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


def audit(record: RoundRecord, *, given_hash: bytes, own: Mapping[bytes, Terms]) -> list[str]:
    """Recompute a round from its rows; return a kept sentence for each thing that is wrong, none if it was right.

    `own` are the auditor's own bids by their leaves. What the seller's credit allowed them is the seller's word.
    """
    found = []
    if bids_hash(record) != given_hash:
        found.append(_("These are not the rows whose hash was given with the round."))
    leaves = [bid.leaf for bid in record.bids]
    if leaves != sorted(set(leaves)):
        found.append(_("The rows are not in order, or one stands there twice."))
    rows = {bid.leaf: bid.terms for bid in record.bids}
    for leaf, terms in own.items():
        if leaf not in rows:
            found.append(_("A bid of ours is missing."))
        elif rows[leaf]._replace(cap_bytes_per_s=0) != terms._replace(cap_bytes_per_s=0):
            found.append(_("A bid of ours stands there with other numbers."))
    if record.ask_ubtt_per_gib == 0:
        return [*found, _("There is no ask.")]
    cleared = clear(
        ask_ubtt_per_gib=record.ask_ubtt_per_gib,
        for_sale_bytes_per_s=record.for_sale_bytes_per_s,
        bids=[bid.terms for bid in record.bids],
    )
    if cleared.price_ubtt_per_gib != record.price_ubtt_per_gib:
        found.append(_("The price should have been %(price)s µBTT per GiB.", {"price": cleared.price_ubtt_per_gib}))
    wrong = sum(
        bid.granted_bytes_per_s != share for bid, share in zip(record.bids, cleared.granted_bytes_per_s, strict=True)
    )
    if wrong:
        counts = {"wrong": wrong, "bids": len(rows)}
        found.append(_("The shares of %(wrong)s of %(bids)s bids are not what they should have been.", counts))
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """What a bidder knows of its own row: the bids that it may have gone by, and what it was told."""

    leaf: bytes
    bids: tuple[Terms, ...]  # of whatever cap
    price_ubtt_per_gib: int
    granted_bytes_per_s: int


def audit_told(record: RoundRecord, told: Told, *, given_hash: bytes) -> list[str]:
    """Recompute a round as `audit` does, and compare it with what its seller told one bidder then."""
    row = next((bid for bid in record.bids if bid.leaf == told.leaf), None)
    stood = told.bids[0]
    if row is not None:
        stood = next((bid for bid in told.bids if bid[:3] == row.terms[:3]), stood)
    found = audit(record, given_hash=given_hash, own={told.leaf: stood})
    if record.price_ubtt_per_gib != told.price_ubtt_per_gib:
        found.append(_("The price was told as %(price)s µBTT per GiB.", {"price": told.price_ubtt_per_gib}))
    if row is not None and row.granted_bytes_per_s != told.granted_bytes_per_s:
        speeds = {"told": told.granted_bytes_per_s, "shown": row.granted_bytes_per_s}
        found.append(_("Granted were %(told)s bytes per second, not %(shown)s.", speeds))
    return found


def rows_after(record: RoundRecord, leaf: bytes | None, most: int) -> tuple[Sequence[PublishedBid], bool]:
    """Return the next rows behind a leaf, from the first without one, and whether more follow."""
    behind = [bid for bid in record.bids if leaf is None or bid.leaf > leaf]
    return behind[:most], len(behind) > most


def is_served(record: RoundRecord, now_s: float) -> bool:
    """Whether a round's rows may be shown: not while bids may still follow from them, and not for ever."""
    age_s = now_s - (record.round + 1) * ROUND_S
    return FIRST_SERVED_S <= age_s <= LAST_SERVED_S
