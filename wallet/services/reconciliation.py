"""Holds the chain against the books, at the height up to which blocks were read: the difference must be exactly 0.

The chain's side is the sum of all movements of our addresses up to that height, which the blocks themselves prove. The
books' side, in the chain's units:

    all accounts but CHAIN, among them what is in flight
    + what is left of deposits below 1 µBTT and not yet a whole one
    + deposits that policy leaves uncredited: too small, too large, paid by a contract
    + withdrawals that are final in the books by a block above the height
    - withdrawals that blocks up to the height hold, and that are not final in the books yet
    - network fees that could not be booked yet
    + what an operator's bookings of payments that had no withdrawal are rounded up by

TRX goes by the same identity: what is sent to us comes in, fees and activations go out. Any difference halts
withdrawals and names the rows.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db.models import QuerySet

from wallet.domain import halt_words as words
from wallet.domain.accounts import AccountKind
from wallet.domain.deposits import BOOKED, to_units
from wallet.domain.money import Asset
from wallet.domain.retelling import said_again
from wallet.models import (
    ChainCursor,
    ChainMovement,
    Deposit,
    HaltReason,
    MovementSide,
    Reconciliation,
    Transfer,
)
from wallet.services import compared, found_payments, halts, news, outgoing, transfers_of_nothing
from wallet.services.holdings_on_chain import holdings
from wallet.services.overview import sums_by_kind
from wallet.services.snapshot import snapshot

AGAIN = timedelta(hours=1)  # a row says nothing new before that, unless an amount has changed
NAMED = 10  # rows of a finding

logger = logging.getLogger(__name__)


@dataclass
class Side:
    """The books' side of one asset, term by term."""

    terms: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def total(self) -> int:
        return sum(self.terms.values())


def run(*, now: datetime) -> list[Reconciliation]:
    """Compare every asset and return what came of it; halt for any difference. Before the first block there is nothing.

    May run at any time, also while blocks are read: it sees one moment of everything. A row is kept when an amount has
    changed, or the newest is an hour old; the cursor knows when it was compared last.
    """
    network = settings.WALLET_NETWORK
    with snapshot():
        cursor = ChainCursor.objects.filter(network=network).first()
        if cursor is None:
            return []
        made = [_compare(asset, chain, books, cursor, now) for asset, chain, books in _sides(cursor)]
        for row in made:
            row.rows = _names(row, cursor) if row.difference else []
    before = {row.asset: row for row in newest(network)}
    Reconciliation.objects.bulk_create(row for row in made if _says_more(row, before.get(row.asset), now))
    ChainCursor.objects.filter(network=network).update(reconciled_height=cursor.height, reconciled_at=now)
    for row in made:
        if row.difference:
            halts.halt(HaltReason.RECONCILIATION, in_words(row), now)
            logger.error("the chain and the books differ: %s", in_words(row))
    news.reserves_changed()
    return made


def run_if_due(*, now: datetime) -> None:
    """Compare before something is signed, unless somebody has within a round."""
    if compared.is_due(now):
        run(now=now)


def in_words(row: Reconciliation) -> str:
    """Say by how much, where, and which rows it is, in English, each on a line of its own."""
    says = words.HAS_MORE if row.difference > 0 else words.HAS_LESS
    facts = {"height": row.height, "units": abs(row.difference), "unit": Asset(row.asset).unit}
    return "\n".join([says % facts, *row.rows])


def names_of(row: Reconciliation) -> str:
    """Return the sentences that explain a difference, for their reader."""
    return "; ".join(said_again(name, words.DIFFERENCES) for name in row.rows)


def newest(network: str) -> Sequence[Reconciliation]:
    """Return the newest comparison of each asset."""
    rows = Reconciliation.objects.filter(network=network)
    return [row for asset in Asset if (row := rows.filter(asset=asset).order_by("-pk").first()) is not None]


def _says_more(row: Reconciliation, before: Reconciliation | None, now: datetime) -> bool:
    return before is None or (row.chain, row.books) != (before.chain, before.books) or now - before.at >= AGAIN


def _sides(cursor: ChainCursor) -> Iterable[tuple[Asset, int, Side]]:
    chain = holdings(cursor.network, cursor.height).total
    books = {asset: Side() for asset in Asset}
    for one in sums_by_kind():
        if one.kind is not AccountKind.CHAIN:
            books[one.asset].terms[one.kind.name.lower()] = to_units(one.balance_ubtt, one.asset)
    books[Asset.TRC20].terms["below_one"] += cursor.carry_units
    unbooked = Deposit.objects.filter(network=cursor.network).exclude(fate__in=[fate.value for fate in BOOKED])
    for asset, units in unbooked.values_list("asset", "amount"):
        books[Asset(asset)].terms["not_credited"] += units
    for movement in _missed_fees(cursor):
        books[Asset.TRX].terms["fees_not_booked"] -= movement.amount
    for asset, units in found_payments.rounded_up(cursor):
        books[asset].terms["rounded_up"] += units
    for asset, units in outgoing.final_above(cursor):
        books[asset].terms["final_above"] += units
    for movement in outgoing.not_final(cursor):
        books[Asset(movement.asset)].terms["not_final"] -= movement.amount
    return [(asset, chain.get(asset, 0), side) for asset, side in books.items()]


def _missed_fees(cursor: ChainCursor) -> QuerySet[ChainMovement]:
    return ChainMovement.objects.filter(network=cursor.network, side=MovementSide.FEE, transfer_id=None)


def _compare(asset: Asset, chain: int, books: Side, cursor: ChainCursor, now: datetime) -> Reconciliation:
    return Reconciliation(
        network=cursor.network,
        asset=asset,
        height=cursor.height,
        chain=chain,
        books=books.total,
        difference=chain - books.total,
        terms={name: str(units) for name, units in books.terms.items() if units},
        at=now,
    )


def _names(row: Reconciliation, cursor: ChainCursor) -> list[str]:
    """Return sentences that name rows which explain a difference: each is held against what it must agree with.

    A difference may stand for long and is found each minute: what takes long is not asked when enough is named.
    """
    return list(islice(_each_name(row, cursor), NAMED))


def _each_name(row: Reconciliation, cursor: ChainCursor) -> Iterator[str]:
    for movement in outgoing.unexplained(cursor, row.asset)[:NAMED]:
        yield outgoing.no_withdrawal(movement)
    if row.asset == Asset.TRX:
        yield from (words.FEE_NOT_BOOKED % {"tx_id": one.tx_id} for one in _missed_fees(cursor)[:NAMED])
    yield from outgoing.contradictions(cursor, row.asset)[:NAMED]
    yield from transfers_of_nothing.without_a_cause(Asset(row.asset), most=NAMED)  # goes over all transfers
    yield from _deposits_that_lack_something(row)


def _deposits_that_lack_something(row: Reconciliation) -> list[str]:
    """Compare every deposit with its movement and its transfer, and the reverse."""
    asset = Asset(row.asset)
    deposits = Deposit.objects.filter(network=row.network, asset=asset)
    came = {
        (one.tx_id, one.kind, one.index): one.amount
        for one in ChainMovement.objects.filter(network=row.network, asset=asset, side=MovementSide.IN)
    }
    booked = dict(Transfer.objects.filter(pk__in=deposits.values("transfer_id")).values_list("pk", "amount_ubtt"))
    sentences = []
    for one in deposits:
        moved = came.pop((one.tx_id, one.kind, one.index), None)
        if moved != one.amount:
            sentences.append(words.DEPOSIT_MOVED % {"pk": one.pk, "units": one.amount, "moved": moved})
        if one.transfer_id is not None and booked.get(one.transfer_id) != one.amount_ubtt:
            sentences.append(words.DEPOSIT_BOOKED % {"pk": one.pk, "transfer": one.transfer_id})
        if one.transfer_id is not None and to_units(one.amount_ubtt, asset) + one.remainder != one.amount:
            sentences.append(words.DEPOSIT_ROUNDED % {"pk": one.pk})
    return sentences + [
        words.NOTHING_MADE % {"tx_id": tx_id, "kind": kind, "index": index} for tx_id, kind, index in came
    ]
