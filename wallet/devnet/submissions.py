"""Signed transactions: whose signatures they carry, and their way to the chain."""

import json

from wallet.devnet import not_offered
from wallet.devnet.answers import BroadcastAnswer, Code, SignWeight
from wallet.devnet.broadcasts import NO_CONTRACT, SEVERAL_CONTRACTS
from wallet.devnet.endpoint import NO_PARSE, Endpoint, hex_in
from wallet.devnet.faults import MESSAGES, Failure
from wallet.devnet.http import BadRequest, Request
from wallet.devnet.lying import told_for_signing
from wallet.devnet.permission_forms import is_update, update_from_json
from wallet.devnet.shapes import Json, name_text, permission_json, unsigned_json, without_defaults
from wallet.devnet.signatures import ENOUGH
from wallet.domain.tron.json_forms import (
    BadShape,
    NoContract,
    SeveralContracts,
    UnknownContract,
    address_text,
    mapping_of,
    posted_from_json,
    raw_from_json,
    signatures_from_json,
    transaction_to_json,
)
from wallet.domain.tron.messages import RAW
from wallet.domain.tron.protobuf import MAX_BYTES, BadMessage, decode, encode
from wallet.domain.tron.transactions import Raw, Signed, decode_transaction, encode_raw, tx_id

PATHS = ("broadcasttransaction", "broadcasthex")


class Invalid(Exception):
    """What was posted holds no contract that this chain could run; the sentence says why."""

    def __init__(self, why: str, tx_id: bytes, without: Signed | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.tx_id = tx_id
        self.without = without  # the transaction with no contract in it; None for one that real chains offer


def broadcast_transaction(endpoint: Endpoint, request: Request, failure: Failure | None = None) -> Json:
    try:
        answer = _broadcast(endpoint, _posted(request)[0], failure)
    except Invalid as problem:
        why = f"Contract validate error : {problem.why}"
        answer = BroadcastAnswer(Code.CONTRACT_VALIDATE_ERROR, why, problem.tx_id)
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
        signed, _ = decode_transaction(hex_in(request, "transaction"), most_bytes=MAX_BYTES)
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
        signed, raw = _posted(request)
    except Invalid as problem:
        return _not_weighed(problem)
    weight = endpoint.view(is_solid=False).sign_weight(signed, raw)
    permission = permission_json(weight.permission, visible=request.visible) if weight.permission else None
    return without_defaults(
        {
            "permission": permission,
            "approved_list": _approved(weight, visible=request.visible),
            "current_weight": weight.current_weight,
        }
    ) | {"result": _weight_result(weight), "transaction": _extended(endpoint, request, signed, raw)}


def approved_list(endpoint: Endpoint, request: Request) -> Json:
    """Tell who signed, also those who may not."""
    try:
        signed, raw = _posted(request)
    except Invalid as problem:
        return _not_weighed(problem)
    weight = endpoint.view(is_solid=False).approved_list(signed, raw)
    return without_defaults({"approved_list": _approved(weight, visible=request.visible)}) | {
        "result": _weight_result(weight),
        "transaction": _extended(endpoint, request, signed, raw),
    }


def _not_weighed(problem: Invalid) -> Json:
    if problem.without is None:
        return {"result": {"code": Code.CONTRACT_VALIDATE_ERROR.name, "message": problem.why}}
    inner = {
        "txID": problem.without.tx_id.hex(),
        "raw_data": {"contract": []},
        "raw_data_hex": problem.without.raw_bytes.hex(),
        **_signatures_json(problem.without),
    }
    return {
        "result": {"code": Code.OTHER_ERROR.name, "message": "Invalid transaction: no valid contract"},
        "transaction": {"result": {"result": True}, "txid": inner["txID"], "transaction": inner},
    }


def _approved(weight: SignWeight, *, visible: bool) -> list[str]:
    return [address_text(address, visible=visible) for address in weight.approved]


def _weight_result(weight: SignWeight) -> Json:
    code = "" if weight.code == ENOUGH else weight.code
    return without_defaults({"code": code, "message": weight.message})


def _extended(endpoint: Endpoint, request: Request, signed: Signed, raw: Raw) -> Json:
    told_id, raw_bytes, told = told_for_signing(endpoint.faults, signed, raw)
    inner = unsigned_json(told_id, raw_bytes, told, visible=request.visible) | _signatures_json(signed)
    return {"result": {"result": True}, "txid": told_id.hex(), "transaction": inner}


def _signatures_json(signed: Signed) -> Json:
    return without_defaults({"signature": [signature.hex() for signature in signed.signatures]})


def _posted(request: Request) -> tuple[Signed, Raw]:
    """Return what was posted, encoded anew from its raw_data alone. Raises Invalid and BadRequest."""
    raw_data = request.fields.get("raw_data")
    try:
        if isinstance(raw_data, dict) and is_update(raw_data):
            raw = update_from_json(raw_data)
            return Signed(encode_raw(raw), signatures_from_json(request.fields)), raw
        return posted_from_json(request.fields, visible=request.visible)
    except NoContract:
        raise _unreadable(request, NO_CONTRACT) from None
    except SeveralContracts:
        raise _unreadable(request, SEVERAL_CONTRACTS) from None
    except UnknownContract:
        name = mapping_of(request.fields["raw_data"]["contract"][0], "contract").get("type")
        if isinstance(name, str) and name in not_offered.BY_TYPE:
            claimed = hex_in(request, "raw_data_hex")  # believed this once: its bytes cannot be made here
            raise Invalid(not_offered.BY_TYPE[name], tx_id(claimed) if claimed else b"") from None
        raise _unreadable(request, NO_CONTRACT) from None  # java-tron drops what it cannot read
    except (BadShape, BadMessage) as problem:
        raise BadRequest(str(problem), NO_PARSE) from None


def _unreadable(request: Request, why: str) -> Invalid:
    """Return what a transaction is whose contract cannot be told, with what is left of it. Raises BadRequest."""
    stands_in = [{"type": "AccountCreateContract", "parameter": {"value": {}}}]
    try:
        raw = raw_from_json({**request.fields["raw_data"], "contract": stands_in})
        content = encode(RAW, {**decode(RAW, encode_raw(raw)), "contract": []})
        without = Signed(content, signatures_from_json(request.fields))
    except (BadShape, BadMessage) as problem:
        raise BadRequest(str(problem), NO_PARSE) from None
    return Invalid(why, without.tx_id, without)
