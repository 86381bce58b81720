"""What a browser may say on the live socket: small JSON objects of names."""

import json
import re
from dataclasses import dataclass
from typing import Self

from seedbox.services import watchables

MAX_DETAILS = 8  # a page shows one torrent in all detail; of each thousands of files are read
MAX_FRAME_CHARS = 32_768  # 500 names of 20 digits fit twice
MAX_NAMES = 500

_KIND = re.compile(r"[a-z]{1,20}", re.ASCII)
_NAME = re.compile(r"(holding|detail)-([1-9][0-9]{0,17})", re.ASCII)  # 18 digits fit into a 64-bit id
_VERBS = {"watch", "resync"}


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


def parse_frame(text: str) -> Frame:
    """Read a frame; names of an unknown kind are left out, anything else unknown raises BadFrame."""
    if len(text) > MAX_FRAME_CHARS:
        raise BadFrame("too long")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise BadFrame("not JSON") from problem
    if not isinstance(frame, dict) or not frame or set(frame) - _VERBS:
        raise BadFrame("not a watch or resync")
    return Frame(**{verb: _names(frame[verb]) if verb in frame else None for verb in _VERBS})


def _names(value: object) -> Names:
    if not isinstance(value, list) or len(value) > MAX_NAMES or not all(isinstance(name, str) for name in value):
        raise BadFrame(f"not a list of at most {MAX_NAMES} names")
    found = [match for name in value if (match := _NAME.fullmatch(name))]
    details = frozenset(int(match[2]) for match in found if match[1] == "detail")
    if len(details) > MAX_DETAILS:
        raise BadFrame(f"more than {MAX_DETAILS} torrents in all detail")
    kinds = watchables.known(name for name in value if _KIND.fullmatch(name))
    return Names(rows=details | {int(match[2]) for match in found}, details=details, kinds=kinds)
