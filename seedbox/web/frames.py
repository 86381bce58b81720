"""What a browser may say on the live socket: small JSON objects of names."""

import json
import re
from dataclasses import dataclass
from typing import Self

from seedbox.services import watchables

MAX_DETAILS = 8  # a page shows one torrent in all detail; of each thousands of files are read
MAX_FRAME_CHARS = 32_768  # 500 names of 20 digits fit twice
MAX_NAMES = 500
MAX_STREAMS = 64  # of one page: a few nodes and web processes, and what was restarted while it was open
MAX_NUMBER = 2**53  # what a browser can count to

_KIND = re.compile(r"[a-z]{1,20}", re.ASCII)
_NAME = re.compile(r"(holding|detail)-([1-9][0-9]{0,17})", re.ASCII)  # 18 digits fit into a 64-bit id
_STREAM = re.compile(r"[0-9a-f]{8}/(user|detail)-[1-9][0-9]{0,17}", re.ASCII)
_VERBS = {"watch", "resync"}
_WORDS = {*_VERBS, "since", "mark"}


class BadFrame(Exception):
    """No page of ours says this."""


@dataclass(frozen=True)
class Names:
    """Holdings by what is shown of them (a page shows the row, too), and kinds of which a page shows its user's own."""

    rows: frozenset[int] = frozenset()
    details: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()

    def __and__(self, other: Self) -> Self:
        return type(self)(self.rows & other.rows, self.details & other.details, self.kinds & other.kinds)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.rows - other.rows, self.details - other.details, self.kinds - other.kinds)


@dataclass(frozen=True)
class Frame:
    watch: Names | None  # replaces what was watched; None: no change
    resync: Names | None
    since: dict[str, int] | None = None  # with a watch: the last number of each stream that the page has heard
    mark: int | None = None  # to be said when the frame is answered


def parse_frame(text: str) -> Frame:
    """Read a frame; names of an unknown kind are left out, anything else unknown raises BadFrame."""
    if len(text) > MAX_FRAME_CHARS:
        raise BadFrame("too long")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise BadFrame("not JSON") from problem
    if not isinstance(frame, dict) or not frame or set(frame) - _WORDS or not set(frame) & _VERBS:
        raise BadFrame("not a watch or resync")
    names = {verb: _names(frame[verb]) if verb in frame else None for verb in _VERBS}
    since = _numbers(frame["since"]) if "since" in frame else None
    return Frame(**names, since=since, mark=_number(frame["mark"]) if "mark" in frame else None)


def _numbers(value: object) -> dict[str, int]:
    if not isinstance(value, dict) or len(value) > MAX_STREAMS or not all(map(_STREAM.fullmatch, value)):
        raise BadFrame(f"not the numbers of at most {MAX_STREAMS} streams")
    return {stream: _number(number) for stream, number in value.items()}


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise BadFrame("not a number")
    return value


def _names(value: object) -> Names:
    if not isinstance(value, list) or len(value) > MAX_NAMES or not all(isinstance(name, str) for name in value):
        raise BadFrame(f"not a list of at most {MAX_NAMES} names")
    found = [match for name in value if (match := _NAME.fullmatch(name))]
    details = frozenset(int(match[2]) for match in found if match[1] == "detail")
    if len(details) > MAX_DETAILS:
        raise BadFrame(f"more than {MAX_DETAILS} torrents in all detail")
    kinds = watchables.known(name for name in value if _KIND.fullmatch(name))
    return Names(rows=details | {int(match[2]) for match in found}, details=details, kinds=kinds)
