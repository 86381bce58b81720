"""How an open page of earnings is told of more, as messages of the live socket.

Only the sums: the order of torrents and their hints are weighed anew when the page is opened.
"""

from datetime import UTC, datetime

from speed.services import earning
from speed.services.earning_rows import sums_row
from speed.services.screen import Message


def messages(user_id: int) -> list[Message]:
    """Return what a user has earned."""
    row = sums_row(earning.sums(user_id, now=datetime.now(UTC)))
    return [{"type": "rows", "rows": {row["row"]: row}}]
