"""What is on its way to users: deposits in blocks that may still be thrown away. Shown with a time, never credited."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from wallet.chain.endpoints import Chain
from wallet.chain.port import MAX_BLOCKS, Block, Heights, Receipt
from wallet.chain.scanning import movements, needs_receipts
from wallet.domain.tron.addresses import Address
from wallet.models import ChainCursor, ChainMovement, MovementSide, PendingDeposit
from wallet.services import ledger, news
from wallet.services.chain_reading import INTERNAL, rows_of
from wallet.services.watched import Owner, watched

USUAL_BLOCK = timedelta(seconds=3)
SLOWEST_BLOCK = timedelta(minutes=1)  # what takes longer was no block: a devnet has slept, or its first block is old

# Of the blocks that were not solid at the last look: a look every two seconds would ask for each some thirty times.
_receipts: dict[bytes, Sequence[Receipt]] = {}


def look_at_head(chain: Chain, *, now: datetime) -> int:
    """Write down which deposits the blocks behind the cursor hold, in place of those of the last look; return how many.

    Nothing depends on it: one endpoint's word is enough, and a block that is gone at the next look takes its deposits
    with it. Raises ChainError.
    """
    network = chain.network.name
    cursor = ChainCursor.objects.filter(network=network).first()
    if cursor is None:
        return 0
    heights, owners = chain.heights(), watched(network)
    if heights.head.number < cursor.height:
        return 0  # this endpoint is behind what was read: it knows nothing of what comes next
    found = [row for row in not_solid_yet(chain, cursor.height, heights, owners) if _is_coming(row)]
    users = {owner.address: owner.user_id for owner in owners.values()}
    rows = [_pending(row, users[row.recipient], heights, now) for row in found if users.get(row.recipient) is not None]
    ledger.whole(lambda: _replace(network, rows, cursor.height))
    pace_ms = int(_pace(heights).total_seconds() * 1000)
    ChainCursor.objects.filter(network=network).update(head_height=heights.head.number, block_ms=pace_ms)
    return len(rows)


def not_solid_yet(chain: Chain, height: int, heights: Heights, owners: Mapping[Address, Owner]) -> list[ChainMovement]:
    """Return what the blocks above the cursor's height move to and from these addresses, as rows that are not saved."""
    first, last = height + 1, min(heights.head.number, height + MAX_BLOCKS)
    found: list[ChainMovement] = []
    blocks = chain.blocks(first, last, solid=False) if last >= first else ()
    for gone in set(_receipts) - {block.id for block in blocks}:
        _receipts.pop(gone, None)
    for block in blocks:
        receipts = _receipts_of(chain, block) if needs_receipts(block, owners) else ()
        found += rows_of(chain, block, movements(block, receipts, owners, chain.network.assets), owners)
    return found


def _receipts_of(chain: Chain, block: Block) -> Sequence[Receipt]:
    found = _receipts.get(block.id)
    if found is None:
        found = _receipts[block.id] = chain.receipts(block, solid=False)
    return found


def _is_coming(row: ChainMovement) -> bool:
    return row.side == MovementSide.IN and row.kind not in INTERNAL


def _pending(row: ChainMovement, user_id: int | None, heights: Heights, now: datetime) -> PendingDeposit:
    assert user_id is not None
    return PendingDeposit(
        network=row.network,
        tx_id=row.tx_id,
        kind=row.kind,
        index=row.index,
        block_number=row.block_number,
        block_at=row.block_at,
        asset=row.asset,
        user_id=user_id,
        amount=row.amount,
        seen_at=now,
        solid_at=now + _pace(heights) * max(row.block_number - heights.solid.number, 1),
    )


def _pace(heights: Heights) -> timedelta:
    """Return how long a block takes to become solid after the one before it, as the newest blocks show."""
    blocks = heights.head.number - heights.solid.number
    if blocks < 1:
        return USUAL_BLOCK
    pace = timedelta(milliseconds=(heights.head.timestamp_ms - heights.solid.timestamp_ms) / blocks)
    return pace if pace <= SLOWEST_BLOCK else USUAL_BLOCK


def _replace(network: str, rows: list[PendingDeposit], height: int) -> None:
    """Keep what is still there with the time at which it was first seen."""
    cursor = ChainCursor.objects.select_for_update().get(network=network)
    if cursor.height != height:
        return  # blocks were read meanwhile: what they credited must not be pending again
    before = {(one.tx_id, one.kind, one.index): one for one in PendingDeposit.objects.filter(network=network)}
    if not rows and not before:
        return
    for row in rows:
        seen = before.get((row.tx_id, row.kind, row.index))
        row.seen_at = seen.seen_at if seen else row.seen_at
    PendingDeposit.objects.filter(network=network).delete()
    PendingDeposit.objects.bulk_create(rows)
    news.deposits_changed({row.user_id for row in rows} | {one.user_id for one in before.values()})
