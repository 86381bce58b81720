"""What automatic bids came to by the books of both sides, for their bench."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Avg, F, Q, QuerySet, Sum

from speed.domain.autobid_view import State
from speed.models import AutoDecision, BuyingDeal, SeenRound, SellingDeal
from wallet.domain.accounts import AccountKind
from wallet.models import Account
from wallet.services import audit


def reaction(began_at: datetime) -> dict[str, float]:
    """Return how long after the slow minute the first bid was decided, and the first lane granted."""
    watching = AutoDecision.objects.filter(state=State.WATCHING).order_by("at")[0]
    slow_at = watching.at + timedelta(seconds=settings.SPEED_SLOW_S)
    lane = SeenRound.objects.filter(granted_bytes_per_s__gt=0).order_by("at")[0]
    return {"first_bid_s": (began_at - slow_at).total_seconds(), "first_lane_s": (lane.at - slow_at).total_seconds()}


def spent(*, budget_ubtt: int, ceiling_ubtt_per_gib: int) -> dict[str, float]:
    """Return what was granted, signed and redeemed, and whether money, a bid or a price was more than its user said."""
    signed_ubtt = _sum(BuyingDeal.objects.all(), "cumulative_ubtt")
    return {
        "signed_ubtt": signed_ubtt,
        "granted": SeenRound.objects.aggregate(mean=Avg("granted_bytes_per_s"))["mean"] or 0,
        "redeemed_ubtt": _sum(SellingDeal.objects.all(), "redeemed_ubtt"),
        "paid_bytes": _sum(BuyingDeal.objects.all(), "accepted_bytes"),
        "over_budget": int(_was_too_dear(ceiling_ubtt_per_gib) or signed_ubtt > budget_ubtt),
        "audit_findings": audit.audit().finding_count,
    }


def _was_too_dear(ceiling_ubtt_per_gib: int) -> bool:
    """Whether a bid was above the ceiling, or a round that gave something above its bid."""
    above_its_bid = Q(granted_bytes_per_s__gt=0, price_ubtt_per_gib__gt=F("max_price_ubtt_per_gib"))
    return SeenRound.objects.filter(above_its_bid | Q(max_price_ubtt_per_gib__gt=ceiling_ubtt_per_gib)).exists()


def all_closed() -> bool:
    """Whether no deal is open any more, and no money is in a channel."""
    is_open = BuyingDeal.objects.filter(is_closed=False).exists()
    return not is_open and not _sum(Account.objects.filter(kind=AccountKind.CHANNEL), "balance_ubtt")


def balance_ubtt(user_id: int) -> int:
    return _sum(Account.objects.filter(kind=AccountKind.USER, ref=str(user_id)), "balance_ubtt")


def _sum(rows: QuerySet[Any], column: str) -> int:
    return int(rows.aggregate(all=Sum(column))["all"] or 0)
