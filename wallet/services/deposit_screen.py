"""What a user sees of their deposits: what is on its way, and what has come. Always their own."""

from collections.abc import Sequence

from django.conf import settings

from wallet.models import Deposit, PendingDeposit
from wallet.services.deposit_rows import by_name, deposit_row, pending_row
from wallet.services.entry_rows import Row
from wallet.services.own_addresses import cursor

NEWEST = 20  # of one message; a page that missed more of them fetches its list
PAGE_DEPOSITS = 25
MOST_PENDING = 50

Message = dict[str, object]


def messages(user_id: int) -> list[Message]:
    """Return how a user's deposits stand, as messages of the live socket."""
    newest = [deposit_row(one) for one in deposits_of(user_id, limit=NEWEST)]
    return [
        {"type": "list", "list": "pending", "rows": by_name(pending_of(user_id))},
        {"type": "head", "list": "deposits", "rows": by_name(newest)},
    ]


def pending_of(user_id: int) -> Sequence[Row]:
    found = cursor()
    if found is None:
        return []
    rows = PendingDeposit.objects.filter(network=found.network, user_id=user_id, block_number__gt=found.height)
    return [pending_row(one, found) for one in rows.order_by("block_number", "tx_id", "index")[:MOST_PENDING]]


def deposits_of(user_id: int, *, before: int | None = None, limit: int = PAGE_DEPOSITS) -> Sequence[Deposit]:
    """Return what has come for a user, the newest first."""
    found = Deposit.objects.filter(network=settings.WALLET_NETWORK, user_id=user_id)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.order_by("-pk")[:limit])


def deposit_of(user_id: int, deposit_id: int) -> Deposit | None:
    return Deposit.objects.filter(pk=deposit_id, user_id=user_id).first()
