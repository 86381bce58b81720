"""Values of the protocol as JSON and back; what does not have the right shape raises BadFrame."""

import re
from collections.abc import Callable
from typing import Any, TypeVar, get_args

from wallet.signer.protocol import (
    ADDRESSES_AT_ONCE,
    BadFrame,
    DeadProof,
    Purpose,
    SignedAttempt,
    SignerStatus,
    SignRequest,
)

RAW_BYTES = 4_096
HEADER_BYTES = 512
NAME_CHARACTERS = 200
ENDPOINTS = 16
EARLIER_PROOFS = 12  # of the newest; each is about two thousand characters
INDEX_END = 2**31  # of unhardened children
PURPOSES = get_args(Purpose)
Value = TypeVar("Value")
ATTEMPT_KEY = re.compile(r"(withdrawal|sweep|gas)/[0-9]{1,19}/[1-9][0-9]{0,8}")
SUBJECT = re.compile(r"(withdrawal|sweep|gas)/[0-9]{1,19}")


def write_request(request: SignRequest) -> dict[str, Any]:
    return {
        "purpose": request.purpose,
        "attempt_key": request.attempt_key,
        "raw_bytes": request.raw_bytes.hex(),
        "tx_id": request.tx_id.hex(),
        "solid_header": request.solid_header.hex(),
        "from_index": request.from_index,
        "dead_proof": request.dead_proof and write_proof(request.dead_proof),
        "earlier_proofs": [write_proof(proof) for proof in request.earlier_proofs[-EARLIER_PROOFS:]],
        "newest_signed": _write_signed(request.newest_signed),
    }


def write_proof(proof: DeadProof) -> dict[str, Any]:
    return {
        "tx_id": proof.tx_id.hex(),
        "header": proof.header.hex(),
        "absent_at": list(proof.absent_at),
        "scanned_to": proof.scanned_to,
    }


def read_request(message: dict[str, Any]) -> SignRequest:
    purpose, key, earlier = (
        message.get("purpose"),
        read_text_of(message, "attempt_key"),
        message.get("earlier_proofs", []),
    )
    if purpose not in PURPOSES:
        raise BadFrame(f"purpose: write one of {', '.join(PURPOSES)}")
    if not ATTEMPT_KEY.fullmatch(key) or key.partition("/")[0] != purpose:
        raise BadFrame("attempt_key: write PURPOSE/ID/NUMBER, with numbers from 1")
    if not isinstance(earlier, list) or len(earlier) > EARLIER_PROOFS:
        raise BadFrame(f"earlier_proofs: write up to {EARLIER_PROOFS} proofs")
    return SignRequest(
        purpose=purpose,
        attempt_key=key,
        raw_bytes=read_bytes(message, "raw_bytes", most=RAW_BYTES),
        tx_id=read_bytes(message, "tx_id", exactly=32),
        solid_header=read_bytes(message, "solid_header", most=HEADER_BYTES),
        from_index=_maybe(read_index, message.get("from_index")),
        dead_proof=_maybe(_read_proof, message.get("dead_proof")),
        earlier_proofs=tuple(_read_proof(proof) for proof in earlier),
        newest_signed=_read_signed(message.get("newest_signed")),
    )


def _maybe(read: Callable[[Any], Value], given: Any) -> Value | None:
    return None if given is None else read(given)


def _read_proof(given: Any) -> DeadProof:
    if not isinstance(given, dict):
        raise BadFrame("dead_proof: it is not an object")
    names, scanned_to = given.get("absent_at"), given.get("scanned_to")
    if not isinstance(names, list) or len(names) > ENDPOINTS or not all(_is_name(name) for name in names):
        raise BadFrame(f"absent_at: write up to {ENDPOINTS} names of endpoints, of up to {NAME_CHARACTERS} characters")
    if type(scanned_to) is not int:
        raise BadFrame("scanned_to: write a block number")
    header = read_bytes(given, "header", most=HEADER_BYTES)
    return DeadProof(read_bytes(given, "tx_id", exactly=32), header, tuple(names), scanned_to)


def _is_name(given: Any) -> bool:
    return isinstance(given, str) and len(given) <= NAME_CHARACTERS


def write_status(status: SignerStatus) -> dict[str, Any]:
    return {
        "ready": status.ready,
        "why_not": status.why_not,
        "network": status.network,
        "hot_address": status.hot_address,
        "account_xpub": status.account_xpub,
        "entries": status.entries,
        "newest_entry": status.newest_entry,
        "newest_signed": _write_signed(status.newest_signed),
        "notices": list(status.notices),
    }


def read_status(given: Any) -> SignerStatus:
    match given:
        case {
            "ready": bool(ready),
            "why_not": str(why_not),
            "network": str(network),
            "hot_address": str() | None as hot_address,
            "account_xpub": str() | None as account_xpub,
            "entries": int(entries),
            "newest_entry": str(newest_entry),
            "newest_signed": newest_signed,
            "notices": list(notices),
        }:
            signed = _read_signed(newest_signed)
            said = tuple(str(notice) for notice in notices)
            return SignerStatus(ready, why_not, network, hot_address, account_xpub, entries, newest_entry, signed, said)
    raise BadFrame("it is not a status")


def write_signed_attempt(signed: SignedAttempt | None) -> dict[str, Any] | None:
    if signed is None:
        return None
    return {
        "attempt_key": signed.attempt_key,
        "raw_bytes": signed.raw_bytes.hex(),
        "tx_id": signed.tx_id.hex(),
        "signature": signed.signature.hex(),
        "reference_number": signed.reference_number,
    }


def read_signed_attempt(given: Any) -> SignedAttempt | None:
    match given:
        case None:
            return None
        case {"attempt_key": str(key), "reference_number": int(number)} if ATTEMPT_KEY.fullmatch(key):
            raw_bytes = read_bytes(given, "raw_bytes", most=RAW_BYTES)
            tx_id, signature = read_bytes(given, "tx_id", exactly=32), read_bytes(given, "signature", exactly=65)
            return SignedAttempt(key, raw_bytes, tx_id, signature, number)
    raise BadFrame("it is nothing that was signed")


def read_subject(given: Any) -> str:
    if not isinstance(given, str) or not SUBJECT.fullmatch(given):
        raise BadFrame("subject: write PURPOSE/ID")
    return given


def read_index(given: Any) -> int:
    if type(given) is not int or not 0 <= given < INDEX_END:
        raise BadFrame("index: write a whole number from 0 below 2147483648")
    return given


def read_indexes(given: Any) -> list[int]:
    if not isinstance(given, list) or len(given) > ADDRESSES_AT_ONCE:
        raise BadFrame(f"indexes: write up to {ADDRESSES_AT_ONCE} whole numbers")
    return [read_index(one) for one in given]


def read_text(given: Any) -> str:
    if not isinstance(given, str):
        raise BadFrame("it is not text")
    return given


def read_signature(given: Any) -> bytes:
    return read_bytes({"signature": given}, "signature", exactly=65)


def _write_signed(signed: tuple[str, bytes] | None) -> list[str] | None:
    return [signed[0], signed[1].hex()] if signed else None


def _read_signed(given: Any) -> tuple[str, bytes] | None:
    match given:
        case None:
            return None
        case [str(key), str(tx_id)] if ATTEMPT_KEY.fullmatch(key):
            return key, read_bytes({"newest_signed": tx_id}, "newest_signed", exactly=32)
    raise BadFrame("newest_signed: write an attempt key and a txID")


def read_text_of(message: dict[str, Any], name: str) -> str:
    given = message.get(name)
    if not isinstance(given, str) or not _is_name(given):
        raise BadFrame(f"{name}: write text of up to {NAME_CHARACTERS} characters")
    return given


def read_bytes(message: dict[str, Any], name: str, *, exactly: int = 0, most: int = 0) -> bytes:
    given = message.get(name)
    try:
        found = bytes.fromhex(given) if isinstance(given, str) else b""
    except ValueError:
        found = b""
    if not found or (exactly and len(found) != exactly) or (most and len(found) > most):
        raise BadFrame(f"{name}: write {exactly or f'up to {most}'} bytes as hexadecimal")
    return found
