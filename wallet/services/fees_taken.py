"""What fees came in this month, and what the chain took: added up once, and from then on only what is new."""

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max, Sum

from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Account, Transfer
from wallet.services.install import market_asset, other_asset


@dataclass(frozen=True)
class Fees:
    """Of one month, in one asset; the network's are in TRX, whatever was sent."""

    asset: Asset
    hub_ubtt: int = 0  # of what was redeemed from channels
    withdrawals_ubtt: int = 0
    network_ubtt: int = 0


@dataclass
class _Added:
    """Sums of one side of an account since a moment, up to a version: transfers never change, so neither do these."""

    since: datetime
    version: int
    sums: dict[int, int] = field(default_factory=lambda: defaultdict(int))  # by kind


class MonthsSums:
    """Knows the sums of this month. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._added: dict[tuple[int, str], _Added] = {}

    def sums(self, account: Account, side: str, since: datetime) -> Mapping[int, int]:
        """Return what went into (`credit`) or out of (`debit`) an account since then, by kind."""
        key = (account.pk, side)
        with self._lock:
            added = self._added.get(key)
            if added is None or added.since != since or added.version > account.version:
                added = self._added[key] = _Added(since, _version_before(account, side, since))
            version = f"{side}_version"
            fresh = Transfer.objects.filter(**{side: account, f"{version}__gt": added.version})
            for kind, amount_ubtt, newest in fresh.values_list("kind").annotate(Sum("amount_ubtt"), Max(version)):
                added.sums[kind] += amount_ubtt
                added.version = max(added.version, newest)
            return dict(added.sums)


def _version_before(account: Account, side: str, since: datetime) -> int:
    """Return the account's last version from before that moment; versions and times go up together."""
    lowest, highest = 0, account.version
    version = f"{side}_version"
    own = Transfer.objects.filter(**{side: account}).order_by(f"-{version}")
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        found = own.filter(**{f"{version}__lte": middle}).values_list("written_at", flat=True).first()
        if found is None or found < since:
            lowest = middle
        else:
            highest = middle - 1
    return lowest


_months = MonthsSums()


def fees_of_month(now: datetime, months: MonthsSums = _months) -> list[Fees]:
    """Return what was booked since the first of this month (UTC), the market's asset first."""
    since = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    kinds = (AccountKind.FEES, AccountKind.NETWORK_FEES)
    accounts = {
        (Asset(one.asset), AccountKind(one.kind)): one for one in Account.objects.filter(kind__in=kinds, ref="")
    }
    found = [_taken(asset, accounts.get((asset, AccountKind.FEES)), since, months) for asset in _assets()]
    payer = accounts.get((Asset.TRX, AccountKind.NETWORK_FEES))
    burned = months.sums(payer, "debit", since).get(TransferKind.NETWORK_FEE, 0) if payer else 0
    return [*(one for one in found if one is not None), Fees(Asset.TRX, network_ubtt=burned)]


def _assets() -> tuple[Asset, Asset]:
    return market_asset(), other_asset()


def _taken(asset: Asset, account: Account | None, since: datetime, months: MonthsSums) -> Fees | None:
    if account is None:
        return Fees(asset) if asset is market_asset() else None
    sums = months.sums(account, "credit", since)
    return Fees(asset, sums.get(TransferKind.FEE, 0), sums.get(TransferKind.WITHDRAWAL_FINAL, 0))
