"""The reads of java-tron: wallet/ shows the newest state with what is pending, walletsolidity/ the solid one."""

from collections.abc import Callable
from typing import Any

from wallet.devnet import lying
from wallet.devnet.answers import Asset, Block
from wallet.devnet.endpoint import ID_TEXT, Endpoint, address_in, hash_in, name_in_hex
from wallet.devnet.http import BadRequest, Request, Written, is_true
from wallet.devnet.parameters import Parameters
from wallet.devnet.shapes import (
    Json,
    account_json,
    asset_json,
    assets_json,
    bandwidth_json,
    block_json,
    contract_json,
    info_json,
    resources_json,
    transaction_json,
    without_defaults,
)
from wallet.devnet.views import View
from wallet.domain.tron.addresses import BadAddress, parse_address, to_hex

MOST_BLOCKS = 100
MOST_ASSETS = 1_000
CODE_VERSION = "4.8.0"  # plain, for clients compare it and a word behind it would count as an earlier one
NOT_UNIQUE = "org.tron.core.exception.NonUniqueObjectException"

Read = Callable[[Endpoint, Request, View], Any]


def now_block(endpoint: Endpoint, request: Request, view: View) -> Json:
    return _shown(endpoint, view.block(view.tip().number), visible=request.visible_in_query)


def block(endpoint: Endpoint, request: Request, view: View) -> Json:
    wanted = request.text("id_or_num")
    if not wanted:
        found = view.block(view.tip().number)
    elif len(wanted) == 64:
        block_id = hash_in(request, "id_or_num")
        found = view.block_by_id(block_id) if block_id else None
    else:
        found = view.block(request.number("id_or_num"))
    detail = is_true(request.fields.get("detail"))
    return _shown(endpoint, found, visible=request.visible, with_transactions=detail)


def block_by_number(endpoint: Endpoint, request: Request, view: View) -> Json:
    found = view.block(request.number("num"))
    return _shown(endpoint, found, visible=request.visible)


def block_by_id(endpoint: Endpoint, request: Request, view: View) -> Json:
    block_id = hash_in(request, "value")
    found = view.block_by_id(block_id) if block_id else None
    return _shown(endpoint, found, visible=request.visible)


def blocks_in_range(endpoint: Endpoint, request: Request, view: View) -> Json | Written:
    first, end = request.number("startNum"), request.number("endNum")
    if not 0 <= first < end <= first + MOST_BLOCKS:
        return {}
    if _is_plain(endpoint, request):
        return endpoint.texts.blocks(view, first, end)
    return _shown_many(endpoint, view.blocks(first, end), visible=request.visible)


def latest_blocks(endpoint: Endpoint, request: Request, view: View) -> Json:
    count = request.number("num")
    if not 0 < count < MOST_BLOCKS:
        return {}
    end = view.tip().number + 1
    return _shown_many(endpoint, view.blocks(max(0, end - count), end), visible=request.visible)


def account(endpoint: Endpoint, request: Request, view: View) -> Json:
    found = view.account(address_in(request, "address"))
    return account_json(found, visible=request.visible) if found else {}


def resources(endpoint: Endpoint, request: Request, view: View) -> Json:
    found = view.resources(address_in(request, "address"))
    return resources_json(found) if found else {}


def bandwidth(endpoint: Endpoint, request: Request, view: View) -> Json:
    found = view.resources(address_in(request, "address"))
    return bandwidth_json(found) if found else {}


def asset_by_id(endpoint: Endpoint, request: Request, view: View) -> Json:
    text = request.text("value")  # in either form: java-tron has no bytes here
    found = view.asset(int(text)) if ID_TEXT.fullmatch(text) else None
    return asset_json(found, visible=request.visible) if found else {}


def asset_by_name(endpoint: Endpoint, request: Request, view: View) -> Json:
    """Return the token of that id, or the only one of that name."""
    found = _named(request, view)
    if len(found) > 1:
        raise BadRequest("To get more than one asset, please use getAssetIssueById", NOT_UNIQUE)
    return asset_json(found[0], visible=request.visible) if found else {}


def assets_by_name(endpoint: Endpoint, request: Request, view: View) -> Json:
    return assets_json(_named(request, view), visible=request.visible)


def _named(request: Request, view: View) -> list[Asset]:
    name = _name_in(request)
    assets = view.assets()
    return [asset for asset in assets if str(asset.id) == name] or [asset for asset in assets if asset.name == name]


def _name_in(request: Request) -> str:
    return request.text("value") if request.visible else name_in_hex(request, "value")


def assets(endpoint: Endpoint, request: Request, view: View) -> Json:
    return assets_json(view.assets(), visible=request.visible_in_query)


def page_of_assets(endpoint: Endpoint, request: Request, view: View) -> Json:
    offset, limit = request.number("offset"), request.number("limit")
    if offset < 0 or not 0 < limit <= MOST_ASSETS:
        return {}
    return assets_json(view.assets()[offset : offset + limit], visible=request.visible)


def assets_of_account(endpoint: Endpoint, request: Request, view: View) -> Json:
    issuer = address_in(request, "address")
    issued = [asset for asset in view.assets() if asset.issuer == issuer]
    return assets_json(issued, visible=request.visible)


def contract(endpoint: Endpoint, request: Request, view: View) -> Json:
    found = view.contract(address_in(request, "value"))
    return contract_json(found, visible=request.visible) if found else {}


def contract_info(endpoint: Endpoint, request: Request, view: View) -> Json:
    found = view.contract(address_in(request, "value"))
    if found is None:
        return {}
    shown = contract_json(found, visible=request.visible)
    return {"smart_contract": shown, "runtimecode": found.bytecode.hex(), "contract_state": {}}


def transaction_by_id(endpoint: Endpoint, request: Request, view: View) -> Json:
    tx_id = hash_in(request, "value")
    found = view.transaction(tx_id) if tx_id else None
    told = lying.told_transaction_by_id(endpoint.faults, found)
    return transaction_json(told, visible=request.visible) if told else {}


def info_by_id(endpoint: Endpoint, request: Request, view: View) -> Json:
    tx_id = hash_in(request, "value")
    found = view.info(tx_id) if tx_id else None
    told = lying.told_info_by_id(endpoint.faults, found)
    return info_json(told, visible=request.visible) if told else {}


def infos_of_block(endpoint: Endpoint, request: Request, view: View) -> list[Json] | Written:
    number = request.number("num")
    if number > 0 and _is_plain(endpoint, request):
        return endpoint.texts.infos(view, number)
    infos = view.infos(number) if number > 0 else []
    return [info_json(info, visible=request.visible) for info in lying.told_infos(endpoint.faults, infos)]


def transaction_count(endpoint: Endpoint, request: Request, view: View) -> Json:
    found = view.block(request.number("num"))
    return {"count": len(found.transactions) if found else 0}


def pending_transaction(endpoint: Endpoint, request: Request, view: View) -> Json:
    tx_id = hash_in(request, "value")
    found = endpoint.devnet.pending_transaction(tx_id) if tx_id else None
    told = lying.told_transaction_by_id(endpoint.faults, found)
    return transaction_json(told, visible=request.visible) if told else {}


def pending_transactions(endpoint: Endpoint, request: Request, view: View) -> Json:
    return without_defaults({"txId": [tx_id.hex() for tx_id in endpoint.devnet.pending_ids()]})


def pending_size(endpoint: Endpoint, request: Request, view: View) -> Json:
    return {"pendingSize": endpoint.devnet.pending_size()}


def node_info(endpoint: Endpoint, request: Request, view: View) -> Json:
    head = lying.told_ref(endpoint.faults, endpoint.view(is_solid=False).tip())
    solid = lying.told_ref(endpoint.faults, endpoint.view(is_solid=True).tip())
    return {
        "beginSyncNum": head.number,
        "block": f"Num:{head.number},ID:{head.id.hex()}",
        "solidityBlock": f"Num:{solid.number},ID:{solid.id.hex()}",
        "currentConnectCount": 0,
        "activeConnectCount": 0,
        "passiveConnectCount": 0,
        "totalFlow": 0,
        "peerList": [],
        "configNodeInfo": {"codeVersion": CODE_VERSION, "p2pVersion": "0", "listenPort": 0, "discoverEnable": False},
        "machineInfo": {},
        "cheatWitnessInfoMap": {},
    }


def chain_parameters(endpoint: Endpoint, request: Request, view: View) -> Json:
    values = _parameter_values(endpoint.devnet.parameters())
    return {"chainParameter": [{"key": key, **without_defaults({"value": value})} for key, value in values.items()]}


def _parameter_values(parameters: Parameters) -> dict[str, int]:
    return {
        "getMaintenanceTimeInterval": parameters.maintenance_interval_ms,
        "getCreateAccountFee": parameters.create_account_fee_sun,
        "getTransactionFee": parameters.transaction_fee_sun,
        "getCreateNewAccountFeeInSystemContract": parameters.new_account_fee_sun,
        "getCreateNewAccountBandwidthRate": 1,
        "getEnergyFee": parameters.energy_fee_sun,
        "getAllowSameTokenName": 1,
        "getTotalEnergyLimit": parameters.total_energy_limit,
        "getAllowTvmTransferTrc10": 1,
        "getAllowMultiSign": 1,
        "getUpdateAccountPermissionFee": parameters.permission_update_fee_sun,
        "getMultiSignFee": parameters.multi_sign_fee_sun,
        "getMemoFee": parameters.memo_fee_sun,
        "getFreeNetLimit": parameters.free_net_limit_bytes,
        "getTotalNetLimit": parameters.total_net_limit,
        "getMaxFeeLimit": parameters.max_fee_limit_sun,
        "getAllowDynamicEnergy": 0,
    }


def bandwidth_prices(endpoint: Endpoint, request: Request, view: View) -> Json:
    return {"prices": f"0:{endpoint.devnet.parameters().transaction_fee_sun}"}


def energy_prices(endpoint: Endpoint, request: Request, view: View) -> Json:
    return {"prices": f"0:{endpoint.devnet.parameters().energy_fee_sun}"}


def memo_fee(endpoint: Endpoint, request: Request, view: View) -> Json:
    return {"prices": f"0:{endpoint.devnet.parameters().memo_fee_sun}"}


def next_maintenance(endpoint: Endpoint, request: Request, view: View) -> Json:
    interval_ms = endpoint.devnet.parameters().maintenance_interval_ms
    return {"num": (view.tip().timestamp_ms // interval_ms + 1) * interval_ms}


def witnesses(endpoint: Endpoint, request: Request, view: View) -> Json:
    return {
        "witnesses": [
            without_defaults({"address": to_hex(found.address), "url": found.url, "isJobs": found.is_active})
            for found in endpoint.devnet.witnesses()
        ]
    }


def page_of_witnesses(endpoint: Endpoint, request: Request, view: View) -> Json:
    offset, limit = request.number("offset"), request.number("limit")
    if offset < 0 or limit <= 0:
        return {}
    return without_defaults({"witnesses": witnesses(endpoint, request, view)["witnesses"][offset : offset + limit]})


def validate_address(endpoint: Endpoint, request: Request, view: View) -> Json:
    text = request.text("address")
    try:
        parse_address(text)
    except BadAddress as problem:
        return {"result": False, "message": str(problem)}
    return {"result": True, "message": "Base58check format" if text.startswith("T") else "Hex string format"}


def reward(endpoint: Endpoint, request: Request, view: View) -> Json:
    return {"reward": 0}  # nobody votes here


def brokerage(endpoint: Endpoint, request: Request, view: View) -> Json:
    return {"brokerage": 20}


def nothing(endpoint: Endpoint, request: Request, view: View) -> Json:
    """Staking, exchanges, proposals and names are not on this chain: nobody has any of it."""
    return {}


def _is_plain(endpoint: Endpoint, request: Request) -> bool:
    """Tell whether it is asked as scanners ask, and answered truly."""
    return endpoint.faults.is_honest and not request.visible


def _shown(endpoint: Endpoint, found: Block | None, *, visible: bool, with_transactions: bool = True) -> Json:
    if found is None:
        return {}
    told = lying.told_block(endpoint.faults, found)
    return block_json(told, visible=visible, with_transactions=with_transactions)


def _shown_many(endpoint: Endpoint, found: list[Block], *, visible: bool) -> Json:
    told = lying.told_blocks(endpoint.faults, found)
    return without_defaults({"block": [block_json(one, visible=visible) for one in told]})


# Under wallet/ and walletsolidity/ alike.
EVERYWHERE: dict[str, Read] = {
    "getnodeinfo": node_info,
    "getnowblock": now_block,
    "getblock": block,
    "getblockbynum": block_by_number,
    "getblockbyid": block_by_id,
    "getblockbylimitnext": blocks_in_range,
    "getblockbylatestnum": latest_blocks,
    "getaccount": account,
    "getassetissuebyid": asset_by_id,
    "getassetissuebyname": asset_by_name,
    "getassetissuelist": assets,
    "getassetissuelistbyname": assets_by_name,
    "getpaginatedassetissuelist": page_of_assets,
    "gettransactionbyid": transaction_by_id,
    "gettransactioninfobyid": info_by_id,
    "gettransactioninfobyblocknum": infos_of_block,
    "gettransactioncountbyblocknum": transaction_count,
    "listwitnesses": witnesses,
    "getpaginatednowwitnesslist": page_of_witnesses,
    "getreward": reward,
    "getbrokerage": brokerage,
    **dict.fromkeys(
        (
            "getdelegatedresource",
            "getdelegatedresourcev2",
            "getdelegatedresourceaccountindex",
            "getdelegatedresourceaccountindexv2",
            "getcandelegatedmaxsize",
            "getcanwithdrawunfreezeamount",
            "getavailableunfreezecount",
            "getaccountbyid",
            "getexchangebyid",
            "listexchanges",
        ),
        nothing,
    ),
}
WALLET_ONLY: dict[str, Read] = {
    "getaccountresource": resources,
    "getaccountnet": bandwidth,
    "getassetissuebyaccount": assets_of_account,
    "getcontract": contract,
    "getcontractinfo": contract_info,
    "gettransactionfrompending": pending_transaction,
    "gettransactionlistfrompending": pending_transactions,
    "getpendingsize": pending_size,
    "getchainparameters": chain_parameters,
    "getbandwidthprices": bandwidth_prices,
    "getenergyprices": energy_prices,
    "getmemofee": memo_fee,
    "validateaddress": validate_address,
    "getnextmaintenancetime": next_maintenance,
    **dict.fromkeys(
        ("getpaginatedexchangelist", "getpaginatedproposallist", "getproposalbyid", "listnodes", "listproposals"),
        nothing,
    ),
}
