"""Keeps with the signer which deposit addresses were given: a database that was put back learns there what it forgot.

Nobody is given those again, see `deposit_addresses`; but whoever had one may still pay to it, and that must be seen.
Only those are missing for good that were given after the backup and while the signer could not be asked. And a process
that has not asked it yet reads no block: what came to such an address would be behind the cursor, and never seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from wallet.domain.tron.addresses import to_base58
from wallet.domain.tron.derivation import AccountXpub
from wallet.models import DepositAddress, DepositKey
from wallet.services.deposit_addresses import CONFIRMED_INDEX
from wallet.signer.protocol import ADDRESSES_AT_ONCE, SignerDoor

INDEX_END = 2**31  # of unhardened children
MOST_TOLD = 100  # in a round: the signer flushes its disk for each

# Up to which index signer and database were compared, by public key. A process that begins compares all.
_compared: dict[str, int] = {}


@dataclass(frozen=True)
class _Page:
    """What both say of the same indexes."""

    known: frozenset[int]  # to the signer
    given: frozenset[int]  # by the database


def is_compared() -> bool:
    """Say if blocks may be read: none can pay to an address that the signer alone knows, by what it said once."""
    key = DepositKey.objects.filter(network=settings.WALLET_NETWORK).first()
    return key is None or key.xpub in _compared


def compare(signer: SignerDoor, *, now: datetime) -> None:
    """Tell the signer of addresses that were given, and watch those that it knows and the database does not.

    These are all written down before this returns, as nobody's: what comes to one goes into suspense, and is swept.
    May run often. Raises SignerError.
    """
    network = settings.WALLET_NETWORK
    key = DepositKey.objects.filter(network=network).first()
    if key is None:
        return
    first = _compared.get(key.xpub, CONFIRMED_INDEX + 1)
    newest, untold = first - 1, list[int]()
    for page in _pages(signer, network, first):
        _remember(sorted(page.known - page.given), network, key.xpub, now)
        untold += sorted(page.given - page.known)
        newest = max(page.known | page.given, default=newest)
    for index in untold[:MOST_TOLD]:
        signer.confirm_address(index)
    _compared[key.xpub] = 1 + (untold[MOST_TOLD - 1] if untold[MOST_TOLD:] else newest)


def _pages(signer: SignerDoor, network: str, first: int) -> Iterator[_Page]:
    end = first - 1
    while end < INDEX_END:
        first = end + 1
        known = signer.addresses(first)  # before the rows: the signer is told of them when they are committed
        rows = DepositAddress.objects.filter(network=network, index__gte=first).order_by("index")
        given = list(rows.values_list("index", flat=True)[:ADDRESSES_AT_ONCE])
        end = min(page[-1] if len(page) == ADDRESSES_AT_ONCE else INDEX_END for page in (known, given))
        known_by_now, given_by_now = (frozenset(index for index in page if index <= end) for page in (known, given))
        yield _Page(known_by_now, given_by_now)


def _remember(forgotten: list[int], network: str, xpub: str, now: datetime) -> None:
    account = AccountXpub.parse(xpub)
    DepositAddress.objects.bulk_create(
        [
            DepositAddress(
                network=network,
                user_id=-index,  # nobody's: numbers of users are above zero
                index=index,
                address=to_base58(account.address(index)),
                made_at=now,
            )
            for index in forgotten
        ],
        ignore_conflicts=True,
    )
