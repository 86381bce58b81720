"""Draws of every message of Speed/1, from the annotations of their fields."""

from dataclasses import fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from speed.domain import messages
from speed.domain.frames import Many, Octets, OneOf, Shape, Text, Truth, Whole, Wire

TYPES: tuple[type[Any], ...] = tuple(made for made in get_args(messages.Message) if made is not messages.Unknown)


def of_kind(kind: object) -> st.SearchStrategy[Any]:
    match kind:
        case Whole(least, most):
            return st.integers(least, most)
        case Octets(size):
            return st.binary(min_size=size, max_size=size)
        case Text(most_chars):
            return st.text(max_size=most_chars).filter(str.isprintable)
        case OneOf(words):
            return st.sampled_from(words)
        case Truth():
            return st.booleans()
        case Many(inner, most):
            return st.lists(of_kind(inner), max_size=min(most, 4)).map(tuple)
        case Shape():
            return of_type(kind.made)
    raise AssertionError(f"no draw of {kind}")


def of_type(made: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(made, include_extras=True)
    return st.builds(made, **{field.name: of_hint(hints[field.name]) for field in fields(made)})


def of_hint(hint: object) -> st.SearchStrategy[Any]:
    if get_origin(hint) is Annotated:
        return of_kind(next(note for note in get_args(hint)[1:] if not isinstance(note, Wire)))
    return st.none() | of_hint(get_args(hint)[0])


any_message: st.SearchStrategy[messages.Message] = st.one_of([of_type(made) for made in TYPES])
