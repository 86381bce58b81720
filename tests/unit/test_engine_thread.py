"""The thread that owns an engine: orders and commands go in, events and reports come out, whatever a turn waits for."""

import threading
from collections.abc import Callable, Sequence

import pytest

from seedbox.domain.lanes import LanesStand, Report, ShareUpload
from seedbox.domain.states import State
from seedbox.engine.fake import FakeEngine
from seedbox.engine.port import Command, CommandFailed, Details, Engine, Event, NetworkAnswered, Snapshot, StopTorrent
from seedbox.node.engine_thread import EngineThread, without_old_figures
from seedbox.services.lanes import LaneDesk

LIMIT_S = 20.0


class Failing(FakeEngine):
    """Fails in the way that it is told."""

    fails_to_apply = fails_to_poll = False

    def apply(self, command: Command) -> None:
        if self.fails_to_apply:
            raise RuntimeError("no such command")
        super().apply(command)

    def poll(self, *, timeout_s: float) -> Sequence[Event]:
        if self.fails_to_poll:
            raise RuntimeError("the engine is broken")
        return super().poll(timeout_s=timeout_s)


@pytest.fixture
def desk() -> LaneDesk:
    return LaneDesk()


def run(make: Callable[[], Engine], desk: LaneDesk, turn: Callable[[EngineThread], None]) -> None:
    engine = EngineThread(make, desk)
    try:
        turn(engine)
    finally:
        engine.close(timeout_s=1)


class TestOrders:
    def test_are_carried_out_and_reported_while_no_turn_is_taken(self, desk: LaneDesk) -> None:
        told = threading.Event()
        reports: list[Report] = []

        def hear(report: Report) -> None:
            reports.append(report)
            told.set()

        desk.listen(hear)

        def turn(engine: EngineThread) -> None:
            desk.ask(ShareUpload(1_000_000))
            assert told.wait(LIMIT_S), "the order was not carried out"
            assert not [event for event in engine.poll(timeout_s=0) if isinstance(event, Report)]

        run(FakeEngine, desk, turn)
        assert isinstance(reports[0], LanesStand)
        assert not desk.has_engine


class TestCommands:
    def test_reach_the_engine_and_its_events_reach_the_next_turn(self, desk: LaneDesk) -> None:
        fake = FakeEngine()

        def turn(engine: EngineThread) -> None:
            events: list[Event] = []
            while not any(isinstance(event, NetworkAnswered) for event in events):
                events += engine.poll(timeout_s=LIMIT_S)
            engine.apply(StopTorrent("ab"))
            assert (engine.listening, engine.problem) == (fake.listening, "")

        run(lambda: fake, desk, turn)
        assert fake.commands == [StopTorrent("ab")]
        assert fake.closed

    def test_that_fail_stop_nobody_are_counted_and_told(self, desk: LaneDesk, caplog: pytest.LogCaptureFixture) -> None:
        def turn(engine: EngineThread) -> None:
            engine.apply(StopTorrent("ab"))
            while CommandFailed(StopTorrent("ab")) not in engine.poll(timeout_s=LIMIT_S):
                pass
            while not engine.counters()["commands_failed"]:
                engine.poll(timeout_s=0.1)

        failing = Failing()
        failing.fails_to_apply = True
        run(lambda: failing, desk, turn)
        assert "StopTorrent" in caplog.text


class TestAnEngine:
    def test_that_can_not_be_made_says_so_at_once(self, desk: LaneDesk) -> None:
        def fail() -> Engine:
            raise OSError("no port")

        with pytest.raises(OSError, match="no port"):
            EngineThread(fail, desk)

    def test_that_breaks_tells_the_next_turn(self, desk: LaneDesk) -> None:
        failing = Failing()

        def turn(engine: EngineThread) -> None:
            failing.fails_to_poll = True
            with pytest.raises(RuntimeError, match="broken"):
                while True:
                    engine.poll(timeout_s=LIMIT_S)

        run(lambda: failing, desk, turn)

    def test_can_be_woken_by_any_thread(self, desk: LaneDesk) -> None:
        def turn(engine: EngineThread) -> None:
            while engine.poll(timeout_s=0.1):
                pass
            waking = threading.Timer(0.05, engine.wake)
            waking.start()
            engine.poll(timeout_s=LIMIT_S * 100)
            waking.join()

        run(FakeEngine, desk, turn)


def figures(key: str, state: State, done_bytes: int) -> Snapshot:
    return Snapshot(key, state, done_bytes, 100, 0, 0, 0, 0, 0, 0, 0, "")


class TestEventsThatNobodyTakes:
    def test_lose_old_figures_and_no_move(self) -> None:
        events: list[Event] = [
            figures("a", State.DOWNLOADING, 1),
            figures("b", State.DOWNLOADING, 1),
            figures("a", State.DOWNLOADING, 2),
            Details("a"),
            figures("a", State.SEEDING, 100),
            figures("a", State.SEEDING, 100),
        ]

        assert without_old_figures(events) == [events[1], events[2], events[5]]
