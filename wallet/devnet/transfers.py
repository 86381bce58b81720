"""What contracts without a virtual machine do: TRX, TRC-10, new accounts, new permissions.

Each has a `why_not_…`, which looks and answers in java-tron's words and order, and a deed, which only runs after that.
"""

from collections.abc import Mapping

from wallet.devnet.accounts import MAX_AMOUNT, Account, account_key, account_of, amount_of, asset_key
from wallet.devnet.answers import Asset
from wallet.devnet.parameters import Parameters
from wallet.devnet.resources import burn
from wallet.devnet.state import Reader, State
from wallet.domain.tron.addresses import Address, is_address
from wallet.domain.tron.transactions import AccountCreate, TransferAsset, TransferTrx

OVERFLOW = "long overflow"


def why_not_trx(state: Reader, parameters: Parameters, contract: TransferTrx) -> str | None:
    if not is_address(contract.owner):
        return "Invalid ownerAddress!"
    if not is_address(contract.to):
        return "Invalid toAddress!"
    if contract.owner == contract.to:
        return "Cannot transfer TRX to yourself."
    owner, to = account_of(state, contract.owner), account_of(state, contract.to)
    if owner is None:
        return "Validate TransferContract error, no OwnerAccount."
    if contract.amount_sun <= 0:
        return "Amount must be greater than 0."
    if to is not None and to.is_contract:
        return "Cannot transfer TRX to a smartContract."
    fee = 0 if to is not None else parameters.new_account_fee_sun
    if contract.amount_sun + fee > MAX_AMOUNT:
        return OVERFLOW
    if owner.balance_sun < contract.amount_sun + fee:
        return "Validate TransferContract error, balance is not sufficient."
    if to is not None and to.balance_sun + contract.amount_sun > MAX_AMOUNT:
        return OVERFLOW
    return None


def transfer_trx(state: State, parameters: Parameters, contract: TransferTrx, now_ms: int) -> int:
    """Move TRX; return the fee."""
    fee = _make_account_if_new(state, parameters, contract.owner, contract.to, now_ms)
    owner, to = _account(state, contract.owner), _account(state, contract.to)
    state.put(account_key(contract.owner), owner._replace(balance_sun=owner.balance_sun - contract.amount_sun))
    state.put(account_key(contract.to), to._replace(balance_sun=to.balance_sun + contract.amount_sun))
    return fee


def why_not_asset(
    state: Reader, parameters: Parameters, assets: Mapping[int, Asset], contract: TransferAsset
) -> str | None:
    if not is_address(contract.owner):
        return "Invalid ownerAddress"
    if not is_address(contract.to):
        return "Invalid toAddress"
    if contract.amount <= 0:
        return "Amount must be greater than 0."
    if contract.owner == contract.to:
        return "Cannot transfer asset to yourself."
    owner, to = account_of(state, contract.owner), account_of(state, contract.to)
    if owner is None:
        return "No owner account!"
    if contract.asset_id not in assets:
        return "No asset!"
    held = amount_of(state, asset_key(contract.owner, contract.asset_id))
    if held <= 0:
        return "assetBalance must be greater than 0."
    if contract.amount > held:
        return "assetBalance is not sufficient."
    if to is None:
        is_short = owner.balance_sun < parameters.new_account_fee_sun
        return "Validate TransferAssetActuator error, insufficient fee." if is_short else None
    if to.is_contract:
        return "Cannot transfer asset to smartContract."
    received = amount_of(state, asset_key(contract.to, contract.asset_id))
    return OVERFLOW if received + contract.amount > MAX_AMOUNT else None


def transfer_asset(state: State, parameters: Parameters, contract: TransferAsset, now_ms: int) -> int:
    """Move a TRC-10 token; return the fee."""
    fee = _make_account_if_new(state, parameters, contract.owner, contract.to, now_ms)
    for address, change in ((contract.owner, -contract.amount), (contract.to, contract.amount)):
        key = asset_key(address, contract.asset_id)
        state.put(key, amount_of(state, key) + change)
    return fee


def why_not_account(state: Reader, parameters: Parameters, contract: AccountCreate) -> str | None:
    if not is_address(contract.owner):
        return "Invalid ownerAddress"
    owner = account_of(state, contract.owner)
    if owner is None:
        return f"Account[{contract.owner.hex()}] not exists"
    if owner.balance_sun < parameters.new_account_fee_sun:
        return "Validate CreateAccountActuator error, insufficient fee."
    if not is_address(contract.account):
        return "Invalid account address"
    if account_of(state, contract.account) is not None:
        return "Account has existed"
    return None


def create_account(state: State, parameters: Parameters, contract: AccountCreate, now_ms: int) -> int:
    """Make an account; return the fee."""
    return _make_account_if_new(state, parameters, contract.owner, contract.account, now_ms)


def _make_account_if_new(state: State, parameters: Parameters, owner: Address, to: Address, now_ms: int) -> int:
    if account_of(state, to) is not None:
        return 0
    state.put(account_key(to), Account(created_ms=now_ms))
    state.put(account_key(owner), burn(state, _account(state, owner), parameters.new_account_fee_sun))
    return parameters.new_account_fee_sun


def _account(state: Reader, address: Address) -> Account:
    account = account_of(state, address)
    assert account is not None, "it was there when it was looked for"
    return account
