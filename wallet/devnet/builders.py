"""Transactions that the server builds for a client, and calls of contracts that change nothing."""

from collections.abc import Callable

from wallet.devnet import not_offered
from wallet.devnet.answers import Call
from wallet.devnet.endpoint import ID_TEXT, NO_PARSE, Endpoint, address_in, hex_in, name_in_hex
from wallet.devnet.http import BadRequest, Request
from wallet.devnet.lying import told_for_signing
from wallet.devnet.permission_forms import NAME as UPDATE
from wallet.devnet.permission_forms import update_from_json
from wallet.devnet.reads import Read
from wallet.devnet.shapes import Json, name_text, unsigned_json, without_defaults
from wallet.devnet.tokens import BY_SELECTOR
from wallet.devnet.views import CallReverted, NoContract, View
from wallet.domain.tron.addresses import ZERO_ADDRESS
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.json_forms import BadShape
from wallet.domain.tron.keys import keccak256
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import (
    AccountCreate,
    Contract,
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    encode_raw,
)

Build = Callable[[Endpoint, Request], Json]

LIFE_MS = 60_000
INVALID = "org.tron.core.exception.ContractValidateException"
NO_TOKEN = 0  # which no token has


def create_transaction(endpoint: Endpoint, request: Request) -> Json:
    owner, to = address_in(request, "owner_address"), address_in(request, "to_address")
    return _native(endpoint, request, TransferTrx(owner, to, request.number("amount")))


def transfer_asset(endpoint: Endpoint, request: Request) -> Json:
    owner, to = address_in(request, "owner_address"), address_in(request, "to_address")
    return _native(endpoint, request, TransferAsset(owner, to, _asset_id_in(request), request.number("amount")))


def create_account(endpoint: Endpoint, request: Request) -> Json:
    owner, account = address_in(request, "owner_address"), address_in(request, "account_address")
    return _native(endpoint, request, AccountCreate(owner, account))


def update_permissions(endpoint: Endpoint, request: Request) -> Json:
    number = request.number("Permission_id")
    contract = {"type": UPDATE, "parameter": {"value": request.fields}, "Permission_id": number}
    try:
        raw = update_from_json({"contract": [contract]})
    except BadShape as problem:
        raise BadRequest(str(problem), NO_PARSE) from None
    return _native(endpoint, request, raw.contract)


def _refusal(why: str) -> Build:
    def refuse(endpoint: Endpoint, request: Request) -> Json:
        raise BadRequest(why, INVALID)

    return refuse


def trigger_contract(endpoint: Endpoint, request: Request) -> Json:
    """Build a call; one that only reads is run instead, as java-tron does for functions that are marked so."""
    if not request.text("contract_address"):
        return _failed_call(request, "CONTRACT_VALIDATE_ERROR", not_offered.CODE)
    contract = _call_in(request)
    function = BY_SELECTOR.get(contract.data[:4])
    view = endpoint.view(is_solid=False)
    if function and function.mutability == "View" and view.contract(contract.contract):
        return call_contract(endpoint, request, view)
    why_not = view.why_not(contract)
    if why_not:
        return _failed_call(request, "CONTRACT_VALIDATE_ERROR", why_not)
    shown = _built(endpoint, request, contract, fee_limit_sun=request.number("fee_limit"))
    return {"result": {"result": True}, "transaction": shown}


def call_contract(endpoint: Endpoint, request: Request, view: View) -> Json:
    if not request.text("contract_address"):
        return _failed_call(request, "CONTRACT_VALIDATE_ERROR", not_offered.CODE)
    contract = _call_in(request)
    try:
        called = view.constant_call(
            owner=contract.owner,
            contract=contract.contract,
            data=contract.data,
            is_paid=_is_paid(contract),
        )
    except NoContract:
        return _failed_call(request, "CONTRACT_VALIDATE_ERROR", "Smart contract is not exist.")
    shown = _built(endpoint, request, contract)
    shown["ret"] = [{"ret": "FAILED"} if called.is_reverted else {}]
    return {
        "result": without_defaults({"result": True, "message": _revert_text(called, visible=request.visible)}),
        "energy_used": called.energy_used,
        "constant_result": [called.returned.hex()],
        "transaction": shown,
    }


def _revert_text(called: Call, *, visible: bool) -> str:
    return name_text("REVERT opcode executed", visible=visible) if called.is_reverted else ""


def estimate_energy(endpoint: Endpoint, request: Request, view: View) -> Json:
    if not request.text("contract_address"):
        return _failed_call(request, "CONTRACT_VALIDATE_ERROR", not_offered.CODE)
    contract = _call_in(request)
    try:
        needed = view.estimate_energy(
            owner=contract.owner,
            contract=contract.contract,
            data=contract.data,
            is_paid=_is_paid(contract),
        )
    except NoContract:
        return _failed_call(request, "CONTRACT_VALIDATE_ERROR", "Smart contract is not exist.")
    except CallReverted as problem:
        return _failed_call(request, "CONTRACT_EXE_ERROR", str(problem))
    return {"result": {"result": True}, "energy_required": needed}


def _is_paid(contract: TriggerContract) -> bool:
    return bool(contract.call_value or contract.call_token_value)


def _failed_call(request: Request, code: str, message: str) -> Json:
    return {"result": {"code": code, "message": name_text(message, visible=request.visible)}}


def _call_in(request: Request) -> TriggerContract:
    data = hex_in(request, "data")
    selector = request.text("function_selector")
    if selector:
        data = keccak256(selector.encode())[:4] + hex_in(request, "parameter")
    return TriggerContract(
        owner=address_in(request, "owner_address", ZERO_ADDRESS),
        contract=address_in(request, "contract_address"),
        data=data,
        call_value=request.number("call_value"),
        call_token_value=request.number("call_token_value"),
        token_id=request.number("token_id"),
    )


def _asset_id_in(request: Request) -> int:
    """Return the id that names a token: digits when visible, their hex otherwise."""
    name = request.text("asset_name") if request.visible else name_in_hex(request, "asset_name")
    return int(name) if ID_TEXT.fullmatch(name) else NO_TOKEN


def _native(endpoint: Endpoint, request: Request, contract: Contract) -> Json:
    why_not = endpoint.view(is_solid=False).why_not(contract)
    if why_not:
        raise BadRequest(why_not, INVALID)
    return _built(endpoint, request, contract)


def _built(endpoint: Endpoint, request: Request, contract: Contract, *, fee_limit_sun: int = 0) -> Json:
    """Return the transaction as java-tron builds it: reference to the solid block, a minute from the head's time."""
    solid = endpoint.view(is_solid=True).tip()
    ref_block_bytes, ref_block_hash = ref_of(solid.id, solid.number)
    raw = Raw(
        ref_block_bytes=ref_block_bytes,
        ref_block_hash=ref_block_hash,
        expiration_ms=endpoint.view(is_solid=False).tip().timestamp_ms + LIFE_MS,
        timestamp_ms=endpoint.devnet.summary().clock_ms,
        contract=contract,
        permission_id=request.number("Permission_id"),
        memo=_memo_in(request),
        fee_limit_sun=fee_limit_sun,
    )
    try:
        signed = Signed(encode_raw(raw))
    except BadMessage as problem:
        raise BadRequest(str(problem), NO_PARSE) from None
    tx_id, raw_bytes, told = told_for_signing(endpoint.faults, signed, raw)
    return {"visible": request.visible, **unsigned_json(tx_id, raw_bytes, told, visible=request.visible)}


def _memo_in(request: Request) -> bytes:
    return request.text("extra_data").encode() if request.visible else hex_in(request, "extra_data")


BUILDERS: dict[str, Build] = {
    "createtransaction": create_transaction,
    "transferasset": transfer_asset,
    "createaccount": create_account,
    "accountpermissionupdate": update_permissions,
    "triggersmartcontract": trigger_contract,
    **{path: _refusal(why) for path, why in not_offered.BY_BUILDER.items()},
}
# Under wallet/ and walletsolidity/ alike.
CALLS: dict[str, Read] = {"triggerconstantcontract": call_contract, "estimateenergy": estimate_energy}
