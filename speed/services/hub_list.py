"""Hubs and keys as pages show them: whom the operator trusts, who may spend from a user's account, and where."""

from collections.abc import Mapping

from django.db.models import Q
from django.utils.translation import gettext as _

from speed.models import Agent, Hub, Market
from speed.services import former_keys
from speed.services.deal_rows import Row, minute
from wallet.domain.money import format_amount
from wallet.services import hub_identity, speed_keys
from wallet.services.install import market_asset


def all_hubs() -> list[Hub]:
    """Return the hubs, our own first."""
    return list(Hub.objects.order_by("url", "pk"))


def hub_row(hub: Hub) -> Row:
    """Return a hub as a shell lists it."""
    trust = _("trusted") if hub.hub_key else _("trusted, not heard of yet")
    return {
        "hub_id": hub.hub_id,
        "says": trust if hub.is_trusted else _("not trusted"),
        "limit": format_amount(hub.exposure_limit_ubtt, market_asset()),
        "url": hub.url or _("this box's own"),
        "name": hub.name,
    }


def foreign() -> list[Hub]:
    """Return the trusted hubs of other installs."""
    return list(Hub.objects.filter(is_trusted=True).exclude(url="").order_by("pk"))


def own_id() -> str:
    """Return the id of this box's own hub; "" until its signer has made a key."""
    return hub_identity.hub_id().hex()


def trading_nodes() -> list[str]:
    """Return the nodes that buy or sell."""
    return list(Market.objects.filter(Q(buys=True) | Q(sells=True)).order_by("pk").values_list("pk", flat=True))


def keys_of(user_id: int) -> list[Row]:
    """Return the Speed keys that may act for a user here, and whose they are."""
    own = dict(Agent.objects.exclude(speed_key="").values_list("speed_key", "node_name"))
    former = former_keys.owners()
    return [
        {
            "key": bound.key,
            "whose": _whose(bound.key, own, former),
            "limit": format_amount(bound.daily_limit_ubtt, market_asset()) if bound.daily_limit_ubtt else _("nothing"),
            "earns": _("earns for you") if bound.earns else "",
            "since": minute(bound.bound_at),
            "since_at": bound.bound_at.isoformat(),
        }
        for bound in speed_keys.bound_to_user(user_id)
    ]


def _whose(key: str, own: Mapping[str, str], former: Mapping[str, str]) -> str:
    if key in own:
        return _("Node %(own)s of this box") % {"own": own[key]}
    return (
        _("A former key of node %(former)s of this box") % {"former": former[key]}
        if key in former
        else _("A node of another install")
    )
