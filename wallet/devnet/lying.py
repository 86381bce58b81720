"""What a port tells when it lies. Everything goes through here; an honest port tells what it was given."""

from collections.abc import Sequence
from dataclasses import replace

from wallet.devnet.answers import Block, BlockRef, BlockTransaction, Info
from wallet.devnet.faults import Faults, Lie
from wallet.domain.tron.addresses import ADDRESS_PREFIX, Address
from wallet.domain.tron.blocks import Header, block_id
from wallet.domain.tron.transactions import (
    Contract,
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    encode_raw,
)

THIEF = Address(ADDRESS_PREFIX + b"\x66" * 20)
AMOUNTS_GROW = 10
HASH_PART = bytes([0xA5]) * 24


def told_ref(faults: Faults, ref: BlockRef) -> BlockRef:
    return replace(ref, id=_foreign(ref.id)) if faults.lies(Lie.OTHER_NETWORK) else ref


def told_block(faults: Faults, block: Block) -> Block:
    if faults.lies(Lie.OTHER_NETWORK):
        block = replace(block, id=_foreign(block.id), parent_id=_foreign(block.parent_id))
    if block.number == 0 and faults.lies(Lie.WRONG_GENESIS):
        block = _another_genesis(block)
    return replace(block, transactions=tuple(told_transaction(faults, found) for found in block.transactions))


def told_blocks(faults: Faults, blocks: Sequence[Block]) -> list[Block]:
    told = [told_block(faults, block) for block in blocks]
    middle = len(told) // 2
    if told and faults.lies(Lie.MISSING_BLOCK):
        del told[middle]
    if told and faults.lies(Lie.DOUBLED_BLOCK):
        told.insert(middle, told[middle])
    if len(told) > 1 and faults.lies(Lie.UNORDERED_BLOCKS):
        told[0], told[-1] = told[-1], told[0]
    return told


def told_transaction(faults: Faults, found: BlockTransaction) -> BlockTransaction:
    if faults.lies(Lie.FALSE_SUCCESS) and found.contract_ret:
        found = replace(found, contract_ret="SUCCESS")
    if faults.lies(Lie.ALTERED_AMOUNT):
        raw = replace(found.raw, contract=_larger(found.raw.contract))
        found = replace(found, raw=raw, signed=Signed(encode_raw(raw), found.signed.signatures))
    return found


def told_transaction_by_id(faults: Faults, found: BlockTransaction | None) -> BlockTransaction | None:
    if found is None or faults.lies(Lie.HIDDEN_TRANSACTIONS):
        return None
    return told_transaction(faults, found)


def told_info(faults: Faults, info: Info) -> Info:
    return replace(info, result="SUCCESS", message="") if info.is_failed and faults.lies(Lie.FALSE_SUCCESS) else info


def told_info_by_id(faults: Faults, info: Info | None) -> Info | None:
    if info is None or faults.lies(Lie.HIDDEN_TRANSACTIONS):
        return None
    return told_info(faults, info)


def told_infos(faults: Faults, infos: Sequence[Info]) -> list[Info]:
    told = [told_info(faults, info) for info in infos]
    return told[:-1] if faults.lies(Lie.SHORT_RECEIPTS) else told


def told_for_signing(faults: Faults, signed: Signed, raw: Raw) -> tuple[bytes, bytes, Raw]:
    """Return the id, the bytes and the content that somebody is to sign."""
    if faults.lies(Lie.ALTERED_RAW_DATA):
        raw = replace(raw, contract=_stolen(raw.contract))
        signed = Signed(encode_raw(raw))
    tx_id = signed.tx_id[::-1] if faults.lies(Lie.WRONG_TXID) else signed.tx_id
    return tx_id, signed.raw_bytes, raw


def _foreign(id_of_block: bytes) -> bytes:
    return id_of_block[:8] + bytes(mine ^ other for mine, other in zip(id_of_block[8:], HASH_PART, strict=True))


def _another_genesis(block: Block) -> Block:
    header = Header(
        number=block.number,
        timestamp_ms=block.timestamp_ms + 1,
        parent_id=block.parent_id,
        tx_trie_root=block.tx_trie_root,
        witness=block.witness,
        version=block.version,
    )
    return replace(block, timestamp_ms=header.timestamp_ms, id=block_id(header))


def _larger(contract: Contract) -> Contract:
    match contract:
        case TransferTrx():
            return replace(contract, amount_sun=contract.amount_sun * AMOUNTS_GROW)
        case TransferAsset():
            return replace(contract, amount=contract.amount * AMOUNTS_GROW)
    return contract


def _stolen(contract: Contract) -> Contract:
    match contract:
        case TransferTrx() | TransferAsset():
            return replace(contract, to=THIEF)
        case TriggerContract(data=data) if len(data) >= 36:
            return replace(contract, data=data[:16] + THIEF[1:] + data[36:])
    return contract
