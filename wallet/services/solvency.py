"""Whether the box can pay what it owes: what the books owe, what the chain has, and when the two were compared."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from wallet.domain.accounts import AccountKind
from wallet.domain.deposits import UNITS_PER_UBTT
from wallet.domain.money import Asset
from wallet.models import Reconciliation
from wallet.services import reconciliation
from wallet.services.install import market_asset
from wallet.services.overview import KindSum, sums_by_kind
from wallet.services.own_addresses import cursor

# Money of others: of users, on its way to somebody, or nobody knows yet whose. All else is the operator's own.
OWED = frozenset(
    {
        AccountKind.USER,
        AccountKind.CHANNEL,
        AccountKind.BOUNTY,
        AccountKind.IN_FLIGHT,
        AccountKind.SUSPENSE,
        AccountKind.EARNINGS,
    }
)


@dataclass(frozen=True)
class Solvency:
    """One asset. The reserves and the difference are of the last comparison; None before the first."""

    asset: Asset
    owed_ubtt: int
    own_ubtt: int
    reserves_units: int | None  # on the chain, in its own units
    difference_units: int | None  # the chain less the books: anything but 0 halts withdrawals
    compared_at: datetime | None
    says: str  # what explains a difference

    @property
    def reserves_ubtt(self) -> int | None:
        """Return whole µBTT, rounded down."""
        return None if self.reserves_units is None else self.reserves_units // UNITS_PER_UBTT[self.asset]

    @property
    def difference_ubtt(self) -> int | None:
        """Return whole µBTT, rounded away from zero: the smallest difference must never look like none."""
        if self.difference_units is None:
            return None
        whole = -(-abs(self.difference_units) // UNITS_PER_UBTT[self.asset])
        return whole if self.difference_units > 0 else -whole


def solvency(sums: Sequence[KindSum] | None = None) -> list[Solvency]:
    """Return how the market's asset stands, and each other one that there is anything of."""
    owed: dict[Asset, int] = defaultdict(int)
    own: dict[Asset, int] = defaultdict(int)
    for one in sums_by_kind() if sums is None else sums:
        if one.kind is not AccountKind.CHAIN:
            (owed if one.kind in OWED else own)[one.asset] += one.balance_ubtt
    compared = {Asset(row.asset): row for row in reconciliation.newest(settings.WALLET_NETWORK)}
    found = cursor()
    at = found.reconciled_at if found else None
    return [
        _solvency(asset, owed[asset], own[asset], compared.get(asset), at)
        for asset in Asset
        if asset is market_asset()
        or owed[asset]
        or own[asset]
        or (asset in compared and (compared[asset].chain or compared[asset].difference))
    ]


def _solvency(asset: Asset, owed_ubtt: int, own_ubtt: int, row: Reconciliation | None, at: datetime | None) -> Solvency:
    return Solvency(
        asset=asset,
        owed_ubtt=owed_ubtt,
        own_ubtt=own_ubtt,
        reserves_units=None if row is None else int(row.chain),
        difference_units=None if row is None else int(row.difference),
        compared_at=None if row is None else max(row.at, at or row.at),
        says="" if row is None else reconciliation.names_of(row),
    )
