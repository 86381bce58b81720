"""Protocol buffers over schemas of our own: just what TRON's messages need, in canonical bytes.

Encoding writes fields in ascending order and leaves defaults out, so equal values are equal bytes. Decoding takes what
a conforming parser takes, as the chain's own does: any order, unknown fields, the last of several values. Whoever needs
canonical bytes encodes what was decoded and compares.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from wallet.domain import shape_words as words

MAX_BYTES = 4 * 1024 * 1024  # twice what a block of the chain may have; nothing larger is looked at
MAX_ELEMENTS = 50_000  # of all repeated fields of a message: more than any block has room for
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_VARINT, _FIXED64, _DELIMITED, _GROUP, _END_OF_GROUP, _FIXED32 = range(6)
_VARINT_BYTES = 10
_MAX_GROUPS = 32  # within each other; the chain's parser stops somewhere, too
_SHORT = [bytes([value]) for value in range(0x80)]

Message = dict[str, Any]  # by field name: int, bytes, Message, or a list of the latter two


class BadMessage(ValueError):
    """These bytes are no such message, or a value does not fit into its field: what is wrong stands in the text."""


class Holds(IntEnum):
    INT = 0  # int64, int32 and enums: varints, negative ones in two's complement of 64 bits
    BYTES = 1  # also for text: TRON's is ASCII where it counts
    MESSAGE = 2
    MANY_BYTES = 3
    MANY_MESSAGES = 4


# By these names, for a member of an enum is slow to reach and every field of every transaction asks for one.
_INT, _BYTES, _MESSAGE, _MANY_BYTES = Holds.INT, Holds.BYTES, Holds.MESSAGE, Holds.MANY_BYTES


class Schema:
    """The fields of a message: (number, name, what it holds, the schema of embedded messages), numbers ascending."""

    def __init__(self, *fields: tuple[int, str, Holds] | tuple[int, str, Holds, "Schema"]) -> None:
        self.by_tag: dict[int, tuple[str, Holds, Schema | None]] = {}
        self.plan: list[tuple[str, bytes, Holds, Schema | None]] = []
        for number, name, holds, *of in fields:
            tag = number << 3 | (_VARINT if holds is Holds.INT else _DELIMITED)
            embedded = of[0] if of else None
            self.by_tag[tag] = (name, holds, embedded)
            self.plan.append((name, varint(tag), holds, embedded))


def varint(value: int) -> bytes:
    """Return an integer of 64 bits as a varint. Raises BadMessage for any other."""
    if 0 <= value < 0x80:
        return _SHORT[value]
    if not _INT64_MIN <= value <= _INT64_MAX:
        raise BadMessage(words.VALUE_NO_ROOM % {"value": value})
    rest = value & 0xFFFF_FFFF_FFFF_FFFF
    written = bytearray()
    while rest >= 0x80:
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    written.append(rest)
    return bytes(written)


def encode(schema: Schema, values: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a message. Raises BadMessage for an integer that has no room."""
    parts: list[bytes] = []
    for name, tag, holds, embedded in schema.plan:
        value = values.get(name)
        if value is None:
            continue
        if holds is _INT:
            if value:
                parts += (tag, varint(value))
        elif holds is _BYTES:
            if value:
                parts += (tag, varint(len(value)), value)
        elif holds is _MANY_BYTES:
            for element in value:
                parts += (tag, varint(len(element)), element)
        else:
            assert embedded is not None
            for element in (value,) if holds is _MESSAGE else value:
                content = encode(embedded, element)
                parts += (tag, varint(len(content)), content)
    return b"".join(parts)


def decode(schema: Schema, data: bytes) -> Message:
    """Return the fields that are there and known; an absent one stands for its default. Raises BadMessage."""
    if len(data) > MAX_BYTES:
        raise BadMessage(words.LONG_MESSAGE % {"count": len(data), "most": MAX_BYTES})
    values: Message = {}
    by_tag = schema.by_tag
    at, end, elements = 0, len(data), 0
    while at < end:
        tag, at = (data[at], at + 1) if data[at] < 0x80 else _varint_at(data, at)  # mostly one byte
        field = by_tag.get(tag)
        if field is None:
            at = _behind_unknown(data, at, tag)
            continue
        name, holds, embedded = field
        value, at = (data[at], at + 1) if at < end and data[at] < 0x80 else _varint_at(data, at)
        if holds is _INT:
            values[name] = value - 2**64 if value > _INT64_MAX else value
            continue
        if value > end - at:
            raise BadMessage(words.BEYOND % {"name": name})
        content = data[at : at + value]
        at += value
        if holds is _BYTES:
            values[name] = content
        elif holds is _MESSAGE:
            assert embedded is not None
            values[name] = values.get(name, {}) | decode(embedded, content)
        else:
            elements += 1
            if elements > MAX_ELEMENTS:
                raise BadMessage(words.MANY_ELEMENTS % {"most": MAX_ELEMENTS})
            element = content if embedded is None else decode(embedded, content)
            values.setdefault(name, []).append(element)
    return values


def _varint_at(data: bytes, at: int) -> tuple[int, int]:
    """Return the integer there, in 64 bits, and where it ends. Raises BadMessage."""
    value = shift = 0
    for byte in data[at : at + _VARINT_BYTES]:
        at += 1
        if byte < 0x80:
            return (value | byte << shift) & 0xFFFF_FFFF_FFFF_FFFF, at
        value |= (byte & 0x7F) << shift
        shift += 7
    raise BadMessage(words.ENDLESS)


def _behind_unknown(data: bytes, at: int, tag: int) -> int:
    """Return where an unknown field ends, also a group with all that is in it. Raises BadMessage."""
    groups: list[int] = []
    while True:
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 2**29:
            raise BadMessage(words.NO_FIELD % {"number": number})
        if wire == _VARINT:
            _, at = _varint_at(data, at)
        elif wire == _FIXED64:
            at += 8
        elif wire == _FIXED32:
            at += 4
        elif wire == _DELIMITED:
            length, at = _varint_at(data, at)
            at += length
        elif wire == _GROUP and len(groups) < _MAX_GROUPS:
            groups.append(number)
        elif wire != _END_OF_GROUP or not groups or groups.pop() != number:
            raise BadMessage(words.NO_WIRE % {"wire": wire})
        if at > len(data):
            raise BadMessage(words.UNKNOWN_BEYOND)
        if not groups:
            return at
        tag, at = _varint_at(data, at)
