"""Content that outlives a power cut: what the kernel has taken from libtorrent is brought to the disk itself."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


class NotKept(OSError):
    """The disk did not keep what it was given. It says so once: asked again, the kernel has forgotten what was lost."""


def sync(paths: Iterable[str]) -> None:
    """Return once these files and their names are on the disk; what is not there is left out.

    Raises NotKept when the disk says that it could not, and OSError when it can't be asked.
    """
    folders = set()
    lost: OSError | None = None
    unasked: OSError | None = None
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # whatever stands in its place holds nobody up
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as problem:
            unasked = unasked or problem
            continue
        try:
            _sync(descriptor)
        except OSError as problem:
            lost = lost or problem
        folders.add(Path(path).parent)
    if lost is None:
        lost = _first_lost(folders)
    if lost is not None:
        raise NotKept(lost.errno, lost.strerror)
    if unasked is not None:
        raise unasked


def sync_names(folder: Path) -> None:
    """Return once the names in a folder are on the disk."""
    _sync(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))


def _first_lost(folders: Iterable[Path]) -> OSError | None:
    """Bring the names in folders to the disk; return what it said of the first that it could not keep."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _sync(descriptor)
        except OSError as problem:
            return problem
    return None


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):  # a check shall read what is on the disk, not what should have got there
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        raise
    finally:
        os.close(descriptor)
