"""The thread that owns a node's engine, beside the one that turns the node.

A node's turn may wait for the database as long as that takes; lanes must be adjusted several times a second all the
same, or a buyer who does not pay gets more than its window. So the engine lives in a thread of its own, which carries
out commands and a market's orders as they come, hands reports to the market, and keeps events until a turn takes them.
"""

import logging
import threading
from collections.abc import Callable, Sequence

from seedbox.domain.lanes import Order, Report
from seedbox.engine import port
from seedbox.services.lanes import LaneDesk

POLL_S = 1.0
START_S = 60.0  # for an engine to be made
LATE_S = 3.0  # longer than asked for, for an engine to close
MANY_EVENTS = 20_000  # then older figures of a torrent give way to newer ones

logger = logging.getLogger(__name__)


class EngineThread:
    """The port of an engine that lives in another thread. One thread calls everything here, except `wake`.

    Whatever goes wrong in there is raised by the next `poll`.
    """

    def __init__(self, make: Callable[[], port.Engine], desk: LaneDesk) -> None:
        """Make the engine; raises what that raises, or TimeoutError."""
        self._make = make
        self._desk = desk
        self._changed = threading.Condition()
        self._engine: port.Engine | None = None
        self._commands: list[port.Command] = []
        self._events: list[port.Event] = []
        self._is_woken = self._has_ended = False
        self._close_s: float | None = None
        self._failure: BaseException | None = None
        self._listening: tuple[str, ...] = ()
        self._problem = ""
        self._counters: dict[str, int] = {}
        self._failed_commands = 0
        self._thread = threading.Thread(target=self._run, name="engine")
        self._thread.start()
        with self._changed:
            is_there = self._changed.wait_for(lambda: self._engine is not None or self._has_ended, START_S)
        self._raise_failure()
        if not is_there:
            self._close_s = 0.0  # it ends when it comes
            raise TimeoutError(f"the engine did not start within {START_S:.0f} s")

    # --- the port

    @property
    def listening(self) -> tuple[str, ...]:
        return self._listening

    @property
    def problem(self) -> str:
        return self._problem

    def counters(self) -> dict[str, int]:
        return dict(self._counters)

    def apply(self, command: port.Command) -> None:
        with self._changed:
            self._commands.append(command)
        self._wake_engine()

    def poll(self, *, timeout_s: float) -> Sequence[port.Event]:
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._is_woken or self._has_ended, timeout_s)
            self._is_woken = False
            events, self._events = self._events, []
        self._raise_failure()
        return events

    def wake(self) -> None:
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def close(self, *, timeout_s: float) -> Sequence[port.Event]:
        self._close_s = timeout_s
        self._wake_engine()
        self._thread.join(timeout_s + LATE_S)
        with self._changed:
            events, self._events = self._events, []
        return events

    # --- the engine's own thread

    def _run(self) -> None:
        try:
            self._live()
        except BaseException as failure:
            self._failure = failure
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _live(self) -> None:
        engine = self._make()
        try:
            self._look(engine)
            with self._changed:
                self._engine = engine
                self._changed.notify_all()
            self._desk.open(engine.wake)
            while self._close_s is None:
                self._carry_out(engine)
                self._keep(engine.poll(timeout_s=POLL_S))
                self._look(engine)
            self._carry_out(engine)
        finally:
            self._desk.close()
            self._engine = None
            self._keep(engine.close(timeout_s=self._close_s or 0))
            del engine  # before its thread ends: libtorrent wants to be gone by then

    def _carry_out(self, engine: port.Engine) -> None:
        """Hand commands and orders to the engine; a mistake of ours in one must not stop everybody's torrents.

        A command that failed is an event, so that it is tried again; a market asks again by itself.
        """
        with self._changed:
            commands, self._commands = self._commands, []
        for command in (*commands, *self._desk.take()):
            try:
                engine.apply(command)
            except Exception:
                self._failed_commands += 1
                logger.exception("the engine could not carry out %s", type(command).__name__)
                if not isinstance(command, Order):
                    self._keep([port.CommandFailed(command)])

    def _look(self, engine: port.Engine) -> None:
        self._listening, self._problem = engine.listening, engine.problem
        self._counters = {**engine.counters(), "commands_failed": self._failed_commands}

    def _keep(self, events: Sequence[port.Event]) -> None:
        self._desk.tell(event for event in events if isinstance(event, Report))
        with self._changed:
            self._events += (event for event in events if not isinstance(event, Report))
            if len(self._events) > MANY_EVENTS:
                self._events = without_old_figures(self._events)
            if self._events:
                self._changed.notify_all()

    def _wake_engine(self) -> None:
        if engine := self._engine:
            engine.wake()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


def without_old_figures(events: Sequence[port.Event]) -> list[port.Event]:
    """Leave out figures of a torrent that newer ones follow in the same state: its moves remain to be seen."""
    kept: list[port.Event] = []
    latest: dict[str, port.Snapshot] = {}
    for event in reversed(events):
        if isinstance(event, port.Snapshot):
            newer = latest.get(event.key)
            latest[event.key] = event
            if newer is not None and newer.state is event.state:
                continue
        elif isinstance(event, port.Details):
            continue  # of what somebody looked at then; the next ones are due in a second
        kept.append(event)
    return kept[::-1]
