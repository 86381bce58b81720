"""Sealing: what is written gets under a Merkle root that is chained to all roots before it."""

import logging
from collections.abc import Iterator
from datetime import datetime

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Max
from psycopg.errors import LockNotAvailable

from wallet import models
from wallet.domain.seals import BEGINNING, MAX_TRANSFERS, Link, Seal, seal
from wallet.domain.written import Written
from wallet.services.sealing_lock import POSTING

SEALS_AT_ONCE = 10  # of one commit
SETTLE_WAIT_MS = 500  # whoever wants to post waits behind the sealer, so it gives up and comes again in a second
# The order of Written. The joins drop no row: accounts are never deleted, and the audit counts what is sealed.
COLUMNS = (
    "id",
    "asset",
    "kind",
    "amount_ubtt",
    "debit_id",
    "debit__kind",
    "debit__ref",
    "credit_id",
    "credit__kind",
    "credit__ref",
    "event_at",
    "written_at",
    "key_hash",
    "body_hash",
    "cause",
    "memo",
    "hold_id",
    "reverses_id",
)

logger = logging.getLogger(__name__)


def seal_new(*, now: datetime) -> int:
    """Seal every transfer that is not sealed yet; return how many were.

    1. Learn up to which id the books are settled: no transfer with a lower one can still appear.
    2. Read and hash what is unsealed up to there, without a lock: what is written never changes.
    3. Write the seals. If another sealer was first with a number, begin again behind its seals.

    Not in a transaction of the caller's: it would keep everybody from posting until it ends.
    """
    if _newest_id() <= newest().last_id:
        return 0
    settled_id, sealed = _settled_id(), 0
    while seals := _next_seals(settled_id, now):
        try:
            with transaction.atomic(durable=True):
                models.Seal.objects.bulk_create(_row(one) for one in seals)
        except IntegrityError:
            if newest().number < seals[0].number:
                raise
            logger.info("another sealer was first with seal %d", seals[0].number)
        else:
            sealed += sum(one.count for one in seals)
    return sealed


def newest() -> Link:
    """Return the newest seal's number and hash, which are worth publishing; number 0 before the first."""
    found = models.Seal.objects.order_by("-number").values_list("number", "last_id", "hash").first()
    return Link(found[0], found[1], bytes(found[2])) if found else BEGINNING


def read_written(*, first_id: int, last_id: int, limit: int = MAX_TRANSFERS) -> list[Written]:
    """Return transfers in the order of their ids."""
    found = models.Transfer.objects.filter(pk__gte=first_id, pk__lte=last_id).order_by("pk")
    return [Written._make(row) for row in found.values_list(*COLUMNS)[:limit]]


def read_seals(*, first: int, last: int) -> Iterator[Seal]:
    """Yield seals in the order of their numbers."""
    for row in models.Seal.objects.filter(number__gte=first, number__lte=last).order_by("number").iterator():
        yield as_written(row)


def as_written(row: models.Seal) -> Seal:
    """Return what a stored seal says, without the hash that stands beside it."""
    return Seal(
        number=row.number,
        first_id=row.first_id,
        last_id=row.last_id,
        count=row.count,
        root=bytes(row.root),
        previous_hash=bytes(row.previous_hash),
        totals=row.totals,
        sealed_at=row.sealed_at,
    )


def _next_seals(settled_id: int, now: datetime) -> list[Seal]:
    link = newest()
    transfers = read_written(first_id=link.last_id + 1, last_id=settled_id, limit=SEALS_AT_ONCE * MAX_TRANSFERS)
    seals = []
    for start in range(0, len(transfers), MAX_TRANSFERS):
        seals.append(seal(transfers[start : start + MAX_TRANSFERS], after=link, now=now))
        link = seals[-1].link()
    return seals


def _newest_id() -> int:
    return int(models.Transfer.objects.aggregate(newest=Max("pk"))["newest"] or 0)


def _settled_id() -> int:
    """Return the highest id of which it is certain that no lower one is under way; 0 if that can't be told now.

    In SQLite what can be read is settled: ids are given under the lock of the whole file. In PostgreSQL whoever posts
    shares a lock until the commit; once we have had it alone, ids that nobody can read were rolled back.
    """
    if connection.vendor != "postgresql":
        return _newest_id()
    try:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{SETTLE_WAIT_MS}ms"])
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [POSTING])
            return _newest_id()
    except OperationalError as problem:
        if not isinstance(problem.__cause__, LockNotAvailable):
            raise
        logger.info("somebody has been posting for long; sealing waits for the next time")
        return 0


def _row(drawn: Seal) -> models.Seal:
    return models.Seal(
        number=drawn.number,
        first_id=drawn.first_id,
        last_id=drawn.last_id,
        count=drawn.count,
        root=drawn.root,
        previous_hash=drawn.previous_hash,
        totals=dict(drawn.totals),
        sealed_at=drawn.sealed_at,
        hash=drawn.hash(),
    )
