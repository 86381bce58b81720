"""The checks of a broadcast, in java-tron's order."""

from wallet.devnet.answers import BroadcastAnswer, Code
from wallet.devnet.clock import SLOT_MS
from wallet.devnet.execution import Candidate, execute
from wallet.devnet.parts import Parts
from wallet.devnet.refusals import Refused, expired, invalid_contract, wrong_reference
from wallet.devnet.signatures import check_signatures
from wallet.domain.tron.messages import RAW, TRANSFER_ASSET, ContractType
from wallet.domain.tron.protobuf import MAX_BYTES as MAX_MESSAGE_BYTES
from wallet.domain.tron.protobuf import BadMessage, decode, encode
from wallet.domain.tron.transactions import (
    OtherContract,
    Raw,
    Signed,
    bandwidth_bytes,
    decode_raw,
    decode_raw_by_fields,
)

MAX_BYTES = 500 * 1024
MAX_EXPIRATION_MS = 24 * 3_600_000  # ahead of the head's time
UNSOLIDIFIED_BLOCKS = 54
NO_CONTRACT = "No contract!"
SEVERAL_CONTRACTS = "act size should be exactly 1, this is extend feature"
_TYPE_NAMES = {int(kind): f"protocol.{kind.name}".encode() for kind in ContractType}


def broadcast(parts: Parts, signed: Signed) -> BroadcastAnswer:
    """Take a transaction into pending, or say why not."""
    tx_id = signed.tx_id
    try:
        _check_node(parts, tx_id)
        candidate = _checked(parts, signed, tx_id)
        execute(parts.state, parts.rules, candidate, parts.head)
    except Refused as refused:
        return BroadcastAnswer(refused.code, refused.message, tx_id)
    parts.pending.add(candidate)
    return BroadcastAnswer(Code.SUCCESS, "", tx_id)


def _check_node(parts: Parts, tx_id: bytes) -> None:
    """Raise Refused for what has nothing to do with the transaction itself."""
    checks = parts.checks
    is_behind = parts.head.number - parts.solid_number(parts.lags) >= UNSOLIDIFIED_BLOCKS
    if checks.is_unsolidified_block_refused and is_behind:
        raise Refused(Code.BLOCK_UNSOLIDIFIED, "Block unsolidified.")
    if len(parts.pending) > checks.pending_at_most:
        raise Refused(Code.SERVER_BUSY, "Server busy.")
    if checks.is_id_cache_on and parts.pending.see(tx_id, parts.clock.now_ms()):
        raise Refused(Code.DUP_TRANSACTION_ERROR, "Transaction already exists.")


def _checked(parts: Parts, signed: Signed, tx_id: bytes) -> Candidate:
    """Raise Refused for what is wrong whatever the accounts hold."""
    head_ms = parts.head.timestamp_ms
    raw, contract_count = _read(signed)
    if raw.expiration_ms < head_ms + SLOT_MS:
        raise expired()
    check_signatures(parts.state, raw, signed, tx_id)
    if contract_count > 1:
        raise invalid_contract(SEVERAL_CONTRACTS)
    candidate = Candidate(tx_id, signed, raw, bandwidth_bytes(signed), parts.clock.now_ms())
    if not parts.knows_reference(candidate):
        raise wrong_reference()
    if (size := candidate.byte_count) > MAX_BYTES:
        text = f"Too big transaction with result, TxId {tx_id.hex()}, the size is {size} bytes, maxTxSize {MAX_BYTES}"
        raise Refused(Code.TOO_BIG_TRANSACTION_ERROR, text)
    if raw.expiration_ms > head_ms + MAX_EXPIRATION_MS:
        raise expired()
    if tx_id in parts.pending or parts.store.place_of(tx_id) is not None:
        raise Refused(Code.DUP_TRANSACTION_ERROR, "Dup transaction.")
    return candidate


def _read(signed: Signed) -> tuple[Raw, int]:
    """Return what is signed and how many contracts it has. Raises Refused where there is none that can be read."""
    try:
        raw, contract_count = decode_raw(signed.raw_bytes), 1
    except BadMessage:
        raw, contract_count = _read_odd(signed)
    if isinstance(raw.contract, OtherContract) and _is_unreadable(raw.contract):
        raise invalid_contract(NO_CONTRACT)
    return raw, contract_count


def _read_odd(signed: Signed) -> tuple[Raw, int]:
    """Read what has none or several contracts, or is too large to be read otherwise: the first contract counts."""
    try:
        values = decode(RAW, signed.raw_bytes)
        contracts = values.pop("contract", [])
        first = encode(RAW, {**values, "contract": contracts[:1]})
        raw = decode_raw_by_fields(first, most_bytes=MAX_MESSAGE_BYTES)
    except BadMessage:
        raise invalid_contract(NO_CONTRACT) from None
    return raw, len(contracts)


def _is_unreadable(contract: OtherContract) -> bool:
    """Tell whether this claims to be a contract that can be read, and cannot: java-tron drops such silently."""
    claims = _TYPE_NAMES.get(contract.type)
    if claims is None:
        return False
    if contract.type != ContractType.TransferAssetContract or contract.type_url.rpartition(b"/")[2] != claims:
        return True
    try:
        decode(TRANSFER_ASSET, contract.value)
    except BadMessage:
        return True
    return False  # only the token's name is none
