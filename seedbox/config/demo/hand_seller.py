"""What a hand of the demo does in the box of who sells."""

import secrets

from django.conf import settings

from seedbox.config.demo.hand_own import Order, now, sums, user
from seedbox.domain.states import State
from seedbox.models import Observation
from seedbox.services import audit
from speed.models import ForSale, Pairing, SellingDeal
from speed.services import hub_trust, markets, spenders

SUMS = {
    "earned_ubtt": "earned_ubtt",
    "redeemed_ubtt": "redeemed_ubtt",
    "taken_ubtt": "cumulative_ubtt",
    "sent_bytes": "sent_bytes",
}


def trust(order: Order) -> None:
    """Trust the other install's hub, and bring it the code that was made there."""
    hub = {"url": order["url"], "hub_id": order["hub_id"], "exposure_limit_ubtt": order["exposure_ubtt"]}
    hub_trust.add(**hub, name="the buyer's box", origin=audit.command_line(), now=now())
    spenders.pair(
        user_id=user().pk,
        node_name=settings.NODE_NAME,
        hub_id=order["hub_id"],
        code=order["code"],
        daily_limit_ubtt=0,
        earns=True,
        key=secrets.token_hex(16),
    )


def is_paired(_order: Order) -> bool:
    return Pairing.objects.exclude(account="").exists()


def offer(order: Order) -> None:
    markets.offer(
        node_name=settings.NODE_NAME,
        torrent_key=order["key"],
        for_sale=ForSale.YES,
        origin=audit.command_line(),
        now=now(),
    )


def is_seeding(order: Order) -> bool:
    return Observation.objects.filter(torrent_id=order["torrent"], state=State.SEEDING).exists()


def see_seller(_order: Order) -> Order:
    """Tell what was sold, and what it brought."""
    deals = SellingDeal.objects.all()
    return {"open_deals": deals.filter(is_closed=False).count(), **sums(deals, SUMS)}
