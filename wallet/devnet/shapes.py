"""How java-tron writes its answers in JSON, in both forms of `visible`. What is zero or empty is left out."""

from collections.abc import Iterable, Mapping
from typing import Any

from wallet.devnet.answers import (
    AccountAnswer,
    Asset,
    Block,
    BlockTransaction,
    Info,
    Log,
    Permission,
    Resources,
    TokenContract,
)
from wallet.devnet.permission_forms import any_raw_to_json
from wallet.devnet.tokens import ABI
from wallet.domain.tron.abi import address_word
from wallet.domain.tron.json_forms import address_text
from wallet.domain.tron.transactions import Raw

Json = dict[str, Any]


def without_defaults(form: Mapping[str, Any]) -> Json:
    """Leave out what proto3 does not write: zero, empty, false, nothing."""
    return {name: value for name, value in form.items() if value}


def name_text(text: str, *, visible: bool) -> str:
    """Names and messages are bytes to java-tron: hex, unless somebody wants to read them."""
    return text if visible else text.encode().hex()


def block_json(block: Block, *, visible: bool, with_transactions: bool = True) -> Json:
    header: Json = {
        "raw_data": without_defaults(
            {
                "number": block.number,
                "txTrieRoot": block.tx_trie_root.hex(),
                "witness_address": address_text(block.witness, visible=visible),
                "parentHash": block.parent_id.hex(),
                "version": block.version,
                "timestamp": block.timestamp_ms,
            }
        ),
    }
    if block.witness_signature:
        header["witness_signature"] = block.witness_signature.hex()
    form: Json = {"blockID": block.id.hex(), "block_header": header}
    if block.transactions and with_transactions:
        form["transactions"] = [transaction_json(found, visible=visible) for found in block.transactions]
    return form


def transaction_json(found: BlockTransaction, *, visible: bool) -> Json:
    """Return a transaction as reads show it; one that is pending has no result yet."""
    form: Json = {}
    if found.contract_ret:
        form["ret"] = [{"contractRet": found.contract_ret}]
    if found.signed.signatures:
        form["signature"] = [signature.hex() for signature in found.signed.signatures]
    return form | unsigned_json(found.tx_id, found.signed.raw_bytes, found.raw, visible=visible)


def unsigned_json(tx_id: bytes, raw_bytes: bytes, raw: Raw, *, visible: bool) -> Json:
    return {"txID": tx_id.hex(), "raw_data": any_raw_to_json(raw, visible=visible), "raw_data_hex": raw_bytes.hex()}


def info_json(info: Info, *, visible: bool) -> Json:
    receipt = without_defaults(
        {
            "net_usage": info.net_usage_bytes,
            "net_fee": info.net_fee_sun,
            "energy_usage_total": info.energy_usage,
            "energy_fee": info.energy_fee_sun,
            "result": info.result,
        }
    )
    form = without_defaults(
        {
            "id": info.tx_id.hex(),
            "fee": info.fee_sun,
            "blockNumber": info.block.number,
            "blockTimeStamp": info.block.timestamp_ms,
            "contractResult": [info.returned.hex()],
            "contract_address": address_text(info.contract, visible=visible) if info.contract else "",
            "log": [log_json(log, visible=visible) for log in info.logs],
            "result": "FAILED" if info.is_failed else "",
            "resMessage": name_text(info.message, visible=visible),
        }
    )
    return form | {"receipt": receipt}


def log_json(log: Log, *, visible: bool) -> Json:
    return without_defaults(
        {
            "address": address_text(log.contract, visible=True) if visible else address_word(log.contract)[12:].hex(),
            "topics": [topic.hex() for topic in log.topics],
            "data": log.data.hex(),
        }
    )


def permission_json(permission: Permission, *, visible: bool) -> Json:
    is_active = permission.id >= 2
    return without_defaults(
        {
            "type": "Active" if is_active else "",
            "id": permission.id,
            "permission_name": permission.name,
            "threshold": permission.threshold,
            "operations": permission.operations.hex(),
            "keys": [
                {"address": address_text(address, visible=visible), "weight": weight}
                for address, weight in permission.keys
            ],
        }
    )


def account_json(account: AccountAnswer, *, visible: bool) -> Json:
    form = without_defaults(
        {
            "address": address_text(account.address, visible=visible),
            "type": "Contract" if account.is_contract else "",
            "balance": account.balance_sun,
            "create_time": account.created_ms,
            "latest_opration_time": account.latest_operation_ms,  # java-tron's own spelling
            "free_net_usage": account.free_net_usage_bytes,
            "assetV2": _map_json(account.assets),
            "free_asset_net_usageV2": _map_json(dict.fromkeys(account.assets, 0)),
        }
    )
    if account.is_contract:
        return form
    return form | {
        "owner_permission": permission_json(account.owner, visible=visible),
        "active_permission": [permission_json(active, visible=visible) for active in account.actives],
    }


def _map_json(amounts: Mapping[int, int]) -> list[Json]:
    """Return a map as java-tron prints it, zeros too."""
    return [{"key": str(key), "value": amount} for key, amount in amounts.items()]


def bandwidth_json(resources: Resources) -> Json:
    return {
        **without_defaults({"freeNetUsed": resources.free_net_used_bytes}),
        "freeNetLimit": resources.free_net_limit_bytes,  # tronpy breaks without it
        **without_defaults({"TotalNetLimit": resources.total_net_limit, "TotalNetWeight": resources.total_net_weight}),
    }


def resources_json(resources: Resources) -> Json:
    return bandwidth_json(resources) | without_defaults(
        {"TotalEnergyLimit": resources.total_energy_limit, "TotalEnergyWeight": resources.total_energy_weight}
    )


def asset_json(asset: Asset, *, visible: bool) -> Json:
    return without_defaults(
        {
            "owner_address": address_text(asset.issuer, visible=visible),
            "name": name_text(asset.name, visible=visible),
            "abbr": name_text(asset.abbr, visible=visible),
            "total_supply": asset.total_supply,
            "trx_num": 1,
            "precision": asset.decimals,
            "num": 1,
            "start_time": asset.start_ms,
            "end_time": asset.end_ms,
            "description": name_text(asset.description, visible=visible),
            "url": name_text(asset.url, visible=visible),
            "id": str(asset.id),
        }
    )


def assets_json(assets: Iterable[Asset], *, visible: bool) -> Json:
    return without_defaults({"assetIssue": [asset_json(asset, visible=visible) for asset in assets]})


def contract_json(contract: TokenContract, *, visible: bool) -> Json:
    return {
        "origin_address": address_text(contract.origin, visible=visible),
        "contract_address": address_text(contract.address, visible=visible),
        "abi": {"entrys": ABI},
        "bytecode": contract.bytecode.hex(),
        "name": contract.name,
        "consume_user_resource_percent": 100,
        "origin_energy_limit": 10_000_000,
        "code_hash": contract.code_hash.hex(),
    }
