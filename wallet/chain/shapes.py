"""From java-tron's JSON (`visible` false) to our values. Raises BadShape for whatever is not exactly that."""

import re

from wallet.chain.port import (
    MAX_FEE_LIMIT_SUN,
    ChainAccount,
    ChainParameters,
    InternalTransfer,
    Log,
    Receipt,
    Resources,
)
from wallet.chain.transport import said
from wallet.domain import shape_words as words
from wallet.domain.tron.addresses import ADDRESS_PREFIX, Address, is_address, parse_address
from wallet.domain.tron.blocks import ID_BYTES, Header
from wallet.domain.tron.json_forms import (
    MAX_SIGNATURES,
    BadShape,
    bytes_of,
    header_from_json,
    integer_of,
    mapping_of,
    result_from_json,
    sequence_of,
)
from wallet.domain.tron.messages import ContractRet
from wallet.domain.tron.transactions import Result, Signed

MAX_TRANSACTIONS = 20_000  # of one block: far above what its two megabytes hold
# What a stranger can make a contract write for some hundred TRX must not stop us: the answer's own limit is the end.
MAX_LOGS = 500_000  # of one transaction
MAX_LOG_BYTES = 16 * 1024 * 1024
MAX_TOPICS = 4
MAX_ASSETS = 10_000  # of one account: anybody can send it new ones
MAX_PARAMETERS = 1_000
_ID_TEXT = re.compile(r"[1-9]\d{0,18}", re.ASCII)
_CONTRACT_RETS = frozenset(ContractRet.__members__)


def header_of(form: object) -> tuple[Header, bytes]:
    """Return a block's header, and the id that the endpoint gives it."""
    fields = mapping_of(form, "block")
    header = header_from_json(mapping_of(fields.get("block_header"), "block_header").get("raw_data"))
    if header.number < 0 or header.timestamp_ms < 0:
        raise BadShape("block_header", words.NUMBER_BELOW_ZERO)
    return header, hash_of(fields.get("blockID"), "blockID")


def block_parts(form: object) -> tuple[Header, bytes, list[tuple[Signed, Result | None]]]:
    """Return header, claimed id and transactions. Raises OtherId for one that is not called by the id of its bytes."""
    header, claimed_id = header_of(form)
    listed = sequence_of(mapping_of(form, "block").get("transactions"), "transactions", MAX_TRANSACTIONS)
    return header, claimed_id, [transaction_of(one) for one in listed]


class OtherId(BadShape):
    """A transaction is called by an id that its bytes do not make."""


def transaction_of(form: object) -> tuple[Signed, Result | None]:
    """Return what was signed, and its result once it has one. Only `raw_data_hex` counts: it is what the id hashes."""
    fields = mapping_of(form, "transaction")
    signatures = sequence_of(fields.get("signature"), "signature", MAX_SIGNATURES)
    signed = Signed(
        bytes_of(fields.get("raw_data_hex"), "raw_data_hex"), tuple(bytes_of(one, "signature") for one in signatures)
    )
    if signed.tx_id != hash_of(fields.get("txID"), "txID"):
        raise OtherId("txID", words.OTHER_HASH)
    results = sequence_of(fields.get("ret"), "ret", 1)
    return signed, result_from_json(results[0]) if results else None


def receipt_of(form: object) -> Receipt:
    fields = mapping_of(form, "transaction info")
    receipt = mapping_of(fields.get("receipt", {}), "receipt")
    contract_result, outcome = name_of(receipt.get("result")), name_of(fields.get("result"))
    if contract_result and contract_result not in _CONTRACT_RETS:
        raise BadShape("receipt.result", words.NO_NAME % {"name": contract_result})
    if outcome not in ("", "SUCESS", "FAILED"):  # the chain's own spelling
        raise BadShape("result", words.NO_NAME % {"name": outcome})
    return Receipt(
        tx_id=hash_of(fields.get("id"), "id"),
        block_number=_natural(fields.get("blockNumber"), "blockNumber"),
        failed=outcome == "FAILED",
        contract_result=contract_result,
        fee_sun=_natural(fields.get("fee"), "fee"),
        net_fee_sun=_natural(receipt.get("net_fee"), "net_fee"),
        net_usage_bytes=_natural(receipt.get("net_usage"), "net_usage"),
        energy_fee_sun=_natural(receipt.get("energy_fee"), "energy_fee"),
        energy_usage=_natural(receipt.get("energy_usage_total"), "energy_usage_total"),
        logs=tuple(_log(one) for one in sequence_of(fields.get("log"), "log", MAX_LOGS)),
        internal=tuple(
            paid
            for one in sequence_of(fields.get("internal_transactions"), "internal_transactions", MAX_LOGS)
            for paid in _internal(one)
        ),
        message=words_of(fields.get("resMessage", "")),
    )


def account_of(form: object, address: Address) -> ChainAccount:
    """Return the account, or one that does not exist for an empty object. Takes addresses in both forms."""
    fields = mapping_of(form, "account")
    if not fields:
        return ChainAccount(address, exists=False)
    if either_address(fields.get("address"), "address") != address:
        raise BadShape("address", words.OTHERS)
    held: dict[int, int] = {}
    for one in sequence_of(fields.get("assetV2"), "assetV2", MAX_ASSETS):
        entry = mapping_of(one, "assetV2")
        held[asset_id_of(entry.get("key"), "assetV2.key")] = _natural(entry.get("value"), "assetV2.value")
    return ChainAccount(
        address=address,
        exists=True,
        balance_sun=_natural(fields.get("balance"), "balance"),
        assets=held,
        is_contract=fields.get("type") == "Contract",
    )


def resources_of(form: object) -> Resources:
    fields = mapping_of(form, "resources")

    def left(limit: str, used: str) -> int:
        return max(integer_of(fields.get(limit), limit) - integer_of(fields.get(used), used), 0)

    return Resources(
        left("freeNetLimit", "freeNetUsed"), left("NetLimit", "NetUsed"), left("EnergyLimit", "EnergyUsed")
    )


def parameters_of(form: object) -> ChainParameters:
    """Return what the chain charges. A price that is zero has no value, but it has its name."""
    values: dict[str, int] = {}
    for one in sequence_of(form, "chainParameter", MAX_PARAMETERS):
        entry = mapping_of(one, "chainParameter")
        if isinstance(key := entry.get("key"), str):
            values[key] = integer_of(entry.get("value"), key[:60])

    def price(key: str) -> int:
        if key not in values:
            raise BadShape(key, words.NO_PARAMETER)
        return _natural(values[key], key)

    return ChainParameters(
        transaction_fee_sun=price("getTransactionFee"),
        energy_fee_sun=price("getEnergyFee"),
        create_account_fee_sun=price("getCreateAccountFee"),
        new_account_fee_sun=price("getCreateNewAccountFeeInSystemContract"),
        memo_fee_sun=_natural(values.get("getMemoFee"), "getMemoFee"),
        multi_sign_fee_sun=_natural(values.get("getMultiSignFee"), "getMultiSignFee"),
        max_fee_limit_sun=price("getMaxFeeLimit") if "getMaxFeeLimit" in values else MAX_FEE_LIMIT_SUN,
    )


def hash_of(value: object, field: str) -> bytes:
    found = bytes_of(value, field)
    if len(found) != ID_BYTES:
        raise BadShape(field, words.OTHER_LENGTH % {"count": len(found), "needed": ID_BYTES})
    return found


def asset_id_of(value: object, field: str) -> int:
    if not isinstance(value, str) or not _ID_TEXT.fullmatch(value):
        raise BadShape(field, words.MUST_BE_TOKEN)
    return int(value)


def either_address(value: object, field: str) -> Address:
    """Read an address in hex or as T…"""
    if not isinstance(value, str):
        raise BadShape(field, words.MUST_BE_ADDRESS)
    try:
        return parse_address(value)
    except ValueError:  # what it says is for people who type one
        raise BadShape(field, words.MUST_BE_ADDRESS) from None


def name_of(value: object) -> str:
    """Return one of the chain's names for a code or a result, an empty text for an absent one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadShape("name", words.MUST_BE_TEXT % {"type": type(value).__name__})
    return said(value)


def words_of(value: object) -> str:
    """Return a message, which is the hex of its text at some endpoints and for some paths, else plain text."""
    if not isinstance(value, str):
        return said(value)
    try:
        return said(bytes.fromhex(value))
    except ValueError:
        return said(value)


def _natural(value: object, field: str) -> int:
    number = integer_of(value, field)
    if number < 0:
        raise BadShape(field, words.BELOW_ZERO)
    return number


def _log(form: object) -> Log:
    fields = mapping_of(form, "log")
    address = bytes_of(fields.get("address"), "log.address")
    if len(address) == 20:  # as the virtual machine has it
        address = ADDRESS_PREFIX + address
    if not is_address(address):
        raise BadShape("log.address", words.NONE)
    topics = sequence_of(fields.get("topics"), "log.topics", MAX_TOPICS)
    return Log(
        Address(address),
        tuple(hash_of(topic, "log.topics") for topic in topics),
        bytes_of(fields.get("data"), "log.data", MAX_LOG_BYTES),
    )


def _internal(form: object) -> list[InternalTransfer]:
    fields = mapping_of(form, "internal_transactions")
    sender = bytes_of(fields.get("caller_address"), "caller_address")
    recipient = bytes_of(fields.get("transferTo_address"), "transferTo_address")
    if not is_address(sender) or not is_address(recipient):
        return []  # the making of a contract, say: nobody of ours has a part in it
    rejected = fields.get("rejected", False) is not False  # whatever is not clearly fine was undone
    paid: list[InternalTransfer] = []
    for one in sequence_of(fields.get("callValueInfo"), "callValueInfo", MAX_LOGS):
        value = mapping_of(one, "callValueInfo")
        token = value.get("tokenId")
        if token is None or (isinstance(token, str) and _ID_TEXT.fullmatch(token)):
            asset_id = None if token is None else int(token)
            amount = _natural(value.get("callValue"), "callValue")
            paid.append(InternalTransfer(Address(sender), Address(recipient), amount, asset_id, rejected))
    return paid
