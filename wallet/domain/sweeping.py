"""When it is worth to move what deposit addresses hold to the hot address, and what that takes. Pure sums, in sun."""

from dataclasses import dataclass

from wallet.domain.money import Asset

# What BTT is taken to be worth, to weigh a sweep against its cost and for nothing else: 1 TRX for 300,000 BTT.
UBTT_PER_TRX = {Asset.TRC20: 300_000_000_000, Asset.TRC10: 300_000_000, Asset.TRX: 1_000_000}
SUN_PER_TRX = 1_000_000
WORTH_TIMES = 10  # as much as it costs
TRANSFER_BYTES = {Asset.TRX: 270, Asset.TRC10: 300, Asset.TRC20: 350}  # what the chain charges for, rounded up
LIMIT_PERCENT = 150  # of the energy that was estimated: a contract's price may rise until the block


@dataclass(frozen=True)
class Prices:
    """What the chain asks now."""

    byte_sun: int
    energy_sun: int
    activation_sun: int  # of an account that receives its first TRX or TRC-10


@dataclass(frozen=True)
class Sender:
    """A deposit address as the chain has it."""

    exists: bool
    balance_sun: int
    free_bytes: int  # of today
    free_energy: int = 0


@dataclass(frozen=True)
class Cost:
    """What a sweep takes."""

    burn_sun: int  # that the address will pay
    fee_limit_sun: int  # 0 unless a contract is called
    gas_sun: int  # that it must be sent before, because it has too little
    gas_fee_sun: int  # that sending this will burn

    @property
    def total_sun(self) -> int:
        return self.burn_sun + self.gas_fee_sun


def cost_of(*, asset: Asset, prices: Prices, sender: Sender, hot_free_bytes: int, energy: int = 0) -> Cost:
    """Return what a sweep of one asset takes. Gas is what its limit may burn at most, less what is there."""
    size = TRANSFER_BYTES[asset]
    bandwidth_sun = 0 if sender.exists and sender.free_bytes >= size else size * prices.byte_sun
    paid_energy = max(energy - sender.free_energy, 0)
    fee_limit_sun = -(-energy * prices.energy_sun * LIMIT_PERCENT // 100)
    most_sun = bandwidth_sun + (fee_limit_sun if paid_energy else 0)
    gas_sun = max(most_sun - sender.balance_sun, 0)
    if not sender.exists:
        gas_sun = max(gas_sun, 1)  # whatever comes first activates it
    gas_fee_sun = 0
    if gas_sun and not sender.exists:
        gas_fee_sun = prices.activation_sun
    elif gas_sun and hot_free_bytes < TRANSFER_BYTES[Asset.TRX]:
        gas_fee_sun = TRANSFER_BYTES[Asset.TRX] * prices.byte_sun
    return Cost(bandwidth_sun + paid_energy * prices.energy_sun, fee_limit_sun, gas_sun, gas_fee_sun)


def is_worth(*, asset: Asset, amount_ubtt: int, cost_sun: int) -> bool:
    """Say whether an amount is worth a good deal more than moving it costs."""
    return amount_ubtt * SUN_PER_TRX >= WORTH_TIMES * cost_sun * UBTT_PER_TRX[asset]


def least_trx_sun(prices: Prices) -> int:
    """Return from how much on the TRX that is left on a deposit address is worth taking back.

    Bytes that are free today do not count: what is taken back may have to be sent there again as gas.
    """
    return WORTH_TIMES * TRANSFER_BYTES[Asset.TRX] * prices.byte_sun


def needs_its_trx(*, asset: Asset, amount_ubtt: int, prices: Prices) -> bool:
    """Say whether an amount may be worth a sweep that the TRX beside it pays for: it costs its bytes at least."""
    return is_worth(asset=asset, amount_ubtt=amount_ubtt, cost_sun=TRANSFER_BYTES[asset] * prices.byte_sun)
