"""The canonical text of a row: written in one way only, so that Python, SQL and a browser come to the same hash.

`1|<what>|<field>=i<decimal>|<field>=s<bytes>:<text>…`: the leading 1 is the version, fields stand in the order of their
names, times are whole microseconds since 1970 in UTC, hashes are hex. Text goes in as it is stored, behind its length
in UTF-8 bytes, so nothing in it can be taken for a field. A format that is in use never changes: a new one gets a new
version.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MAX_BYTES = 10_000  # of one canonical text: a transfer's is below two thousand
_HEAD = re.compile(rb"1\|([a-z]{1,20})(?=\|)")
_FIELD = re.compile(rb"\|([a-z_]{1,30})=(?:i(0|-?[1-9][0-9]{0,38})|s(0|[1-9][0-9]{0,4}):)")

Fields = Mapping[str, int | str]


class BadText(ValueError):
    """This is no canonical text."""

    def __init__(self) -> None:
        super().__init__("This is no canonical text.")


def text(value: str) -> str:
    """Return a text field's value."""
    return f"s{len(value) if value.isascii() else len(value.encode())}:{value}"


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def read(what: str, written: str) -> Fields:
    """Return the fields of a canonical text of that kind; raises BadText for what is not written in this one way."""
    try:
        raw = written.encode()
    except UnicodeEncodeError:
        raise BadText from None
    head = _HEAD.match(raw)
    if head is None or head[1] != what.encode() or len(raw) > MAX_BYTES:
        raise BadText
    fields: dict[str, int | str] = {}
    position, last = head.end(), b""
    while position < len(raw):
        field = _FIELD.match(raw, position)
        if field is None or field[1] <= last:
            raise BadText
        position, last = field.end(), field[1]
        if field[2] is not None:
            fields[last.decode()] = int(field[2])
            continue
        end = position + int(field[3])
        fields[last.decode()] = _decode(raw[position:end])
        if end > len(raw):
            raise BadText
        position = end
    return fields


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise BadText from None
