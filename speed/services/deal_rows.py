"""What a page shows of a deal, a bid, a quote or a torrent for sale: one dict that template and live socket share.

Pure formatting; nothing here asks the database.
"""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import told
from seedbox.domain.units import PPM, format_bytes, format_speed
from speed.domain.credit import unpaid, window
from speed.domain.deals import HUB_GONE, DealState
from speed.domain.reading import write_percent
from speed.domain.refusals import Reason
from speed.models import Bid, BuyingDeal, Quote, SellingDeal
from speed.models.deal import Deal
from wallet.domain.money import format_amount, format_btt
from wallet.services.install import market_asset

Row = dict[str, str | int]

OTHERS_TORRENT = gettext_noop("A torrent of other users")
WHY: dict[str, str] = {
    Reason.PRICE_TOO_LOW: gettext_noop("The ceiling is below the price"),
    Reason.NO_CAPACITY: gettext_noop("All of it went to higher ceilings"),
    Reason.UNPAID: gettext_noop("What was sent is not paid yet"),
    Reason.CHANNEL_LOW: gettext_noop("Little money or time is left in the channel"),
    Reason.BAD_RECEIPT: gettext_noop("No hub vouches for the channel"),
    Reason.NOT_SELLING: gettext_noop("The seller sells it no longer"),
    Reason.SHARED_ADDRESS: gettext_noop("Somebody else behind that address used the lane up"),
    Reason.METERS_DISAGREE: gettext_noop("The two meters were too far apart"),
    Reason.BUSY: gettext_noop("The seller has too many deals"),
    "meter_inflated": gettext_noop("The seller claims to have sent far more than came from it"),
    HUB_GONE: gettext_noop("Its hub gives no answer and its channel has run out: only what was signed counts as spent"),
    "complete": gettext_noop("The torrent is complete"),
    "withdrawn": gettext_noop("The bid stands no longer"),
    "no connection": gettext_noop("The seller was not connected for ten minutes"),
    "its buyer was away": gettext_noop("The buyer was not connected for ten minutes"),
    "budget used up": gettext_noop("There was no more money for it: budget, day's limit or account"),
    "paying brings nothing": gettext_noop("It was measured that paying made it no faster"),
    "too late": gettext_noop("The time by which it should be finished has passed"),
    "no account at its hub": gettext_noop("The user's money can't be used at the seller's hub any more"),
    "bad data": gettext_noop("The seller has sent bad data"),
    "asks above the bid": gettext_noop("The seller has asked for more than the ceiling"),
    "the seller has withdrawn": gettext_noop("The seller has withdrawn"),
    "the seller has left": gettext_noop("The seller has left"),
    "others sell it for less": gettext_noop("Others sell it for less"),
    "a wrong round": gettext_noop("A wrong round"),
    "starves who does not pay": gettext_noop("Starves who does not pay"),
    "the buyer has withdrawn": gettext_noop("The buyer has withdrawn"),
    "the buyer has left": gettext_noop("The buyer has left"),
    "its buyer has begun anew": gettext_noop("Its buyer has begun anew"),
    "its channel has ended": gettext_noop("Its channel has ended"),
    "the channel is closed": gettext_noop("The channel is closed"),
    "the channel is expired": gettext_noop("The channel is expired"),
}
STATES = {
    DealState.OPEN: (gettext_noop("Bid stands"), "azure"),
    DealState.IN_LANE: (gettext_noop("In lane"), "green"),
    DealState.PAUSED: (gettext_noop("Paused"), "secondary"),
    DealState.WAITING: (gettext_noop("Waiting"), "yellow"),
    DealState.ENDING: (gettext_noop("Ending"), "secondary"),
    DealState.CLOSED: (gettext_noop("Ended"), "secondary"),
}


def why(reason: str) -> str:
    """Return why a bid got nothing or a deal is over, in words; of what is not known the word itself."""
    words = reason.replace("_", " ")
    return _(WHY[reason]) if reason in WHY else words[:1].upper() + words[1:]


def minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def part_of(part: str, whole: str) -> str:
    """Return how much there is of how much."""
    return _("%(part)s of %(whole)s") % {"part": part, "whole": whole}


def peer_at(key: str, place: str) -> str:
    """Return whom a deal is with, by the beginning of a key, and where they are."""
    return _("%(key)s at %(place)s") % {"key": key[:10], "place": place}


def price(price_ubtt_per_gib: int) -> str:
    return f"{format_amount(price_ubtt_per_gib, market_asset())}/GiB" if price_ubtt_per_gib else "\N{EN DASH}"


def selling_row(deal: SellingDeal, *, shows_name: bool, paid_bytes: int) -> Row:
    """Return the cells of a deal in which we sell; the exposure is what was sent and is not paid for.

    The window of one that is open has grown by what the payer has paid for, in other deals as well. At a new address
    the agent trusts for a while less than that: who was at an address is not asked of the database for each page.
    """
    owes = unpaid(
        sent_bytes=deal.sent_bytes, covered_bytes=deal.covered_bytes, written_off_bytes=deal.written_off_bytes
    )
    room = window(max(paid_bytes, deal.covered_bytes))
    return _row(deal, "selling", shows_name=shows_name) | {
        "exposure": part_of(format_bytes(owes), format_bytes(room)),
        "exposure_ppm": min(owes * PPM // room, PPM),
        "exposure_tone": "red" if owes >= room else "yellow" if owes * 2 >= room else "green",
        "earned": format_btt(deal.earned_ubtt),
        "unredeemed": format_btt(max(deal.cumulative_ubtt - deal.redeemed_ubtt, 0)),
    }


def state_in_words(state: str) -> tuple[str, str]:
    """Return what a state is called, and its tone."""
    label, tone = STATES.get(DealState(state), (state, ""))
    return _(label), tone


def buying_row(deal: BuyingDeal) -> Row:
    """Return the cells of a deal in which we buy; the exposure is what of its channel is promised away."""
    amount = max(deal.amount_ubtt, 1)
    return _row(deal, "buying", shows_name=True) | {
        "exposure": part_of(format_btt(deal.cumulative_ubtt), format_amount(deal.amount_ubtt, market_asset())),
        "exposure_ppm": min(deal.cumulative_ubtt * PPM // amount, PPM),
        "exposure_tone": "azure",
    }


def _row(deal: Deal, side: str, *, shows_name: bool) -> Row:
    runs = deal.state == DealState.IN_LANE
    label, tone = state_in_words(deal.state)
    return {
        "row": f"{side}-{deal.pk}",
        "href": f"{side}/{deal.pk}/",
        "name": (deal.torrent_name or deal.torrent_key) if shows_name else _(OTHERS_TORRENT),
        "peer": peer_at(deal.peer_key, deal.place),
        "state": label,
        "tone": tone,
        "why": why(deal.end_reason or deal.refusal),
        "lane": format_speed(deal.speed_bytes_per_s if runs else 0),
        "price": price(deal.price_ubtt_per_gib),
        "ceiling": price(deal.max_price_ubtt_per_gib),
        "sent": format_bytes(deal.sent_bytes),
        "accepted": format_bytes(deal.accepted_bytes),
        "paid": format_btt(deal.cumulative_ubtt),
        "owed": format_btt(max(deal.owed_ubtt - deal.cumulative_ubtt, 0)),
        "unit": market_asset().unit,
        "at": deal.opened_at.isoformat(),
        "at_text": minute(deal.opened_at),
    }


def bid_row(bid: Bid, *, name: str, used_ubtt: int) -> Row:
    """Return the cells of a user's own bid."""
    return {
        "row": f"bid-{bid.pk}",
        "number": bid.pk,
        "is_on": bid.is_on,
        "name": name or bid.torrent_key,
        "state": (_("Stands") if not bid.note else _("Waits")) if bid.is_on else _("Withdrawn"),
        "tone": ("green" if not bid.note else "yellow") if bid.is_on else "secondary",
        "note": told(bid.note),
        "ceiling": price(bid.max_price_ubtt_per_gib),
        "budget": part_of(format_btt(used_ubtt), format_amount(bid.budget_ubtt, market_asset())),
        "budget_ppm": min(used_ubtt * PPM // max(bid.budget_ubtt, 1), PPM),
        "speed": _useful(bid),
    }


def _useful(bid: Bid) -> str:
    if bid.is_auto:
        return _("as fast as was wished")
    return format_speed(bid.useful_bytes_per_s) if bid.useful_bytes_per_s else _("as fast as it gets")


def quote_row(quote: Quote, *, left_alone: str) -> Row:
    """Return the cells of what a seller last said of a torrent, with why it is not bid to."""
    return {
        "row": f"quote-{quote.pk}",
        "seller": peer_at(quote.peer_key, quote.endpoint),
        "ask": price(quote.ask_ubtt_per_gib),
        "last": price(quote.last_price_ubtt_per_gib),
        "for_sale": format_speed(quote.for_sale_bytes_per_s),
        "free": f"{write_percent(quote.free_share_ppm)} %",
        "bidders": quote.bidders,
        "left_alone": left_alone,
    }
