"""What all of a user's torrents do together: never more than the rows of the list show one by one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum

from seedbox.domain.states import COMPLETE_STATES, TROUBLED_STATES, State
from seedbox.domain.units import format_bytes
from seedbox.models import Holding, Observation
from seedbox.services.batches import batched
from seedbox.services.rows import MASKED_WHEN_STOPPED, Row

KIND = "totals"  # what open pages watch
SHOWN = 8  # torrents that move most
IDS_AT_ONCE = 10_000  # SQLite takes 32,766 values in one question
FEW_USERS = 10  # SQLite looks each torrent up for each user: for more it is less to read what all users hold
LOADING = frozenset({State.METADATA, State.CHECKING, State.DOWNLOADING})

_SEEN = "torrent__observation__"
_MOVES = Q(runs=True) | ~Q(**{f"{_SEEN}state__in": MASKED_WHEN_STOPPED})  # else it runs for others only
_FETCHES = _MOVES & ~Q(**{f"{_SEEN}state__in": COMPLETE_STATES})
_STALLED = Q(**{"runs": True, f"{_SEEN}state": State.DOWNLOADING, f"{_SEEN}down_bytes_per_s": 0, f"{_SEEN}peers": 0})
_IS_LOADING = Q(**{"runs": True, f"{_SEEN}state__in": LOADING})
_IS_BUSY = _FETCHES & Q(**{f"{_SEEN}down_bytes_per_s__gt": 0}) | _MOVES & Q(**{f"{_SEEN}up_bytes_per_s__gt": 0})


@dataclass(frozen=True)
class Speeds:
    """What moves for one user now."""

    down_bytes_per_s: int = 0
    up_bytes_per_s: int = 0

    @property
    def all(self) -> int:
        return self.down_bytes_per_s + self.up_bytes_per_s

    def __add__(self, other: "Speeds") -> "Speeds":
        return Speeds(self.down_bytes_per_s + other.down_bytes_per_s, self.up_bytes_per_s + other.up_bytes_per_s)


@dataclass(frozen=True)
class Totals:
    """All of a user's torrents, as the database knows them."""

    speeds: Speeds
    torrents: int
    loading: int
    seeding: int
    stalled: int  # load, but have nobody to load from
    troubled: int


@dataclass(frozen=True)
class _Group:
    """Torrents in one state, with the wish to run or without."""

    runs: bool
    state: State | None  # None: no node has seen them yet
    count: int
    stalled: int
    down: int
    up: int


def of_user(user_id: int) -> Totals:
    """Return a user's totals, in one query: by state, of which there are a dozen, and summed up here."""
    groups = Holding.objects.filter(user_id=user_id).order_by().values_list("runs", f"{_SEEN}state")
    sums = groups.annotate(
        count=Count("pk"),
        stalled=Count("pk", filter=_STALLED),
        down=Sum(f"{_SEEN}down_bytes_per_s"),
        up=Sum(f"{_SEEN}up_bytes_per_s"),
    )
    found = [
        _Group(runs, State(name) if name else None, count, stalled, int(down or 0), int(up or 0))
        for runs, name, count, stalled, down, up in sums
    ]
    return Totals(
        _sum(_masked(one.state, Speeds(one.down, one.up), runs=one.runs) for one in found if one.state),
        torrents=sum(one.count for one in found),
        loading=sum(one.count for one in found if one.runs and one.state in LOADING),
        seeding=sum(one.count for one in found if one.runs and one.state == State.SEEDING),
        stalled=sum(one.stalled for one in found),
        troubled=sum(one.count for one in found if one.state in TROUBLED_STATES),
    )


def moving(user_id: int) -> Speeds:
    """Return what moves for a user on all nodes, as they last stored it: less to read than all totals."""
    sums = Holding.objects.filter(_IS_BUSY, user_id=user_id).aggregate(
        down=Sum(F(f"{_SEEN}down_bytes_per_s"), filter=_FETCHES), up=Sum(F(f"{_SEEN}up_bytes_per_s"), filter=_MOVES)
    )
    return Speeds(int(sums["down"] or 0), int(sums["up"] or 0))


def here(user_ids: Collection[int], seen: Iterable[Observation]) -> dict[int, tuple[Speeds, str]]:
    """Return what moves for each of these users of what a node sees now of its own torrents, and which move most."""
    moving = {one.torrent_id: one for one in seen if one.down_bytes_per_s or one.up_bytes_per_s}
    found: dict[int, list[tuple[int, Speeds]]] = {user_id: [] for user_id in user_ids}
    for torrent_ids in batched(moving, IDS_AT_ONCE):
        held = Holding.objects.filter(torrent_id__in=torrent_ids)
        if len(user_ids) <= FEW_USERS:
            held = held.filter(user_id__in=user_ids)
        for user_id, pk, torrent_id, runs in held.values_list("user_id", "pk", "torrent_id", "runs"):
            if user_id in found:
                found[user_id].append((pk, _as_seen_by(moving[torrent_id], runs=runs)))
    return {user_id: (_sum(speeds for _, speeds in own), _busiest(own)) for user_id, own in found.items()}


def busiest(user_id: int) -> list[Holding]:
    """Return those that move most, then those that load though nothing comes; with torrent and observation."""
    speed = F(f"{_SEEN}down_bytes_per_s") + F(f"{_SEEN}up_bytes_per_s")
    found = Holding.objects.filter(_IS_BUSY | _IS_LOADING, user_id=user_id).order_by(speed.desc(), "-added_at", "-pk")
    ids = list(found.values_list("pk", flat=True)[:SHOWN])  # first, so that whole rows are read of these alone
    by_id = Holding.objects.select_related("torrent__observation").in_bulk(ids)
    return [by_id[pk] for pk in ids if pk in by_id]


def speeds_row(speeds: Speeds) -> Row:
    """Return the cells that page and socket share; the bare figures are those of the graph."""
    return {
        "row": "speeds",
        "down": f"{format_bytes(speeds.down_bytes_per_s)}/s",
        "up": f"{format_bytes(speeds.up_bytes_per_s)}/s",
        "down_bytes_per_s": speeds.down_bytes_per_s,
        "up_bytes_per_s": speeds.up_bytes_per_s,
    }


def _sum(speeds: Iterable[Speeds]) -> Speeds:
    return sum(speeds, Speeds())


def _busiest(own: list[tuple[int, Speeds]]) -> str:
    """Name those that move most, without an order, which changes all the time."""
    most = sorted((one for one in own if one[1].all), key=lambda one: -one[1].all)[:SHOWN]
    return " ".join(str(pk) for pk in sorted(pk for pk, _ in most))


def _as_seen_by(seen: Observation, *, runs: bool) -> Speeds:
    return _masked(State(seen.state), Speeds(seen.down_bytes_per_s, seen.up_bytes_per_s), runs=runs)


def _masked(state: State, speeds: Speeds, *, runs: bool) -> Speeds:
    """Leave out what a row would not show: what runs for others only, and what fades of a torrent that is complete."""
    if not runs and state in MASKED_WHEN_STOPPED:
        return Speeds()
    return Speeds(0 if state in COMPLETE_STATES else speeds.down_bytes_per_s, speeds.up_bytes_per_s)


def messages(user_id: int) -> list[dict[str, object]]:
    """Return how a user's totals stand in the database, as messages of the live socket; the node's word comes after."""
    row = speeds_row(moving(user_id))
    return [{"type": "rows", "rows": {str(row["row"]): row}}]
