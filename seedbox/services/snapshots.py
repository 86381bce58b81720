"""What the database says about watched rows and pages, as the messages that a socket sends when it begins to watch."""

from collections.abc import Collection

from seedbox.models import Holding
from seedbox.services import columns, listing
from seedbox.services.encoding import encode
from seedbox.services.live import log_rows
from seedbox.services.rows import Row, file_row, torrent_row

MAX_FILES_SHOWN = 1_000  # a page shows no more at once; changes of later files are published all the same


def own_ids(*, user_id: int, holding_ids: Collection[int]) -> frozenset[int]:
    """Return those ids that are the user's own holdings."""
    if not holding_ids:
        return frozenset()
    own = Holding.objects.filter(user_id=user_id, pk__in=holding_ids)
    return frozenset(own.values_list("pk", flat=True))


def holders(holding_ids: Collection[int]) -> dict[int, int]:
    """Return for each of these holdings that exist whose it is."""
    if not holding_ids:
        return {}
    return dict(Holding.objects.filter(pk__in=holding_ids).values_list("pk", "user_id"))


def messages(*, user_id: int, row_ids: Collection[int], page_ids: Collection[int]) -> list[str]:
    """Return how the user's own among these holdings stand: their rows in one message, files and log of each page.

    A message without a stream is a snapshot and outside of any sequence. Peers and trackers are known to the node
    only: it sends them in its next tick.
    """
    own = Holding.objects.filter(user_id=user_id)
    texts = []
    shown = columns.loaded(own.filter(pk__in=row_ids).select_related("torrent__observation"))
    if rows := [torrent_row(holding) | columns.cells(holding) for holding in shown]:
        texts.append(_rows_message(rows))
    for holding in own.filter(pk__in=page_ids).select_related("torrent"):
        files = holding.torrent.files.all()[:MAX_FILES_SHOWN]
        texts.append(_rows_message([file_row(holding.pk, file) for file in files]))
        log = listing.list_log(holding=holding)
        texts.append(encode({"type": "list", "list": f"log-{holding.pk}", "rows": log_rows(holding, log)}))
    return texts


def _rows_message(rows: Collection[Row]) -> str:
    return encode({"type": "rows", "rows": {str(row["row"]): row for row in rows}})
