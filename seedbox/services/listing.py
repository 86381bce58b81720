"""Read what a user's pages show: the list of holdings, a holding's files and log. Never another user's."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Count, Expression, F, FloatField, Q, QuerySet, Value, When
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Coalesce, Greatest, Lower, NullIf

from seedbox.domain.states import TROUBLED_STATES, State
from seedbox.models import File, Holding, LogEntry, User

PAGE_SIZE = 100
FILES_PAGE_SIZE = 200
MAX_LOG_SHOWN = 100
MAX_SEARCH_CHARS = 200

_S = State
_MASKED_WHEN_STOPPED = [_S.METADATA, _S.DOWNLOADING, _S.SEEDING]


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


class Sort(enum.StrEnum):
    ADDED = "added"
    NAME = "name"
    STATE = "state"
    PROGRESS = "progress"
    SIZE = "size"
    DOWN = "down"
    UP = "up"
    RATIO = "ratio"
    PEERS = "peers"


@dataclass(frozen=True)
class Wanted:
    """What part of the list somebody wants to see."""

    search: str = ""
    filter: Filter = Filter.ALL
    sort: Sort = Sort.ADDED
    descending: bool = True
    page: int = 1


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
    """Return a page of the user's holdings in four queries at most, however many there are."""
    found = _searched(user, wanted.search)
    counts = _counts(found)
    total = counts[wanted.filter]
    page_count = max(-(-total // PAGE_SIZE), 1)
    page = min(max(wanted.page, 1), page_count)
    start = (page - 1) * PAGE_SIZE
    rows = list(_ordered(_filtered(found, wanted.filter), wanted)[start : start + PAGE_SIZE])
    has_any = bool(counts[Filter.ALL]) or (bool(wanted.search) and user.holdings.exists())
    return Listing(rows, counts, page, page_count, start + 1 if rows else 0, has_any)


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


def _seen_state() -> Case:
    """The SQL of `rows.seen_state`: a test holds the two together."""
    observed = F("torrent__observation__state")
    masked = Q(runs=False, torrent__observation__state__in=_MASKED_WHEN_STOPPED)
    return Case(
        When(torrent__observation__isnull=True, runs=True, then=Value(_S.WAITING.value)),
        When(torrent__observation__isnull=True, then=Value(_S.STOPPED.value)),
        When(masked & Q(torrent__observation__state=_S.SEEDING), then=Value(_S.FINISHED.value)),
        When(masked, then=Value(_S.STOPPED.value)),
        default=observed,
        output_field=CharField(),
    )


def _counts(found: QuerySet[Holding]) -> dict[Filter, int]:
    by_state = dict(found.annotate(seen=_seen_state()).values_list("seen").annotate(n=Count("pk")).order_by())
    return {name: sum(by_state.get(state.value, 0) for state in states) for name, states in FILTER_STATES.items()}


def _filtered(found: QuerySet[Holding], wanted: Filter) -> QuerySet[Holding]:
    if wanted == Filter.ALL:
        return found
    states = [state.value for state in FILTER_STATES[wanted]]
    return found.annotate(seen=_seen_state()).filter(seen__in=states)


def _ordered(found: QuerySet[Holding], wanted: Wanted) -> QuerySet[Holding]:
    key = _sort_key(wanted.sort)
    first = key.desc(nulls_last=True) if wanted.descending else key.asc(nulls_first=True)
    holdings = found.order_by(first, "-added_at", "-pk")
    # A holder's own trackers and peers, and the magnet, can be long; the list shows none of them.
    return _with_torrent(holdings).defer("trackers", "peers", "torrent__magnet")


def _sort_key(sort: Sort) -> Expression | F:
    seen = "torrent__observation__"
    keys: dict[Sort, Expression | F] = {
        Sort.ADDED: F("added_at"),
        Sort.NAME: Lower(Coalesce(NullIf("torrent__name", Value("")), NullIf("name", Value("")), "torrent__key")),
        Sort.STATE: _seen_state(),
        # As floats: a terabyte times a million does not fit into the database's integers, and this only sorts.
        Sort.PROGRESS: Cast(f"{seen}done_bytes", FloatField()) / NullIf(f"{seen}wanted_bytes", Value(0)),
        Sort.SIZE: F("torrent__size_bytes"),
        Sort.DOWN: _while_it_runs(f"{seen}down_bytes_per_s"),
        Sort.UP: _while_it_runs(f"{seen}up_bytes_per_s"),
        Sort.RATIO: Cast(Greatest(F(f"{seen}uploaded_bytes") - F("uploaded_before_bytes"), Value(0)), FloatField())
        / NullIf("torrent__size_bytes", Value(0)),
        Sort.PEERS: _while_it_runs(f"{seen}peers"),
    }
    return keys[sort]


def _while_it_runs(column: str) -> Case:
    """A stopped holding shows no speed and no peers, whatever its torrent does for others: nor may its place."""
    return Case(When(runs=True, then=F(column)), default=Value(0))
