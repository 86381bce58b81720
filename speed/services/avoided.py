"""Sellers that were found to cheat, and are left alone for seven days by all nodes of the box.

They are known by their Speed keys, not by where they are: behind one address there may be others, who have done
nothing. Whoever makes itself a new key is a stranger, and is found out as soon as the first time.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept, told
from seedbox.services import audit
from seedbox.services.audit import Origin
from speed.models import AvoidedSeller, BuyingDeal, Cause
from speed.services.deal_rows import Row, minute

AVOIDED_FOR = timedelta(days=7)
CLOCKS_DIFFER = timedelta(minutes=5)  # at most: who forgives is on another machine, perhaps, than who judges


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


def notes(peer_keys: Collection[str], *, now: datetime) -> dict[str, str]:
    """Return of those of these sellers that are left alone now why, and until when."""
    found = AvoidedSeller.objects.filter(pk__in=peer_keys, until__gt=now)
    return {
        one.peer_key: _("%(label)s: left alone until %(until)s UTC")
        % {"label": Cause(one.cause).label, "until": minute(one.until)}
        for one in found
    }


def find(peer_key: str, *, now: datetime) -> AvoidedSeller | None:
    return AvoidedSeller.objects.filter(pk=peer_key, until__gt=now).first()


def forgive(peer_key: str, *, origin: Origin, now: datetime) -> bool:
    """Let the box's nodes bid with a seller again, as its operator says; false if it is not left alone now."""
    with transaction.atomic():
        found = AvoidedSeller.objects.filter(pk=peer_key, until__gt=now).update(until=now)
        if found:
            audit.record_setting(
                kept(gettext_noop("Seller %(peer_key)s: left alone no longer."), {"peer_key": peer_key}),
                origin=origin,
                now=now,
            )
    return bool(found)


def let_in_at(peer_key: str, *, now: datetime) -> datetime | None:
    """Return since when a seller is left alone no longer, or as good as; None if it never was, or is now.

    Locks its row, so that nobody forgives it while it is being judged.
    """
    found = AvoidedSeller.objects.select_for_update().filter(pk=peer_key).first()
    return found.until if found and found.until <= now + CLOCKS_DIFFER else None


def rows(*, now: datetime) -> list[Row]:
    """Return who is left alone now, the newest first, as page and shell show it, with where it was last bought from."""
    found = list(AvoidedSeller.objects.filter(until__gt=now).order_by("-until", "pk"))
    deals = BuyingDeal.objects.filter(peer_key__in=[one.peer_key for one in found]).order_by("pk")
    places = dict(deals.values_list("peer_key", "place"))
    return [
        {
            "key": one.peer_key,
            "where": _("last seen at %(places)s") % {"places": places[one.peer_key]} if one.peer_key in places else "",
            "says": told(one.text),
            "until": minute(one.until),
            "until_at": one.until.isoformat(),
        }
        for one in found
    ]
