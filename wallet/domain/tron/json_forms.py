"""Transactions and headers as java-tron writes them in JSON, in both forms of `visible`.

With `visible`, addresses are T… and names are text; without, both are hex. All other bytes are hex in either. On the
way in each text is read as what it looks like, with 0x, odd or upper-case hex; integers may be decimal text. Nothing
else is an integer: no float, no boolean. Only the name of a token looks the same in both: whoever knows, says so.
"""

import re
from binascii import unhexlify
from collections.abc import Mapping, Sequence
from typing import Any

from wallet.domain import shape_words as words
from wallet.domain.tron.addresses import Address, BadAddress, is_address, parse_address, to_base58
from wallet.domain.tron.blocks import Header
from wallet.domain.tron.messages import TYPE_URL, VALUES, ContractRet, ContractType
from wallet.domain.tron.protobuf import MAX_BYTES, BadMessage, Holds, decode, encode
from wallet.domain.tron.transactions import (
    MAX_TRANSACTION_BYTES,
    Contract,
    OtherContract,
    Raw,
    Result,
    Signed,
    contract_from_values,
    contract_values,
    decode_raw,
    encode_raw,
    type_url_of,
)

Json = dict[str, Any]

MAX_SIGNATURES = 64  # more keys than any permission has
_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]*)", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_ASSET_ID = re.compile(r"\d{7}", re.ASCII)
_ADDRESSES = frozenset({"owner_address", "to_address", "contract_address", "account_address", "witness_address"})


class BadShape(ValueError):
    """This is not what java-tron or a client of it writes: the field and what is wrong with it stand in the text."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


class NoContract(BadShape):
    """The list of contracts is empty."""


class SeveralContracts(BadShape):
    """There is more than one contract."""


class UnknownContract(BadShape):
    """Its type is none that this codec has a schema for."""


def raw_to_json(raw: Raw, *, visible: bool) -> Json:
    """Return `raw_data` as java-tron shows it: what is zero or empty is left out."""
    form: Json = {
        "contract": [_contract_to_json(raw, visible=visible)],
        "ref_block_bytes": raw.ref_block_bytes.hex(),
        "ref_block_hash": raw.ref_block_hash.hex(),
        "expiration": raw.expiration_ms,
        "timestamp": raw.timestamp_ms,
    }
    if raw.memo:
        form["data"] = raw.memo.hex()
    if raw.fee_limit_sun:
        form["fee_limit"] = raw.fee_limit_sun
    return form


def raw_from_json(form: object, *, visible: bool | None = None) -> Raw:
    """Read `raw_data` in either form. Raises BadShape, or one of its kinds for a contract that cannot be told.

    What is too large for the chain is read, too: that is for the chain to say.
    """
    fields = mapping_of(form, "raw_data")
    contracts = sequence_of(fields.get("contract"), "contract", 2)
    if not contracts:
        raise NoContract("contract", words.NO_CONTRACT)
    if len(contracts) > 1:
        raise SeveralContracts("contract", words.SEVERAL_CONTRACTS)
    contract = mapping_of(contracts[0], "contract")
    return Raw(
        ref_block_bytes=bytes_of(fields.get("ref_block_bytes"), "ref_block_bytes"),
        ref_block_hash=bytes_of(fields.get("ref_block_hash"), "ref_block_hash"),
        expiration_ms=integer_of(fields.get("expiration"), "expiration"),
        timestamp_ms=integer_of(fields.get("timestamp"), "timestamp"),
        contract=_contract_from_json(contract, visible=visible),
        permission_id=integer_of(contract.get("Permission_id"), "Permission_id"),
        memo=bytes_of(fields.get("data"), "data", MAX_BYTES),
        fee_limit_sun=integer_of(fields.get("fee_limit"), "fee_limit"),
    )


def transaction_to_json(signed: Signed, *, visible: bool, result: Result | None = None) -> Json:
    """Return a transaction as java-tron shows it, with its result if it is in a block. Raises BadMessage."""
    form: Json = {
        "visible": visible,
        "txID": signed.tx_id.hex(),
        "raw_data": raw_to_json(decode_raw(signed.raw_bytes), visible=visible),
        "raw_data_hex": signed.raw_bytes.hex(),
    }
    if signed.signatures:
        form["signature"] = [signature.hex() for signature in signed.signatures]
    if result is not None:
        form["ret"] = [_result_to_json(result)]
    return form


def posted_from_json(form: object, *, visible: bool | None = None) -> tuple[Signed, Raw]:
    """Read what a client posts, as java-tron does: from `raw_data` alone, encoded anew. Raises BadShape."""
    fields = mapping_of(form, "transaction")
    raw = raw_from_json(fields.get("raw_data"), visible=visible)
    try:
        raw_bytes = encode_raw(raw)
    except BadMessage as problem:
        raise BadShape("raw_data", str(problem)) from None
    return Signed(raw_bytes, signatures_from_json(fields)), raw


def result_from_json(form: object) -> Result:
    """Read an element of `ret`. Raises BadShape."""
    fields = mapping_of(form, "ret")
    return Result(
        contract_ret=_named(fields.get("contractRet"), "contractRet", ContractRet.__members__),
        fee_sun=integer_of(fields.get("fee"), "fee"),
        ret=_named(fields.get("ret"), "ret", {"SUCESS": 0, "FAILED": 1}),  # the chain's own spelling
    )


def header_to_json(header: Header, *, visible: bool) -> Json:
    """Return `block_header.raw_data` as java-tron shows it."""
    form: Json = {
        "number": header.number,
        "txTrieRoot": header.tx_trie_root.hex(),
        "witness_address": address_text(header.witness, visible=visible),
        "parentHash": header.parent_id.hex(),
        "version": header.version,
        "timestamp": header.timestamp_ms,
        "witness_id": header.witness_id,
        "accountStateRoot": header.account_state_root.hex(),
    }
    return {name: value for name, value in form.items() if value}


def header_from_json(form: object) -> Header:
    """Read `block_header.raw_data` in either form. Raises BadShape."""
    fields = mapping_of(form, "block_header.raw_data")
    return Header(
        number=integer_of(fields.get("number"), "number"),
        timestamp_ms=integer_of(fields.get("timestamp"), "timestamp"),
        parent_id=bytes_of(fields.get("parentHash"), "parentHash"),
        tx_trie_root=bytes_of(fields.get("txTrieRoot"), "txTrieRoot"),
        witness=Address(_address_bytes(fields.get("witness_address"), "witness_address")),
        version=integer_of(fields.get("version"), "version"),
        witness_id=integer_of(fields.get("witness_id"), "witness_id"),
        account_state_root=bytes_of(fields.get("accountStateRoot"), "accountStateRoot"),
    )


def address_text(address: Address, *, visible: bool) -> str:
    # Of any length it would take a time that grows with its square.
    return to_base58(address) if visible and is_address(address) else address.hex()


def integer_of(value: object, field: str) -> int:
    """Return an integer of 64 bits; an absent one is zero, as proto3 has it. Raises BadShape."""
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    if value is None:
        return 0
    if type(value) is str and _INTEGER.fullmatch(value):
        value = int(value)
    if type(value) is not int:
        raise BadShape(field, words.MUST_BE_WHOLE % {"type": type(value).__name__})
    if not -(2**63) <= value < 2**63:
        raise BadShape(field, words.NO_ROOM)
    return value


def bytes_of(value: object, field: str, limit: int = MAX_TRANSACTION_BYTES) -> bytes:
    """Return what hex says, so many bytes at most; absent it is empty. Raises BadShape."""
    if value is None:
        return b""
    if not isinstance(value, str) or len(value) > 2 * limit + 2:
        raise BadShape(field, words.MUST_BE_SHORT_HEX % {"limit": f"{limit:,}"})
    try:
        return unhexlify(value)  # nearly always: without 0x, an even number of digits
    except ValueError:
        return _odd_hex(value, field)


def mapping_of(value: object, field: str) -> Mapping[str, Any]:
    """Return a JSON object. Raises BadShape."""
    if type(value) is not dict and not isinstance(value, Mapping):
        raise BadShape(field, words.MUST_BE_OBJECT)
    return value


def sequence_of(value: object, field: str, limit: int) -> Sequence[Any]:
    """Return a JSON array of at most so many; an absent one is empty. Raises BadShape."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)) or len(value) > limit:
        raise BadShape(field, words.MUST_BE_LIST % {"limit": limit})
    return value


def _contract_to_json(raw: Raw, *, visible: bool) -> Json:
    contract = raw.contract
    known = contract_values(contract)
    shown: Json = {}
    if known is None:
        assert isinstance(contract, OtherContract)
        url = contract.type_url.decode(errors="replace")
        name = url.rpartition(".")[2] or str(contract.type)
        if contract.type == ContractType.TransferAssetContract:  # of a token that is named by no id
            shown = _shown_values(_decoded_asset(contract.value), visible=visible)
    else:
        kind, values = known
        url, name = TYPE_URL + kind.name, kind.name
        shown = _shown_values(values, visible=visible)
    form: Json = {"parameter": {"value": shown, "type_url": url}, "type": name}
    if raw.permission_id:
        form["Permission_id"] = raw.permission_id
    return form


def _decoded_asset(value: bytes) -> Mapping[str, Any]:
    try:
        return decode(VALUES[ContractType.TransferAssetContract], value)
    except BadMessage:
        return {}


def _shown_values(values: Mapping[str, Any], *, visible: bool) -> Json:
    return {field: _shown(field, value, visible=visible) for field, value in values.items() if value}


def _shown(field: str, value: Any, *, visible: bool) -> int | str:
    if isinstance(value, int):
        return value
    if field in _ADDRESSES:
        return address_text(value, visible=visible)
    if field == "asset_name" and visible:
        return str(value, "utf-8", "replace")
    return str(value.hex())


def _contract_from_json(form: Mapping[str, Any], *, visible: bool | None) -> Contract:
    name = form.get("type", ContractType(0).name)
    kind = ContractType.__members__.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UnknownContract("type", words.UNKNOWN_CONTRACT % {"name": repr(str(name)[:40])})
    parameter = mapping_of(form.get("parameter"), "parameter")
    values = mapping_of(parameter.get("value"), "value")
    read = {
        field: _read_value(holds, values[field], field, visible=visible)
        for field, _, holds, _ in VALUES[kind].plan
        if field in values
    }
    contract = contract_from_values(kind, read)
    if contract is not None:
        return contract
    try:
        return OtherContract(kind, type_url_of(kind), encode(VALUES[kind], read))  # no id: no such token
    except BadMessage as problem:
        raise BadShape("value", str(problem)) from None


def _read_value(holds: Holds, value: object, field: str, *, visible: bool | None) -> int | bytes:
    if holds is Holds.INT:
        return integer_of(value, field)
    if field in _ADDRESSES:
        return _address_bytes(value, field)
    return _asset_name(value, visible=visible) if field == "asset_name" else bytes_of(value, field, MAX_BYTES)


def _asset_name(value: object, *, visible: bool | None) -> bytes:
    """Return the id in ASCII. Where nobody says how it is written, seven digits are text and all else is hex."""
    is_text = visible if visible is not None else isinstance(value, str) and bool(_ASSET_ID.fullmatch(value))
    if is_text and isinstance(value, str):
        return value.encode(errors="replace")
    return bytes_of(value, "asset_name")


def _odd_hex(value: str, field: str) -> bytes:
    match = _HEX.fullmatch(value)
    if match is None:
        raise BadShape(field, words.MUST_BE_HEX)
    digits = match[1]
    return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)


def _address_bytes(value: object, field: str) -> bytes:
    """Return what stands there, also if it is no address: the chain has sentences for that. Raises BadShape."""
    if isinstance(value, str) and value.startswith("T"):
        try:
            return parse_address(value)
        except BadAddress:  # what it says is for people who type one
            raise BadShape(field, words.MUST_BE_ADDRESS) from None
    return bytes_of(value, field)


def signatures_from_json(fields: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Read the signatures of a transaction. Raises BadShape."""
    listed = sequence_of(fields.get("signature"), "signature", MAX_SIGNATURES)
    return tuple(bytes_of(signature, "signature") for signature in listed)


def _result_to_json(result: Result) -> Json:
    form: Json = {}
    if result.fee_sun:
        form["fee"] = result.fee_sun
    if result.ret:
        form["ret"] = "FAILED"
    if result.contract_ret:
        form["contractRet"] = ContractRet(result.contract_ret).name
    return form


def _named(value: object, field: str, numbers: Mapping[str, int]) -> int:
    if value is None:
        return 0
    if not isinstance(value, str) or value not in numbers:
        raise BadShape(field, words.NO_NAME % {"name": repr(str(value)[:40])})
    return int(numbers[value])
