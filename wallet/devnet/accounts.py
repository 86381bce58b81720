"""What an account is in the state, and under which keys the state holds accounts and amounts."""

from typing import NamedTuple, Protocol, cast

from wallet.devnet.answers import Permission
from wallet.domain.tron.addresses import Address

MAX_AMOUNT = 2**63 - 1  # of TRX and TRC-10: the chain counts them in 64 bits
# What an account's second permission may do unless somebody says otherwise: all but changing permissions.
DEFAULT_OPERATIONS = bytes.fromhex("7fff1fc0033e").ljust(32, b"\0")


class Account(NamedTuple):
    """A named tuple, because one is made for every movement and these are the fastest."""

    balance_sun: int = 0
    created_ms: int = 0
    latest_operation_ms: int = 0
    free_net_usage_bytes: int = 0
    free_net_slot: int = 0  # when that usage was stored
    is_contract: bool = False
    permissions: tuple[Permission, ...] = ()  # the owner's and the active ones; none: the usual ones


Value = Account | int


class _Readable(Protocol):
    def get(self, key: bytes) -> Value | None: ...


BURNED_SUN = b"burned"
PUBLIC_NET_USAGE = b"net usage"
PUBLIC_NET_SLOT = b"net slot"


def account_key(address: Address) -> bytes:
    return b"a" + address


def asset_key(address: Address, asset_id: int) -> bytes:
    return b"t" + address + asset_id.to_bytes(8)


def token_key(contract: Address, holder: Address) -> bytes:
    return b"k" + contract + holder


def allowance_key(contract: Address, owner: Address, spender: Address) -> bytes:
    return b"l" + contract + owner + spender


def account_of(state: _Readable, address: Address) -> Account | None:
    return cast("Account | None", state.get(b"a" + address))


def amount_of(state: _Readable, key: bytes) -> int:
    return cast("int | None", state.get(key)) or 0


def owner_permission(address: Address, account: Account | None) -> Permission:
    """Return who may do all; for an address without an account, its own key."""
    if account is not None and account.permissions:
        return account.permissions[0]
    return Permission(0, "owner", 1, ((address, 1),))


def active_permissions(address: Address, account: Account) -> tuple[Permission, ...]:
    if account.permissions:
        return account.permissions[1:]
    if account.is_contract:
        return ()
    return (Permission(2, "active", 1, ((address, 1),), DEFAULT_OPERATIONS),)
