"""The orders that a list of holdings can have, as the database sorts: by what the rows show."""

import enum

from django.db.models import Case, Expression, F, FilteredRelation, FloatField, Q, QuerySet, Value, When
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Coalesce, Greatest, Lower, NullIf

from seedbox.domain.states import State
from seedbox.models import Holding

_S = State
_MASKED_WHEN_STOPPED = [_S.METADATA, _S.DOWNLOADING, _S.SEEDING]
_NEVER = 1e300  # seconds: it is being loaded, and nothing comes

Key = Expression | F


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
    SEEDS = "seeds"
    ETA = "eta"
    DONE = "done"
    UPLOADED = "uploaded"
    DOWNLOADED = "downloaded"
    KIND = "kind"
    NODE = "node"


def ordered(holdings: QuerySet[Holding], sort: str, *, descending: bool) -> QuerySet[Holding]:
    """Return the holdings by a Sort or a column of another app's; what has no such figure is last either way."""
    if sort in _KEYS:
        key = _KEYS[Sort(sort)]
    else:
        named = FilteredRelation("more_columns", condition=Q(more_columns__name=sort))
        holdings, key = holdings.annotate(more=named), F("more__value")
    first = key.desc(nulls_last=True) if descending else key.asc(nulls_last=True)
    return holdings.order_by(first, "-added_at", "-pk")


def seen_state() -> Case:
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


def _seen(column: str) -> Key:
    return Coalesce(F(f"torrent__observation__{column}"), Value(0))


def _while_it_runs(column: str) -> Key:
    """A stopped holding shows no speed and no peers, whatever its torrent does for others: nor may its place."""
    return Case(When(runs=True, then=_seen(column)), default=Value(0))


def _since_it_began(column: str) -> Key:
    return Greatest(_seen(f"{column}_bytes") - F(f"{column}_before_bytes"), Value(0))


def _divided(part: Key | str, whole: str) -> Key:
    # As floats: a terabyte times a million does not fit into the database's integers, and this only sorts.
    return Cast(part, FloatField()) / NullIf(whole, Value(0))


def _eta() -> Key:
    """Return the seconds that are left while it is being loaded for this holder."""
    loads = Q(runs=True, torrent__observation__state=_S.DOWNLOADING)
    speed = "torrent__observation__down_bytes_per_s"
    left = Greatest(F("torrent__size_bytes") - F("torrent__observation__done_bytes"), Value(0))
    return Case(
        When(loads & Q(**{f"{speed}__gt": 0}), then=_divided(left, speed)),
        When(loads, then=Value(_NEVER, output_field=FloatField())),
        default=None,
        output_field=FloatField(),
    )


_KEYS: dict[Sort, Key] = {
    Sort.ADDED: F("added_at"),
    Sort.NAME: Lower(Coalesce(NullIf("torrent__name", Value("")), NullIf("name", Value("")), "torrent__key")),
    Sort.STATE: seen_state(),
    Sort.PROGRESS: Coalesce(
        _divided("torrent__observation__done_bytes", "torrent__observation__wanted_bytes"), Value(0.0)
    ),
    Sort.SIZE: NullIf("torrent__size_bytes", Value(0)),
    Sort.DOWN: _while_it_runs("down_bytes_per_s"),
    Sort.UP: _while_it_runs("up_bytes_per_s"),
    Sort.RATIO: _divided(_since_it_began("uploaded"), "torrent__size_bytes"),
    Sort.PEERS: _while_it_runs("peers"),
    Sort.SEEDS: _while_it_runs("seeds"),
    Sort.ETA: _eta(),
    Sort.DONE: _seen("done_bytes"),
    Sort.UPLOADED: _since_it_began("uploaded"),
    Sort.DOWNLOADED: _since_it_began("downloaded"),
    Sort.KIND: Case(When(torrent__piece_length_bytes__gt=0, then=F("torrent__private")), default=None),
    Sort.NODE: F("torrent__node__name"),
}
