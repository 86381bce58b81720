"""The supervisor's own rules, on children that are tiny shell scripts."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from seedbox.config import guardian
from tests.box import ROOT, processes_with, wait_until

LIMIT_S = 30.0  # the guardian itself gives a box eight seconds to end
SLEEPER = "echo ready; exec sleep 600"
FAMILY = "sleep 600 & echo grandchild $!; wait"
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 600; done"


class TinyBox:
    def __init__(self, folder: Path, scripts: dict[str, str]) -> None:
        self.mark = f"TINY_BOX={folder}"
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.tiny_box", str(folder / "lock")]
            + [f"{name}={script}" for name, script in scripts.items()],
            cwd=ROOT,
            env={**os.environ, "TINY_BOX": str(folder)},
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout:
            self.lines.extend(line.rstrip("\n") for line in self.process.stdout)

    def wait_for(self, text: str, times: int = 1) -> list[str]:
        def look() -> list[str]:
            found = [line for line in list(self.lines) if text in line]
            return found if len(found) >= times else []

        return wait_until(look, f"{text!r}, {times} times", LIMIT_S)

    def pid_of(self, script: str) -> int:
        """Return the child that runs a command line with `script`."""
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            if script in Path(f"/proc/{pid}/cmdline").read_text():
                return int(pid)
        raise AssertionError(f"no child runs {script!r}")

    def guardian_pid(self) -> int:
        return self.pid_of("guardian.py")

    def wait_for_the_end(self) -> int:
        code = self.process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        return code

    def wait_until_nothing_is_left(self) -> None:
        wait_until(lambda: not processes_with(self.mark), "the last process of the box to go", LIMIT_S)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., TinyBox]]:
    boxes: list[TinyBox] = []

    def _start(**scripts: str) -> TinyBox:
        boxes.append(TinyBox(tmp_path, scripts))
        return boxes[-1]

    yield _start
    for box in boxes:
        box.process.kill()
        box.wait_for_the_end()
        for pid in processes_with(box.mark):
            os.kill(pid, signal.SIGKILL)


class TestAChildThatCrashes:
    def test_starts_again_a_moment_later(self, start: Callable[..., TinyBox]) -> None:
        box = start(web=SLEEPER)
        box.wait_for("ready")
        os.kill(box.pid_of("sleep"), signal.SIGKILL)
        box.wait_for("web was killed by SIGKILL; starting it again in 0.1 s")
        box.wait_for("ready", times=2)

    def test_waits_longer_each_time(self, start: Callable[..., TinyBox]) -> None:
        box = start(node="exit 3")
        box.wait_for("node ended with code 3; starting it again in 0.1 s")
        box.wait_for("node ended with code 3; starting it again in 0.2 s")
        box.wait_for("node ended with code 3; starting it again in 0.4 s")

    def test_takes_what_it_had_started_with_it(self, start: Callable[..., TinyBox]) -> None:
        box = start(web=FAMILY)
        grandchild = int(box.wait_for("grandchild")[0].split()[-1])
        os.kill(box.pid_of("grandchild"), signal.SIGKILL)
        box.wait_for("grandchild", times=2)
        assert grandchild not in processes_with(box.mark)

    def test_leaves_its_last_words(self, start: Callable[..., TinyBox]) -> None:
        box = start(web="printf 'no line end'; kill -9 $$")
        assert box.wait_for("no line end")[0] == "web    | no line end"


class TestStopping:
    def test_goes_from_the_last_to_the_first(self, start: Callable[..., TinyBox]) -> None:
        said = "trap 'echo bye; exit' TERM; echo ready; sleep 600 & wait"
        box = start(redis=said, node=said, web=said)
        box.wait_for("ready", times=3)
        box.process.terminate()
        assert box.wait_for_the_end() == 0
        assert [line.split()[0] for line in box.lines if "bye" in line] == ["web", "node", "redis"]
        box.wait_until_nothing_is_left()

    def test_kills_what_does_not_listen(self, start: Callable[..., TinyBox]) -> None:
        box = start(node=STUBBORN)
        box.wait_for("ready")
        box.process.send_signal(signal.SIGINT)
        assert box.wait_for_the_end() == 0
        assert "box    | node did not stop in 0.5 s: killed" in box.lines
        box.wait_until_nothing_is_left()

    def test_does_not_wait_for_a_child_that_rests_after_a_crash(self, start: Callable[..., TinyBox]) -> None:
        box = start(node="exit 3")
        box.wait_for("starting it again in 1.6 s")
        asked = time.monotonic()
        box.process.terminate()
        assert box.wait_for_the_end() == 0
        assert time.monotonic() - asked < 1.5

    def test_at_once_after_a_second_ctrl_c(self, start: Callable[..., TinyBox]) -> None:
        box = start(redis=STUBBORN, node=STUBBORN, web=STUBBORN)
        box.wait_for("ready", times=3)
        box.process.send_signal(signal.SIGINT)
        box.wait_for("web did not stop")
        box.process.send_signal(signal.SIGINT)
        assert box.wait_for_the_end() == 130
        assert "node did not stop" not in "".join(box.lines)
        box.wait_until_nothing_is_left()

    def test_in_peace_when_one_ctrl_c_arrives_twice(self, start: Callable[..., TinyBox]) -> None:
        box = start(node="trap 'echo bye; exit' TERM; echo ready; sleep 600 & wait")
        box.wait_for("ready")
        box.process.send_signal(signal.SIGINT)
        box.process.send_signal(signal.SIGINT)
        assert box.wait_for_the_end() == 0
        assert "node   | bye" in box.lines


class TestAKilledSupervisor:
    def test_leaves_no_process(self, start: Callable[..., TinyBox]) -> None:
        box = start(node=SLEEPER, web=FAMILY)
        box.wait_for("ready")
        box.wait_for("grandchild")
        box.process.kill()
        box.wait_until_nothing_is_left()

    def test_leaves_no_process_even_if_its_guardian_was_killed_earlier(self, start: Callable[..., TinyBox]) -> None:
        box = start(web=FAMILY)
        box.wait_for("grandchild")
        first = box.guardian_pid()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: _another_guardian(box, first), "another guardian", LIMIT_S)
        box.process.kill()
        box.wait_until_nothing_is_left()


class TestAKilledGuardian:
    def test_is_replaced_ever_more_slowly_while_it_dies_at_once(self, start: Callable[..., TinyBox]) -> None:
        box = start(web=SLEEPER)
        box.wait_for("ready")
        deaths = [time.monotonic()]
        for _ in range(4):
            guardian_pid = wait_until(lambda: _guardian_of(box), "a guardian", LIMIT_S)
            os.kill(guardian_pid, signal.SIGKILL)
            wait_until(partial(_is_another_or_none, box, guardian_pid), "the guardian's death", LIMIT_S)
            deaths.append(time.monotonic())
        assert deaths[-1] - deaths[0] >= 0.1 + 0.2 + 0.4


def _guardian_of(box: TinyBox) -> int:
    with suppress(AssertionError, FileNotFoundError):
        return box.guardian_pid()
    return 0


def _is_another_or_none(box: TinyBox, first: int) -> bool:
    return _guardian_of(box) != first


def _another_guardian(box: TinyBox, first: int) -> bool:
    return _guardian_of(box) not in (0, first)


class TestTheGuardian:
    def test_kills_what_does_not_listen(self) -> None:
        with (
            subprocess.Popen(["/bin/sh", "-c", STUBBORN], process_group=0, stdout=subprocess.PIPE, text=True) as child,
            subprocess.Popen([sys.executable, guardian.__file__, "0.2"], stdin=subprocess.PIPE, text=True) as watch,
        ):
            assert child.stdout and child.stdout.readline() == "ready\n"
            watch.communicate(f"+{child.pid}\n", timeout=LIMIT_S)
            assert child.wait(LIMIT_S) == -signal.SIGKILL

    def test_knows_what_ran_when_it_was_started_though_nobody_had_the_time_to_say_so(self) -> None:
        with subprocess.Popen(["/bin/sh", "-c", SLEEPER], process_group=0, stdout=subprocess.PIPE) as child:
            watch = [sys.executable, guardian.__file__, str(LIMIT_S), str(child.pid)]
            subprocess.run(watch, stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=True)
            assert child.wait(LIMIT_S) == -signal.SIGTERM

    def test_does_not_wait_for_the_dead_that_nobody_buries(self) -> None:
        with (
            subprocess.Popen(["/bin/sh", "-c", SLEEPER], process_group=0, stdout=subprocess.PIPE) as child,
            subprocess.Popen(
                [sys.executable, guardian.__file__, str(10 * LIMIT_S)], stdin=subprocess.PIPE, text=True
            ) as watch,
        ):
            watch.communicate(f"+{child.pid}\n", timeout=LIMIT_S)  # we bury the child only afterwards
            assert child.wait(LIMIT_S) == -signal.SIGTERM

    def test_leaves_alone_what_has_ended_already(self) -> None:
        with (
            subprocess.Popen(["/bin/sh", "-c", SLEEPER], process_group=0, stdout=subprocess.PIPE) as child,
            subprocess.Popen([sys.executable, guardian.__file__, "0.2"], stdin=subprocess.PIPE, text=True) as watch,
        ):
            watch.communicate(f"+{child.pid}\n-{child.pid}\n", timeout=LIMIT_S)
            assert child.poll() is None
            child.kill()
