"""What a buyer keeps of its deals: rows written by the agent of one node, in the thread of its database.

A total is committed before anybody sees its signature: whoever comes back from a crash knows of all that was promised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum

from speed.models import BuyingDeal, Reservation, SeenRound, Verdict
from speed.services import budgets
from speed.services.avoided import AVOIDED_FOR

SEEN_ROUNDS_KEPT = timedelta(hours=25)  # sellers show a round's bids for 24 hours

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Loaded:
    """All that a buyer has to take up again."""

    deals: tuple[BuyingDeal, ...]  # whose channels are not known to have ended
    unanswered: tuple[Reservation, ...]
    paid_before: Mapping[tuple[str, str, str], int]  # bytes paid for, by seller's key, hub and account


def load(node_name: str) -> Loaded:
    """Return what a node had when it stopped."""
    deals = BuyingDeal.objects.filter(node_name=node_name).order_by("pk")
    return Loaded(tuple(deals.filter(is_closed=False)), tuple(budgets.unanswered(node_name)), paid_before(node_name))


def paid_before(node_name: str) -> dict[tuple[str, str, str], int]:
    """Return how many bytes each seller was paid for in deals that are over: its trust in us goes by it."""
    over = BuyingDeal.objects.filter(node_name=node_name, is_closed=True, covered_bytes__gt=0)
    sums = over.values_list("peer_key", "hub_id", "account").annotate(paid=Sum("covered_bytes"))
    return {(peer_key, hub_id, account): int(paid) for peer_key, hub_id, account, paid in sums}


def begin(key: str, columns: Columns) -> None:
    """A channel is there: write its deal, and that the reservation is done. The same again changes nothing."""
    with transaction.atomic():
        budgets.note_done(key, channel_id=columns["channel_id"])
        BuyingDeal.objects.get_or_create(deal_id=columns["deal_id"], defaults=columns)


def topped_up(key: str, *, deal_id: str, amount_ubtt: int, expires_at: datetime) -> None:
    """A channel holds more, or holds longer; its receipt comes later."""
    with transaction.atomic():
        deal = BuyingDeal.objects.select_for_update().get(deal_id=deal_id)
        budgets.note_done(key, channel_id=deal.channel_id)
        deal.amount_ubtt = max(deal.amount_ubtt, amount_ubtt)
        deal.expires_at = max(deal.expires_at, expires_at)
        deal.save(update_fields=["amount_ubtt", "expires_at"])


def store(rows: Sequence[Columns], *, now: datetime) -> frozenset[str]:
    """Write how deals are now, with what they have signed; return the ids of those whose total stands in the database.

    A total never shrinks, and a channel that has ended promises nothing any more.
    """
    written = set()
    with transaction.atomic():
        for columns in rows:
            deal = BuyingDeal.objects.select_for_update().filter(deal_id=columns["deal_id"]).first()
            if deal is None or deal.is_closed or columns["cumulative_ubtt"] < deal.cumulative_ubtt:
                continue
            more_ubtt = columns["cumulative_ubtt"] - deal.cumulative_ubtt
            more_bytes = max(columns["covered_bytes"] - deal.covered_bytes, 0)
            if more_ubtt or more_bytes:
                budgets.note_signed(deal, more_ubtt=more_ubtt, more_bytes=more_bytes, now=now)
            BuyingDeal.objects.filter(pk=deal.pk).update(**columns)
            written.add(deal.deal_id)
    return frozenset(written)


def close(deal_id: str, *, now: datetime) -> None:
    """The hub has ended the channel: what was not signed is free again."""
    with transaction.atomic():
        deal = BuyingDeal.objects.select_for_update().get(deal_id=deal_id)
        if not deal.is_closed:
            deal.is_closed, deal.state, deal.ended_at = True, "closed", deal.ended_at or now
            deal.save(update_fields=["is_closed", "state", "ended_at"])
            budgets.note_ended(deal_id)


def see(rounds: Sequence[Columns], *, now: datetime) -> None:
    """Keep what sellers said of rounds, for a day: what an audit is checked against."""
    SeenRound.objects.bulk_create([SeenRound(**columns) for columns in rows_of(rounds)], ignore_conflicts=True)
    old = SeenRound.objects.filter(at__lt=now - SEEN_ROUNDS_KEPT)
    old.exclude(verdict=Verdict.WRONG, at__gte=now - AVOIDED_FOR).delete()


def rows_of(rounds: Sequence[Columns]) -> list[Columns]:
    """Return one row for each round of a deal: the last word on it, but one without a salt can't be audited."""
    last: dict[tuple[str, int], Columns] = {}
    for columns in rounds:
        key = columns["deal_id"], columns["number"]
        if columns["salt"] or not last.get(key, columns)["salt"]:
            last[key] = columns
    return list(last.values())


# --- for pages


def of_user(user_id: int, *, limit: int = 100) -> list[BuyingDeal]:
    """Return a user's deals, the newest first."""
    return list(BuyingDeal.objects.filter(user_id=user_id).order_by("-opened_at")[:limit])


def of_torrent(torrent_id: int, *, user_id: int, limit: int = 20) -> list[BuyingDeal]:
    """Return a user's deals about a torrent, the newest first."""
    found = BuyingDeal.objects.filter(torrent_id=torrent_id, user_id=user_id)
    return list(found.order_by("-opened_at")[:limit])


def rounds_of(deal_id: str, *, limit: int = 360) -> list[SeenRound]:
    """Return what was said of a deal's rounds, the newest first."""
    return list(SeenRound.objects.filter(deal_id=deal_id).order_by("-number")[:limit])
