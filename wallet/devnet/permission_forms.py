"""Changes of who may sign for an account, in the JSON of clients. The codec of payments does not know them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wallet.devnet.permission_updates import CONTRACT_TYPE, MAX_ACTIVES, MAX_KEYS, UPDATE
from wallet.domain.tron.addresses import Address, BadAddress, parse_address
from wallet.domain.tron.json_forms import (
    BadShape,
    address_text,
    bytes_of,
    integer_of,
    mapping_of,
    raw_from_json,
    raw_to_json,
    sequence_of,
)
from wallet.domain.tron.messages import TYPE_URL
from wallet.domain.tron.protobuf import BadMessage, Message, decode, encode
from wallet.domain.tron.transactions import OtherContract, Raw

Json = dict[str, Any]

NAME = "AccountPermissionUpdateContract"
KINDS = {"Owner": 0, "Witness": 1, "Active": 2}
_KIND_NAMES = {number: name for name, number in KINDS.items()}


def is_update(form: Mapping[str, Any]) -> bool:
    """Tell whether a `raw_data` holds one such change."""
    match form.get("contract"):
        case [{"type": name}]:
            return bool(name == NAME)
    return False


def update_from_json(form: Mapping[str, Any]) -> Raw:
    """Read a `raw_data` with such a change, in either form. Raises BadShape."""
    contract = mapping_of(form["contract"][0], "contract")
    value = mapping_of(mapping_of(contract.get("parameter"), "parameter").get("value"), "value")
    values: Message = {"owner_address": _address(value.get("owner_address"), "owner_address")}
    for name in ("owner", "witness"):
        if value.get(name) is not None:
            values[name] = _permission(value[name], name)
    listed = sequence_of(value.get("actives"), "actives", MAX_ACTIVES + 1)  # one more: the chain has a sentence for it
    values["actives"] = [_permission(active, "actives") for active in listed]
    stands_in = {"type": "AccountCreateContract", "parameter": {"value": {}}}
    raw = raw_from_json({**form, "contract": [{**contract, **stands_in}]})
    try:
        content = encode(UPDATE, values)
    except BadMessage as problem:
        raise BadShape("value", str(problem)) from None
    return replace(raw, contract=OtherContract(CONTRACT_TYPE, f"{TYPE_URL}{NAME}".encode(), content))


def any_raw_to_json(raw: Raw, *, visible: bool) -> Json:
    """Return `raw_data` as java-tron shows it, with what such a change changes."""
    form = raw_to_json(raw, visible=visible)
    if isinstance(raw.contract, OtherContract) and raw.contract.type == CONTRACT_TYPE:
        form["contract"][0]["parameter"]["value"] = _shown(raw.contract, visible=visible)
    return form


def _shown(contract: OtherContract, *, visible: bool) -> Json:
    try:
        values = decode(UPDATE, contract.value)
    except BadMessage:
        return {}
    shown: Json = {"owner_address": address_text(Address(values.get("owner_address", b"")), visible=visible)}
    for name in ("owner", "witness"):
        if name in values:
            shown[name] = _shown_permission(values[name], visible=visible)
    shown["actives"] = [_shown_permission(active, visible=visible) for active in values.get("actives", [])]
    return shown


def _shown_permission(values: Message, *, visible: bool) -> Json:
    shown = {
        "type": _KIND_NAMES.get(values.get("type", 0), "Owner") if values.get("type") else "",
        "id": values.get("id", 0),
        "permission_name": values.get("permission_name", b"").decode(errors="replace"),
        "threshold": values.get("threshold", 0),
        "operations": values.get("operations", b"").hex(),
        "keys": [
            {"address": address_text(Address(key.get("address", b"")), visible=visible), "weight": key.get("weight", 0)}
            for key in values.get("keys", [])
        ],
    }
    return {name: value for name, value in shown.items() if value}


def _permission(form: object, field: str) -> Message:
    fields = mapping_of(form, field)
    name = fields.get("permission_name", "")
    if not isinstance(name, str):
        raise BadShape("permission_name", "must be text")
    return {
        "type": _kind(fields.get("type")),
        "id": integer_of(fields.get("id"), "id"),
        "permission_name": name.encode(),
        "threshold": integer_of(fields.get("threshold"), "threshold"),
        "parent_id": integer_of(fields.get("parent_id"), "parent_id"),
        "operations": bytes_of(fields.get("operations"), "operations"),
        "keys": [_key(key) for key in sequence_of(fields.get("keys"), "keys", MAX_KEYS + 1)],
    }


def _kind(value: object) -> int:
    if isinstance(value, str) and value in KINDS:
        return KINDS[value]
    return integer_of(value, "type")


def _key(form: object) -> Message:
    fields = mapping_of(form, "keys")
    return {"address": _address(fields.get("address"), "address"), "weight": integer_of(fields.get("weight"), "weight")}


def _address(value: object, field: str) -> bytes:
    if isinstance(value, str) and value.startswith("T"):
        try:
            return parse_address(value)
        except BadAddress as problem:
            raise BadShape(field, str(problem)) from None
    return bytes_of(value, field)
