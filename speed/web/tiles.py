"""What the market shows on the box's overview: the deals that run, and how much of what moves is paid for."""

from typing import Any

from seedbox.services.totals import Speeds
from speed.services import trading


def deals(user_id: int) -> dict[str, Any]:
    found = trading.deals(user_id)
    return {"selling": found.selling, "buying": found.buying, "version": found.version}


def split(user_id: int, speeds: Speeds) -> dict[str, Any]:
    return {"split": trading.split_row(user_id, speeds)}
