"""What automatic bids have come to: written by the agent of their node, read when it starts and by pages."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from speed.domain.autobid_view import State
from speed.domain.uplift import UnpaidService
from speed.models import AutoBaseline, AutoDecision, AutoRun

KEPT_DECISIONS = 200  # of one bid

Services = Mapping[str, UnpaidService]  # by seller's key, hex


@dataclass(frozen=True)
class Loaded:
    """One bid's run as it was left."""

    row: AutoRun
    services: Services


def take_up(bid_id: int) -> Loaded:
    """Return a bid's run, a new one with a seed of its own if there is none."""
    with transaction.atomic():
        row, _ = AutoRun.objects.get_or_create(bid_id=bid_id, defaults={"seed": secrets.token_hex(16)})
        baselines = AutoBaseline.objects.filter(run=row)
        return Loaded(row, {one.peer_key: UnpaidService(one.free_bytes_per_s, one.low_controls) for one in baselines})


def keep(bid_id: int, columns: Mapping[str, Any], services: Services) -> None:
    """Write what a run is now, and how its sellers serve for nothing."""
    with transaction.atomic():
        AutoRun.objects.filter(pk=bid_id).update(**columns)
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
    """Forget what was measured, as a user's word says that it shall be tried again."""
    AutoRun.objects.filter(pk__in=list(bid_ids)).delete()


def log(bid_id: int, *, limit: int = 50) -> list[AutoDecision]:
    """Return the newest sentences first."""
    return list(AutoDecision.objects.filter(run_id=bid_id).order_by("-pk")[:limit])
