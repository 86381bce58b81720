"""A blocklist file as libtorrent's address filter. Read on a thread of its own: it may be large."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import libtorrent as lt

from seedbox.domain.blocklist import BadBlocklist, read_blocklist

_GZIP = b"\x1f\x8b"
_BLOCKED = 1

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Filter:
    """A file's filter and what was read of it, or what is wrong with it."""

    path: str
    stamp: Stamp | None
    addresses: lt.ip_filter | None = None
    summary: str = ""
    problem: str = ""


def stamp_of(path: str) -> Stamp | None:
    """Return what changes when the file changes; None while there is no such file."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def read_filter(path: str) -> Filter:
    """Read the file; never raises for what may be wrong with it."""
    stamp = stamp_of(path)
    if not path:
        return Filter(path, stamp, lt.ip_filter())
    try:
        if not Path(path).is_file():  # a pipe would keep us waiting for ever
            return Filter(path, stamp, problem=f"There is no blocklist file {path}. Put it there, or choose another.")
        with Path(path).open("rb") as file:
            packed = file.peek(len(_GZIP)).startswith(_GZIP)
            found = read_blocklist(gzip.GzipFile(fileobj=file) if packed else file)
    except BadBlocklist as problem:
        return Filter(path, stamp, problem=str(problem))
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return Filter(path, stamp, problem="The blocklist's gzip data is damaged. Fetch it again.")
    except OSError as problem:
        why = problem.strerror or "unknown error"
        return Filter(
            path, stamp, problem=f"The blocklist {path} can't be read ({why}). Put it there, or choose another."
        )
    addresses = lt.ip_filter()
    for first, last in found.ranges:
        addresses.add_rule(first, last, _BLOCKED)
    return Filter(path, stamp, addresses, found.summary)
