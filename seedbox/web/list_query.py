"""The part of the list that an address asks for, and the addresses that its headers and tabs lead to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from seedbox.services.listing import PAGE_SIZE, Filter, Listing, Wanted
from seedbox.services.orders import Sort
from seedbox.web.list_columns import ListColumn, is_order

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

FILTER_LABELS = {
    Filter.ALL: _("All"),
    Filter.DOWNLOADING: _("Downloading"),
    Filter.SEEDING: _("Seeding"),
    Filter.STOPPED: _("Stopped"),
    Filter.ERROR: _("Error"),
}
_MAX_PAGE_DIGITS = 6


@dataclass(frozen=True)
class Tab:
    value: str  # of the address's `state`, "" for all
    label: "str | _StrPromise"
    count: int
    is_current: bool


@dataclass(frozen=True)
class Heading:
    """The head of a column."""

    column: ListColumn
    next_sort: str  # what a click asks for
    order: str  # ascending | descending | none: of the list as it is


def read_wanted(query: QueryDict, *, page_size: int = PAGE_SIZE) -> Wanted:
    """Read an address's query; what makes no sense is taken as not said."""
    sort_text = query.get("sort", "")
    sort = sort_text.removeprefix("-")
    makes_sense = is_order(sort)
    page = query.get("page", "")
    return Wanted(
        search=query.get("q", "").replace("\0", "").strip(),
        filter=_filter(query.get("state", "")),
        sort=sort if makes_sense else Sort.ADDED,
        descending=sort_text.startswith("-") if makes_sense else True,
        page=int(page) if page.isdecimal() and len(page) <= _MAX_PAGE_DIGITS else 1,
        page_size=page_size,
    )


def tabs(listing: Listing, wanted: Wanted) -> list[Tab]:
    return [
        Tab("" if name == Filter.ALL else name.value, label, listing.counts[name], name == wanted.filter)
        for name, label in FILTER_LABELS.items()
    ]


def headings(wanted: Wanted, columns: Iterable[ListColumn]) -> list[Heading]:
    return [_heading(column, wanted) for column in columns]


def _heading(column: ListColumn, wanted: Wanted) -> Heading:
    is_current = column.name == wanted.sort
    descends_next = not wanted.descending if is_current else column.descends_first
    order = ("descending" if wanted.descending else "ascending") if is_current else "none"
    return Heading(column, f"-{column.name}" if descends_next else str(column.name), order)


def _filter(text: str) -> Filter:
    try:
        return Filter(text)
    except ValueError:
        return Filter.ALL
