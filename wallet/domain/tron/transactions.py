"""Transactions: what is signed, its bytes, and the id that is their hash. The id is always made here, never believed.

Addresses in a transaction that was decoded are whatever bytes stood there; `is_address` tells whether they are any.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from wallet.domain import shape_words as words
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.layout import usual
from wallet.domain.tron.messages import RAW, TRANSACTION, TYPE_URL, VALUES, ContractRet, ContractType
from wallet.domain.tron.protobuf import BadMessage, Message, decode, encode

MAX_TRANSACTION_BYTES = 500 * 1024  # the chain's own limit
_RESULT_BYTES = 64  # counted into the bandwidth of every transaction, for the result that it will have
_ASSET_ID = re.compile(rb"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class TransferTrx:
    owner: Address
    to: Address
    amount_sun: int


@dataclass(frozen=True, slots=True)
class TransferAsset:
    """Moves a TRC-10 token. Names of tokens are anybody's, so only the id counts."""

    owner: Address
    to: Address
    asset_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class TriggerContract:
    owner: Address
    contract: Address
    data: bytes
    call_value: int = 0
    call_token_value: int = 0
    token_id: int = 0


@dataclass(frozen=True, slots=True)
class AccountCreate:
    owner: Address
    account: Address
    type: int = 0


@dataclass(frozen=True, slots=True)
class OtherContract:
    """Anything else, carried along as it is, also a known one whose content makes no sense."""

    type: int
    type_url: bytes
    value: bytes


Contract = TransferTrx | TransferAsset | TriggerContract | AccountCreate | OtherContract


@dataclass(frozen=True, slots=True)
class Raw:
    """What is signed. The reference names a block by bytes 6 and 7 of its number and bytes 8 to 15 of its id."""

    ref_block_bytes: bytes
    ref_block_hash: bytes
    expiration_ms: int
    timestamp_ms: int
    contract: Contract
    permission_id: int = 0
    memo: bytes = b""
    fee_limit_sun: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What a block says about a transaction in it; a part of the leaf in the block's tree."""

    contract_ret: int = ContractRet.SUCCESS
    fee_sun: int = 0
    ret: int = 0  # 1 for failed


@dataclass(frozen=True, slots=True)
class Signed:
    """Bytes that are signed, and by whom. They are kept as they are: other bytes are another transaction."""

    raw_bytes: bytes
    signatures: tuple[bytes, ...] = ()

    @property
    def tx_id(self) -> bytes:
        return tx_id(self.raw_bytes)


def tx_id(raw_bytes: bytes) -> bytes:
    return sha256(raw_bytes).digest()


def encode_raw(raw: Raw) -> bytes:
    """Return the canonical bytes. Raises BadMessage for a number that has no room in its field."""
    type_number, type_url, value = _written(raw.contract)
    return encode(
        RAW,
        {
            "ref_block_bytes": raw.ref_block_bytes,
            "ref_block_hash": raw.ref_block_hash,
            "expiration": raw.expiration_ms,
            "data": raw.memo,
            "contract": [
                {
                    "type": type_number,
                    "parameter": {"type_url": type_url, "value": value},
                    "Permission_id": raw.permission_id,
                }
            ],
            "timestamp": raw.timestamp_ms,
            "fee_limit": raw.fee_limit_sun,
        },
    )


def decode_raw(raw_bytes: bytes) -> Raw:
    """Read what is signed. Raises BadMessage.

    Bytes of others need not be canonical: whoever signs compares `encode_raw` of the answer with them.
    """
    if (found := usual(raw_bytes)) is not None:
        kind, contract_fields, values = found
        usual_contract = contract_from_values(kind, contract_fields)
        if usual_contract is not None:
            return Raw(
                values["ref_block_bytes"],
                values["ref_block_hash"],
                values["expiration"],
                values["timestamp"],
                usual_contract,
                fee_limit_sun=values["fee_limit"],
            )
    return decode_raw_by_fields(raw_bytes)


def decode_raw_by_fields(raw_bytes: bytes, *, most_bytes: int = MAX_TRANSACTION_BYTES) -> Raw:
    """Read what is signed, field by field, in whatever layout."""
    values = _decoded(RAW, raw_bytes, most_bytes)
    contracts = values.get("contract", [])
    if len(contracts) != 1:
        raise BadMessage(words.ONE_CONTRACT % {"count": len(contracts)})
    contract = contracts[0]
    return Raw(
        ref_block_bytes=values.get("ref_block_bytes", b""),
        ref_block_hash=values.get("ref_block_hash", b""),
        expiration_ms=values.get("expiration", 0),
        timestamp_ms=values.get("timestamp", 0),
        contract=_read(contract),
        permission_id=contract.get("Permission_id", 0),
        memo=values.get("data", b""),
        fee_limit_sun=values.get("fee_limit", 0),
    )


def encode_transaction(signed: Signed, result: Result | None = None) -> bytes:
    """Return a transaction as it is sent, or with its result as it stands in a block."""
    values: Message = {"raw_data": signed.raw_bytes, "signature": signed.signatures}
    if result is not None:
        values["ret"] = [{"fee": result.fee_sun, "ret": result.ret, "contractRet": result.contract_ret}]
    return encode(TRANSACTION, values)


def decode_transaction(data: bytes, *, most_bytes: int = MAX_TRANSACTION_BYTES) -> tuple[Signed, Result | None]:
    """Read a transaction, with its result if it has one. Raises BadMessage."""
    values = _decoded(TRANSACTION, data, most_bytes)
    results = values.get("ret", [])
    if len(results) > 1:
        raise BadMessage(words.ONE_RESULT % {"count": len(results)})
    signed = Signed(values.get("raw_data", b""), tuple(values.get("signature", ())))
    if not results:
        return signed, None
    ret = results[0]
    return signed, Result(ret.get("contractRet", 0), ret.get("fee", 0), ret.get("ret", 0))


def bandwidth_bytes(signed: Signed) -> int:
    """Return the bytes that the chain charges for."""
    return len(encode_transaction(signed)) + _RESULT_BYTES


def contract_values(contract: Contract) -> tuple[ContractType, Message] | None:
    """Return the type of a known contract and its fields by the chain's names; None for any other."""
    match contract:
        case TransferTrx(owner, to, amount):
            return ContractType.TransferContract, {"owner_address": owner, "to_address": to, "amount": amount}
        case TransferAsset(owner, to, asset_id, amount):
            return ContractType.TransferAssetContract, {
                "asset_name": b"%d" % asset_id,
                "owner_address": owner,
                "to_address": to,
                "amount": amount,
            }
        case TriggerContract():
            return ContractType.TriggerSmartContract, {
                "owner_address": contract.owner,
                "contract_address": contract.contract,
                "call_value": contract.call_value,
                "data": contract.data,
                "call_token_value": contract.call_token_value,
                "token_id": contract.token_id,
            }
        case AccountCreate(owner, account, kind):
            return ContractType.AccountCreateContract, {
                "owner_address": owner,
                "account_address": account,
                "type": kind,
            }
    return None


def contract_from_values(kind: ContractType, values: Mapping[str, Any]) -> Contract | None:
    """Return the contract with these fields; None for a token that is named by no id."""
    owner = Address(values.get("owner_address", b""))
    match kind:
        case ContractType.TransferContract:
            return TransferTrx(owner, Address(values.get("to_address", b"")), values.get("amount", 0))
        case ContractType.TransferAssetContract:
            name = values.get("asset_name", b"")
            if not _ASSET_ID.fullmatch(name):
                return None
            return TransferAsset(owner, Address(values.get("to_address", b"")), int(name), values.get("amount", 0))
        case ContractType.TriggerSmartContract:
            return TriggerContract(
                owner,
                Address(values.get("contract_address", b"")),
                values.get("data", b""),
                values.get("call_value", 0),
                values.get("call_token_value", 0),
                values.get("token_id", 0),
            )
        case ContractType.AccountCreateContract:
            return AccountCreate(owner, Address(values.get("account_address", b"")), values.get("type", 0))


def type_url_of(kind: ContractType) -> bytes:
    return f"{TYPE_URL}{kind.name}".encode()


_TYPE_URLS = {kind: type_url_of(kind) for kind in ContractType}


def _written(contract: Contract) -> tuple[int, bytes, bytes]:
    known = contract_values(contract)
    if known is None:
        assert isinstance(contract, OtherContract)
        return contract.type, contract.type_url, contract.value
    kind, values = known
    return kind, _TYPE_URLS[kind], encode(VALUES[kind], values)


def _read(contract: Message) -> Contract:
    type_number, parameter = contract.get("type", 0), contract.get("parameter", {})
    type_url, value = parameter.get("type_url", b""), parameter.get("value", b"")
    kind = _KINDS.get((type_number, type_url.rpartition(b"/")[2]))
    if kind is not None:
        try:
            known = contract_from_values(kind, decode(VALUES[kind], value))
        except BadMessage:
            known = None
        if known is not None:
            return known
    return OtherContract(type_number, type_url, value)


# The chain, too, looks only at what stands behind the last slash.
_KINDS = {(int(kind), f"protocol.{kind.name}".encode()): kind for kind in ContractType}


def _decoded(schema: Any, data: bytes, most_bytes: int) -> Message:
    if len(data) > most_bytes:
        raise BadMessage(words.LONG_TRANSACTION % {"most": most_bytes, "count": len(data)})
    return decode(schema, data)
