"""Bandwidth and the fees that are due before a contract runs."""

from dataclasses import dataclass

from wallet.devnet import accounts
from wallet.devnet.accounts import Account, amount_of
from wallet.devnet.parameters import Parameters
from wallet.devnet.refusals import cannot_pay
from wallet.devnet.state import State
from wallet.domain.tron.addresses import Address

RECOVERY_SLOTS = 28_800  # a day: what was used is free again by then, evenly


@dataclass(frozen=True, slots=True)
class NetCost:
    usage_bytes: int  # from what is free
    fee_sun: int  # burned in its place


def recovered(usage: int, stored_slot: int, slot: int) -> int:
    """Return what is still used of a usage that was stored earlier; rounded down, in the user's favour."""
    passed = slot - stored_slot
    if passed >= RECOVERY_SLOTS:
        return 0
    return usage if passed <= 0 else usage * (RECOVERY_SLOTS - passed) // RECOVERY_SLOTS


def pay_bandwidth(
    state: State, parameters: Parameters, owner: Address, account: Account, byte_count: int, *, slot: int, is_new: bool
) -> tuple[Account, NetCost]:
    """Take bandwidth in the chain's order; return the account after it, not yet put. Raises Refused.

    Whoever makes an account pays its price; what is free cannot pay for that. All else takes what is free, whole or
    not at all, then burns. Nobody stakes here, and no token offers bandwidth of its own.
    """
    if is_new:
        return _burned(state, account, parameters.create_account_fee_sun)
    used = recovered(account.free_net_usage_bytes, account.free_net_slot, slot)
    public = recovered(amount_of(state, accounts.PUBLIC_NET_USAGE), amount_of(state, accounts.PUBLIC_NET_SLOT), slot)
    has_room = public + byte_count <= parameters.public_net_limit_bytes
    if has_room and used + byte_count <= parameters.free_net_limit_bytes:
        state.put(accounts.PUBLIC_NET_USAGE, public + byte_count)
        state.put(accounts.PUBLIC_NET_SLOT, slot)
        used_now = account._replace(free_net_usage_bytes=used + byte_count, free_net_slot=slot)
        return used_now, NetCost(byte_count, 0)
    return _burned(state, account, byte_count * parameters.transaction_fee_sun)


def burn(state: State, account: Account, fee_sun: int) -> Account:
    """Take a fee; return the account after it, not yet put. Raises Refused if it cannot pay."""
    if account.balance_sun < fee_sun:
        raise cannot_pay()
    if fee_sun:
        state.put(accounts.BURNED_SUN, amount_of(state, accounts.BURNED_SUN) + fee_sun)
    return account._replace(balance_sun=account.balance_sun - fee_sun)


def _burned(state: State, account: Account, fee_sun: int) -> tuple[Account, NetCost]:
    return burn(state, account, fee_sun), NetCost(0, fee_sun)
