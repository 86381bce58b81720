"""Content that outlives a power cut: what the kernel has taken from libtorrent is brought to the disk itself."""

import os
from collections.abc import Iterable
from pathlib import Path


def sync(paths: Iterable[str]) -> None:
    """Return once these files and their names are on the disk; what is not there is left out.

    Raises OSError when the disk says that it could not, or can't be asked.
    """
    folders = set()
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # whatever stands in its place holds nobody up
        except (FileNotFoundError, NotADirectoryError):
            continue
        _sync(descriptor)
        folders.add(Path(path).parent)
    for folder in folders:
        sync_names(folder)


def sync_names(folder: Path) -> None:
    """Return once the names in a folder are on the disk."""
    _sync(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
