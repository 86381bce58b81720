"""The two sides of a market, selling and buying, as the agent's life sees them, and what that life lends to them.

Everything a side is told comes in the thread of the agent's loop, one thing at a time and with the time in hand, and
must not wait: what writes to the database or asks a hub is handed to the floor, which says when it is done. So a side
needs no locks, and a test can tell it everything by itself.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias, TypeVar

from seedbox.domain.lanes import Order, Report
from speed.domain.messages import Message
from speed.services.markets import Terms
from speed.services.speed_key import SpeedKey
from speed.wire.hub_port import Answer, Hub
from speed.wire.port import DialFailed, Link
from wallet.domain.hub import HubInfo

T = TypeVar("T")
Then: TypeAlias = Callable[[T, datetime], None]  # hears a result, and when it came
Otherwise = Callable[[datetime], None]


@dataclass(frozen=True)
class KnownHub:
    """A hub that is trusted, and what it last said of itself."""

    hub: Hub
    info: HubInfo
    ahead_s: int = 0  # of its clock before ours

    def time_s(self, now: datetime) -> int:
        """Return what time it is for the hub, without asking it: channels end by it."""
        return int(now.timestamp()) + self.ahead_s


class Floor(Protocol):
    """Where both sides meet their node, its database, hubs and other nodes."""

    @property
    def node_name(self) -> str: ...

    @property
    def key(self) -> SpeedKey: ...

    @property
    def terms(self) -> Terms:
        """Return what was decided for this node's market, and what stands in its way, as read last."""

    @property
    def hubs(self) -> Mapping[bytes, KnownHub]:
        """Return the hubs that the operator trusts and that have told their key, by their id."""

    @property
    def payers(self) -> Mapping[bytes, KnownHub]:
        """Return all that have told their key, also those that are trusted no more: they still owe what they signed.

        Our own stands there under its former ids, too.
        """

    @property
    def port(self) -> int:
        """Return where the Speed port listens; 0 while it does not."""

    @property
    def links(self) -> Collection[Link]:
        """Return all connections that have proved who they are."""

    def ask(self, order: Order) -> None:
        """Ask the node's engine; `Watch` is not asked for here, for both sides share it."""

    def watch_sells(self, places: Mapping[str, frozenset[str]]) -> None:
        """Have `Sent` for these places of these torrents."""

    def watch_buys(self, places: Mapping[str, frozenset[str]]) -> None:
        """Have `Received` and `PieceChecked` for these places of these torrents."""

    def write(
        self,
        work: Callable[[], T],
        then: Then[T] | None = None,
        otherwise: Otherwise | None = None,
    ) -> None:
        """Do this in the thread of the database, in the order of asking, and tell its result.

        While the database is away it is tried again and again: it must be harmless twice. `otherwise` is told if it
        failed for another reason, which is a mistake of ours and is written down.
        """

    def ask_hub(
        self,
        hub_id: bytes,
        work: Callable[[Hub], T],
        then: Then[Answer[T]],
    ) -> None:
        """Do this with a hub of `payers`, beside all else, and tell its result, or why there is none."""

    def dial(self, endpoint: str, then: Callable[[DialFailed], None]) -> None:
        """Call a seller from where the engine's peers are called from; `linked` follows, or `then` tells why not."""

    def know_market(self, endpoint: str) -> None:
        """Note where a handshake went well before the node was started: when it fails, it is called again soon."""


class Side(Protocol):
    """Selling or buying. Messages and links that are the other side's business are told as well, and are left alone."""

    @property
    def name(self) -> str:
        """Return "selling" or "buying"."""

    def begin(self, now: datetime) -> None:
        """Take up what the database has of before. Called once, before all else."""

    @property
    def wants_port(self) -> bool:
        """Say whether the Speed port shall listen."""

    def linked(self, link: Link, now: datetime) -> None: ...

    def heard(self, link: Link, message: Message, now: datetime) -> None: ...

    def unlinked(self, link: Link, now: datetime) -> None: ...

    def report(self, report: Report, now: datetime) -> None: ...

    def tick(self, now: datetime) -> None:
        """Do what is due. Called five times a second, and once when the terms have changed."""

    def finish(self, now: datetime) -> None:
        """Hand in the last writes: the node stops, and will be back. Connections are dropped without a word."""

    def problem(self) -> str:
        """Return why this side, though switched on, does nothing, in a sentence; "" when it is well or off."""

    def counters(self) -> Mapping[str, int]:
        """Return figures for the health page."""
