"""A year of one user's money for the dashboard bench, written in bulk beside the ledger's door.

What pages need holds all the same: accounts' versions count their entries without a gap, balances stand beside each
entry and add up, all is sealed, and the sums that are kept have caught up.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from django.db import connection, transaction

from seedbox.models import Holding, User
from speed.models import SellingDeal
from speed.services import rollups as trade_sums
from wallet.domain.accounts import AccountKind, AccountName, earnings_account, own_account, user_account
from wallet.domain.kinds import TransferKind
from wallet.models import Account, Transfer
from wallet.services import rollups as kind_sums
from wallet.services import seals
from wallet.services.install import market_asset

YEAR = timedelta(days=365)
AT_ONCE = 10_000
FUND_UBTT = 10**15
MOST_UBTT = 2_000_000  # of one entry
GIB = 1 << 30
ELSEWHERE_OF_TEN = 3  # so many of ten entries are other people's
TIPS_OF_TEN = 1
TRADED = 40  # torrents
_COLUMNS = (
    *("asset", "kind", "debit_id", "credit_id", "amount_ubtt", "debit_version", "credit_version"),
    *("debit_balance_ubtt", "credit_balance_ubtt", "event_at", "written_at", "key_hash", "body_hash", "cause", "memo"),
)


@dataclass
class _Side:
    """An account as it is filled."""

    row: Account
    version: int = 0
    balance_ubtt: int = 0

    def move(self, ubtt: int) -> tuple[int, int]:
        self.version += 1
        self.balance_ubtt += ubtt
        return self.version, self.balance_ubtt


class Books:
    def __init__(self, user: User, others: list[User], holdings: list[Holding], now: datetime) -> None:
        self._asset = market_asset()
        self._now = now
        self._draw = Random(1)
        self._causes = [f"deal/{_sell(holding, number, now)}" for number, holding in enumerate(holdings[:TRADED])]
        self._chain = self._open(own_account(self._asset, AccountKind.CHAIN))
        self._earnings = self._open(earnings_account(self._asset, holdings[0].torrent.node_id))
        self._user = self._open(user_account(self._asset, user.pk))
        self._others = [self._open(user_account(self._asset, other.pk)) for other in others]
        self._sides = [self._chain, self._earnings, self._user, *self._others]

    def fill(self, entries: int, say: Callable[[str], None]) -> None:
        """Write so many transfers, evenly over a year; seal them and bring the kept sums up to them."""
        rows, written = self._rows(entries), 0
        places = ", ".join(["%s"] * len(_COLUMNS))
        statement = f"INSERT INTO {Transfer._meta.db_table} ({', '.join(_COLUMNS)}) VALUES ({places})"
        with transaction.atomic(), connection.cursor() as cursor:
            while some := list(islice(rows, AT_ONCE)):
                cursor.executemany(statement, some)
                written += len(some)
        for side in self._sides:
            side.row.version, side.row.balance_ubtt = side.version, side.balance_ubtt
        Account.objects.bulk_update([side.row for side in self._sides], ["version", "balance_ubtt"])
        say(f"{written:,} entries are written; sealing them and summing them up")
        seals.seal_new(now=self._now)
        for catch_up in (kind_sums.catch_up, trade_sums.catch_up):
            while catch_up(self._now):
                pass

    def _open(self, name: AccountName) -> _Side:
        row = Account.objects.create(asset=name.asset, kind=name.kind, ref=name.ref, created_at=self._now - YEAR)
        return _Side(row)

    def _rows(self, entries: int) -> Iterator[tuple[Any, ...]]:
        begins_at = self._now - YEAR
        funded = [self._earnings, self._user, *self._others]
        for number, side in enumerate(funded):
            yield self._row(number, TransferKind.DEPOSIT, self._chain, side, FUND_UBTT, begins_at, f"deposit/{number}")
        each = YEAR / max(entries, 1)
        for number in range(len(funded), entries):
            at, draw = begins_at + each * number, self._draw.randrange(10)
            other = self._others[number % len(self._others)]
            ubtt = self._draw.randint(1, MOST_UBTT)
            cause = self._causes[self._draw.randrange(len(self._causes))]
            if draw < TIPS_OF_TEN:
                yield self._row(number, TransferKind.TIP, self._user, other, ubtt, at, f"tip/{number}")
            elif draw < ELSEWHERE_OF_TEN:
                yield self._row(number, TransferKind.EARNING, self._earnings, other, ubtt, at, cause)
            else:
                yield self._row(number, TransferKind.EARNING, self._earnings, self._user, ubtt, at, cause)

    def _row(
        self, number: int, kind: TransferKind, debit: _Side, credit: _Side, ubtt: int, at: datetime, cause: str
    ) -> tuple[Any, ...]:
        debit_version, debit_ubtt = debit.move(-ubtt)
        credit_version, credit_ubtt = credit.move(ubtt)
        written = connection.ops.adapt_datetimefield_value(at)
        key = number.to_bytes(16, "big")
        sides = (debit.row.pk, credit.row.pk, ubtt, debit_version, credit_version, debit_ubtt, credit_ubtt)
        return (int(self._asset), int(kind), *sides, written, written, key, key + key, cause, "")


def _sell(holding: Holding, number: int, now: datetime) -> str:
    """Write a deal of long ago about a torrent, and return its id."""
    torrent = holding.torrent
    deal_id = f"5e{number:030x}"
    SellingDeal.objects.create(
        node_name=torrent.node.name,
        deal_id=deal_id,
        channel_id=deal_id,
        torrent_id=torrent.pk,
        torrent_key=torrent.key,
        torrent_name=torrent.name,
        size_bytes=torrent.size_bytes,
        peer_key="02" + "ab" * 32,
        place="203.0.113.7/32",
        state="ended",
        opened_at=now - YEAR,
        linked_at=now - YEAR,
        ended_at=now,
        max_price_ubtt_per_gib=MOST_UBTT,
        spend_ubtt_per_s=MOST_UBTT,
        useful_bytes_per_s=GIB,
        hub_id="ee" * 20,
        amount_ubtt=MOST_UBTT,
        expires_at=now,
        payer_ref="aa" * 16,
        on_own_hub=True,
        fee_ppm=0,
        is_closed=True,
    )
    return deal_id
