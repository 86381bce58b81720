"""What other installs' hubs hold of ours: as they last said it, and as our own deals have it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import told
from seedbox.domain.units import PPM
from seedbox.services import market_facts
from speed.domain.deals import HUB_GONE
from speed.models import Agent, BuyingDeal, Hub, Pairing, SellingDeal
from speed.services import node_rows
from speed.services.deal_rows import Row, buying_row, minute, part_of
from speed.services.spenders import REVOKED
from wallet.domain.money import format_amount, format_btt
from wallet.services.install import market_asset

SILENT_AFTER = timedelta(minutes=5)  # nodes ask every minute
DEALS_SHOWN = 20
LONG_AGO = datetime.min.replace(tzinfo=UTC)
UNHEARD = gettext_noop("It has not said yet what it holds: the node asks it every minute.")
SILENT = gettext_noop(
    "The hub has not answered since then. Its operator holds that money: ask there. New deals wait for its answer."
)
NODE_SILENT = gettext_noop("The node that asks it does not run: start the node again.")
NODE_HIDES = gettext_noop("The node hides behind a proxy or in anonymous mode, and asks no hub of another install.")


@dataclass(frozen=True)
class Held:
    """What a hub holds in the accounts that users of this box have paired there."""

    held_ubtt: int
    accounts: int
    heard_at: datetime | None  # of the account that was heard of longest ago; None: of one nothing was heard yet


def held_at(hub_id: str) -> Held:
    """Return what a hub holds of all users of this box; an account that several nodes use counts once."""
    return _held(_accounts_at(hub_id))


def hub_cells(hub: Hub, *, now: datetime) -> dict[str, object]:
    """Return what the operator's page says of a hub's money: paired accounts, and vouchers that it has not paid yet."""
    asset, limit_ubtt = market_asset(), hub.exposure_limit_ubtt
    accounts = _accounts_at(hub.hub_id)
    held, owed_ubtt = _held(accounts), unredeemed(hub.hub_id)
    return {
        "accounts": held.accounts,
        "held": format_amount(held.held_ubtt, asset),
        "heard": minute(held.heard_at) if held.heard_at else "",
        "heard_at": held.heard_at.isoformat() if held.heard_at else "",
        "silence": _silence(held.heard_at, asked_by=_in_vain(accounts, now), running=_running(now), now=now),
        "owed": part_of(format_btt(owed_ubtt), format_amount(limit_ubtt, asset)),
        "owed_ppm": min(owed_ubtt * PPM // max(limit_ubtt, 1), PPM),
        "owed_tone": "red" if owed_ubtt >= max(limit_ubtt, 1) else "azure",
    }


def _accounts_at(hub_id: str) -> list[list[Pairing]]:
    """Return the pairings of all users at a hub, by account: several nodes may use one."""
    found: dict[str, list[Pairing]] = {}
    for one in Pairing.objects.filter(hub_id=hub_id).exclude(account="").order_by("pk"):
        found.setdefault(one.account, []).append(one)
    return list(found.values())


def _held(accounts: Sequence[Sequence[Pairing]]) -> Held:
    newest = [max(pairings, key=_newness) for pairings in accounts]
    times = [one.heard_at for one in newest if one.heard_at]
    return Held(
        held_ubtt=sum(one.held_ubtt for one in newest),
        accounts=len(newest),
        heard_at=min(times) if times and len(times) == len(newest) else None,
    )


def _newness(one: Pairing) -> tuple[bool, datetime, int]:
    """Return what to choose the newest word on an account by; who may not act for it any more is told nothing of it."""
    tells = one.heard_at is not None and one.problem != REVOKED
    return tells, one.heard_at or LONG_AGO, one.held_ubtt


def _in_vain(accounts: Sequence[Sequence[Pairing]], now: datetime) -> set[str]:
    """Return the nodes that should have heard of accounts of which nothing was heard lately, and have not."""
    silent = [pairings for pairings in accounts if not _is_new(max(pairings, key=_newness), now)]
    return {one.node_name for pairings in silent for one in pairings if not _is_new(one, now)}


def _is_new(one: Pairing, now: datetime) -> bool:
    return bool(one.heard_at and one.heard_at >= now - SILENT_AFTER)


def unredeemed(hub_id: str) -> int:
    """Return what buyers have promised our nodes in channels at a hub that it has not paid out yet."""
    running = SellingDeal.objects.filter(hub_id=hub_id, is_closed=False)
    owed = Greatest(
        F("cumulative_ubtt") - F("redeemed_ubtt"), 0
    )  # after a backup a hub may have paid more than we know
    return int(running.aggregate(owed=Sum(owed))["owed"] or 0)


def pairings_of(user_id: int, *, now: datetime) -> list[dict[str, object]]:
    """Return the accounts at other hubs that a user has paired, what they hold, and what was bought with it."""
    names = {hub.hub_id: str(hub) for hub in Hub.objects.exclude(url="")}
    running = _running(now)
    return [
        _pairing_row(one, name=names.get(one.hub_id, one.hub_id), running=running, now=now)
        for one in Pairing.objects.filter(user_id=user_id).order_by("pk")
    ]


def _pairing_row(one: Pairing, *, name: str, running: Collection[str], now: datetime) -> dict[str, object]:
    asset, is_paired = market_asset(), bool(one.account and not one.code)
    own = BuyingDeal.objects.filter(user_id=one.user_id, node_name=one.node_name, hub_id=one.hub_id)
    deals = list(own.order_by("is_closed", "-opened_at", "-pk")[:DEALS_SHOWN])
    return {
        "pk": one.pk,
        "hub": name,
        "node": one.node_name,
        "says": told(one.problem) or (_("Paired") if is_paired else _("The node takes the code there")),
        "tone": "red" if one.problem else "green" if is_paired else "yellow",
        "limit": format_amount(one.daily_limit_ubtt, asset) if one.daily_limit_ubtt else _("nothing"),
        "earns": one.earns,
        "held": format_amount(one.held_ubtt, asset) if one.account and one.heard_at else "",
        "heard": minute(one.heard_at) if one.heard_at else "",
        "heard_at": one.heard_at.isoformat() if one.heard_at else "",
        "in_channels": format_amount(_in_channels(own), asset),
        "silence": _silence(one.heard_at, asked_by={one.node_name}, running=running, now=now) if is_paired else "",
        "deals": _statement(deals),
    }


def _in_channels(deals: QuerySet[BuyingDeal]) -> int:
    """Return what lies in channels of these deals and is not signed away yet."""
    running = deals.filter(is_closed=False)
    return int(running.aggregate(rest=Sum(F("amount_ubtt") - F("cumulative_ubtt")))["rest"] or 0)


def _running(now: datetime) -> set[str]:
    """Return the nodes that run."""
    return set(Agent.objects.filter(beat_at__gte=now - node_rows.SILENT_AFTER).values_list("node_name", flat=True))


def _silence(heard_at: datetime | None, *, asked_by: Collection[str], running: Collection[str], now: datetime) -> str:
    """Return what is to say when nothing was heard lately of an account that these nodes ask about."""
    if heard_at is None:
        return _(UNHEARD)
    if heard_at >= now - SILENT_AFTER:
        return ""
    asking = set(running).intersection(asked_by)
    if not asking:
        return _(NODE_SILENT)
    nodes = [market_facts.node(name, now=now) for name in asking]
    return _(NODE_HIDES) if all(node is not None and node.hides for node in nodes) else _(SILENT)


def _statement(deals: Iterable[BuyingDeal]) -> list[Row]:
    """Return what went into channels of deals, and what came of it."""
    asset = market_asset()
    return [
        buying_row(deal)
        | {
            "channel": format_amount(deal.amount_ubtt, asset),
            "signed": format_amount(deal.cumulative_ubtt, asset),
            "rest": _rest(deal),
        }
        for deal in deals
    ]


def _rest(deal: BuyingDeal) -> str:
    """Return what of a channel is not signed away, and what becomes of it."""
    text = _("%(amount)s comes back if it is not used")
    if deal.is_closed:
        is_gone = deal.end_reason == HUB_GONE
        text = _("%(amount)s that the hub has given no answer about") if is_gone else _("%(amount)s came back")
    return text % {"amount": format_amount(deal.amount_ubtt - deal.cumulative_ubtt, market_asset())}
