"""How the demo ends when it is not let play: whatever befalls it while its boxes start, nothing of it is left."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from seedbox.config.demo.boxes import socket_folders
from tests.box import ManagedProcess, processes_with, wait_until

LIMIT_S = 300.0  # far more than anything here takes
INTERRUPTED = 130
MIB = 1 << 20


class BeginningDemo(ManagedProcess):
    """A demo whose boxes have begun to start, with a folder for temporary files of its own."""

    def __init__(self, *, most_file_bytes: int = 0) -> None:
        super().__init__("demo")
        self._most_file_bytes = most_file_bytes
        self.sockets: set[Path] = set()
        self.temporary = self.data / ("so deep that no socket can be there" * 2)
        self.temporary.mkdir()
        self.env |= {"TMPDIR": str(self.temporary), "DEMO_OF_TEST": str(self.data)}

    def start(self) -> None:
        self.launch("demo")
        if self._most_file_bytes:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (self._most_file_bytes, self._most_file_bytes))
        else:
            wait_until(lambda: self.of("buyer"), "the buyer's box", LIMIT_S)
            (folder,) = self.temporary.iterdir()
            self.sockets = socket_folders(folder)

    def of(self, box: str) -> set[int]:
        """Return the processes of a box."""
        folder = next(self.temporary.glob(f"seedbox-demo-*/{box}"), None)
        return processes_with(f"SEEDBOX_DATA={folder / 'data'}") if folder else set()

    def supervisor(self, box: str) -> int:
        """Return the first process of a box: it alone is a child of the demo."""
        (found,) = (pid for pid in self.of(box) if _parent(pid) == self.pid)
        return found

    def wait_until_nothing_is_left(self) -> None:
        wait_until(lambda: not self.is_running, "the end of the demo", LIMIT_S)
        wait_until(lambda: not processes_with(f"DEMO_OF_TEST={self.data}"), "the end of its boxes", LIMIT_S)
        wait_until(lambda: not list(self.temporary.iterdir()), "an empty folder", LIMIT_S)
        wait_until(lambda: not any(map(Path.exists, self.sockets)), "no sockets elsewhere", LIMIT_S)


def _parent(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):  # a box that starts has processes that end soon
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


@pytest.fixture
def demo() -> Iterator[BeginningDemo]:
    with BeginningDemo() as running:
        yield running


@pytest.mark.timeout(600)
class TestADemo:
    def test_that_is_interrupted_leaves_nothing(self, demo: BeginningDemo) -> None:
        os.kill(demo.pid, signal.SIGINT)
        demo.wait_until_nothing_is_left()
        assert demo.stop() == INTERRUPTED
        assert "Stopped before its end. Nothing is left of it." in demo.said

    def test_of_which_a_box_dies_says_so_and_leaves_nothing(self, demo: BeginningDemo) -> None:
        os.kill(demo.supervisor("seller"), signal.SIGKILL)
        demo.wait_until_nothing_is_left()
        assert demo.stop() == 1
        assert "The seller's box has ended by itself." in demo.said
        assert "Start the demo again" in demo.said
        assert "Traceback" not in demo.said

    def test_that_is_killed_leaves_nothing(self, demo: BeginningDemo) -> None:
        wait_until(lambda: any(map(Path.exists, demo.sockets)), "a place for sockets", LIMIT_S)
        os.kill(demo.pid, signal.SIGKILL)
        demo.wait_until_nothing_is_left()

    def test_that_the_disk_has_no_room_for_says_so_and_leaves_nothing(self) -> None:
        with BeginningDemo(most_file_bytes=64 * MIB) as demo:  # its film is larger
            demo.wait_until_nothing_is_left()
            assert demo.stop() == 1
            assert "This machine refused the demo what it needs" in demo.said
            assert "Traceback" not in demo.said
