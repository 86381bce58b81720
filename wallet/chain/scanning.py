"""What a block moves to and from the addresses that we watch. From values to values: nothing is read or written."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from wallet.chain.port import Block, ChainTransaction, Receipt
from wallet.domain.networks import ChainAssets
from wallet.domain.tron.abi import address_of_word, decode_transfer_log
from wallet.domain.tron.addresses import BLACK_HOLE, Address
from wallet.domain.tron.transactions import (
    AccountCreate,
    OtherContract,
    TransferAsset,
    TransferTrx,
    TriggerContract,
)

SUCCESS = "SUCCESS"
_TRANSFERS = (TransferTrx, TransferAsset)
_SIMPLE = (*_TRANSFERS, AccountCreate)  # what they do stands in the block itself


class MovementKind(IntEnum):
    """How value moved. Names of tokens play no part: an id or a contract is ours, or it is a stranger's."""

    TRX = 1
    TRC10 = 2  # the install's token
    TRC20 = 3  # a Transfer log of the install's contract
    FEE = 4  # what the sender has paid for the transaction, in TRX
    INTERNAL_TRX = 5  # paid by a contract while it ran
    INTERNAL_TRC10 = 6
    OTHER_TRC10 = 7  # a token that is no money here, whatever it calls itself
    OTHER_TRC20 = 8  # a log of a contract that is no money here: anybody can write one


@dataclass(frozen=True, slots=True)
class Movement:
    """(tx_id, kind, index) is unique for ever on a network."""

    tx_id: bytes
    block_number: int
    kind: MovementKind
    index: int  # of the log or internal payment; 0 for what a transaction does only once
    sender: Address
    recipient: Address  # of a fee the black hole
    amount: int  # in the smallest unit, above zero
    asset_id: int | None = None  # of TRC-10
    contract: Address | None = None  # of TRC-20


def needs_receipts(block: Block, watched: Container[Address]) -> bool:
    """Say whether `movements` must have the block's receipts: for contract calls, and for what our addresses pay."""
    return any(
        not isinstance(contract, _SIMPLE) or contract.owner in watched
        for contract in (one.raw.contract for one in block.transactions)
    )


def movements(
    block: Block, receipts: Sequence[Receipt], watched: Container[Address], assets: ChainAssets
) -> list[Movement]:
    """Return all movements from or to watched addresses, in the block's order.

    Only what succeeded moves anything but the fee. `receipts` are those of all of the block's transactions, or empty
    if `needs_receipts` says no.
    """
    if len(receipts) != len(block.transactions) and (receipts or needs_receipts(block, watched)):
        raise ValueError(f"block {block.number} has {len(block.transactions)} transactions, not {len(receipts)}")
    found: list[Movement] = []
    for place, transaction in enumerate(block.transactions):
        receipt = receipts[place] if receipts else None
        if not _concerns(transaction, receipt, watched):
            continue  # as nearly all do; what stands below is slower by far
        found += (
            one
            for one in _of_transaction(transaction, receipt, block.number, assets)
            if one.amount > 0 and (one.sender in watched or one.recipient in watched)
        )
    return found


def _concerns(transaction: ChainTransaction, receipt: Receipt | None, watched: Container[Address]) -> bool:
    """Say whether a watched address stands anywhere in it where a movement could have one."""
    contract = transaction.raw.contract
    if not isinstance(contract, OtherContract) and contract.owner in watched:
        return True
    if isinstance(contract, _TRANSFERS):
        if contract.to in watched:
            return True
    elif isinstance(contract, TriggerContract) and contract.contract in watched:
        return True
    if receipt is None:
        return False
    if receipt.internal:
        return True
    return any(address_of_word(topic) in watched for log in receipt.logs for topic in log.topics)


def _of_transaction(
    transaction: ChainTransaction, receipt: Receipt | None, number: int, assets: ChainAssets
) -> Iterator[Movement]:
    contract, tx_id = transaction.raw.contract, transaction.tx_id
    if transaction.contract_ret == SUCCESS:
        match contract:
            case TransferTrx(owner, to, amount):
                yield Movement(tx_id, number, MovementKind.TRX, 0, owner, to, amount)
            case TransferAsset(owner, to, asset_id, amount):
                kind = MovementKind.TRC10 if asset_id == assets.trc10_id else MovementKind.OTHER_TRC10
                yield Movement(tx_id, number, kind, 0, owner, to, amount, asset_id=asset_id)
            case TriggerContract():
                yield from _paid_into(contract, tx_id, number, assets)
        if receipt is not None and receipt.succeeded:
            yield from _logged(receipt, assets)
            yield from _paid_inside(receipt)
    if receipt is not None and isinstance(contract, TransferTrx | TransferAsset | TriggerContract | AccountCreate):
        yield Movement(tx_id, number, MovementKind.FEE, 0, contract.owner, BLACK_HOLE, receipt.fee_sun)


def _paid_into(call: TriggerContract, tx_id: bytes, number: int, assets: ChainAssets) -> Iterator[Movement]:
    """Yield what a call brings along for the contract."""
    yield Movement(tx_id, number, MovementKind.TRX, 0, call.owner, call.contract, call.call_value)
    kind = MovementKind.TRC10 if call.token_id == assets.trc10_id else MovementKind.OTHER_TRC10
    yield Movement(tx_id, number, kind, 0, call.owner, call.contract, call.call_token_value, asset_id=call.token_id)


def _logged(receipt: Receipt, assets: ChainAssets) -> Iterator[Movement]:
    for index, log in enumerate(receipt.logs):
        transfer = decode_transfer_log(log.address, log.topics, log.data)
        if transfer is None:
            continue
        yield Movement(
            tx_id=receipt.tx_id,
            block_number=receipt.block_number,
            kind=MovementKind.TRC20 if log.address == assets.trc20_contract else MovementKind.OTHER_TRC20,
            index=index,
            sender=transfer.sender,
            recipient=transfer.recipient,
            amount=transfer.amount,
            contract=log.address,
        )


def _paid_inside(receipt: Receipt) -> Iterator[Movement]:
    for index, paid in enumerate(receipt.internal):
        if paid.rejected:
            continue
        kind = MovementKind.INTERNAL_TRX if paid.asset_id is None else MovementKind.INTERNAL_TRC10
        yield Movement(
            receipt.tx_id,
            receipt.block_number,
            kind,
            index,
            paid.sender,
            paid.recipient,
            paid.amount,
            asset_id=paid.asset_id,
        )
