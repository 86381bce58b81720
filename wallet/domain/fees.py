"""What sending costs on the chain in sun, and what a user pays for it in µBTT. Pure sums; the chain says the prices.

Everything is rounded up, in favour of the box, which pays the chain; the user sees the fee before confirming it.
"""

from dataclasses import dataclass

SUN_PER_TRX = 1_000_000
FEE_LIMIT_FACTOR_PERCENT = 150  # of the estimate: a contract's price can rise between the estimate and the block


@dataclass(frozen=True)
class Prices:
    """What the chain asks, as its parameters say now."""

    byte_sun: int
    energy_sun: int
    create_account_sun: int  # in place of bandwidth, when the recipient is new and no stake pays
    new_account_sun: int  # on top of it


@dataclass(frozen=True)
class Means:
    """What the sender has without paying."""

    free_bandwidth: int  # of today; whole transactions only, and never for a new recipient
    staked_bandwidth: int
    energy: int


@dataclass(frozen=True)
class Cost:
    """What a transaction will burn, part by part."""

    bandwidth_sun: int
    activation_sun: int  # the recipient's account comes into being by it
    energy_sun: int

    @property
    def total_sun(self) -> int:
        return self.bandwidth_sun + self.activation_sun + self.energy_sun


@dataclass(frozen=True)
class Quote:
    """What a user is asked to confirm."""

    amount_ubtt: int  # what will arrive
    fee_ubtt: int
    cost: Cost

    @property
    def total_ubtt(self) -> int:
        return self.amount_ubtt + self.fee_ubtt


def network_cost(*, prices: Prices, means: Means, size_bytes: int, creates_account: bool, energy: int) -> Cost:
    """Return what the chain will burn for a transaction of that size and energy.

    A token contract's transfer never creates an account: `creates_account` is for TRX and TRC-10 only.
    """
    has_stake = means.staked_bandwidth >= size_bytes
    if creates_account:
        bandwidth_sun = 0 if has_stake else prices.create_account_sun
    else:
        has_bandwidth = has_stake or means.free_bandwidth >= size_bytes
        bandwidth_sun = 0 if has_bandwidth else size_bytes * prices.byte_sun
    return Cost(
        bandwidth_sun=bandwidth_sun,
        activation_sun=prices.new_account_sun if creates_account else 0,
        energy_sun=max(energy - means.energy, 0) * prices.energy_sun,
    )


def worst_cost_sun(*, prices: Prices, size_bytes: int, creates_account: bool, energy: int) -> int:
    """Return what it costs a sender who has nothing free: what must be there before anything is sent."""
    nothing = Means(free_bandwidth=0, staked_bandwidth=0, energy=0)
    cost = network_cost(
        prices=prices, means=nothing, size_bytes=size_bytes, creates_account=creates_account, energy=energy
    )
    return cost.total_sun


def fee_limit_sun(*, energy: int, energy_price_sun: int) -> int:
    """Return the most that a contract call may burn: its estimate and half of it again, rounded up."""
    return -(-energy * energy_price_sun * FEE_LIMIT_FACTOR_PERCENT // 100)


def fee_ubtt(*, flat_ubtt: int, ubtt_per_trx: int, cost_sun: int) -> int:
    """Return what a user pays: the flat fee, and the network's cost at the operator's price, rounded up."""
    return flat_ubtt + -(-cost_sun * ubtt_per_trx // SUN_PER_TRX)
