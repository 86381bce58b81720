"""Read what a user's pages show: the list of holdings, a holding's files and log. Never another user's."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet

from seedbox.domain.states import TROUBLED_STATES, State
from seedbox.models import File, Holding, LogEntry, User
from seedbox.services import columns
from seedbox.services.orders import Sort, ordered, seen_state

KIND = "torrents"  # what open pages watch
PAGE_SIZE = 100
FILES_PAGE_SIZE = 200
MAX_LOG_SHOWN = 100
MAX_SEARCH_CHARS = 200

_S = State


class Filter(enum.StrEnum):
    ALL = "all"
    DOWNLOADING = "downloading"
    SEEDING = "seeding"
    STOPPED = "stopped"
    ERROR = "error"


FILTER_STATES: dict[Filter, frozenset[State]] = {
    Filter.ALL: frozenset(State),
    Filter.DOWNLOADING: frozenset({_S.WAITING, _S.METADATA, _S.CHECKING, _S.DOWNLOADING}),
    Filter.SEEDING: frozenset({_S.SEEDING}),
    Filter.STOPPED: frozenset({_S.STOPPED, _S.FINISHED, _S.REMOVING}),
    Filter.ERROR: TROUBLED_STATES,
}


@dataclass(frozen=True)
class Wanted:
    """What part of the list somebody wants to see."""

    search: str = ""
    filter: Filter = Filter.ALL
    sort: str = Sort.ADDED  # a Sort, or the name of a column that another app has brought
    descending: bool = True
    page: int = 1
    page_size: int = PAGE_SIZE


@dataclass(frozen=True)
class Listing:
    """One page of a user's list; `counts` are of all pages, under the search."""

    holdings: Sequence[Holding]  # with torrent and observation loaded
    counts: dict[Filter, int]
    page: int  # the last one when a later one was wanted
    page_count: int
    first: int  # place of the first row in the whole list, from 1; 0 when it is empty
    has_any: bool  # the user holds a torrent at all


def list_holdings(*, user: User, wanted: Wanted) -> Listing:
    """Return a page of the user's holdings in five queries at most, however many there are."""
    found = _searched(user, wanted.search)
    counts = _counts(found)
    total = counts[wanted.filter]
    page_count = max(-(-total // wanted.page_size), 1)
    page = min(max(wanted.page, 1), page_count)
    start = (page - 1) * wanted.page_size
    # Numbers first: the database would drag along each row as it is shown through the sorting of all of them.
    holdings = ordered(_filtered(found, wanted.filter), wanted.sort, descending=wanted.descending)
    rows = _rows(list(holdings.values_list("pk", flat=True)[start : start + wanted.page_size]))
    has_any = bool(counts[Filter.ALL]) or (bool(wanted.search) and user.holdings.exists())
    return Listing(rows, counts, page, page_count, start + 1 if rows else 0, has_any)


def version(user_id: int) -> str:
    """Return what is another after a torrent came to the user's list or went from it."""
    found = Holding.objects.filter(user_id=user_id).aggregate(count=Count("pk"), newest=Max("pk"))
    return f"{found['count']}-{found['newest'] or 0}"


def messages(user_id: int) -> list[dict[str, object]]:
    """Return which list an open page should show: one that was rendered before a change fetches it."""
    return [{"type": "versions", "versions": {KIND: version(user_id)}}]


def _rows(ids: Sequence[int]) -> list[Holding]:
    """Return these holdings in this order, with all that the list may show of them."""
    # A holder's own trackers and peers, and the magnet, can be long; the list shows none of them.
    shown = Holding.objects.select_related("torrent__observation", "torrent__node")
    found = columns.loaded(shown.defer("trackers", "peers", "torrent__magnet")).in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def find_holding(*, user: User, holding_id: int) -> Holding:
    """Return the user's holding with torrent and observation; raises Holding.DoesNotExist, for a stranger's too."""
    return _with_torrent(Holding.objects.filter(user=user)).get(pk=holding_id)


@dataclass(frozen=True)
class FilePage:
    files: Sequence[File]
    page: int
    page_count: int
    total: int


def list_files(*, holding: Holding, page: int) -> FilePage:
    """Return one page of the torrent's files in the order of the torrent."""
    files = File.objects.filter(torrent_id=holding.torrent_id).order_by("index")
    total = files.count()
    page_count = max(-(-total // FILES_PAGE_SIZE), 1)
    page = min(max(page, 1), page_count)
    start = (page - 1) * FILES_PAGE_SIZE
    return FilePage(list(files[start : start + FILES_PAGE_SIZE]), page, page_count, total)


def list_log(*, holding: Holding) -> Sequence[LogEntry]:
    """Return the newest entries since the holding began: what came before is other people's."""
    entries = LogEntry.objects.filter(torrent_id=holding.torrent_id, at__gte=holding.added_at)
    return list(entries.order_by("-at", "-pk")[:MAX_LOG_SHOWN])


def _with_torrent(holdings: QuerySet[Holding]) -> QuerySet[Holding]:
    return holdings.select_related("torrent__observation")


def _searched(user: User, search: str) -> QuerySet[Holding]:
    holdings = Holding.objects.filter(user=user)
    for word in search[:MAX_SEARCH_CHARS].split():
        # The magnet's name counts only while it is the one on the page.
        shown = Q(torrent__name__icontains=word) | Q(torrent__name="", name__icontains=word)
        holdings = holdings.filter(shown | Q(torrent__key__istartswith=word))
    return holdings


def _counts(found: QuerySet[Holding]) -> dict[Filter, int]:
    by_state = dict(found.annotate(seen=seen_state()).values_list("seen").annotate(n=Count("pk")).order_by())
    return {name: sum(by_state.get(state.value, 0) for state in states) for name, states in FILTER_STATES.items()}


def _filtered(found: QuerySet[Holding], wanted: Filter) -> QuerySet[Holding]:
    if wanted == Filter.ALL:
        return found
    states = [state.value for state in FILTER_STATES[wanted]]
    return found.annotate(seen=seen_state()).filter(seen__in=states)
