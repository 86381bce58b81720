"""AccountPermissionUpdateContract: who may sign for an account from now on."""

from wallet.devnet.accounts import MAX_AMOUNT, account_key, account_of
from wallet.devnet.answers import Permission
from wallet.devnet.parameters import Parameters
from wallet.devnet.resources import burn
from wallet.devnet.state import Reader, State
from wallet.domain.tron.addresses import Address, is_address
from wallet.domain.tron.protobuf import BadMessage, Holds, Message, Schema, decode
from wallet.domain.tron.transactions import OtherContract

CONTRACT_TYPE = 46
MAX_KEYS = 5
MAX_ACTIVES = 8
OPERATIONS_BYTES = 32
LONGEST_NAME = 32  # characters
# Types of contracts that may be allowed: also those that real chains have and this one does not.
AVAILABLE_TYPES = bytes.fromhex("7fff1fc0037efb0f").ljust(OPERATIONS_BYTES, b"\0")
OVERFLOW = "long overflow"
_OWNER, _ACTIVE = 0, 2
_TYPES = {_OWNER: "Owner", _ACTIVE: "Active"}

_KEY = Schema((1, "address", Holds.BYTES), (2, "weight", Holds.INT))
_PERMISSION = Schema(
    (1, "type", Holds.INT),
    (2, "id", Holds.INT),
    (3, "permission_name", Holds.BYTES),
    (4, "threshold", Holds.INT),
    (5, "parent_id", Holds.INT),
    (6, "operations", Holds.BYTES),
    (7, "keys", Holds.MANY_MESSAGES, _KEY),
)
UPDATE = Schema(
    (1, "owner_address", Holds.BYTES),
    (2, "owner", Holds.MESSAGE, _PERMISSION),
    (3, "witness", Holds.MESSAGE, _PERMISSION),
    (4, "actives", Holds.MANY_MESSAGES, _PERMISSION),
)


def why_not(state: Reader, parameters: Parameters, contract: OtherContract) -> str | None:
    try:
        values = decode(UPDATE, contract.value)
    except BadMessage:
        return "contract type error, expected type [AccountPermissionUpdateContract]"
    owner = Address(values.get("owner_address", b""))
    account = account_of(state, owner)
    if not is_address(owner):
        return "invalidate ownerAddress"
    if account is None:
        return "ownerAddress account does not exist"
    if "owner" not in values:
        return "owner permission is missed"
    if "witness" in values:
        return "account isn't witness can't set witness permission"
    actives = values.get("actives", [])
    if not actives:
        return "active permission is missed"
    if len(actives) > MAX_ACTIVES:
        return "active permission is too many"
    if account.balance_sun < parameters.permission_update_fee_sun:
        return "Validate AccountPermissionUpdateContract error, insufficient fee."
    problems = [_why_not_permission(values["owner"], _OWNER), *(_why_not_permission(each, _ACTIVE) for each in actives)]
    return next((problem for problem in problems if problem), None)


def update(state: State, parameters: Parameters, contract: OtherContract) -> int:
    """Set the permissions; return the fee."""
    values = decode(UPDATE, contract.value)
    owner = Address(values["owner_address"])
    account = account_of(state, owner)
    assert account is not None, "it was there when it was looked for"
    actives = values["actives"]
    permissions = (
        _permission(values["owner"], 0, "owner"),
        *(_permission(active, number, "active") for number, active in enumerate(actives, _ACTIVE)),
    )
    account = burn(state, account, parameters.permission_update_fee_sun)
    state.put(account_key(owner), account._replace(permissions=permissions))
    return parameters.permission_update_fee_sun


def _permission(values: Message, number: int, name: str) -> Permission:
    keys = tuple((Address(key.get("address", b"")), key.get("weight", 0)) for key in values.get("keys", []))
    told = values.get("permission_name", b"").decode(errors="replace") or name
    return Permission(number, told, values.get("threshold", 0), keys, values.get("operations", b""))


def _why_not_permission(values: Message, kind: int) -> str | None:
    if values.get("type", 0) != kind:
        return f"{_TYPES[kind].lower()} permission type is error"
    if len(values.get("keys", [])) > MAX_KEYS:
        return f"number of keys in permission should not be greater than {MAX_KEYS}"
    if not values.get("keys"):
        return "key's count should be greater than 0"
    if values.get("threshold", 0) <= 0:
        return "permission's threshold should be greater than 0"
    if len(values.get("permission_name", b"").decode(errors="replace")) > LONGEST_NAME:
        return "permission's name is too long"
    if values.get("parent_id", 0):
        return "permission's parent should be owner"
    return _why_not_keys(values, kind) or _why_not_operations(values.get("operations", b""), kind)


def _why_not_keys(values: Message, kind: int) -> str | None:
    keys = values["keys"]
    if len({key.get("address", b"") for key in keys}) != len(keys):
        return f"address should be distinct in permission {_TYPES[kind]}"
    total = 0
    for key in keys:
        if not is_address(key.get("address", b"")):
            return "key is not a validate address"
        if key.get("weight", 0) <= 0:
            return "key's weight should be greater than 0"
        total += key["weight"]
        if total > MAX_AMOUNT:
            return OVERFLOW
    if total < values["threshold"]:
        return f"sum of all key's weight should not be less than threshold in permission {_TYPES[kind]}"
    return None


def _why_not_operations(operations: bytes, kind: int) -> str | None:
    if kind == _OWNER:
        return "Owner permission needn't operations" if operations else None
    if len(operations) != OPERATIONS_BYTES:
        return f"operations size must {OPERATIONS_BYTES}"
    bits = (bit for bit in range(8 * OPERATIONS_BYTES) if operations[bit // 8] & 1 << bit % 8)
    unknown = next((bit for bit in bits if not AVAILABLE_TYPES[bit // 8] & 1 << bit % 8), None)
    return None if unknown is None else f"{unknown} isn't a validate ContractType"
