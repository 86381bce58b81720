"""A blocklist file as libtorrent's address filter. Read on a thread of its own: it may be large.

libtorrent asks the filter about every address that it connects to, after names are looked up: of peers, of trackers, of
web seeds, and of where those lead on to.
"""

import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import libtorrent as lt

from seedbox.domain.blocklist import BadBlocklist, read_blocklist
from seedbox.domain.kept import kept as _

_GZIP = b"\x1f\x8b"
BLOCKED = 1

# The machine itself, and what clouds tell only the machine: no stranger's name may lead there. IPv4 in IPv6's clothes
# would, too. Link-local IPv6 is left out: without its device no name leads there, and neighbours say it in peer lists.
OWN_MACHINE = (
    ("0.0.0.0", "0.255.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("169.254.0.0", "169.254.255.255"),
    ("100.100.100.200", "100.100.100.200"),
    ("168.63.129.16", "168.63.129.16"),
    ("::", "::1"),
    ("::ffff:0.0.0.0", "::ffff:255.255.255.255"),
    ("fd00:ec2::254", "fd00:ec2::254"),
)

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Filter:
    """A file's filter and what was read of it, or what is wrong with it."""

    path: str
    stamp: Stamp | None
    guards_machine: bool  # the machine itself is blocked beside what the file says
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


def read_filter(path: str, *, guards_machine: bool) -> Filter:
    """Read the file, "" for none; never raises for what may be wrong with it."""
    unread = Filter(path, stamp_of(path), guards_machine)
    if not path:
        return replace(unread, addresses=_filter((), guards_machine=guards_machine))
    try:
        if not Path(path).is_file():  # a pipe would keep us waiting for ever
            return replace(
                unread,
                problem=_("There is no blocklist file %(path)s. Put it there, or choose another.", {"path": path}),
            )
        with Path(path).open("rb") as file:
            packed = file.peek(len(_GZIP)).startswith(_GZIP)
            found = read_blocklist(gzip.GzipFile(fileobj=file) if packed else file)
    except BadBlocklist as problem:
        return replace(unread, problem=problem.kept)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return replace(unread, problem=_("The blocklist's gzip data is damaged. Fetch it again."))
    except OSError as problem:
        why = problem.strerror or _("unknown error")
        return replace(
            unread,
            problem=_(
                "The blocklist %(path)s can't be read (%(why)s). Put it there, or choose another.",
                {"path": path, "why": why},
            ),
        )
    return replace(unread, addresses=_filter(found.ranges, guards_machine=guards_machine), summary=found.summary)


def _filter(ranges: Iterable[tuple[str, str]], *, guards_machine: bool) -> lt.ip_filter:
    addresses = lt.ip_filter()
    for first, last in (*ranges, *(OWN_MACHINE if guards_machine else ())):
        addresses.add_rule(first, last, BLOCKED)
    return addresses
