"""The desk where a market and the node's engine meet, within one process: orders go one way, reports the other.

Neither waits for the other. The market asks from any thread; the thread that owns the engine takes what was asked
whenever it turns, and hands reports to whoever listens.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable

from seedbox.domain.lanes import Announce, Errand, MapPort, Order, Report, ShareUpload, StandingOrder, Watch

MAX_ERRANDS = 1_000  # waiting for an engine; older ones give way: whoever asked will ask again

Listener = Callable[[Report], None]

logger = logging.getLogger(__name__)


class LaneDesk:
    """Orders that stand are kept: a new engine of the same process is told them again. Errands are carried out once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing: dict[type, StandingOrder] = {}
        self._untold: set[type] = set()
        self._errands: deque[Errand] = deque(maxlen=MAX_ERRANDS)
        self._listeners: tuple[Listener, ...] = ()
        self._wake: Callable[[], None] | None = None

    # --- the market's side

    def ask(self, order: Order) -> None:
        """Have the engine do this soon. Any thread may call it; it never waits and never fails."""
        with self._lock:
            if isinstance(order, ShareUpload | Watch | Announce | MapPort):
                self._standing[type(order)] = order
                self._untold.add(type(order))
            else:
                self._errands.append(order)
            wake = self._wake
        if wake is not None:
            wake()

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Hand each report to `callback`, in the engine's thread: it must not wait. Call what is returned to end it."""
        with self._lock:
            self._listeners = (*self._listeners, callback)

        def end() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not callback)

        return end

    @property
    def has_engine(self) -> bool:
        """Say whether an engine of this process takes orders now."""
        return self._wake is not None

    # --- the engine's side

    def open(self, wake: Callable[[], None]) -> None:
        """An engine is here, and `wake` ends its waiting; it knows nothing of what was ordered before."""
        with self._lock:
            self._wake = wake
            self._untold = set(self._standing)

    def close(self) -> None:
        """The engine is gone; what it was sent for and has not done is forgotten."""
        with self._lock:
            self._wake = None
            self._errands.clear()

    def take(self) -> list[Order]:
        """Return what was asked since the last time, orders that stand first."""
        with self._lock:
            orders: list[Order] = [self._standing[kind] for kind in self._standing if kind in self._untold]
            orders += self._errands
            self._untold.clear()
            self._errands.clear()
        return orders

    def tell(self, reports: Iterable[Report]) -> None:
        """Hand reports to all that listen. What a listener can't take is its own loss, never the engine's."""
        for report in reports:
            for listener in self._listeners:
                try:
                    listener(report)
                except Exception:
                    logger.exception("a report of the engine was not taken")


desk = LaneDesk()
