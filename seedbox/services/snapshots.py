"""What the database says about watched rows and pages, as the messages that a socket sends when it begins to watch."""

from collections.abc import Collection

from seedbox.models import Holding
from seedbox.services.live import MAX_LOG_SHOWN, encode, log_rows
from seedbox.services.rows import Row, file_row, torrent_row

MAX_FILES_SHOWN = 1_000  # a page shows no more at once; changes of later files are published all the same


def rows_of(*, user_id: int, holding_ids: Collection[int]) -> dict[int, Row]:
    """Return the rows of those holdings that are the user's own, in one query; others are as if they did not exist."""
    if not holding_ids:
        return {}
    own = Holding.objects.filter(user_id=user_id, pk__in=holding_ids).select_related("torrent__observation")
    return {holding.pk: torrent_row(holding) for holding in own}


def own_ids(*, user_id: int, holding_ids: Collection[int]) -> frozenset[int]:
    """Return those ids that are the user's own holdings."""
    if not holding_ids:
        return frozenset()
    own = Holding.objects.filter(user_id=user_id, pk__in=holding_ids)
    return frozenset(own.values_list("pk", flat=True))


def rows_message(rows: Collection[Row]) -> str:
    """Encode rows; a message without a stream is a snapshot and outside of any sequence."""
    return encode({"type": "rows", "rows": {str(row["row"]): row for row in rows}})


def page_messages(*, user_id: int, holding_ids: Collection[int]) -> list[str]:
    """Return the files and the log of the user's own holdings, two messages each.

    Peers and trackers are known to the node only: it sends them in its next tick.
    """
    messages = []
    for holding in Holding.objects.filter(user_id=user_id, pk__in=holding_ids).select_related("torrent"):
        files = holding.torrent.files.all()[:MAX_FILES_SHOWN]
        messages.append(rows_message([file_row(holding.pk, file) for file in files]))
        log = holding.torrent.log.filter(at__gte=holding.added_at).order_by("-at", "-pk")[:MAX_LOG_SHOWN]
        messages.append(encode({"type": "list", "list": f"log-{holding.pk}", "rows": log_rows(holding, log)}))
    return messages
