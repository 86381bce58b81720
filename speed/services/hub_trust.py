"""What operators decide of hubs: whom to trust with money, for how much, where one is, and when one is forgotten.

Each of it is a line of the audit log, in the transaction of what it changes.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept, listed, together
from seedbox.domain.numerals import PLAIN
from seedbox.services import audit, numerals
from seedbox.services.audit import Origin
from speed.domain.reading import write_percent
from speed.models import BuyingDeal, Hub, Pairing, Reservation, SellingDeal
from speed.services import hub_money
from speed.services.markets import BadTerms
from speed.wire.hub_port import HubAway
from speed.wire.hub_transport import BadHubAddress, check_address
from wallet.domain.money import format_amount, plain_amount
from wallet.services import hub_rules, ledger
from wallet.services.install import market_asset
from wallet.services.operators import Actor

MAX_HUBS = 20
HUB_ID_CHARS = 40
BAD_ID = gettext_noop("A hub's id has 40 hexadecimal digits; its operator reads it on the page of hubs there.")
OWN_STAYS = gettext_noop("This box's own hub stays in the list; it can be trusted or not.")
OWN_IS_HERE = gettext_noop("This box's own hub is in this box: it has no other address.")
NOT_HEARD = gettext_noop(
    "It has not said yet what it holds for users of this box. Try again in a minute; if it never answers, they end "
    "their pairings under Spending."
)
TRUSTED_STAYS = gettext_noop("Trust it no longer before you remove it: until then nodes may open channels there.")

Asked = Callable[[str, str], object]  # asks at an address for the hub with an id; raises HubAway if another answers


class NoSuchHub(Exception):
    """There is no such hub in the list."""


class HubStays(Exception):
    """The hub can't be removed from the list: {why, and what to do}."""


def add(*, url: str, hub_id: str, name: str, exposure_limit_ubtt: int, origin: Origin, now: datetime) -> None:
    """Trust another install's hub. Raises BadTerms."""
    problems = _problems(url, hub_id)
    if not problems and Hub.objects.filter(hub_id=hub_id).exists():
        problems["hub_id"] = _("This hub stands in the list already.")
    if not problems and Hub.objects.count() >= MAX_HUBS:
        problems["hub_id"] = _("There are %(max_hubs)s hubs: remove one first.") % {"max_hubs": MAX_HUBS}
    if problems:
        raise BadTerms(problems)
    with transaction.atomic():
        hub = Hub.objects.create(
            hub_id=hub_id, url=check_address(url), name=name, exposure_limit_ubtt=exposure_limit_ubtt
        )
        facts = {"url": hub.url, "limit": _amount(exposure_limit_ubtt)}
        _record(hub, kept(gettext_noop("trusted at %(url)s, exposure limit %(limit)s"), facts), origin, now)


def change(hub_pk: int, *, is_trusted: bool, exposure_limit_ubtt: int, origin: Origin, now: datetime) -> None:
    """Decide on a hub; one that is trusted no longer ends its deals at once. Raises NoSuchHub."""
    with transaction.atomic():
        hub = _locked(hub_pk)
        words = []
        if hub.is_trusted != is_trusted:
            words.append(gettext_noop("trusted") if is_trusted else gettext_noop("trusted no longer"))
        if hub.exposure_limit_ubtt != exposure_limit_ubtt:
            limits = {"before": _amount(hub.exposure_limit_ubtt), "after": _amount(exposure_limit_ubtt)}
            words.append(kept(gettext_noop("exposure limit %(before)s to %(after)s"), limits))
        if words:
            Hub.objects.filter(pk=hub_pk).update(is_trusted=is_trusted, exposure_limit_ubtt=exposure_limit_ubtt)
            _record(hub, listed(words), origin, now)


def move(hub_pk: int, *, url: str, ask: Asked, origin: Origin, now: datetime) -> None:
    """Look for a hub at another address from now on; it must answer there. Raises BadTerms, NoSuchHub.

    Nothing is locked while it is asked: it may take seconds.
    """
    hub = _found(hub_pk)
    if not hub.url:
        raise BadTerms({"url": _(OWN_IS_HERE)})
    try:
        address = check_address(url)
        ask(address, hub.hub_id)
    except BadHubAddress as problem:
        raise BadTerms({"url": str(problem)}) from None
    except HubAway as problem:
        raise BadTerms({"url": _("Nothing was changed, for %(problem)s.") % {"problem": problem}}) from None
    with transaction.atomic():
        hub = _locked(hub_pk)
        if hub.url != address:
            Hub.objects.filter(pk=hub_pk).update(url=address)
            facts = {"before": hub.url, "after": address}
            _record(hub, kept(gettext_noop("address %(before)s to %(after)s"), facts), origin, now)


def remove(hub_pk: int, *, origin: Origin, now: datetime) -> None:
    """Forget a hub where nothing of this box's is. Raises HubStays, NoSuchHub."""
    with transaction.atomic():
        hub = _locked(hub_pk)
        if why := _why_it_stays(hub):
            raise HubStays(why)
        Pairing.objects.filter(hub_id=hub.hub_id).delete()
        hub.delete()
        _record(hub, kept(gettext_noop("removed, was at %(url)s"), {"url": hub.url}), origin, now)


def set_fee(ppm: int, *, actor: Actor, reason: str, key: str, origin: Origin, now: datetime) -> None:
    """Let this box's own hub take another fee from channels that open from now on, once for the key. Raises Refused."""

    def work() -> None:
        before = hub_rules.fee_ppm()
        hub_rules.set_fee(ppm, actor=actor, reason=reason, key=key, now=now)
        after = hub_rules.fee_ppm()
        if after != before:
            with numerals.written(PLAIN):  # whoever reads the line has signs of their own
                fees = {"before": write_percent(before), "after": write_percent(after)}
            detail = kept(gettext_noop("Fee of this box's hub: %(before)s %% to %(after)s %%."), fees)
            audit.record_setting(together((detail, reason)), origin=origin, now=now)

    ledger.whole(work)


def _found(hub_pk: int) -> Hub:
    hub = Hub.objects.filter(pk=hub_pk).first()
    if hub is None:
        raise NoSuchHub
    return hub


def _locked(hub_pk: int) -> Hub:
    hub = Hub.objects.select_for_update().filter(pk=hub_pk).first()
    if hub is None:
        raise NoSuchHub
    return hub


def _why_it_stays(hub: Hub) -> str:
    """Return why a hub can't be forgotten and what to do, in sentences; "" if it can.

    A reservation that the hub has not answered may be a channel by now.
    """
    if not hub.url:
        return _(OWN_STAYS)
    at_hub = {"hub_id": hub.hub_id}
    open_channels = (
        SellingDeal.objects.filter(is_closed=False, **at_hub).count()
        + BuyingDeal.objects.filter(is_closed=False, **at_hub).count()
        + Reservation.objects.filter(state=Reservation.ASKED, channel_id="", **at_hub).count()
    )
    if open_channels:
        return _(
            "Channels are open there: %(open_channels)s. Trust it no longer, which ends their "
            "deals, and remove it when the last one is over, within an hour or so."
        ) % {"open_channels": open_channels}
    held_ubtt = hub_money.held_at(hub.hub_id).held_ubtt
    if held_ubtt:
        return _(
            "It holds %(held_ubtt)s in accounts that users of this box have paired. Have it "
            "withdrawn there, which the node hears of within minutes, or the pairings ended "
            "under Spending."
        ) % {"held_ubtt": format_amount(held_ubtt, market_asset())}
    if Pairing.objects.filter(heard_at=None, **at_hub).exclude(account="").exists():
        return _(NOT_HEARD)
    return _(TRUSTED_STAYS) if hub.is_trusted and hub.hub_key else ""


def _record(hub: Hub, what: str, origin: Origin, now: datetime) -> None:
    facts = {"hub": hub.name or hub.hub_id, "what": what}
    audit.record_setting(kept(gettext_noop("Hub %(hub)s: %(what)s."), facts), origin=origin, now=now)


def _amount(amount_ubtt: int) -> str:
    return plain_amount(amount_ubtt, market_asset())


def _problems(url: str, hub_id: str) -> dict[str, str]:
    found = {}
    try:
        check_address(url)
    except BadHubAddress as problem:
        found["url"] = str(problem)
    if len(hub_id) != HUB_ID_CHARS or not set(hub_id) <= set("0123456789abcdef"):
        found["hub_id"] = _(BAD_ID)
    return found
