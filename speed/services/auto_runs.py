"""What automatic bids have come to: written by the agent of their node, read when it starts and by pages."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min, Sum

from speed.domain.autobid_view import State
from speed.domain.uplift import UnpaidService, Verdict
from speed.models import AutoBaseline, AutoDecision, AutoRun, AutoSample, BuyingDeal

KEPT_DECISIONS = 200  # of one bid
KEPT_SAMPLES = 720  # of one bid: two hours with one every ten seconds
COARSE_APART = timedelta(minutes=5)
KEPT_COARSE = timedelta(days=7)

Services = Mapping[str, UnpaidService]  # by seller's key, hex


@dataclass(frozen=True)
class Seen:
    """What a torrent got between two decisions: see `AutoSample`."""

    at: datetime
    total_bytes_per_s: int
    free_bytes_per_s: int
    needed_bytes_per_s: int
    is_control: bool
    price_ubtt_per_gib: int


@dataclass(frozen=True)
class Loaded:
    """One bid's run as it was left."""

    row: AutoRun
    services: Services


def take_up(bid_id: int) -> Loaded:
    """Return a bid's run, a new one with a seed of its own if there is none."""
    with transaction.atomic():
        row, _ = AutoRun.objects.get_or_create(bid_id=bid_id, defaults=_new())
        baselines = AutoBaseline.objects.filter(run=row)
        return Loaded(row, {one.peer_key: UnpaidService(one.free_bytes_per_s, one.low_controls) for one in baselines})


def _new() -> dict[str, Any]:
    return {"seed": secrets.token_hex(16), "block_ms": settings.SPEED_BLOCK_S * 1_000}


_MEASURED_NOTHING: Mapping[str, Any] = {
    "began_at": None,
    "run_number": 0,
    "paid_bytes": 0,
    "paid_ms": 0,
    "control_bytes": 0,
    "control_ms": 0,
    "all_paid_ms": 0,
    "pairs": [],
    "verdict": str(Verdict.UNKNOWN),
    "state": str(State.FAST_ENOUGH),
}


def keep(bid_id: int, columns: Mapping[str, Any], services: Services, *, seed: str) -> None:
    """Write what a run is now, and how its sellers serve for nothing; nothing if it was begun anew meanwhile."""
    with transaction.atomic():
        if not AutoRun.objects.filter(pk=bid_id, seed=seed).update(**columns):
            return
        AutoBaseline.objects.bulk_create(
            [
                AutoBaseline(
                    run_id=bid_id,
                    peer_key=peer_key,
                    free_bytes_per_s=service.baseline_bytes_per_s,
                    low_controls=service.low_controls,
                )
                for peer_key, service in services.items()
            ],
            update_conflicts=True,
            unique_fields=["run", "peer_key"],
            update_fields=["free_bytes_per_s", "low_controls"],
        )


def sample(bid_id: int, seen: Seen) -> None:
    """Keep what was seen; old samples are let go but for one in some minutes, and those after a week."""
    with transaction.atomic():
        if not AutoRun.objects.filter(pk=bid_id).exists():
            return
        found = AutoSample.objects.filter(run_id=bid_id).order_by("-at", "-pk")
        last = found.filter(is_coarse=True).first()
        AutoSample.objects.create(
            run_id=bid_id,
            spent_ubtt=BuyingDeal.objects.filter(bid_id=bid_id).aggregate(all=Sum("cumulative_ubtt"))["all"] or 0,
            is_coarse=last is None or not timedelta(0) <= seen.at - last.at < COARSE_APART,
            **asdict(seen),
        )
        if (oldest := found[KEPT_SAMPLES - 1 : KEPT_SAMPLES].first()) is not None:
            found.filter(at__lt=oldest.at, is_coarse=False).delete()
        found.filter(at__lt=seen.at - KEPT_COARSE).delete()


def samples(bid_id: int, *, since: datetime) -> list[AutoSample]:
    """Return what was seen since then, the oldest first."""
    return list(AutoSample.objects.filter(run_id=bid_id, at__gte=since).order_by("at", "pk"))


def sampled(bid_id: int) -> tuple[datetime, datetime] | None:
    """Return when the oldest and the newest sample ended; None if there is none."""
    found = AutoSample.objects.filter(run_id=bid_id).aggregate(oldest=Min("at"), newest=Max("at"))
    return (found["oldest"], found["newest"]) if found["newest"] is not None else None


def say(bid_ids: Iterable[int], *, state: State, sentence: str, now: datetime) -> None:
    """Log a decision about these bids; of each the newest are kept. The same again says nothing."""
    with transaction.atomic():
        found = AutoRun.objects.filter(pk__in=list(bid_ids)).exclude(sentence=sentence)
        for pk in list(found.values_list("pk", flat=True)):
            AutoRun.objects.filter(pk=pk).update(state=str(state), sentence=sentence, said_at=now)
            AutoDecision.objects.create(run_id=pk, at=now, state=str(state), sentence=sentence)
            kept = AutoDecision.objects.filter(run_id=pk).order_by("-pk")
            if (last := kept[KEPT_DECISIONS - 1 : KEPT_DECISIONS].first()) is not None:
                kept.filter(pk__lt=last.pk).delete()


def begin_anew(bid_ids: Iterable[int]) -> None:
    """Forget what paying changed, as a user's word says that it shall be tried again.

    The log stays, and so does how sellers served before they were first bid to: who starved was not better after it.
    """
    for pk in list(bid_ids):
        AutoRun.objects.filter(pk=pk).update(**_new(), **_MEASURED_NOTHING)


def log(bid_id: int, *, limit: int = 50) -> list[AutoDecision]:
    """Return the newest sentences first."""
    return list(AutoDecision.objects.filter(run_id=bid_id).order_by("-pk")[:limit])
