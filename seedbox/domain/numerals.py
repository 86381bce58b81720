"""How people write numbers: which sign stands before decimals, and which between thousands."""

from dataclasses import dataclass
from functools import cached_property

_PRINTED = str.maketrans({" ": "\N{NO-BREAK SPACE}", "'": "\N{RIGHT SINGLE QUOTATION MARK}"})


@dataclass(frozen=True)
class Numerals:
    """One way to write numbers, named by how it writes 1,234.5."""

    name: str

    @property
    def printed(self) -> str:
        return self.name.translate(_PRINTED)

    @cached_property  # asked for with each number that is written
    def signs(self) -> tuple[str, str]:
        """Return the sign before decimals and the one between thousands, as they are printed."""
        return self.printed[-2], self.printed[1]


PLAIN = Numerals("1,234.5")
EVERY = (
    PLAIN,
    Numerals("1.234,5"),
    Numerals("1 234,5"),
    Numerals("1 234.5"),
    Numerals("1'234.5"),
)
_BY_NAME = {one.name: one for one in EVERY}
_BY_SIGNS = {one.signs: one for one in EVERY}


def called(name: str) -> Numerals:
    """Return the way of this name; the plain one where none is known."""
    return _BY_NAME.get(name, PLAIN)


def with_signs(decimal: str, group: str) -> Numerals:
    """Return the way that has these signs, or else the nearest: what stands before decimals must never be mistaken."""
    same = _BY_SIGNS.get((decimal, group))
    return same or next((one for one in EVERY if one.signs[0] == decimal), PLAIN)
