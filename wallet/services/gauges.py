"""What there is to count of the money, in whole µBTT, without any user or address: the composition root exports it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count

from wallet.domain.accounts import AccountKind
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import ChainCursor, Channel, Halt, HaltReason, Withdrawal
from wallet.services.overview import KindSum, sums_by_kind
from wallet.services.solvency import solvency

Labels = Mapping[str, str]


class Gauge(NamedTuple):
    name: str
    meaning: str
    samples: Sequence[tuple[int, Labels]]


def gauges(now: datetime) -> Iterator[Gauge]:
    """Count everything, with a handful of questions to the database."""
    sums = sums_by_kind()
    yield from _solvency(sums)
    yield from _accounts(sums)
    yield from _withdrawals()
    standing = Counter(Halt.objects.filter(lifted_at=None).values_list("reason", flat=True))
    by_reason = [(standing[reason], {"reason": reason.lower()}) for reason in HaltReason.values]
    yield Gauge("halts", "Halts of withdrawals that stand, by reason.", by_reason)
    cursor = ChainCursor.objects.filter(network=settings.WALLET_NETWORK).first()
    behind: list[tuple[int, Labels]] = [] if cursor is None else [(max(cursor.solid_height - cursor.height, 0), {})]
    yield Gauge("chain_blocks_behind", "Irreversible blocks that were not read yet.", behind)


def _solvency(sums: Sequence[KindSum]) -> Iterator[Gauge]:
    found = [(one, {"asset": one.asset.unit}) for one in solvency(sums)]
    owed = [(one.owed_ubtt, labels) for one, labels in found]
    own = [(one.own_ubtt, labels) for one, labels in found]
    reserves = [(one.reserves_ubtt, labels) for one, labels in found if one.reserves_ubtt is not None]
    apart = [(one.difference_ubtt, labels) for one, labels in found if one.difference_ubtt is not None]
    at = [(int(one.compared_at.timestamp()), labels) for one, labels in found if one.compared_at is not None]
    yield Gauge("ledger_liabilities_ubtt", "What the books owe to others.", owed)
    yield Gauge("ledger_own_ubtt", "What of the books is the operator's own.", own)
    yield Gauge("ledger_reserves_ubtt", "What the chain had at the last comparison.", reserves)
    yield Gauge("ledger_difference_ubtt", "The chain less the books, when last compared.", apart)
    yield Gauge("ledger_compared_timestamp_seconds", "When the chain was last held against the books.", at)


def _accounts(sums: Sequence[KindSum]) -> Iterator[Gauge]:
    fees = [(one.balance_ubtt, {"asset": one.asset.unit}) for one in sums if one.kind is AccountKind.FEES]
    yield Gauge("ledger_fees_ubtt", "Fees that the operator has earned and not moved on.", fees)
    kinds = [
        (one.balance_ubtt, {"asset": one.asset.unit, "kind": one.kind.name.lower()})
        for one in sums
        if one.kind is not AccountKind.CHAIN
    ]
    yield Gauge("ledger_balance_ubtt", "The balances of all accounts of a kind.", kinds)
    channels = Channel.objects.filter(end="").count()
    yield Gauge("channels_open", "Channels of deals that are open.", [(channels, {})])


def _withdrawals() -> Iterator[Gauge]:
    found = dict(Withdrawal.objects.values_list("state").annotate(Count("pk")).order_by())
    by_state = [(found.get(state.value, 0), {"state": state.value}) for state in WithdrawalState]
    yield Gauge("withdrawals", "Withdrawals, by state.", by_state)
