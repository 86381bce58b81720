"""The layout that nearly all transactions have, read in one look instead of field by field, which takes twice as long.

Canonical bytes of a transfer or a call, without a memo and without a permission's id. Whatever is only a little
different is None here, and read field by field; so both ways must, and do, say the same.
"""

import re

from wallet.domain.tron.messages import TYPE_URL, ContractType
from wallet.domain.tron.protobuf import Message

MAX_BYTES = 1024  # of what is looked at: the usual has some two hundred
_VARINT = rb"([\x80-\xff]{0,8}[\x00-\x7f])"  # of 63 bits: nothing usual is below zero
_ADDRESS = rb"\x15(.{21})"
_URL = TYPE_URL.encode()
_RAW = re.compile(
    rb"\x0a\x02(..)\x22\x08(.{8})\x40" + _VARINT + rb"\x5a" + _VARINT + rb"\x08([\x00-\x7f])\x12" + _VARINT
    # The type's URL is a kind of these by its name; then the value up to where the timestamp begins.
    + rb"\x0a([\x00-\x7f])" + re.escape(_URL) + rb"([A-Za-z]{1,60})\x12" + _VARINT + rb"(.*)\x70" + _VARINT
    + rb"(?:\x90\x01" + _VARINT + rb")?",
    re.DOTALL,
)  # fmt: skip
_TRANSFER = re.compile(rb"\x0a" + _ADDRESS + rb"\x12" + _ADDRESS + rb"\x18" + _VARINT, re.DOTALL)
_TRANSFER_ASSET = re.compile(
    rb"\x0a([\x00-\x7f])([0-9]+)\x12" + _ADDRESS + rb"\x1a" + _ADDRESS + rb"\x20" + _VARINT, re.DOTALL
)
_TRIGGER = re.compile(rb"\x0a" + _ADDRESS + rb"\x12" + _ADDRESS + rb"\x22" + _VARINT + rb"(.*)", re.DOTALL)
_KINDS = {
    (bytes([kind]), kind.name.encode()): kind
    for kind in (ContractType.TransferContract, ContractType.TransferAssetContract, ContractType.TriggerSmartContract)
}


def usual(raw_bytes: bytes) -> tuple[ContractType, Message, Message] | None:
    """Return the contract's type, its fields and those of the transaction, by the chain's names; or None."""
    found = _RAW.fullmatch(raw_bytes) if len(raw_bytes) <= MAX_BYTES else None
    if found is None:
        return None
    (
        ref_bytes, ref_hash, expiration, contract_size, type_number, parameter_size, url_size, name, value_size, value,
        timestamp, fee_limit,
    ) = found.groups()  # fmt: skip
    kind = _KINDS.get((type_number, name))
    if kind is None or url_size[0] != len(_URL) + len(name) or _number(value_size) != len(value):
        return None
    size = 2 + url_size[0] + 1 + len(value_size) + len(value)
    if _number(parameter_size) != size or _number(contract_size) != 3 + len(parameter_size) + size:
        return None
    values = _values(kind, value)
    if values is None:
        return None
    return (
        kind,
        values,
        {
            "ref_block_bytes": ref_bytes,
            "ref_block_hash": ref_hash,
            "expiration": _number(expiration),
            "timestamp": _number(timestamp),
            "fee_limit": 0 if fee_limit is None else _number(fee_limit),
        },
    )


def _values(kind: ContractType, value: bytes) -> Message | None:
    if kind is _TRX:
        if (found := _TRANSFER.fullmatch(value)) is None:
            return None
        owner, to, amount = found.groups()
        return {"owner_address": owner, "to_address": to, "amount": _number(amount)}
    if kind is _CALL:
        if (found := _TRIGGER.fullmatch(value)) is None:
            return None
        owner, contract, size, data = found.groups()
        return (
            {"owner_address": owner, "contract_address": contract, "data": data} if _number(size) == len(data) else None
        )
    if (found := _TRANSFER_ASSET.fullmatch(value)) is None:
        return None
    name_size, name, owner, to, amount = found.groups()
    if name_size[0] != len(name):
        return None
    return {"asset_name": name, "owner_address": owner, "to_address": to, "amount": _number(amount)}


_TRX, _CALL = ContractType.TransferContract, ContractType.TriggerSmartContract


def _number(varint: bytes) -> int:
    if len(varint) == 1:
        return varint[0]
    value = shift = 0
    for byte in varint:
        value |= (byte & 0x7F) << shift
        shift += 7
    return value
