"""What every answer about blocks is held against, whoever gave it: numbers, links, hashes, ids."""

from collections.abc import Sequence

from wallet.chain.port import MAX_BLOCKS, BadAnswer, Block, ChainLied, ChainTransaction, Receipt
from wallet.domain import chain_words as words
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import Header, block_id, encode_header, tx_trie_root
from wallet.domain.tron.messages import ContractRet
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import (
    OtherContract,
    Raw,
    Result,
    Signed,
    decode_raw,
    encode_transaction,
)

SUCCESS = ContractRet.SUCCESS.name
_SAY_NOTHING = ("", ContractRet.DEFAULT.name)  # as in the chain's first years
_RETS = {int(ret): ret.name for ret in ContractRet}
_UNREADABLE = Raw(b"", b"", 0, 0, OtherContract(-1, b"", b""))  # nothing that we know of the chain's kinds


def transaction_of(signed: Signed, result: Result | None) -> ChainTransaction:
    """Return a transaction with the id that its bytes make.

    A block's tree covers bytes, and not that we can read them: what we cannot is kept as some other contract.
    """
    try:
        raw = decode_raw(signed.raw_bytes)
    except BadMessage:
        raw = _UNREADABLE
    contract_ret = "" if result is None else _RETS.get(result.contract_ret, str(result.contract_ret))
    return ChainTransaction(signed.tx_id, signed.raw_bytes, raw, signed.signatures, contract_ret)


def block_of(
    endpoint: str, header: Header, transactions: Sequence[tuple[Signed, Result | None]], *, claimed_id: bytes
) -> Block:
    """Return the block if its id and its Merkle root are what they must be; raises ChainLied, BadAnswer."""
    try:
        recomputed_id, header_bytes = block_id(header), encode_header(header)
    except BadMessage as problem:
        says = words.BAD_HEADER
        raise BadAnswer(endpoint, says % {"block": header.number, "problem": problem}) from None
    if recomputed_id != claimed_id:
        says = words.OTHER_ID
        raise ChainLied(endpoint, says % {"block": header.number})
    if tx_trie_root([encode_transaction(signed, result) for signed, result in transactions]) != header.tx_trie_root:
        says = words.OTHER_CONTENT
        raise ChainLied(endpoint, says % {"block": header.number})
    return Block(
        number=header.number,
        id=recomputed_id,
        parent_id=header.parent_id,
        timestamp_ms=header.timestamp_ms,
        witness=Address(header.witness),
        header=header_bytes,
        transactions=tuple(transaction_of(signed, result) for signed, result in transactions),
    )


def check_range(first: int, last: int) -> None:
    """Raise ValueError for a range that nobody may ask for: it is our own mistake."""
    if not 0 <= first <= last < first + MAX_BLOCKS:
        raise ValueError(f"blocks {first} to {last}: ask for 1 to {MAX_BLOCKS} in ascending order")


def check_run(endpoint: str, first: int, last: int, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return the blocks if they are all from first to last, each the child of the one before.

    Raises BadAnswer if the last ones are missing, as with an endpoint that lags; ChainLied for any other difference.
    """
    for number, block in enumerate(blocks, first):
        if block.number != number:
            says = words.WRONG_PLACE
            raise ChainLied(endpoint, says % {"block": block.number, "number": number})
        if number > first and block.parent_id != blocks[number - first - 1].id:
            says = words.NOT_FOLLOWING
            raise ChainLied(endpoint, says % {"block": number})
    if len(blocks) > last - first + 1:
        raise ChainLied(endpoint, words.MORE_BLOCKS % {"first": first, "last": last})
    if len(blocks) < last - first + 1:
        says = words.BLOCKS_MISSING
        raise BadAnswer(endpoint, says % {"first": first + len(blocks), "last": last})
    return tuple(blocks)


def check_receipts(endpoint: str, block: Block, receipts: Sequence[Receipt]) -> tuple[Receipt, ...]:
    """Return the receipts if each of the block's transactions has its own, in their order; raises as `check_run`."""
    for transaction, receipt in zip(block.transactions, receipts, strict=False):
        if receipt.tx_id != transaction.tx_id or receipt.block_number != block.number:
            says = words.FOREIGN_RECEIPT
            raise ChainLied(endpoint, says % {"block": block.number})
        if receipt.contract_result and receipt.contract_result != transaction.contract_ret:
            says = words.OTHER_RESULT
            raise ChainLied(endpoint, says % {"block": block.number})
        if transaction.contract_ret not in _SAY_NOTHING and receipt.failed == (transaction.contract_ret == SUCCESS):
            says = words.CONTRADICTED
            raise ChainLied(endpoint, says % {"block": block.number})
    if len(receipts) > len(block.transactions):
        says = words.MORE_RECEIPTS
        raise ChainLied(endpoint, says % {"block": block.number})
    if len(receipts) < len(block.transactions):
        says = words.FEWER_RECEIPTS
        raise BadAnswer(endpoint, says % {"block": block.number})
    return tuple(receipts)
