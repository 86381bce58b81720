"""The reads under v1/, which real networks offer beside java-tron: events of contracts, transactions of accounts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from wallet.devnet.answers import Info, Involvement, Log
from wallet.devnet.endpoint import Endpoint
from wallet.devnet.http import LARGEST, BadRequest, Request, is_true
from wallet.devnet.shapes import Json, account_json, transaction_json, without_defaults
from wallet.devnet.tokens import ABI
from wallet.devnet.views import View
from wallet.domain.tron.abi import address_of_word, decode_transfer_log
from wallet.domain.tron.addresses import Address, BadAddress, parse_address, to_base58
from wallet.domain.tron.keys import keccak256
from wallet.domain.tron.transactions import OtherContract, Raw

DEFAULT_LIMIT = 20
MOST_LIMIT = 200
MOST_LOOKED_AT = 10_000  # transactions for one page; a narrow filter over a long history then gives less

Place = tuple[int, int, int]  # block, position of the transaction in it, position of the log in that


@dataclass(frozen=True)
class Page:
    """What of a list is asked for."""

    limit: int
    after: Place | None  # the last one of the page before
    is_oldest_first: bool
    is_confirmed_only: bool
    is_unconfirmed_only: bool
    min_ms: int
    max_ms: int

    def covers(self, timestamp_ms: int) -> bool:
        return self.min_ms <= timestamp_ms <= self.max_ms


@dataclass(frozen=True)
class Event:
    place: Place
    info: Info
    log: Log
    signature: str  # Transfer(address,address,uint256)
    inputs: Sequence[Json]

    @property
    def name(self) -> str:
        return self.signature.partition("(")[0]


def page_in(request: Request) -> Page:
    """Return the page that a query asks for; raise BadRequest."""
    limit = _number(request, "limit", DEFAULT_LIMIT)
    if not 0 < limit <= MOST_LIMIT:
        raise BadRequest(f"limit must be 1 to {MOST_LIMIT}")
    return Page(
        limit=limit,
        after=_place_in(request.query.get("fingerprint", "")),
        is_oldest_first=request.query.get("order_by", "").replace(" ", "") == "block_timestamp,asc",
        is_confirmed_only=is_true(request.query.get("only_confirmed")),
        is_unconfirmed_only=is_true(request.query.get("only_unconfirmed")),
        min_ms=_number(request, "min_block_timestamp", _number(request, "min_timestamp", 0)),
        max_ms=_number(request, "max_block_timestamp", _number(request, "max_timestamp", LARGEST)),
    )


def contract_events(endpoint: Endpoint, request: Request, contract: str) -> Json:
    page, address = page_in(request), _address(contract)
    name, number = request.query.get("event_name"), request.query.get("block_number")
    found = (
        event
        for involvement in _history(endpoint, address, page)
        for event in _events(involvement.info, involvement.position)
        if event.log.contract == address
        and name in (None, "", event.name)
        and number in (None, "", str(event.info.block.number))
    )
    return _page_of_events(endpoint, request, page, found)


def transaction_events(endpoint: Endpoint, request: Request, tx_id: str) -> Json:
    page = page_in(replace(request, query={"limit": str(MOST_LIMIT), **request.query}))
    try:
        info = endpoint.view(is_solid=page.is_confirmed_only).info(bytes.fromhex(tx_id))
    except ValueError:
        raise BadRequest("transaction id is invalid") from None
    return _page_of_events(endpoint, request, page, _events(info, 0) if info else iter(()))


def block_events(endpoint: Endpoint, request: Request, number: str) -> Json:
    page = replace(page_in(request), is_oldest_first=True)
    view = endpoint.view(is_solid=page.is_confirmed_only)
    if number == "latest":
        number = str(view.tip().number)
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise BadRequest("block number is invalid")
    found = (event for at, info in enumerate(view.infos(int(number))) for event in _events(info, at))
    return _page_of_events(endpoint, request, page, found)


def account(endpoint: Endpoint, request: Request, address: str) -> Json:
    is_solid = is_true(request.query.get("only_confirmed"))
    found = endpoint.view(is_solid=is_solid).account(_address(address))
    return _answer(endpoint, [account_json(found, visible=False)] if found else [])


def account_transactions(endpoint: Endpoint, request: Request, address: str) -> Json:
    page, party = page_in(request), _address(address)
    is_from, is_to = is_true(request.query.get("only_from")), is_true(request.query.get("only_to"))
    found = (
        ((involvement.info.block.number, involvement.position, 0), _transaction(involvement))
        for involvement in _history(endpoint, party, page)
        if (is_from == is_to) or (owner_of(involvement.transaction.raw) == party) == is_from
    )
    return _page(endpoint, request, page, found)


def account_tokens(endpoint: Endpoint, request: Request, address: str) -> Json:
    """Return the TRC-20 transfers that an address is a party of."""
    page, party = page_in(request), _address(address)
    wanted = request.query.get("contract_address")
    contract = _address(wanted) if wanted else None
    view = endpoint.view(is_solid=page.is_confirmed_only)
    found = (
        ((involvement.info.block.number, involvement.position, index), shown)
        for involvement in _history(endpoint, party, page)
        for index, log in enumerate(involvement.info.logs)
        if contract in (None, log.contract) and (shown := _token_transfer(view, involvement.info, log, party))
    )
    return _page(endpoint, request, page, found)


def owner_of(raw: Raw) -> Address | None:
    return None if isinstance(raw.contract, OtherContract) else raw.contract.owner


def _token_transfer(view: View, info: Info, log: Log, party: Address) -> Json | None:
    moved = decode_transfer_log(log.contract, log.topics, log.data)
    token = view.contract(log.contract)
    if moved is None or token is None or party not in (moved.sender, moved.recipient):
        return None
    address = to_base58(token.address)
    return {
        "transaction_id": info.tx_id.hex(),
        "token_info": {"symbol": token.symbol, "address": address, "decimals": token.decimals, "name": token.name},
        "block_timestamp": info.block.timestamp_ms,
        "from": to_base58(moved.sender),
        "to": to_base58(moved.recipient),
        "type": "Transfer",
        "value": str(moved.amount),
    }


def _history(endpoint: Endpoint, address: Address, page: Page) -> Iterator[Involvement]:
    """Yield what touches an address, from the page's begin on: the transaction of its last event comes once more."""
    view = endpoint.view(is_solid=page.is_confirmed_only)
    solid = endpoint.view(is_solid=True).tip().number
    after = page.after and (page.after[0], page.after[1] + (-1 if page.is_oldest_first else 1))
    for _ in range(MOST_LOOKED_AT // MOST_LIMIT):
        found = view.history(address, limit=MOST_LIMIT, after=after, is_oldest_first=page.is_oldest_first)
        for involvement in found:
            block = involvement.info.block
            if page.covers(block.timestamp_ms) and not (page.is_unconfirmed_only and block.number <= solid):
                yield involvement
        if len(found) < MOST_LIMIT:
            return
        after = (found[-1].info.block.number, found[-1].position)


def _events(info: Info, position: int) -> Iterator[Event]:
    for index, log in enumerate(info.logs):
        known = _EVENTS.get(log.topics[0]) if log.topics else None
        if known:
            yield Event((info.block.number, position, index), info, log, *known)


def _page_of_events(endpoint: Endpoint, request: Request, page: Page, found: Iterator[Event]) -> Json:
    solid = endpoint.view(is_solid=True).tip().number
    shown = (
        (event.place, _event(event, solid))
        for event in found
        if not (page.is_unconfirmed_only and event.info.block.number <= solid)
    )
    return _page(endpoint, request, page, shown)


def _page(endpoint: Endpoint, request: Request, page: Page, found: Iterator[tuple[Place, Json]]) -> Json:
    """Answer with as many of a list as are asked for, and with the way to the next ones if there are any."""
    chosen: list[Json] = []
    last: Place | None = None
    for place, shown in found:
        if page.after and not _is_behind(place, page.after, is_oldest_first=page.is_oldest_first):
            continue
        if last and len(chosen) == page.limit:
            return _answer(endpoint, chosen, _next(request, last))
        chosen.append(shown)
        last = place
    return _answer(endpoint, chosen)


def _is_behind(place: Place, after: Place, *, is_oldest_first: bool) -> bool:
    """Tell whether a log comes later in the list; logs of one transaction always go from the first to the last."""
    if place[:2] == after[:2]:
        return place[2] > after[2]
    return place > after if is_oldest_first else place < after


def _event(event: Event, solid: int) -> Json:
    words = [*event.log.topics[1:], *(event.log.data[at : at + 32] for at in range(0, len(event.log.data), 32))]
    result: Json = {}
    for at, (given, word) in enumerate(zip(event.inputs, words, strict=False)):
        is_address = given["type"] == "address"
        result[str(at)] = result[given["name"]] = (
            f"0x{address_of_word(word)[1:].hex()}" if is_address else str(int.from_bytes(word))
        )
    contract = to_base58(event.log.contract)
    shown = {
        "block_number": event.info.block.number,
        "block_timestamp": event.info.block.timestamp_ms,
        "caller_contract_address": contract,
        "contract_address": contract,
        "event_index": event.place[2],
        "event_name": event.name,
        "result": result,
        "result_type": {given["name"]: given["type"] for given in event.inputs},
        "event": _declaration(event),
        "transaction_id": event.info.tx_id.hex(),
    }
    return shown | without_defaults({"_unconfirmed": event.info.block.number > solid})


def _declaration(event: Event) -> str:
    inputs = (f"{given['type']} {'indexed ' if given.get('indexed') else ''}{given['name']}" for given in event.inputs)
    return f"{event.name}({', '.join(inputs)})"


def _transaction(involvement: Involvement) -> Json:
    info = involvement.info
    form = transaction_json(involvement.transaction, visible=False)
    form["ret"] = [{"contractRet": involvement.transaction.contract_ret, "fee": info.fee_sun}]
    return form | {
        "net_usage": info.net_usage_bytes,
        "net_fee": info.net_fee_sun,
        "energy_usage": 0,
        "energy_fee": info.energy_fee_sun,
        "energy_usage_total": info.energy_usage,
        "blockNumber": info.block.number,
        "block_timestamp": info.block.timestamp_ms,
        "internal_transactions": [],
    }


def _answer(endpoint: Endpoint, data: list[Json], next_page: Json | None = None) -> Json:
    meta = {"at": endpoint.devnet.summary().clock_ms, "page_size": len(data), **(next_page or {})}
    return {"success": True, "data": data, "meta": meta}


def _next(request: Request, last: Place) -> Json:
    fingerprint = "-".join(map(str, last))
    host = request.headers.get("host", "localhost")
    query = urlencode({**request.query, "fingerprint": fingerprint})
    return {"fingerprint": fingerprint, "links": {"next": f"http://{host}/{request.path}?{query}"}}


def _place_in(text: str) -> Place | None:
    if not text:
        return None
    parts = text.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise BadRequest("fingerprint is invalid")
    block, position, log = (int(part) for part in parts)
    return block, position, log


def _number(request: Request, name: str, default: int) -> int:
    return replace(request, fields=request.query).number(name, default)


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except BadAddress as problem:
        raise BadRequest(str(problem)) from None


def _described(entry: Any) -> tuple[bytes, tuple[str, Sequence[Json]]]:
    signature = f"{entry['name']}({','.join(given['type'] for given in entry['inputs'])})"
    return keccak256(signature.encode()), (signature, entry["inputs"])


_EVENTS = dict(_described(entry) for entry in ABI if entry["type"] == "Event")

Listing = Callable[[Endpoint, Request, str], Json]

# By what stands before and behind the name in the path.
LISTINGS: dict[tuple[str, str], Listing] = {
    ("contracts", "events"): contract_events,
    ("transactions", "events"): transaction_events,
    ("blocks", "events"): block_events,
    ("accounts", ""): account,
    ("accounts", "transactions"): account_transactions,
    ("accounts", "transactions/trc20"): account_tokens,
}


def listing(endpoint: Endpoint, request: Request) -> Json | None:
    """Return the list under v1/ that a path names; None for a path that is none of them."""
    _, kind, name, *rest = [*request.path.split("/", 3), "", "", ""][:4]
    found = LISTINGS.get((kind, rest[0]))
    if found is None:
        return None
    try:
        return found(endpoint, request, name)
    except BadRequest as problem:
        return {"success": False, "error": str(problem), "statusCode": 400}
