"""Sellers that were found to cheat, and are left alone for seven days by all nodes of the box."""

from datetime import datetime, timedelta

from speed.models import AvoidedSeller, Cause

AVOIDED_FOR = timedelta(days=7)


def avoid(peer_key: str, *, cause: Cause, text: str, now: datetime) -> None:
    """Have nobody bid for what this seller sells, for seven days from now."""
    AvoidedSeller.objects.update_or_create(
        peer_key=peer_key,
        defaults={"cause": cause, "text": text, "until": now + AVOIDED_FOR},
        create_defaults={"cause": cause, "text": text, "until": now + AVOIDED_FOR, "since": now},
    )


def avoided(*, now: datetime) -> dict[bytes, Cause]:
    """Return who is left alone now, by Speed key."""
    found = AvoidedSeller.objects.filter(until__gt=now).values_list("peer_key", "cause")
    return {bytes.fromhex(peer_key): Cause(cause) for peer_key, cause in found}


def find(peer_key: str, *, now: datetime) -> AvoidedSeller | None:
    return AvoidedSeller.objects.filter(pk=peer_key, until__gt=now).first()
