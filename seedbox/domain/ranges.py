"""Which bytes of a file a request asks for (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

MAX_HEADER_CHARS = 1_024

_RANGE = re.compile(r"(\d{0,20})-(\d{0,20})", re.ASCII)  # 20 digits are more bytes than any disk has


@dataclass(frozen=True)
class Span:
    """Bytes from `start` up to and without `end`."""

    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        return self.end - self.start


class Unsatisfiable(Exception):
    """None of the ranges lies within the file."""


def requested_span(header: str, *, size_bytes: int) -> Span | None:
    """Return the one range that a Range header asks for; None: send the whole file. Raises Unsatisfiable.

    The whole is also the answer to what we do not understand, and to several ranges: a server may leave Range aside.
    """
    unit, separator, text = header.partition("=")
    if not separator or unit.strip().lower() != "bytes" or len(header) > MAX_HEADER_CHARS:
        return None
    matches = [_RANGE.fullmatch(part.strip(" \t")) for part in text.split(",") if part.strip(" \t")]
    spans = [_span(match, size_bytes) if match else None for match in matches]
    if not spans or None in spans:
        return None
    within = [span for span in spans if span and span.start < span.end]
    if not within and not (size_bytes == 0 and any(match and _is_suffix(match) for match in matches)):
        raise Unsatisfiable
    return within[0] if len(spans) == len(within) == 1 else None


def _span(match: re.Match[str], size_bytes: int) -> Span | None:
    """Return the bytes that are meant, none of them if it begins behind the end; None if it makes no sense."""
    first, last = match.groups()
    if not first:
        return Span(max(size_bytes - int(last), 0), size_bytes) if last else None
    start = int(first)
    if last and int(last) < start:
        return None
    return Span(start, min(int(last) + 1 if last else size_bytes, size_bytes))


def _is_suffix(match: re.Match[str]) -> bool:
    """An empty file has a last byte for nobody, yet a suffix of it is all of it."""
    return not match[1] and int(match[2]) > 0
