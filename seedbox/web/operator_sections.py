"""The parts of the operator's page; the composition root registers them, in the order in which they are shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Row = Mapping[str, str | int]


@dataclass(frozen=True)
class Section:
    """A table of rows, each a dict that template and live socket share, with what it says at a glance."""

    key: str  # small letters
    title: "str | _StrPromise"  # translated when it is shown
    template: str  # gets `rows` and, for the pattern of a row, `nothing`
    rows: Callable[[datetime], Sequence[Row]]
    leads_to: str = ""  # the name of the page that says more
    label: "str | _StrPromise" = ""  # of the link to it
    empty: "str | _StrPromise" = ""  # what stands there without rows
    glance: Callable[[Sequence[Row]], Row] | None = None  # of these rows: value, note, tone
    sixths: int = 6  # of the page's width, where there is room

    @property
    def list_name(self) -> str:
        return f"operator-{self.key}"


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    _sections[section.key] = section


def forget(key: str) -> None:
    _sections.pop(key, None)


@dataclass(frozen=True)
class Filled:
    """A section with its rows of now."""

    section: Section
    rows: Sequence[Row]

    @property
    def glance(self) -> Row | None:
        """Return what it says at a glance, as a row of the list on top."""
        if self.section.glance is None:
            return None
        named = {"row": f"glance-{self.section.key}", "label": str(self.section.title)}
        return named | dict(self.section.glance(self.rows))


def fill(now: datetime) -> list[Filled]:
    return [Filled(section, section.rows(now)) for section in _sections.values()]
