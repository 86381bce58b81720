"""What other installs' hubs hold of ours: as they last said it, and as our own deals have it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet, Sum

from seedbox.domain.units import PPM
from speed.models import Agent, BuyingDeal, Hub, Pairing, SellingDeal
from speed.services import node_rows
from speed.services.deal_rows import Row, buying_row, minute
from wallet.domain.money import format_amount, format_btt
from wallet.services.install import market_asset

SILENT_AFTER = timedelta(minutes=5)  # nodes ask every minute
DEALS_SHOWN = 20
UNHEARD = "It has not said yet what it holds: the node asks it every minute."
SILENT = "The hub has not answered since then. Its operator holds that money: ask there. New deals wait for its answer."
NODE_SILENT = "The node that asks it does not run: start the node again."


@dataclass(frozen=True)
class Held:
    """What a hub holds in the accounts that users of this box have paired there."""

    held_ubtt: int
    accounts: int
    heard_at: datetime | None  # of the account that was heard of longest ago; None: of one nothing was heard yet


def held_at(hub_id: str) -> Held:
    """Return what a hub holds of all users of this box; an account that several nodes use counts once."""
    held: dict[str, int] = {}
    heard: dict[str, datetime | None] = {}
    paired = Pairing.objects.filter(hub_id=hub_id).exclude(account="")
    for account, held_ubtt, heard_at in paired.values_list("account", "held_ubtt", "heard_at"):
        held[account] = max(held.get(account, 0), held_ubtt)
        before = heard.get(account)
        heard[account] = max(before, heard_at) if before and heard_at else before or heard_at
    times = [at for at in heard.values() if at]
    return Held(sum(held.values()), len(held), min(times) if times and len(times) == len(heard) else None)


def hub_cells(hub: Hub, *, now: datetime) -> dict[str, object]:
    """Return what the operator's page says of a hub's money: paired accounts, and vouchers that it has not paid yet."""
    asset, limit_ubtt = market_asset(), hub.exposure_limit_ubtt
    held, owed_ubtt = held_at(hub.hub_id), unredeemed(hub.hub_id)
    silent = bool(held.heard_at and held.heard_at < now - SILENT_AFTER)
    return {
        "accounts": held.accounts,
        "held": format_amount(held.held_ubtt, asset),
        "heard": minute(held.heard_at) if held.heard_at else "",
        "silence": SILENT if silent else "" if held.heard_at else UNHEARD,
        "owed": f"{format_btt(owed_ubtt)} of {format_amount(limit_ubtt, asset)}",
        "owed_ppm": min(owed_ubtt * PPM // max(limit_ubtt, 1), PPM),
        "owed_tone": "red" if owed_ubtt >= max(limit_ubtt, 1) else "azure",
    }


def unredeemed(hub_id: str) -> int:
    """Return what buyers have promised our nodes in channels at a hub that it has not paid out yet."""
    running = SellingDeal.objects.filter(hub_id=hub_id, is_closed=False)
    return int(running.aggregate(owed=Sum(F("cumulative_ubtt") - F("redeemed_ubtt")))["owed"] or 0)


def pairings_of(user_id: int, *, now: datetime) -> list[dict[str, object]]:
    """Return the accounts at other hubs that a user has paired, what they hold, and what was bought with it."""
    names = {hub.hub_id: str(hub) for hub in Hub.objects.exclude(url="")}
    agents = Agent.objects.in_bulk()
    return [
        _pairing_row(one, name=names.get(one.hub_id, one.hub_id), agent=agents.get(one.node_name), now=now)
        for one in Pairing.objects.filter(user_id=user_id).order_by("pk")
    ]


def _pairing_row(one: Pairing, *, name: str, agent: Agent | None, now: datetime) -> dict[str, object]:
    asset, is_paired = market_asset(), bool(one.account and not one.code)
    own = BuyingDeal.objects.filter(user_id=one.user_id, node_name=one.node_name, hub_id=one.hub_id)
    deals = list(own.order_by("is_closed", "-opened_at", "-pk")[:DEALS_SHOWN])
    return {
        "pk": one.pk,
        "hub": name,
        "node": one.node_name,
        "says": one.problem or ("Paired" if is_paired else "The node takes the code there"),
        "tone": "red" if one.problem else "green" if is_paired else "yellow",
        "limit": format_amount(one.daily_limit_ubtt, asset) if one.daily_limit_ubtt else "nothing",
        "earns": one.earns,
        "held": format_amount(one.held_ubtt, asset) if one.account and one.heard_at else "",
        "heard": minute(one.heard_at) if one.heard_at else "",
        "in_channels": format_amount(_in_channels(own), asset),
        "silence": _silence(one, agent, now=now) if is_paired else "",
        "deals": _statement(deals),
    }


def _in_channels(deals: QuerySet[BuyingDeal]) -> int:
    """Return what lies in channels of these deals and is not signed away yet."""
    running = deals.filter(is_closed=False)
    return int(running.aggregate(rest=Sum(F("amount_ubtt") - F("cumulative_ubtt")))["rest"] or 0)


def _silence(one: Pairing, agent: Agent | None, *, now: datetime) -> str:
    """Return what is to say when nothing was heard of an account lately."""
    if one.heard_at is None:
        return UNHEARD
    if one.heard_at >= now - SILENT_AFTER:
        return ""
    is_up = bool(agent and agent.beat_at and agent.beat_at >= now - node_rows.SILENT_AFTER)
    return SILENT if is_up else NODE_SILENT


def _statement(deals: Iterable[BuyingDeal]) -> list[Row]:
    """Return what went into channels of deals, and what came of it."""
    asset = market_asset()
    return [
        buying_row(deal)
        | {
            "channel": format_amount(deal.amount_ubtt, asset),
            "signed": format_amount(deal.cumulative_ubtt, asset),
            "rest": format_amount(deal.amount_ubtt - deal.cumulative_ubtt, asset),
            "rest_says": "came back" if deal.is_closed else "comes back if it is not used",
        }
        for deal in deals
    ]
