"""What sends an amount of the ledger to an address on the chain, and what that costs there."""

from dataclasses import dataclass

from wallet.chain.endpoints import Chain
from wallet.chain.port import ChainParameters, Resources
from wallet.domain.fees import Cost, Means, Prices, fee_limit_sun, network_cost, worst_cost_sun
from wallet.domain.money import Asset
from wallet.domain.networks import Network
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.transactions import (
    Contract,
    Raw,
    Signed,
    TransferAsset,
    TriggerContract,
    bandwidth_bytes,
    encode_raw,
)

LEDGER_DECIMALS = 6
_SIGNATURE = bytes(65)
_SOME_MS = 1_700_000_000_000  # as long, written down, as any time for centuries


@dataclass(frozen=True)
class Payout:
    """A payment as the chain takes it, and what the chain would ask for it now."""

    contract: Contract
    units: int  # in the token's smallest units
    energy: int
    fee_limit_sun: int
    cost: Cost  # with what is free today
    worst_sun: int  # without


def units_of(amount_ubtt: int, asset: Asset, network: Network) -> int:
    """Return the amount in the token's smallest units: six decimals of the ledger are eighteen of TRC-20's."""
    decimals = network.trc20_decimals if asset is Asset.TRC20 else network.trc10_decimals
    if decimals < LEDGER_DECIMALS:
        raise ValueError(f"{asset.unit} has {decimals} decimals there, fewer than the ledger")
    return int(amount_ubtt * 10 ** (decimals - LEDGER_DECIMALS))


def contract_of(network: Network, asset: Asset, *, hot: Address, to: Address, units: int) -> Contract:
    if asset is Asset.TRC20:
        return TriggerContract(hot, network.assets.trc20_contract, transfer_call(to, units))
    if asset is Asset.TRC10:
        return TransferAsset(hot, to, network.assets.trc10_id, units)
    raise ValueError(f"{asset.unit} is not what users withdraw")


def plan(chain: Chain, asset: Asset, *, hot: Address, to: Address, amount_ubtt: int) -> Payout:
    """Ask the chain what the payment would cost now. Raises ChainError, of it CallFails for one that would fail."""
    network = chain.network
    units = units_of(amount_ubtt, asset, network)
    contract = contract_of(network, asset, hot=hot, to=to, units=units)
    parameters = chain.parameters()
    energy, limit_sun, creates_account = 0, 0, False
    if isinstance(contract, TriggerContract):
        energy = chain.estimate_energy(hot, contract.contract, contract.data)
        limit_sun = min(
            fee_limit_sun(energy=energy, energy_price_sun=parameters.energy_fee_sun), parameters.max_fee_limit_sun
        )
    else:
        creates_account = not chain.account(to).exists  # a token contract's transfer creates none
    size_bytes = size_of(contract, limit_sun)
    prices = _prices(parameters)
    return Payout(
        contract=contract,
        units=units,
        energy=energy,
        fee_limit_sun=limit_sun,
        cost=network_cost(
            prices=prices,
            means=_means(chain.resources(hot)),
            size_bytes=size_bytes,
            creates_account=creates_account,
            energy=energy,
        ),
        worst_sun=worst_cost_sun(prices=prices, size_bytes=size_bytes, creates_account=creates_account, energy=energy),
    )


def size_of(contract: Contract, fee_limit_sun: int) -> int:
    """Return the bytes that the chain will charge for."""
    raw = Raw(bytes(2), bytes(8), _SOME_MS, _SOME_MS, contract, fee_limit_sun=fee_limit_sun)
    return bandwidth_bytes(Signed(encode_raw(raw), (_SIGNATURE,)))


def hot_units(chain: Chain, asset: Asset, hot: Address) -> int:
    """Return what the hot address has of the token, in its smallest units."""
    assets = chain.network.assets
    if asset is Asset.TRC20:
        return chain.token_balance(assets.trc20_contract, hot)
    return chain.account(hot).assets.get(assets.trc10_id, 0)


def _prices(parameters: ChainParameters) -> Prices:
    return Prices(
        byte_sun=parameters.transaction_fee_sun,
        energy_sun=parameters.energy_fee_sun,
        create_account_sun=parameters.create_account_fee_sun,
        new_account_sun=parameters.new_account_fee_sun,
    )


def _means(resources: Resources) -> Means:
    return Means(
        free_bandwidth=resources.free_bandwidth_left,
        staked_bandwidth=resources.staked_bandwidth_left,
        energy=resources.energy_left,
    )
