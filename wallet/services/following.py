"""Sums that follow the ledger: how far they go, and how they get on, each transfer once.

Transfers become visible out of the order of their ids, so sums follow the seals: below the newest seal's end nothing
can appear any more. What lies behind a cursor is read straight from the transfers, so no page is ever behind; and the
cursor moves in the transaction that adds to the sums, so neither a crash nor a second worker counts anything twice.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from wallet.models import RollupCursor, Transfer
from wallet.services import seals
from wallet.services.followers import Follower

# Transfers of one run: half a second's work at most, for the one thread that does it seals and pays out as well.
LIMIT = 5_000
TRIES = 2  # to read without a lock

logger = logging.getLogger(__name__)
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where sums stood at a moment."""

    last_id: int
    begun: int


def catch_up(follower: Follower, *, now: datetime, limit: int = LIMIT) -> int:
    """Add what was sealed since the last time, so many transfers at most; return by how many ids that went on.

    It is gathered without a lock, for what is sealed never changes, and added if the sums still are where they were:
    two at once do no harm.
    """
    there, _ = RollupCursor.objects.get_or_create(pk=follower.name, defaults={"moved_at": now})
    sealed = seals.newest().last_id
    ids = Transfer.objects.filter(pk__gt=there.last_id, pk__lte=sealed).order_by("pk").values_list("pk", flat=True)
    upto = next(iter(ids[limit - 1 : limit]), sealed)
    if upto <= there.last_id:
        return 0
    add = follower.gather(there.last_id, upto)
    with transaction.atomic():
        cursor = RollupCursor.objects.select_for_update().get(pk=follower.name)
        if (cursor.last_id, cursor.begun) != (there.last_id, there.begun):
            logger.info("somebody else has brought the sums of %s on", follower.name)
        else:
            add()
            cursor.last_id, cursor.moved_at = upto, now
            cursor.save()
    return upto - there.last_id


def begin_anew(follower: Follower, *, now: datetime) -> None:
    """Forget the sums. Until they have caught up again, everything is read from the transfers, which takes longer."""
    with transaction.atomic():
        RollupCursor.objects.get_or_create(pk=follower.name, defaults={"moved_at": now})
        cursor = RollupCursor.objects.select_for_update().get(pk=follower.name)
        follower.forget()
        cursor.last_id, cursor.begun, cursor.moved_at = 0, cursor.begun + 1, now
        cursor.save()


def mark(name: str) -> Mark:
    """Return where sums stand now."""
    found = RollupCursor.objects.filter(pk=name).values_list("last_id", "begun").first()
    return Mark(*found) if found else Mark(0, 0)


def read_beside(name: str, read: Callable[[int], Found]) -> Found:
    """Read sums and what is behind them as of one moment; `read` is told up to which transfer the sums go.

    If they move on meanwhile it is called again, and at last with the cursor locked.
    """
    for _ in range(TRIES):
        before = mark(name)
        found = read(before.last_id)
        if mark(name) == before:
            return found
    with transaction.atomic():
        cursor = RollupCursor.objects.select_for_update().get(pk=name)
        return read(cursor.last_id)
