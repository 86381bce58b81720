"""Which torrents brought most for the disk that they take, of what a user holds, within a period."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from seedbox.services import market_facts
from seedbox.services.market_facts import KeptFacts
from speed.domain.earning import per_gib_day
from speed.domain.earnings import Span
from speed.services import rollups
from wallet.services.install import market_asset

LOOKED_AT = 500  # of those that earned most: one that earned little has no place in a short list
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Best:
    """One torrent that is held still."""

    holding_id: int
    name: str
    disk_bytes: int
    earned_ubtt: int  # in the period
    per_gib_day_ubtt: int  # on the days of the period since it was taken up, or earned first


def traded(user_id: int, span: Span) -> list[rollups.Best]:
    """Return all that was traded in a period, what earned most first."""
    return rollups.top(user_id, market_asset(), since=span.since, until=span.until, limit=LOOKED_AT)


def best(user_id: int, top: Sequence[rollups.Best], span: Span, *, now: datetime) -> list[Best]:
    """Return the best of these for their disk first."""
    earned = {one.name: one.earned_ubtt for one in top if one.earned_ubtt}
    kept: dict[str, list[KeptFacts]] = {}
    for facts in market_facts.kept_by(user_id, keys=earned):
        kept.setdefault(facts.key, []).append(facts)
    taken_up = {key: min(one.added_at for one in facts) for key, facts in kept.items()}
    lately = {key for key, at in taken_up.items() if at > span.since}
    first = _first_earned(user_id, lately, span) if lately else {}
    held_from = {key: max(span.since, min(at, first.get(key, at))) for key, at in taken_up.items()}
    found = [_best(facts, earned[key], held_from[key], now=now) for key, facts in kept.items()]
    return sorted(found, key=lambda one: (-one.per_gib_day_ubtt, -one.earned_ubtt, one.name))[:SHOWN]


def _first_earned(user_id: int, keys: Collection[str], span: Span) -> dict[str, datetime]:
    """Return when these first earned, in an earlier holding perhaps, to the hour or the day as charts show them."""
    step: Literal["hour", "day"] = "day" if span.is_of_days else "hour"
    return rollups.first_earned(user_id, market_asset(), since=span.since, until=span.until, step=step, only=keys)


def _best(kept: list[KeptFacts], earned_ubtt: int, held_from: datetime, *, now: datetime) -> Best:
    """Return one torrent, which may lie on several nodes: it takes the disk of all of them."""
    disk_bytes = sum(facts.done_bytes for facts in kept)
    held_s = int((now - held_from).total_seconds())
    value = per_gib_day(earned_ubtt=earned_ubtt, disk_bytes=disk_bytes, since_s=held_s)
    return Best(kept[0].holding_id, kept[0].name, disk_bytes, earned_ubtt, value)
