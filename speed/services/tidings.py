"""What the market has to tell its buyers: deals that ended, budgets that are used up, bids that brought nothing.

Read from the rows that the nodes' agents wrote, by whoever tells it, as the wallet's tidings are.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.units import format_bytes
from seedbox.services import market_facts
from seedbox.services.rows import printable
from speed.domain.autobid_view import State
from speed.models import AutoDecision, Bid, BuyingDeal
from speed.services.deal_rows import why
from wallet.domain.money import format_amount
from wallet.services.install import market_asset
from wallet.services.tidings import Tiding

DEALS, BIDS = "deals", "bids"

NEWEST = 200  # rows of each sort that one look goes through
BACK = 5_000  # deals and decisions, by their id: what is older is not looked at


def look(*, since: datetime) -> list[Tiding]:
    """Return what has happened since then, some of it maybe not for the first time."""
    return [*_deals(since), *_bids(since)]


def _deals(since: datetime) -> Iterator[Tiding]:
    newest = BuyingDeal.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    ended = BuyingDeal.objects.filter(pk__gt=newest - BACK, ended_at__gte=since, cumulative_ubtt__gt=0)
    for deal in ended.order_by("-pk")[:NEWEST]:
        yield Tiding(
            user_id=deal.user_id,
            kind=DEALS,
            key=f"deal/{deal.pk}",
            at=deal.ended_at or since,
            tone="info",
            text=partial(_of_deal, deal),
            url_name="market_buying",
            url_args=(deal.pk,),
        )


def _of_deal(deal: BuyingDeal) -> str:
    facts = {
        "name": printable(deal.torrent_name or deal.torrent_key)[:120],
        "bytes": format_bytes(deal.accepted_bytes),
        "paid": format_amount(deal.cumulative_ubtt, market_asset()),
        "why": why(deal.end_reason),
    }
    return _("A deal for %(name)s ended: %(bytes)s for %(paid)s. %(why)s.") % facts


def _bids(since: datetime) -> Iterator[Tiding]:
    newest = AutoDecision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found = AutoDecision.objects.filter(
        pk__gt=newest - BACK, at__gte=since, state__in=[str(State.NO_GAIN), str(State.NO_MONEY)]
    )
    decisions = list(found.select_related("run__bid").order_by("-pk")[:NEWEST])
    ids = {one.run.bid.torrent_id for one in decisions}
    names = {one.torrent_id: one.name for one in market_facts.torrents(ids=ids)} if ids else {}
    for decision in decisions:
        bid: Bid = decision.run.bid
        is_over = decision.state == State.NO_GAIN
        name = printable(names.get(bid.torrent_id) or bid.torrent_key)[:120]
        no_gain = gettext_noop("Bidding for %(name)s has stopped: paying brought nothing.")
        no_money = gettext_noop("No money is left to bid for %(name)s: a budget or the account is used up.")
        yield Tiding(
            user_id=bid.user_id,
            kind=BIDS,
            # Each run has a seed of its own; money may come and go many times a day.
            key=f"no-gain/{bid.pk}/{decision.run.seed}" if is_over else f"no-money/{bid.pk}/{decision.at:%Y%m%d}",
            at=decision.at,
            tone="info" if is_over else "warning",
            text=partial(_of_bid, no_gain if is_over else no_money, name),
            url_name="market_auto",
        )


def _of_bid(text: str, name: str) -> str:
    return _(text) % {"name": name}
