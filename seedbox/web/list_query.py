"""The part of the list that an address asks for, and the addresses that its headers and tabs lead to."""

from dataclasses import dataclass
from typing import TypeVar

from django.http import QueryDict

from seedbox.services.listing import Filter, Listing, Sort, Wanted

T = TypeVar("T", Filter, Sort)

FILTER_LABELS = {
    Filter.ALL: "All",
    Filter.DOWNLOADING: "Downloading",
    Filter.SEEDING: "Seeding",
    Filter.STOPPED: "Stopped",
    Filter.ERROR: "Error",
}
SORT_LABELS = {
    Sort.NAME: "Name",
    Sort.STATE: "State",
    Sort.PROGRESS: "Progress",
    Sort.SIZE: "Size",
    Sort.DOWN: "Down",
    Sort.UP: "Up",
    Sort.RATIO: "Ratio",
    Sort.PEERS: "Peers",
    Sort.ADDED: "Added",
}
_FIRST_ASCENDING = frozenset({Sort.NAME, Sort.STATE})  # of figures people look for the large ones
_MAX_PAGE_DIGITS = 6


@dataclass(frozen=True)
class Tab:
    value: str  # of the address's `state`, "" for all
    label: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class Column:
    key: str
    label: str
    next_sort: str  # what a click asks for
    order: str  # ascending | descending | none: of the list as it is


def read_wanted(query: QueryDict) -> Wanted:
    """Read an address's query; what makes no sense is taken as not said."""
    sort_text = query.get("sort", "")
    sort = _member(Sort, sort_text.removeprefix("-"), Sort.ADDED)
    page = query.get("page", "")
    return Wanted(
        search=query.get("q", "").replace("\0", "").strip(),
        filter=_member(Filter, query.get("state", ""), Filter.ALL),
        sort=sort,
        descending=sort_text.startswith("-") if sort_text else True,
        page=int(page) if page.isdecimal() and len(page) <= _MAX_PAGE_DIGITS else 1,
    )


def tabs(listing: Listing, wanted: Wanted) -> list[Tab]:
    return [
        Tab("" if name == Filter.ALL else name.value, label, listing.counts[name], name == wanted.filter)
        for name, label in FILTER_LABELS.items()
    ]


def columns(wanted: Wanted) -> dict[str, Column]:
    return {sort.value: _column(sort, label, wanted) for sort, label in SORT_LABELS.items()}


def _column(sort: Sort, label: str, wanted: Wanted) -> Column:
    is_current = sort == wanted.sort
    descends_next = not wanted.descending if is_current else sort not in _FIRST_ASCENDING
    order = ("descending" if wanted.descending else "ascending") if is_current else "none"
    return Column(sort.value, label, f"-{sort}" if descends_next else sort.value, order)


def _member(kind: type[T], text: str, default: T) -> T:
    try:
        return kind(text)
    except ValueError:
        return default
