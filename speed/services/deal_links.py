"""From the cause of an entry to the deal behind it, if that is the user's business."""

from django.utils.translation import gettext as _

from seedbox.services import market_facts
from speed.models import BuyingDeal, SellingDeal
from speed.models.deal import Deal
from wallet.services.causes import Source


def of_deal(user_id: int, cause: str) -> Source | None:
    """Find the deal of which a share was paid: `deal/…`."""
    return _sold(user_id, deal_id=_id(cause))


def of_channel(user_id: int, cause: str) -> Source | None:
    """Find the deal that a channel was opened for: `channel/…`, `voucher/…/…`."""
    bought = BuyingDeal.objects.filter(channel_id=_id(cause), user_id=user_id).first()
    if bought is not None:
        return _source(bought, "market_buying")
    return _sold(user_id, channel_id=_id(cause))


def _id(cause: str) -> str:
    return cause.partition("/")[2].partition("/")[0]


def _sold(user_id: int, **ids: str) -> Source | None:
    deal = SellingDeal.objects.filter(market_facts.is_held_by(user_id), **ids).first()
    return _source(deal, "market_selling") if deal else None


def _source(deal: Deal, page: str) -> Source:
    return Source(_("The deal about %(name)s") % {"name": deal.torrent_name or deal.torrent_key}, page, deal.pk, "")
