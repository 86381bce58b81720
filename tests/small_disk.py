"""A small real disk that a test can fill, make read-only and take away."""

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class SmallDisk:
    """A file system in memory, mounted on a folder. Needs root that may mount, as in CI's container."""

    def __init__(self, folder: Path, *, mebibytes: int = 16) -> None:
        self.folder = folder
        self._size = f"size={mebibytes}m"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", self._size, "tmpfs", str(self.folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        _run("umount", "--lazy", str(self.folder))

    def take_away(self) -> None:
        """Leave an empty mount point."""
        _run("umount", "--lazy", str(self.folder))

    def bring_back(self) -> None:
        """Mount it again, empty: a disk in memory forgets."""
        _run("mount", "-t", "tmpfs", "-o", self._size, "tmpfs", str(self.folder))

    def resize(self, mebibytes: int) -> None:
        _run("mount", "-o", f"remount,size={mebibytes}m", str(self.folder))

    def make_read_only(self) -> None:
        _run("mount", "-o", "remount,ro", str(self.folder))

    def make_writable(self) -> None:
        _run("mount", "-o", "remount,rw", str(self.folder))


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert not ended.returncode, f"{command[0]} failed, these tests need a root that may mount: {ended.stderr}"
