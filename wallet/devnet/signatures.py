"""Who signed a transaction, and whether that is enough."""

from wallet.devnet.accounts import account_of, active_permissions, owner_permission
from wallet.devnet.answers import Permission, SignWeight
from wallet.devnet.execution import owner_of
from wallet.devnet.refusals import Refused, bad_signature
from wallet.devnet.state import Reader
from wallet.domain.tron.addresses import Address, is_address, to_base58
from wallet.domain.tron.keys import SIGNATURE_BYTES, BadSignature, recover
from wallet.domain.tron.messages import ContractType
from wallet.domain.tron.transactions import (
    AccountCreate,
    Contract,
    OtherContract,
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
)

MAX_SIGNATURES = 5
OWNER_PERMISSION = 0
ENOUGH = "ENOUGH_PERMISSION"


def check_signatures(state: Reader, raw: Raw, signed: Signed, tx_id: bytes) -> None:
    """Raise Refused (SIGERROR) unless the named permission's keys signed with enough weight."""
    if not signed.signatures:
        raise bad_signature("miss sig or contract")
    if len(signed.signatures) > MAX_SIGNATURES:
        raise bad_signature("too many signatures")
    permission = _permission(state, raw)
    if permission is None:
        raise bad_signature("permission isn't exit")  # so it is spelled there
    if raw.permission_id != OWNER_PERMISSION and not may_do(permission, raw.contract):
        raise bad_signature("Permission denied")
    if _weigh(permission, signed, tx_id)[1] < permission.threshold:
        raise bad_signature("sig error")


def sign_weight(state: Reader, raw: Raw, signed: Signed, tx_id: bytes) -> SignWeight:
    """Say how far the signatures reach, as getsignweight does."""
    owner = owner_of(raw.contract)
    if not is_address(owner) or account_of(state, owner) is None:
        return SignWeight(None, (), 0, "PERMISSION_ERROR", "Account does not exist!")
    permission = _permission(state, raw)
    if permission is None:
        return SignWeight(None, (), 0, "PERMISSION_ERROR", "Permission for this, does not exist!")
    if raw.permission_id != OWNER_PERMISSION and not may_do(permission, raw.contract):
        return SignWeight(None, (), 0, "PERMISSION_ERROR", "Permission denied!")
    if any(len(signature) < SIGNATURE_BYTES for signature in signed.signatures):
        return SignWeight(permission, (), 0, "SIGNATURE_FORMAT_ERROR", _short(signed))
    try:
        approved, weight = _weigh(permission, signed, tx_id)
    except Refused as refused:
        code = "COMPUTE_ADDRESS_ERROR" if isinstance(refused.__cause__, BadSignature) else "PERMISSION_ERROR"
        return SignWeight(permission, (), 0, code, str(refused).removeprefix("Validate signature error: "))
    code = ENOUGH if weight >= permission.threshold else "NOT_ENOUGH_PERMISSION"
    return SignWeight(permission, approved, weight, code, "")


def approved_list(state: Reader, raw: Raw, signed: Signed, tx_id: bytes) -> SignWeight:
    """Say whose signatures these are, as getapprovedlist does: whoever they are, and whatever they may."""
    owner = owner_of(raw.contract)
    if not is_address(owner) or account_of(state, owner) is None:
        why = "class org.tron.core.exception.PermissionException : Account does not exist!"
        return SignWeight(None, (), 0, "OTHER_ERROR", why)
    if any(len(signature) < SIGNATURE_BYTES for signature in signed.signatures):
        return SignWeight(None, (), 0, "SIGNATURE_FORMAT_ERROR", _short(signed))
    try:
        signers = tuple(recover(tx_id, signature) for signature in signed.signatures)
    except BadSignature as problem:
        return SignWeight(None, (), 0, "COMPUTE_ADDRESS_ERROR", str(problem))
    return SignWeight(None, signers, 0, ENOUGH, "")


def may_do(permission: Permission, contract: Contract) -> bool:
    number = type_of(contract)
    byte, bit = divmod(number, 8)
    return byte < len(permission.operations) and bool(permission.operations[byte] & 1 << bit)


def type_of(contract: Contract) -> int:
    match contract:
        case OtherContract(type=number):
            return number
        case TransferTrx():
            return ContractType.TransferContract
        case TransferAsset():
            return ContractType.TransferAssetContract
        case AccountCreate():
            return ContractType.AccountCreateContract
    return ContractType.TriggerSmartContract


def _permission(state: Reader, raw: Raw) -> Permission | None:
    owner = owner_of(raw.contract)
    account = account_of(state, owner)
    if raw.permission_id == OWNER_PERMISSION:
        return owner_permission(owner, account)
    actives = () if account is None else active_permissions(owner, account)
    return next((active for active in actives if active.id == raw.permission_id), None)


def _weigh(permission: Permission, signed: Signed, tx_id: bytes) -> tuple[tuple[Address, ...], int]:
    """Return who signed and their weight together. Raises Refused (SIGERROR)."""
    count, keys = len(signed.signatures), len(permission.keys)
    if count > keys:
        raise bad_signature(f"Signature count is {count} more than key counts of permission : {keys}")
    signers: list[Address] = []
    total = 0
    for signature in signed.signatures:
        if len(signature) < SIGNATURE_BYTES:
            raise bad_signature(f"Signature size is {len(signature)}")
        try:
            signer = recover(tx_id, signature)
        except BadSignature as problem:
            raise bad_signature(str(problem)) from problem
        weight = permission.weight_of(signer)
        if not weight:
            raise bad_signature(
                f"{signature.hex()} is signed by {to_base58(signer)} but it is not contained of permission."
            )
        if signer in signers:
            raise bad_signature(f"{to_base58(signer)} has signed twice!")
        signers.append(signer)
        total += weight
    return tuple(signers), total


def _short(signed: Signed) -> str:
    size = next(len(signature) for signature in signed.signatures if len(signature) < SIGNATURE_BYTES)
    return f"Signature size is {size}"
