"""The chain in words: amounts, times, and what a transaction does."""

from dataclasses import dataclass
from datetime import UTC, datetime

from wallet.devnet.answers import Info
from wallet.devnet.permission_updates import CONTRACT_TYPE
from wallet.devnet.tokens import BY_SELECTOR
from wallet.devnet.views import View
from wallet.domain.tron.abi import decode_transfer_call, decode_transfer_log
from wallet.domain.tron.addresses import Address, to_base58
from wallet.domain.tron.transactions import AccountCreate, Raw, TransferAsset, TransferTrx, TriggerContract

TRX_DECIMALS = 6
LONGEST_MEMO = 500  # characters shown


@dataclass(frozen=True)
class Movement:
    """Something moved, or was to move."""

    amount: str
    sender: Address
    recipient: Address


@dataclass(frozen=True)
class Deed:
    """What a transaction was made for."""

    kind: str
    owner: Address | None
    other: Address | None
    amount: str


def amount(value: int, decimals: int, symbol: str) -> str:
    """Write an amount with all its digits and no more: 1,234.5 TRX."""
    whole, part = divmod(value, 10**decimals)
    fraction = str(part).rjust(decimals, "0").rstrip("0") if part else ""
    return f"{whole:,}{'.' + fraction if fraction else ''} {symbol}"


def trx(sun: int) -> str:
    return amount(sun, TRX_DECIMALS, "TRX")


def asset_amount(view: View, asset_id: int, value: int) -> str:
    asset = view.asset(asset_id)
    return amount(value, asset.decimals, f"{asset.abbr} ({asset_id})") if asset else f"{value:,} of {asset_id}"


def token_amount(view: View, contract: Address, value: int) -> str:
    """Write an amount of a TRC-20 token; one that borrows the symbol of another is told by its address."""
    token = view.contract(contract)
    if token is None:
        return f"{value:,}"
    first = next(one for one in view.contracts() if one.symbol == token.symbol)
    symbol = token.symbol if first == token else f"{token.symbol} of {to_base58(contract)}"
    return amount(value, token.decimals, symbol)


def deed(view: View, raw: Raw) -> Deed:
    match raw.contract:
        case TransferTrx(owner, to, sun):
            return Deed("TRX payment", owner, to, trx(sun))
        case TransferAsset(owner, to, asset_id, value):
            return Deed("TRC-10 payment", owner, to, asset_amount(view, asset_id, value))
        case AccountCreate(owner, account):
            return Deed("New account", owner, account, "")
        case TriggerContract(owner, contract, data):
            call = decode_transfer_call(data)
            if call:
                return Deed("TRC-20 payment", owner, call[0], token_amount(view, contract, call[1]))
            function = BY_SELECTOR.get(data[:4])
            return Deed(f"Call of {function.name}" if function else "Contract call", owner, contract, "")
    is_update = raw.contract.type == CONTRACT_TYPE
    return Deed("Change of permissions" if is_update else "Something else", None, None, "")


def movements(view: View, info: Info) -> list[Movement]:
    """Return what tokens say that they moved."""
    found = ((log, decode_transfer_log(log.contract, log.topics, log.data)) for log in info.logs)
    return [
        Movement(token_amount(view, log.contract, moved.amount), moved.sender, moved.recipient)
        for log, moved in found
        if moved
    ]


def memo_text(memo: bytes) -> str:
    """Return a memo as text if it is some, otherwise in hex; no more of it than a page can bear."""
    try:
        text = memo.decode()
    except UnicodeDecodeError:
        text = memo.hex()
    return text if len(text) <= LONGEST_MEMO else f"{text[:LONGEST_MEMO]}…"


def moment(timestamp_ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(timestamp_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError):
        return f"{timestamp_ms} ms"


def age(timestamp_ms: int, now_ms: int) -> str:
    seconds = max(0, now_ms - timestamp_ms) // 1000
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"
