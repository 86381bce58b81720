"""Somebody in the market as a user has dealt with them, known by a Speed key."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from seedbox.domain.kept import told
from seedbox.domain.units import format_bytes
from seedbox.services import market_facts
from speed.models import BuyingDeal, SellingDeal
from speed.models.deal import Deal
from speed.services import avoided
from speed.services.deal_rows import OTHERS_TORRENT, Row, minute, state_in_words
from speed.services.screen import Viewer
from wallet.domain.money import format_btt

SHOWN = 50  # deals each way


@dataclass(frozen=True)
class Peer:
    """What there is to say of a key."""

    places: list[str]
    first_at: datetime
    last_at: datetime
    selling: list[Row]
    buying: list[Row]
    sums: Row
    left_alone: str  # why nodes don't bid with it; "" when they do


def find(who: Viewer, peer_key: str, *, now: datetime) -> Peer | None:
    """Return what the user has dealt with a peer, an admin what the box has sold to it; None if there is nothing."""
    bought = BuyingDeal.objects.filter(user_id=who.user_id, peer_key=peer_key)
    sold = SellingDeal.objects.filter(peer_key=peer_key)
    held = sold.filter(market_facts.is_held_by(who.user_id))
    if not who.is_admin:
        sold = held
    buying, selling = (
        list(bought.order_by("-opened_at", "-pk")[:SHOWN]),
        list(sold.order_by("-opened_at", "-pk")[:SHOWN]),
    )
    shown: list[Deal] = [*buying, *selling]
    if not shown:
        return None
    own = set(held.filter(pk__in=[deal.pk for deal in selling]).values_list("pk", flat=True))
    avoids = avoided.find(peer_key, now=now)
    return Peer(
        places=sorted({deal.place for deal in shown}),
        first_at=min(deal.opened_at for deal in shown),
        last_at=max(deal.linked_at for deal in shown),
        selling=[_row(deal, "market_selling", shows_name=deal.pk in own) for deal in selling],
        buying=[_row(deal, "market_buying", shows_name=True) for deal in buying],
        sums=_sums(bought, sold),
        left_alone=told(avoids.text) if avoids else "",
    )


def _sums(bought: "QuerySet[BuyingDeal]", sold: "QuerySet[SellingDeal]") -> Row:
    cost = bought.aggregate(size=Sum("accepted_bytes"), paid=Sum("cumulative_ubtt"))
    brought = sold.aggregate(size=Sum("accepted_bytes"), paid=Sum("cumulative_ubtt"))
    return {
        "bought": format_bytes(int(cost["size"] or 0)),
        "spent": format_btt(int(cost["paid"] or 0)),
        "sold": format_bytes(int(brought["size"] or 0)),
        "earned": format_btt(int(brought["paid"] or 0)),
    }


def _row(deal: Deal, page: str, *, shows_name: bool) -> Row:
    label, tone = state_in_words(deal.state)
    return {
        "page": page,
        "number": deal.pk,
        "name": (deal.torrent_name or deal.torrent_key) if shows_name else _(OTHERS_TORRENT),
        "state": label,
        "tone": tone,
        "accepted": format_bytes(deal.accepted_bytes),
        "paid": format_btt(deal.cumulative_ubtt),
        "at": deal.opened_at.isoformat(),
        "at_text": minute(deal.opened_at),
    }
