"""What a test or a demo can order, under devnet/: blocks, money, reorgs, time, faults. No real chain has this.

Amounts are whole numbers of the smallest unit, as numbers or as decimal text.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from wallet.devnet.answers import BlockRef
from wallet.devnet.endpoint import Endpoint, address_in, hash_in
from wallet.devnet.faucet import FaucetRefused
from wallet.devnet.http import BadRequest, Request, is_true
from wallet.devnet.parameters import Checks, Lags
from wallet.devnet.reorgs import ReorgRefused
from wallet.devnet.shapes import Json
from wallet.domain.tron.addresses import Address, BadAddress, parse_address, to_base58

MOST_BLOCKS = 10_000
MOST_KINDS = 100  # of tokens in one order
LONGEST_OFFSET_MS = 10 * 365 * 86_400_000
GIFT_SUN = 10_000 * 10**6  # for an address alone, without amounts: plenty for a day of trials
GIFT_ASSET = 1_000_000 * 10**6
GIFT_TOKEN = 1_000_000_000 * 10**18

Order = Callable[[Endpoint, Request], Json]


def mine(endpoint: Endpoint, request: Request) -> Json:
    count = request.number("count", 1)
    if not 0 < count <= MOST_BLOCKS:
        raise BadRequest(f"count must be 1 to {MOST_BLOCKS}")
    return {"blocks": _refs_json(endpoint.devnet.mine(count)[-100:])}


def faucet(endpoint: Endpoint, request: Request) -> Json:
    """Pay; with an address alone a gift of everything that there is."""
    address = address_in(request, "address")
    trx_sun = request.number("trx")
    assets = {_asset_id(name): amount for name, amount in _amounts(request, "assets").items()}
    tokens = {_address(name): amount for name, amount in _amounts(request, "trc20").items()}
    if not trx_sun and not assets and not tokens:
        trx_sun, assets, tokens = gift(endpoint)
    try:
        tx_ids = endpoint.devnet.faucet(address, trx_sun=trx_sun, assets=assets, tokens=tokens)
    except FaucetRefused as problem:
        raise BadRequest(str(problem)) from None
    return {"txIDs": [tx_id.hex() for tx_id in tx_ids]}


def gift(endpoint: Endpoint) -> tuple[int, dict[int, int], dict[Address, int]]:
    """Return plenty of TRX, of the first TRC-10 token and of the first TRC-20 token, which are the true ones."""
    view = endpoint.view(is_solid=False)
    return (
        GIFT_SUN,
        {asset.id: GIFT_ASSET for asset in view.assets()[:1]},
        {contract.address: GIFT_TOKEN for contract in view.contracts()[:1]},
    )


def reorg(endpoint: Endpoint, request: Request) -> Json:
    drop = request.fields.get("drop", False)
    if isinstance(drop, list):
        drop = [_tx_id(text) for text in drop]
    elif not isinstance(drop, bool):
        raise BadRequest("drop must be true, false, or a list of txIDs")
    depth = request.number("depth", 1)
    if not 0 < depth <= MOST_BLOCKS:
        raise BadRequest(f"depth must be 1 to {MOST_BLOCKS}")
    try:
        made = endpoint.devnet.reorg(depth, drop=drop, is_forced=is_true(request.fields.get("force")))
    except ReorgRefused as problem:
        raise BadRequest(str(problem)) from None
    return {"blocks": _refs_json(made[-100:])}


def clock(endpoint: Endpoint, request: Request) -> Json:
    offset_ms = request.number("offset_ms")
    if abs(offset_ms) > LONGEST_OFFSET_MS:
        raise BadRequest(f"offset_ms must be at most {LONGEST_OFFSET_MS} either way")
    endpoint.devnet.set_clock_offset(offset_ms)
    return {"clock_ms": endpoint.devnet.summary().clock_ms}


def fail(endpoint: Endpoint, request: Request) -> Json:
    endpoint.faults.add_failure(
        kind=request.text("kind") or request.text("code"),
        where=request.text("where", "broadcast"),
        times=request.number("times", 1),
        is_after_accept=is_true(request.fields.get("after_accept")),
    )
    return dict(endpoint.faults.summary())


def delay(endpoint: Endpoint, request: Request) -> Json:
    endpoint.faults.set_delay(request.number("ms"))
    return dict(endpoint.faults.summary())


def lie(endpoint: Endpoint, request: Request) -> Json:
    times = request.number("times") if request.fields.get("times") is not None else None
    endpoint.faults.lie(request.text("kind"), times=times)
    return dict(endpoint.faults.summary())


def drop(endpoint: Endpoint, request: Request) -> Json:
    tx_id = hash_in(request, "txID")
    if tx_id is None:
        raise BadRequest("txID must be 64 digits of hex")
    endpoint.devnet.drop(tx_id)
    return {"txID": tx_id.hex()}


def lag(endpoint: Endpoint, request: Request) -> Json:
    """Let this port show less: blocks between head and solid, newest blocks kept back, the solid block held."""
    now = endpoint.current_lags()
    held = request.fields.get("solid_held_at", now.solid_held_at)
    lags = Lags(
        solid=request.number("solid", now.solid),
        head=request.number("head", now.head),
        solid_held_at=None if held is None else request.number("solid_held_at", now.solid_held_at or 0),
    )
    if min(lags.solid, lags.head, lags.solid_held_at or 0) < 0 or max(lags.solid, lags.head) > MOST_BLOCKS:
        raise BadRequest(f"lags are 0 to {MOST_BLOCKS} blocks")
    endpoint.set_lags(lags)
    return _lags_json(lags)


def checks(endpoint: Endpoint, request: Request) -> Json:
    """Switch on what chain endpoints may check and by default do not; what is not named is off."""
    wanted = Checks(
        is_unsolidified_block_refused=is_true(request.fields.get("unsolidified")),
        is_id_cache_on=is_true(request.fields.get("id_cache")),
        pending_at_most=request.number("pending_at_most", Checks().pending_at_most),
    )
    endpoint.devnet.set_checks(wanted)
    return {
        "unsolidified": wanted.is_unsolidified_block_refused,
        "id_cache": wanted.is_id_cache_on,
        "pending_at_most": wanted.pending_at_most,
    }


def reset(endpoint: Endpoint, request: Request) -> Json:
    """Begin the chain again, honest and without faults on this port."""
    endpoint.devnet.reset()
    endpoint.faults.clear()
    return info(endpoint, request)


def info(endpoint: Endpoint, request: Request) -> Json:
    summary = endpoint.devnet.summary()
    return {
        "genesis_id": summary.genesis_id.hex(),
        "head": _ref_json(summary.head),
        "solid": _ref_json(endpoint.view(is_solid=True).tip()),  # as this port shows it
        "lag": _lags_json(endpoint.current_lags()),
        "clock_ms": summary.clock_ms,
        "clock_offset_ms": summary.clock_offset_ms,
        "pending": summary.pending,
        "dropped": [tx_id.hex() for tx_id in summary.dropped],
        "burned_sun": summary.burned_sun,
        "faucet": to_base58(summary.faucet),
        "faults": endpoint.faults.summary(),
    }


def _lags_json(lags: Lags) -> Json:
    return {"solid": lags.solid, "head": lags.head, "solid_held_at": lags.solid_held_at}


def _refs_json(refs: tuple[BlockRef, ...]) -> list[Json]:
    return [_ref_json(ref) for ref in refs]


def _ref_json(ref: BlockRef) -> Json:
    return {"number": ref.number, "id": ref.id.hex(), "timestamp_ms": ref.timestamp_ms}


def _amounts(request: Request, name: str) -> dict[str, int]:
    found: Any = request.fields.get(name) or {}
    if not isinstance(found, Mapping) or len(found) > MOST_KINDS:
        raise BadRequest(f"{name} must be an object of amounts, at most {MOST_KINDS}")
    amounts = replace(request, fields=found)
    return {key: amounts.whole(key) for key in found}


def _asset_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest("assets must be named by their ids")
    return int(text)


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except BadAddress as problem:
        raise BadRequest(str(problem)) from None


def _tx_id(text: object) -> bytes:
    try:
        found = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        found = b""
    if len(found) != 32:
        raise BadRequest("a txID has 64 digits of hex")
    return found


ORDERS: dict[str, Order] = {
    "mine": mine,
    "faucet": faucet,
    "reorg": reorg,
    "clock": clock,
    "fail": fail,
    "delay": delay,
    "lie": lie,
    "drop": drop,
    "lag": lag,
    "checks": checks,
    "reset": reset,
    "info": info,
}
