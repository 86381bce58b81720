"""Blocklists: files of addresses that a node shall have nothing to do with, in the formats that people pass around."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from seedbox.domain.kept import KeptError, together
from seedbox.domain.kept import kept as _
from seedbox.domain.kept import kept_counted as ngettext
from seedbox.domain.units import format_count

MAX_FILE_BYTES = 256 * 1024 * 1024  # unpacked: the largest lists are near 40 MiB
MAX_LINE_BYTES = 4_096
MAX_RANGES = 2_000_000
_ALLOWED_LEVEL = 128  # of eMule's: from here on a range is not blocked

_V4 = rb"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})"
# name:1.2.3.4-1.2.3.9 or 001.002.003.004 - 001.002.003.009 , 100 , name. A name may hold colons and anything else.
_P2P = re.compile(rb"(?:.*:)?\s*" + _V4 + rb"\s*-\s*" + _V4 + rb"\s*", re.DOTALL)
_DAT = re.compile(rb"\s*" + _V4 + rb"\s*-\s*" + _V4 + rb"\s*,\s*(\d{1,3})\s*(?:,.*)?", re.DOTALL)


class Lines(Protocol):
    """A file that is open for reading, as plain bytes."""

    def readline(self, limit: int, /) -> bytes:
        """Return the next line, or as much of it as the limit allows; nothing at the end."""


class BadBlocklist(KeptError):
    """The file can't be used as a blocklist; the message is a sentence that says why."""


@dataclass(frozen=True)
class Blocklist:
    """What a file blocks, as pairs of first and last address, and what of it could not be read."""

    ranges: tuple[tuple[str, str], ...]
    bad_lines: int = 0
    first_bad_line: int = 0

    @property
    def summary(self) -> str:
        """Say how much was read, in one sentence."""
        read = ngettext(
            "%(count)s range.", "%(count)s ranges.", len(self.ranges), {"count": format_count(len(self.ranges))}
        )
        if not self.bad_lines:
            return read
        unread = ngettext(
            "%(count)s line could not be read, first: line %(first)s.",
            "%(count)s lines could not be read, first: line %(first)s.",
            self.bad_lines,
            {"count": format_count(self.bad_lines), "first": format_count(self.first_bad_line)},
        )
        return together((read, unread))


def read_blocklist(stream: Lines) -> Blocklist:
    """Read P2P text, eMule DAT and CIDR lines, mixed as they come; raises BadBlocklist.

    Lines that can't be read are counted. A file without any readable line is no blocklist, for it would block nobody.
    """
    ranges: list[tuple[str, str]] = []
    bad_lines = first_bad_line = 0
    for number, line in _lines(stream):
        try:
            found = _read_line(line)
        except ValueError:
            bad_lines += 1
            first_bad_line = first_bad_line or number
            continue
        if found is not None:
            ranges.append(found)
        if len(ranges) > MAX_RANGES:
            raise BadBlocklist(
                _(
                    "The blocklist has more than %(max_ranges)s ranges. Use a shorter one.",
                    {"max_ranges": format_count(MAX_RANGES)},
                )
            )
    if bad_lines and not ranges:
        raise BadBlocklist(
            _(
                "No line of the blocklist could be read (first: line %(first_bad_line)s). Use P2P text, eMule DAT or "
                "CIDR lines.",
                {"first_bad_line": format_count(first_bad_line)},
            )
        )
    return Blocklist(tuple(ranges), bad_lines, first_bad_line)


def _lines(stream: Lines) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines; of one that is too long only as much as makes it unreadable."""
    number, size_bytes, inside = 0, 0, False
    while piece := stream.readline(MAX_LINE_BYTES):
        size_bytes += len(piece)
        if size_bytes > MAX_FILE_BYTES:
            raise BadBlocklist(
                _(
                    "The blocklist is larger than %(max_file_bytes)s MiB. Use a shorter one.",
                    {"max_file_bytes": MAX_FILE_BYTES // 1024**2},
                )
            )
        ended = piece.endswith(b"\n")
        if not inside:
            number += 1
            yield number, piece if ended or len(piece) < MAX_LINE_BYTES else b"too long"
        inside = not ended


def _read_line(line: bytes) -> tuple[str, str] | None:
    """Return what a line blocks, None if nothing; raises ValueError."""
    line = line.strip().removeprefix(b"\xef\xbb\xbf")
    if not line or line.startswith((b"#", b"//", b";")):
        return None
    if match := _DAT.fullmatch(line):
        return _pair(_v4(match[1]), _v4(match[2])) if int(match[3]) < _ALLOWED_LEVEL else None
    if match := _P2P.fullmatch(line):
        return _pair(_v4(match[1]), _v4(match[2]))
    text = line.decode("ascii", "replace")
    if "-" in text:
        return _v6_pair(line)
    network = ipaddress.ip_network(text.partition("#")[0].strip(), strict=False)
    return str(network.network_address), str(network.broadcast_address)


def _v4(text: bytes) -> int:
    """Read an IPv4 address whose parts may be padded with zeros, as eMule writes them."""
    value = 0
    for part in text.split(b"."):
        octet = int(part)
        if octet > 255:
            raise ValueError(text)
        value = value << 8 | octet
    return value


def _pair(first: int, last: int) -> tuple[str, str]:
    if first > last:
        raise ValueError("the range ends before it begins")
    return _dotted(first), _dotted(last)


def _dotted(value: int) -> str:
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def _v6_pair(line: bytes) -> tuple[str, str]:
    """Read NAME:FIRST-LAST: of the text before the hyphen, the longest end that is an address."""
    before, _, after = line.decode("ascii", "replace").rpartition("-")
    last = ipaddress.IPv6Address(after.strip())
    candidates = [before.strip()] + [before[at + 1 :].strip() for at, char in enumerate(before) if char == ":"]
    for candidate in candidates:
        try:
            first = ipaddress.IPv6Address(candidate)
        except ValueError:
            continue
        if first > last:
            break
        return str(first), str(last)
    raise ValueError("no range of addresses")
