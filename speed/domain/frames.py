"""How values of the wire are read from JSON and written to it: nothing odd comes through, whoever wrote it.

A message is a frozen dataclass whose annotations say what may stand in each field: `Annotated[bytes, Octets(16)]`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from dataclasses import fields as dataclass_fields
from enum import StrEnum
from typing import Annotated, Any, Generic, Protocol, TypeVar, get_args, get_origin, get_type_hints

MAX_FRAME_BYTES = 16 * 1024
MAX_NESTED = 512  # arrays and objects in one frame, unknown ones too: the largest message has 161
MAX_WHOLE = 2**63 - 1
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)
T = TypeVar("T")


class BadFrame(ValueError):
    """Nobody who keeps to the protocol says this: what is wrong stands in the text."""


class Kind(Protocol):
    """What may stand in a field."""

    def read(self, value: object, name: str) -> object:
        """Return the value of a JSON value; raises BadFrame."""

    def write(self, value: Any) -> object:
        """Return it as JSON has it."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number; true and false are none, and neither is 1.0."""

    least: int = 0
    most: int = MAX_WHOLE

    def read(self, value: object, name: str) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise BadFrame(f"{name} must be a whole number from {self.least} to {self.most}.")
        return value

    def write(self, value: int) -> int:
        return value


@dataclass(frozen=True, slots=True)
class Octets:
    """Bytes of one length, as lower-case hex."""

    size: int

    def read(self, value: object, name: str) -> bytes:
        if type(value) is not str or len(value) != 2 * self.size or not _HEX.fullmatch(value):
            raise BadFrame(f"{name} must be {self.size} bytes in lower-case hex.")
        return bytes.fromhex(value)

    def write(self, value: bytes) -> str:
        return value.hex()


@dataclass(frozen=True, slots=True)
class Text:
    """Something for people to read: it can be printed, so it has no lines and no controls."""

    most_chars: int

    def read(self, value: object, name: str) -> str:
        if type(value) is not str or len(value) > self.most_chars or not value.isprintable():
            raise BadFrame(f"{name} must be text of at most {self.most_chars} characters that can be printed.")
        return value

    def write(self, value: str) -> str:
        return str(value)  # a word out of a list is text as well


@dataclass(frozen=True, slots=True)
class OneOf:
    """A word out of a list."""

    words: type[StrEnum]

    def read(self, value: object, name: str) -> StrEnum:
        try:
            return self.words(value) if type(value) is str else self.words("")
        except ValueError:
            raise BadFrame(f"{name} must be one of {', '.join(self.words)}.") from None

    def write(self, value: StrEnum) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Many:
    """An array of at most so many of a kind."""

    kind: Kind
    most: int

    def read(self, value: object, name: str) -> tuple[object, ...]:
        if type(value) is not list or len(value) > self.most:
            raise BadFrame(f"{name} must be an array of at most {self.most}.")
        return tuple(self.kind.read(item, name) for item in value)

    def write(self, value: tuple[object, ...]) -> list[object]:
        return [self.kind.write(item) for item in value]


@dataclass(frozen=True, slots=True)
class Truth:
    def read(self, value: object, name: str) -> bool:
        if type(value) is not bool:
            raise BadFrame(f"{name} must be true or false.")
        return value

    def write(self, value: bool) -> bool:  # noqa: FBT001  # the value itself, not a switch
        return value


@dataclass(frozen=True, slots=True)
class Wire:
    """Stands beside the kind of a field that is called otherwise on the wire."""

    name: str


class Shape(Generic[T]):
    """A JSON object that is read into a dataclass. Fields with a default may be missing; unknown ones are ignored."""

    def __init__(self, made: type[T]) -> None:
        self.made = made
        hints = get_type_hints(made, include_extras=True)
        # The name in Python, that on the wire, what may stand there, and whether it may be missing.
        self.fields = [
            (field.name, *_annotated(field.name, hints[field.name]), field.default is not MISSING)
            for field in dataclass_fields(made)  # type: ignore[arg-type]  # whoever makes a shape gives a dataclass
        ]

    def read(self, value: object, name: str) -> T:
        if type(value) is not dict:
            raise BadFrame(f"{name} must be an object.")
        taken = {}
        for ours, theirs, kind, is_optional in self.fields:
            if theirs in value:
                taken[ours] = kind.read(value[theirs], theirs)
            elif not is_optional:
                raise BadFrame(f"{name} lacks {theirs}.")
        return self.made(**taken)

    def write(self, value: T) -> dict[str, object]:
        """Return the object; what is None is left out."""
        return {
            theirs: kind.write(content)
            for ours, theirs, kind, _ in self.fields
            if (content := getattr(value, ours)) is not None
        }


def load(text: str) -> Mapping[str, object]:
    """Return the JSON object of a frame: one, small, flat, no name twice. Raises BadFrame."""
    if len(text) > MAX_FRAME_BYTES or len(text.encode(errors="surrogatepass")) > MAX_FRAME_BYTES:
        raise BadFrame(f"A frame has at most {MAX_FRAME_BYTES} bytes.")
    if text.count("[") + text.count("{") > MAX_NESTED:
        raise BadFrame(f"A frame has at most {MAX_NESTED} arrays and objects.")
    try:
        frame = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except BadFrame:
        raise
    except (ValueError, RecursionError):
        raise BadFrame("A frame is one JSON object, and this is none.") from None
    if type(frame) is not dict:
        raise BadFrame("A frame is one JSON object, and this is none.")
    return frame


def dump(frame: Mapping[str, object]) -> str:
    """Return the text of a frame. Raises BadFrame if it is too large."""
    text = json.dumps(frame, separators=(",", ":"))
    if len(text) > MAX_FRAME_BYTES:
        raise BadFrame(f"A frame has at most {MAX_FRAME_BYTES} bytes.")
    return text


def _annotated(ours: str, hint: object) -> tuple[str, Kind]:
    """Return the name on the wire and the kind that an annotation gives, also one that allows None."""
    if get_origin(hint) is not Annotated:
        hint = next(part for part in get_args(hint) if get_origin(part) is Annotated)
    _, *notes = get_args(hint)
    theirs = next((note.name for note in notes if isinstance(note, Wire)), ours)
    return theirs, next(note for note in notes if not isinstance(note, Wire))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadFrame("A name stands twice in one object.")
    return found


def _no_number(name: str) -> object:
    raise BadFrame(f"{name} is no number of JSON.")
