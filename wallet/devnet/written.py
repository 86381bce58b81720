"""How values of the chain are written into its state file, and read again."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from wallet.devnet.accounts import Account, Value
from wallet.devnet.answers import Block, BlockRef, BlockTransaction, Info, Log, Permission
from wallet.devnet.state import Undo
from wallet.domain.tron.abi import address_of_word
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import Header, decode_header
from wallet.domain.tron.messages import ContractRet
from wallet.domain.tron.transactions import (
    AccountCreate,
    Contract,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    decode_raw,
    decode_transaction,
)

_RET_NAMES = {int(ret): ret.name for ret in ContractRet}


def value_to_text(value: Value) -> str:
    return json.dumps(_plain(value), separators=(",", ":"))


def value_from_text(text: str) -> Value:
    return _value(json.loads(text))


def undo_to_text(undo: Undo) -> str:
    plain = {key.hex(): None if value is None else _plain(value) for key, value in undo.items()}
    return json.dumps(plain, separators=(",", ":"))


def undo_from_text(text: str) -> Undo:
    plain = json.loads(text)
    return {bytes.fromhex(key): None if value is None else _value(value) for key, value in plain.items()}


def header_of(block: Block) -> Header:
    return Header(block.number, block.timestamp_ms, block.parent_id, block.tx_trie_root, block.witness, block.version)


def block_of(header: Header, block_id: bytes, signature: bytes, transactions: tuple[BlockTransaction, ...]) -> Block:
    return Block(
        number=header.number,
        id=block_id,
        timestamp_ms=header.timestamp_ms,
        parent_id=header.parent_id,
        tx_trie_root=header.tx_trie_root,
        witness=header.witness,
        version=header.version,
        witness_signature=signature,
        transactions=transactions,
    )


def block_from(block_id: bytes, header_bytes: bytes, signature: bytes, contents: Iterable[bytes]) -> Block:
    """Put a block together from what is stored of it: its transactions with their results."""
    header = decode_header(header_bytes)
    ref = BlockRef(header.number, block_id, header.timestamp_ms)
    transactions = tuple(_transaction(content, ref) for content in contents)
    return block_of(header, block_id, signature, transactions)


def _transaction(content: bytes, block: BlockRef) -> BlockTransaction:
    signed, result = decode_transaction(content)
    assert result is not None, "a transaction in a block has a result"
    return BlockTransaction(signed.tx_id, signed, decode_raw(signed.raw_bytes), _RET_NAMES[result.contract_ret], block)


def info_to_text(info: Info) -> str:
    plain: list[Any] = [info.fee_sun, info.net_usage_bytes, info.net_fee_sun]
    if info.contract is not None:
        logs = [[log.contract.hex(), [topic.hex() for topic in log.topics], log.data.hex()] for log in info.logs]
        call = [info.contract.hex(), info.energy_usage, info.energy_fee_sun, info.result, info.returned.hex()]
        plain += [*call, info.message, logs]
    return json.dumps(plain, separators=(",", ":"))


def parties_of(contract: Contract, info: Info) -> set[Address]:
    """Return whom a transaction touches."""
    parties = set(_parties(contract))
    for log in info.logs:
        parties.add(log.contract)
        parties.update(address_of_word(topic) for topic in log.topics[1:])
    return parties


def _parties(contract: Contract) -> Iterator[Address]:
    match contract:
        case TransferTrx(owner=owner, to=other) | TransferAsset(owner=owner, to=other):
            yield from (owner, other)
        case TriggerContract(owner=owner, contract=other) | AccountCreate(owner=owner, account=other):
            yield from (owner, other)


def info_from_text(tx_id: bytes, block: BlockRef, text: str) -> Info:
    plain: list[Any] = json.loads(text)
    fee_sun, net_usage_bytes, net_fee_sun, *call = plain
    if not call:
        return Info(tx_id, block, fee_sun, net_usage_bytes, net_fee_sun, contract=None)
    contract, energy_usage, energy_fee_sun, result, returned, message, logs = call
    return Info(
        tx_id,
        block,
        fee_sun,
        net_usage_bytes,
        net_fee_sun,
        contract=Address(bytes.fromhex(contract)),
        energy_usage=energy_usage,
        energy_fee_sun=energy_fee_sun,
        result=result,
        returned=bytes.fromhex(returned),
        message=message,
        logs=tuple(
            Log(Address(bytes.fromhex(address)), tuple(map(bytes.fromhex, topics)), bytes.fromhex(data))
            for address, topics, data in logs
        ),
    )


def _plain(value: Value) -> Any:
    if isinstance(value, int):
        return value
    permissions = [
        [each.id, each.name, each.threshold, [[key.hex(), weight] for key, weight in each.keys], each.operations.hex()]
        for each in value.permissions
    ]
    return [*value[:6], permissions]


def _value(plain: Any) -> Value:
    if isinstance(plain, int):
        return plain
    balance, created, latest, usage, slot, is_contract, permissions = plain
    told = tuple(_permission(*each) for each in permissions)
    return Account(balance, created, latest, usage, slot, is_contract, told)


def _permission(number: int, name: str, threshold: int, keys: list[tuple[str, int]], operations: str) -> Permission:
    weights = tuple((Address(bytes.fromhex(key)), weight) for key, weight in keys)
    return Permission(number, name, threshold, weights, bytes.fromhex(operations))
