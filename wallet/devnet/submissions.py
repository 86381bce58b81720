"""Signed transactions: whose signatures they carry, and their way to the chain."""

import json

from wallet.devnet.answers import BroadcastAnswer, Code, SignWeight
from wallet.devnet.builders import NO_CODE
from wallet.devnet.endpoint import NO_PARSE, Endpoint, hex_in
from wallet.devnet.faults import MESSAGES, Failure
from wallet.devnet.http import BadRequest, Request
from wallet.devnet.lying import told_for_signing
from wallet.devnet.permission_forms import is_update, update_from_json
from wallet.devnet.shapes import Json, name_text, permission_json, unsigned_json, without_defaults
from wallet.domain.tron.json_forms import (
    MAX_SIGNATURES,
    BadShape,
    NoContract,
    SeveralContracts,
    UnknownContract,
    address_text,
    bytes_of,
    posted_from_json,
    sequence_of,
    transaction_to_json,
)
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import Signed, decode_raw, decode_transaction, encode_raw

PATHS = ("broadcasttransaction", "broadcasthex")


class Invalid(Exception):
    """What was posted holds no contract that this chain could run; the sentence says why."""

    def __init__(self, why: str, code: str = "OTHER_ERROR") -> None:
        super().__init__(why)
        self.why = why
        self.code = code  # for those who ask how far the signatures reach


def broadcast_transaction(endpoint: Endpoint, request: Request, failure: Failure | None = None) -> Json:
    try:
        answer = _broadcast(endpoint, _posted(request), failure)
    except Invalid as problem:
        answer = BroadcastAnswer(Code.CONTRACT_VALIDATE_ERROR, f"Contract validate error : {problem.why}", b"")
    return without_defaults(
        {
            "result": answer.code is Code.SUCCESS,
            "code": "" if answer.code is Code.SUCCESS else answer.code.name,
            "txid": answer.tx_id.hex(),
            "message": name_text(answer.message, visible=request.visible),
        }
    )


def broadcast_hex(endpoint: Endpoint, request: Request, failure: Failure | None = None) -> Json:
    try:
        signed, _ = decode_transaction(hex_in(request, "transaction"))
    except BadMessage as problem:
        raise BadRequest(str(problem), "com.google.protobuf.InvalidProtocolBufferException") from None
    answer = _broadcast(endpoint, signed, failure)
    return {
        "result": answer.code is Code.SUCCESS,
        "code": answer.code.name,
        "message": answer.message,
        "transaction": _as_text(signed, visible=request.visible),
        "txid": answer.tx_id.hex(),
    }


def _as_text(signed: Signed, *, visible: bool) -> str:
    try:
        return json.dumps(transaction_to_json(signed, visible=visible), separators=(",", ":"))
    except BadMessage:
        return "{}"


def _broadcast(endpoint: Endpoint, signed: Signed, failure: Failure | None) -> BroadcastAnswer:
    """Give a transaction to the chain, and tell what the chain says or what was asked to be said instead."""
    if failure is None:
        return endpoint.devnet.broadcast(signed)
    if failure.is_after_accept:
        endpoint.devnet.broadcast(signed)
    if failure.code is None:
        return BroadcastAnswer(Code.SUCCESS, "", signed.tx_id)  # swallowed, or what breaks is not what is said
    return BroadcastAnswer(failure.code, MESSAGES[failure.code], signed.tx_id)


def sign_weight(endpoint: Endpoint, request: Request) -> Json:
    """Weigh what has been signed so far; without a code in its result it is enough."""
    try:
        signed = _posted(request)
    except Invalid as problem:
        return _not_weighed(problem)
    weight = endpoint.view(is_solid=False).sign_weight(signed)
    permission = permission_json(weight.permission, visible=request.visible) if weight.permission else None
    return without_defaults(
        {
            "permission": permission,
            "approved_list": _approved(weight, visible=request.visible),
            "current_weight": weight.current_weight,
        }
    ) | {"result": _weight_result(weight), "transaction": _extended(endpoint, request, signed)}


def approved_list(endpoint: Endpoint, request: Request) -> Json:
    try:
        signed = _posted(request)
    except Invalid as problem:
        return _not_weighed(problem)
    weight = endpoint.view(is_solid=False).sign_weight(signed)
    is_about_signatures = weight.code in ("SIGNATURE_FORMAT_ERROR", "COMPUTE_ADDRESS_ERROR")
    return without_defaults({"approved_list": _approved(weight, visible=request.visible)}) | {
        "result": _weight_result(weight) if is_about_signatures else {},
        "transaction": _extended(endpoint, request, signed),
    }


def _not_weighed(problem: Invalid) -> Json:
    return {"result": {"code": problem.code, "message": f"Invalid transaction: no valid contract, {problem.why}"}}


def _approved(weight: SignWeight, *, visible: bool) -> list[str]:
    return [address_text(address, visible=visible) for address in weight.approved]


def _weight_result(weight: SignWeight) -> Json:
    code = "" if weight.code == "ENOUGH_PERMISSION" else weight.code
    return without_defaults({"code": code, "message": weight.message})


def _extended(endpoint: Endpoint, request: Request, signed: Signed) -> Json:
    tx_id, raw_bytes, raw = told_for_signing(endpoint.faults, signed, decode_raw(signed.raw_bytes))
    inner = unsigned_json(tx_id, raw_bytes, raw, visible=request.visible)
    if signed.signatures:
        inner["signature"] = [signature.hex() for signature in signed.signatures]
    return {"result": {"result": True}, "txid": tx_id.hex(), "transaction": inner}


def _posted(request: Request) -> Signed:
    """Return what was posted, encoded anew from its raw_data alone. Raises Invalid and BadRequest."""
    raw_data = request.fields.get("raw_data")
    try:
        if isinstance(raw_data, dict) and is_update(raw_data):
            signatures = sequence_of(request.fields.get("signature"), "signature", MAX_SIGNATURES)
            raw_bytes = encode_raw(update_from_json(raw_data))
            return Signed(raw_bytes, tuple(bytes_of(signature, "signature") for signature in signatures))
        return posted_from_json(request.fields)
    except NoContract:
        raise Invalid("No contract!") from None
    except SeveralContracts:
        raise Invalid("act size should be exactly 1, this is extend feature") from None
    except UnknownContract as problem:
        if "CreateSmartContract" in str(problem):
            raise Invalid(NO_CODE, "CONTRACT_VALIDATE_ERROR") from None
        raise Invalid(str(problem)) from None
    except BadShape as problem:
        raise BadRequest(str(problem), NO_PARSE) from None
