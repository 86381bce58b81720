"""Reads solid blocks behind the cursor and says what they hold for us. Nothing is written here.

The chain door has recomputed every number, hash and id; here the blocks are held against the cursor, without a gap.
"""

import contextlib
import gc
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wallet.chain.endpoints import WHOLE, Chain
from wallet.chain.port import (
    MAX_BLOCKS,
    BadAnswer,
    Block,
    BlockRef,
    ChainError,
    ChainLied,
    ChainTransaction,
    Receipt,
)
from wallet.chain.scanning import Movement, movements, needs_receipts
from wallet.chain.scanning import MovementKind as Moved
from wallet.domain import chain_words
from wallet.domain.money import Asset
from wallet.domain.tron.addresses import Address, to_base58
from wallet.domain.tron.transactions import OtherContract
from wallet.models import ChainCursor, ChainMovement, MovementKind, MovementSide, OwnTransaction
from wallet.services.watched import Owner

INTERNAL = (MovementKind.INTERNAL_TRX, MovementKind.INTERNAL_TRC10)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What is money to the books: everything else that moves is a stranger's token.
_KINDS = {
    Moved.TRX: (MovementKind.TRX, Asset.TRX),
    Moved.TRC10: (MovementKind.TRC10, Asset.TRC10),
    Moved.TRC20: (MovementKind.TRC20, Asset.TRC20),
    Moved.FEE: (MovementKind.FEE, Asset.TRX),
    Moved.INTERNAL_TRX: (MovementKind.INTERNAL_TRX, Asset.TRX),
    Moved.INTERNAL_TRC10: (MovementKind.INTERNAL_TRC10, Asset.TRC10),
}


@dataclass(frozen=True)
class Read:
    """Some blocks in a row, and what they move to and from our addresses, as rows that are not saved."""

    first: int
    last: BlockRef
    movements: Sequence[ChainMovement]
    transactions: Sequence[OwnTransaction]


class ChainBroken(ChainLied):
    """The chain is not the one that was read before."""


def read_on(chain: Chain, cursor: ChainCursor, up_to: int, watched: Mapping[Address, Owner]) -> Read | None:
    """Read the next blocks, at most MAX_BLOCKS and none above `up_to`; None if there are none.

    If one of them can't be read whole, those before it are returned. Raises ChainError, and ChainBroken where they do
    not go on from the cursor.
    """
    first, last = cursor.height + 1, min(up_to, cursor.height + MAX_BLOCKS)
    if last < first:
        return None
    with _uncollected():
        blocks = chain.blocks(first, last)
        if [block.number for block in blocks] != list(range(first, last + 1)):
            says = chain_words.NOT_ALL_THERE
            raise BadAnswer(WHOLE, says % {"first": first, "last": last})
        return _read(chain, cursor, blocks, watched)


def _read(chain: Chain, cursor: ChainCursor, blocks: Sequence[Block], watched: Mapping[Address, Owner]) -> Read:
    parent_id = bytes.fromhex(cursor.block_id)
    found: list[ChainMovement] = []
    own: list[OwnTransaction] = []
    read: Block | None = None
    with contextlib.closing(_receipts(chain, blocks, watched)) as all_receipts:
        for block in blocks:
            if block.parent_id != parent_id:
                says = chain_words.NOT_AFTER_READ
                raise ChainBroken(WHOLE, says % {"block": block.number})
            try:
                receipts = next(all_receipts)
            except ChainLied:
                raise
            except ChainError:
                if read is None:
                    raise
                break  # what was read whole is kept; the next step begins at this block
            found += _movements(chain, block, receipts, watched)
            own += _own_transactions(chain, block, receipts, watched)
            parent_id, read = block.id, block
    assert read is not None
    return Read(cursor.height + 1, read.ref, found, own)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python from looking for cycles: blocks are a hundred thousand values without any, and looked at each time.

    It is off for the whole process, for about a second. Of two threads that come here the second changes nothing, and
    may read on with the collector running again: that is only slower.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def time_of(timestamp_ms: int) -> datetime:
    """Return a time of the chain's."""
    return EPOCH + timedelta(milliseconds=timestamp_ms)


def rows_of(
    chain: Chain, block: Block, moved: Sequence[Movement], watched: Mapping[Address, Owner]
) -> list[ChainMovement]:
    """Return what moved as rows; strangers' tokens are left out."""
    return [
        row
        for one in moved
        if one.kind in _KINDS and _is_money(one, chain)
        for row in [_row(chain, block, one, watched)]
        if row is not None
    ]


def _receipts(
    chain: Chain, blocks: Sequence[Block], watched: Mapping[Address, Owner]
) -> Generator[Sequence[Receipt], None, None]:
    """Yield the receipts of each block, none where they are not needed. Raises ChainError at the first without."""
    needing = [block for block in blocks if needs_receipts(block, watched)]
    numbers = {block.number for block in needing}
    with contextlib.closing(chain.receipts_of(needing)) as found:
        for block in blocks:
            yield next(found) if block.number in numbers else ()


def _movements(
    chain: Chain, block: Block, receipts: Sequence[Receipt], watched: Mapping[Address, Owner]
) -> list[ChainMovement]:
    return rows_of(chain, block, movements(block, receipts, watched, chain.network.assets), watched)


def _is_money(one: Movement, chain: Chain) -> bool:
    return one.kind is not Moved.INTERNAL_TRC10 or one.asset_id == chain.network.assets.trc10_id


def _row(chain: Chain, block: Block, one: Movement, watched: Mapping[Address, Owner]) -> ChainMovement | None:
    kind, asset = _KINDS[one.kind]
    side = _side(one, watched)
    if side is None:
        return None
    return ChainMovement(
        network=chain.network.name,
        tx_id=one.tx_id.hex(),
        kind=kind,
        index=one.index,
        block_number=block.number,
        block_at=time_of(block.timestamp_ms),
        asset=asset,
        side=side,
        sender=to_base58(one.sender),
        recipient="" if side is MovementSide.FEE else to_base58(one.recipient),
        amount=one.amount,
    )


def _side(one: Movement, watched: Mapping[Address, Owner]) -> MovementSide | None:
    if one.kind is Moved.FEE:
        return MovementSide.FEE if one.sender in watched else None
    if one.recipient in watched:
        return MovementSide.INSIDE if one.sender in watched else MovementSide.IN
    return MovementSide.OUT if one.sender in watched else None


def _own_transactions(
    chain: Chain, block: Block, receipts: Sequence[Receipt], watched: Mapping[Address, Owner]
) -> list[OwnTransaction]:
    return [
        OwnTransaction(
            network=chain.network.name,
            tx_id=one.tx_id.hex(),
            block_number=block.number,
            block_at=time_of(block.timestamp_ms),
            sender=to_base58(owner),
            has_failed=not receipt.succeeded,
            result=receipt.contract_result,
            fee_sun=receipt.fee_sun,
        )
        for one, receipt in zip(block.transactions, receipts, strict=False)  # without receipts there are none of ours
        if (owner := _owner(one)) is not None and owner in watched
    ]


def _owner(one: ChainTransaction) -> Address | None:
    contract = one.raw.contract
    return None if isinstance(contract, OtherContract) else contract.owner
