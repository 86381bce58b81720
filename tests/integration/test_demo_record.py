"""What a box knows of the demo that its page has started."""

import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbox.config.demo import record
from seedbox.config.demo.interrupts import uninterrupted
from tests.box import wait_until


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of a box on which no demo has told anything when its start is no longer waited for."""
    monkeypatch.setattr(record, "BEGIN_S", 0.0)
    (tmp_path / "demo").mkdir()
    yield tmp_path
    record.stop(tmp_path)
    wait_until(lambda: not record.is_running(tmp_path), "the end of the demo")


class TestADemo:
    def test_that_has_told_nothing_yet_runs_and_can_be_stopped(self, data: Path) -> None:
        record.start(data)
        assert record.is_running(data)
        record.stop(data)
        wait_until(lambda: not record.is_running(data), "the end of the demo")
        assert record.read(data) == {}

    def test_does_not_run_because_two_look_at_once_whether_it_does(self, data: Path) -> None:
        lock = os.open(data / "demo" / "lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_SH)  # as who looks has it
        assert not record.is_running(data)
        os.close(lock)


class TestASignal:
    def test_waits_until_a_process_that_was_started_is_known(self) -> None:
        known = []
        with pytest.raises(KeyboardInterrupt), uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            known.append("the box")
        assert known
