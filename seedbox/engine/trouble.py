"""What can be wrong with a disk, in words, and how to see without writing that it is well again."""

import enum
import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.language import gettext_noop
from seedbox.domain.units import format_bytes

ROOM_BYTES = 64 * 1024 * 1024  # of free space, for a full disk to be well again; on a small one a twentieth of it
ROOM_SHARE = 20


class Kind(enum.Enum):
    FULL = "full"
    SHUT = "shut"
    FAILING = "failing"


_KINDS: Mapping[int, Kind] = {
    errno.ENOSPC: Kind.FULL,
    errno.EDQUOT: Kind.FULL,
    errno.EACCES: Kind.SHUT,
    errno.EPERM: Kind.SHUT,
    errno.EROFS: Kind.SHUT,
    errno.EIO: Kind.FAILING,
    errno.ENODEV: Kind.FAILING,
    errno.ENXIO: Kind.FAILING,
    errno.ESTALE: Kind.FAILING,
    errno.EMFILE: Kind.FAILING,
    errno.ENFILE: Kind.FAILING,
}
WELL_AGAIN = {
    Kind.FULL: gettext_noop("The disk has room again: the torrent goes on."),
    Kind.SHUT: gettext_noop("The file can be written again: the torrent goes on."),
    Kind.FAILING: gettext_noop("The disk is tried again."),
}


@dataclass
class Fault:
    """What is wrong with the disk under one torrent."""

    kind: Kind
    code: int
    file: str
    pause_s: float
    look_at_s: float  # monotonic

    def sentence(self, save_path: str) -> str:
        if self.kind is Kind.FULL:
            free, _all = room(save_path)
            facts = {"free": format_bytes(free)}
            if self.code == errno.EDQUOT:
                return _("The disk quota is used up (%(free)s free): free space and it goes on by itself.", facts)
            return _("The disk is full (%(free)s free): free space and it goes on by itself.", facts)
        if self.kind is Kind.SHUT:
            what = os.strerror(self.code)
            return _(
                "The node can't write %(file)s (%(what)s): mend that and it goes on by itself.",
                {
                    "file": self.file,
                    "what": what,
                },
            )
        return _(
            "The disk failed at %(file)s (%(what)s): look at it; the node tries again by itself.",
            {
                "file": self.file,
                "what": os.strerror(self.code),
            },
        )


def kind_of(error: lt.error_code) -> Kind | None:
    """Return what kind of trouble an error is, None when it doesn't pass by itself."""
    return _KINDS.get(error.value()) if error.category().name() == "system" else None


def problem_now(fault: Fault, *, save_path: str, left_bytes: int) -> str:
    """Return what is still wrong, "" when it is worth trying again; waits for the disk."""
    return "" if _is_well(fault, save_path=save_path, left_bytes=left_bytes) else fault.sentence(save_path)


def _is_well(fault: Fault, *, save_path: str, left_bytes: int) -> bool:
    """Say whether it is worth trying again. No more is asked of a disk than its free space and permissions."""
    if fault.kind is Kind.FULL:
        free, total = room(save_path)
        return free >= min(ROOM_BYTES, total // ROOM_SHARE, max(left_bytes, 1))
    if fault.kind is Kind.SHUT:
        return _can_write(Path(fault.file or save_path))
    return True


def room(path: str) -> tuple[int, int]:
    """Return free and all bytes of the disk that a path is on, or will be."""
    try:
        disk = os.statvfs(_nearest(Path(path)))
    except OSError:
        return 0, 0
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize


def _can_write(path: Path) -> bool:
    """Say whether a file can be written, or made where it is not yet."""
    place = _nearest(path)
    return os.access(place, os.W_OK | os.X_OK if place.is_dir() else os.W_OK)


def _nearest(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    return next((each for each in (path, *path.parents) if each.exists()), path)
