"""The addresses that the scan looks for: those of users, the install's own, and the next ones that nobody has yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from wallet.domain.deposits import Place
from wallet.domain.tron.addresses import Address, parse_address, to_base58
from wallet.domain.tron.derivation import AccountXpub
from wallet.models import DepositAddress, DepositKey
from wallet.services.own_addresses import standing

# Indexes behind the newest that are watched, too. Each is the second in which it is given, or in a rush the next one:
# these were given right after the newest, if a restored database has forgotten them and the signer was not told.
BEYOND = 20
KEPT = 100_000  # addresses whose bytes are remembered: checking a text costs more than reading its row


@dataclass(frozen=True)
class Owner:
    """Whose address it is."""

    address: str  # base58
    place: Place
    user_id: int | None = None


def watched(network: str) -> Mapping[Address, Owner]:
    """Return all addresses of ours by their 21 bytes.

    Read them after the height up to which blocks are read: an address that is younger than that has nothing in them.
    """
    owners = dict(_beyond(network))
    rows = DepositAddress.objects.filter(network=network).values_list("address", "user_id")
    owners |= {_parsed(address): _owner(address, user_id) for address, user_id in rows}
    return owners | {_parsed(address): Owner(address, Place.INSTALL) for address in standing(network)}


def _owner(address: str, user_id: int) -> Owner:
    return Owner(address, Place.USER, user_id) if user_id > 0 else Owner(address, Place.NOBODY)  # forgotten whose


def _beyond(network: str) -> Mapping[Address, Owner]:
    key = DepositKey.objects.filter(network=network).first()
    if key is None:
        return {}
    newest = DepositAddress.objects.filter(network=network).order_by("-index").first()
    return _nobodys(key.xpub, newest.index + 1 if newest else 0)


@lru_cache(maxsize=1)
def _nobodys(xpub: str, first: int) -> Mapping[Address, Owner]:
    """Return the addresses from an index on; kept, as each scan asks and they change only with the newest."""
    account = AccountXpub.parse(xpub)
    found = (account.address(index) for index in range(first, first + BEYOND))
    return {address: Owner(to_base58(address), Place.NOBODY) for address in found}


@lru_cache(maxsize=KEPT)
def _parsed(text: str) -> Address:
    return parse_address(text)
