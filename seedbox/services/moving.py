"""What all torrents of a user move together, on every node that has some: the speeds on the overview and in the title.

Each node knows its own part and says it to the user's group, as an order to the sockets: the socket adds the parts up,
so that the sum is formatted where everything is. A page gets it as the row `speeds` (see `totals`).
"""

import json
from dataclasses import dataclass, field
from datetime import datetime

from seedbox.services.encoding import encode
from seedbox.services.totals import Speeds, speeds_row

SILENT_S = 8.0  # a node says its part every second while somebody looks: one that is silent for so long has stopped

_ORDER = "totals "  # before a node's part: a message to the sockets themselves, no JSON


def order_of(node: str, speeds: Speeds, *, busiest: str, now: datetime) -> str:
    """Return what a node says to a user's sockets; `busiest` names the holdings that move most."""
    part = {"node": node, "down": speeds.down_bytes_per_s, "up": speeds.up_bytes_per_s, "busiest": busiest}
    return f"{_ORDER}{encode({**part, 'at': int(now.timestamp())})}"


def is_order(text: str) -> bool:
    return text.startswith(_ORDER)


@dataclass(frozen=True)
class _Part:
    speeds: Speeds
    busiest: str
    at: int  # by the node's clock
    said_s: float


@dataclass
class Sum:
    """One socket's sum of what its user's nodes said."""

    _parts: dict[str, _Part] = field(default_factory=dict)  # by node
    _at: int = 0

    def hear(self, order: str, now_s: float) -> str:
        """Take in what a node said, and return the message to the page."""
        said = json.loads(order.removeprefix(_ORDER))
        self._parts[said["node"]] = _Part(Speeds(said["down"], said["up"]), said["busiest"], said["at"], now_s)
        return self._message()

    def forget_silent(self, now_s: float) -> str:
        """Count no node that has stopped; return the message to the page if that changes the sum, else nothing."""
        silent = [name for name, part in self._parts.items() if now_s - part.said_s > SILENT_S]
        gone = [self._parts.pop(name) for name in silent]
        return self._message() if any(part.speeds.all for part in gone) else ""

    def _message(self) -> str:
        speeds = sum((part.speeds for part in self._parts.values()), Speeds())
        busiest = " ".join(part.busiest for _, part in sorted(self._parts.items()) if part.busiest)
        # Of clocks that differ the fastest, so that time only goes on; it goes back when that clock was set back.
        self._at = max((part.at for part in self._parts.values()), default=self._at)
        row = speeds_row(speeds) | {"at": self._at, "busiest": busiest}
        return encode({"type": "rows", "rows": {str(row["row"]): row}})
