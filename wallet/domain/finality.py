"""The dead proof: may an attempt that nobody has seen in a block be given up, so that another one is signed?

TRON has no nonce: two signed transfers are both valid. So a second attempt is allowed only when the first can never be
in a block any more. A block may hold a transaction only if its parent's time is before the transaction's expiration,
and only above the block that the transaction refers to. So all blocks that could ever hold it are known as soon as an
irreversible block has a time at or past the expiration: they are those from the reference to that block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wallet.domain.language import gettext_noop

ENDPOINTS_NEEDED = 2  # one may lag or lie

FOUND = gettext_noop("%(endpoint)s has it in a solid block")
GAP = gettext_noop("our index lacks what is between blocks %(first)s and %(last)s")
HELD = gettext_noop("solid block %(block)s holds it")
NOT_YET = gettext_noop("no irreversible block is past its expiration yet")
FEW = gettext_noop("%(needed)s endpoints that are past block %(block)s have to miss it")
OVER = gettext_noop("its time is over with block %(block)s, and no block holds it")
WHY = (FOUND, GAP, HELD, NOT_YET, FEW, OVER)


class Verdict(StrEnum):
    DEAD = "dead"  # it can't come into any block any more
    OPEN = "open"  # a block may still hold it
    INCLUDED = "included"  # a block holds it: what became of it, its receipt says
    UNPROVEN = "unproven"  # what was read is not enough; ask again


@dataclass(frozen=True)
class Sent:
    """An attempt that may have been signed."""

    tx_id: bytes
    expiration_ms: int
    reference_number: int
    reference_id: bytes  # of that whole block, 32 bytes


@dataclass(frozen=True)
class Absence:
    """What one endpoint says that is of our chain: whether its solid blocks hold the attempt, at least up to a height.

    The height was asked for first.
    """

    endpoint: str
    solid_number: int
    is_found: bool


@dataclass(frozen=True)
class IndexedBlock:
    """A solid block that we have read ourselves: its id and those of its transactions were made from its bytes."""

    number: int
    id: bytes
    parent_id: bytes
    timestamp_ms: int
    tx_ids: frozenset[bytes]


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    why: str  # in English: the log of an attempt keeps it
    closed_by: int | None = None  # for DEAD: the number of the first block past the expiration


def judge(sent: Sent, *, absences: Sequence[Absence], index: Sequence[IndexedBlock]) -> Judgement:
    """Decide from what endpoints say and from our own index of all solid blocks above the reference, in their order.

    Anything that is missing or odd leaves it unproven.
    """
    for absence in absences:
        if absence.is_found:
            return Judgement(Verdict.INCLUDED, FOUND % {"endpoint": absence.endpoint})
    parent_id, number, closing = sent.reference_id, sent.reference_number, None
    for block in index:
        if block.number != number + 1 or block.parent_id != parent_id:
            return Judgement(Verdict.UNPROVEN, GAP % {"first": number, "last": block.number})
        if sent.tx_id in block.tx_ids:
            return Judgement(Verdict.INCLUDED, HELD % {"block": block.number})
        parent_id, number = block.id, block.number
        if closing is None and block.timestamp_ms >= sent.expiration_ms:
            closing = block.number
    if closing is None:
        return Judgement(Verdict.OPEN, NOT_YET)
    witnesses = {absence.endpoint for absence in absences if absence.solid_number >= closing}
    if len(witnesses) < ENDPOINTS_NEEDED:
        return Judgement(Verdict.UNPROVEN, FEW % {"needed": ENDPOINTS_NEEDED, "block": closing})
    return Judgement(Verdict.DEAD, OVER % {"block": closing}, closing)
