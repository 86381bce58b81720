"""Hubs and keys as pages show them: whom the operator trusts, who may spend from a user's account, and where."""

from django.db.models import Q

from speed.models import Agent, Hub, Market, Pairing
from speed.services.deal_rows import Row, minute
from speed.services.markets import BadTerms
from speed.wire.hub_transport import BadHubAddress, check_address
from wallet.domain.money import format_amount
from wallet.services import hub_identity, speed_keys
from wallet.services.install import market_asset

MAX_HUBS = 20
HUB_ID_CHARS = 40
BAD_ID = "A hub's id has 40 hexadecimal digits; its operator reads it on the page of hubs there."


def all_hubs() -> list[Hub]:
    """Return the hubs, our own first."""
    return list(Hub.objects.order_by("url", "pk"))


def foreign() -> list[Hub]:
    """Return the trusted hubs of other installs."""
    return list(Hub.objects.filter(is_trusted=True).exclude(url="").order_by("pk"))


def own_id() -> str:
    """Return the id of this box's own hub; "" until its signer has made a key."""
    return hub_identity.hub_id().hex()


def add(*, url: str, hub_id: str, name: str, exposure_limit_ubtt: int) -> None:
    """Trust another install's hub. Raises BadTerms."""
    problems = _problems(url, hub_id)
    if not problems and Hub.objects.filter(hub_id=hub_id).exists():
        problems["hub_id"] = "This hub stands in the list already."
    if not problems and Hub.objects.count() >= MAX_HUBS:
        problems["hub_id"] = f"There are {MAX_HUBS} hubs: take one away first."
    if problems:
        raise BadTerms(problems)
    Hub.objects.create(hub_id=hub_id, url=check_address(url), name=name, exposure_limit_ubtt=exposure_limit_ubtt)


def change(hub_pk: int, *, is_trusted: bool, exposure_limit_ubtt: int) -> bool:
    """Decide on a hub; false if there is none. One that is trusted no longer ends its deals at once."""
    return bool(Hub.objects.filter(pk=hub_pk).update(is_trusted=is_trusted, exposure_limit_ubtt=exposure_limit_ubtt))


def _problems(url: str, hub_id: str) -> dict[str, str]:
    found = {}
    try:
        check_address(url)
    except BadHubAddress as problem:
        found["url"] = str(problem)
    if len(hub_id) != HUB_ID_CHARS or not set(hub_id) <= set("0123456789abcdef"):
        found["hub_id"] = BAD_ID
    return found


def trading_nodes() -> list[str]:
    """Return the nodes that buy or sell."""
    return list(Market.objects.filter(Q(buys=True) | Q(sells=True)).order_by("pk").values_list("pk", flat=True))


def keys_of(user_id: int) -> list[Row]:
    """Return the Speed keys that may act for a user here, and whose they are."""
    own = dict(Agent.objects.exclude(speed_key="").values_list("speed_key", "node_name"))
    return [
        {
            "key": bound.key,
            "whose": f"Node {own[bound.key]} of this box" if bound.key in own else "A node of another install",
            "limit": format_amount(bound.daily_limit_ubtt, market_asset()) if bound.daily_limit_ubtt else "nothing",
            "earns": "earns for you" if bound.earns else "",
            "since": minute(bound.bound_at),
        }
        for bound in speed_keys.bound_to_user(user_id)
    ]


def pairings_of(user_id: int) -> list[Row]:
    """Return the foreign accounts that nodes of this box may spend from, or earn for, as a user has paired them."""
    names = {hub.hub_id: hub.name or hub.hub_id for hub in foreign()}
    return [
        {
            "hub": names.get(one.hub_id, one.hub_id),
            "node": one.node_name,
            "says": one.problem or ("Paired" if one.account and not one.code else "The node takes the code there"),
            "tone": "red" if one.problem else "green" if one.account and not one.code else "yellow",
            "limit": format_amount(one.daily_limit_ubtt, market_asset()) if one.daily_limit_ubtt else "nothing",
            "earns": one.earns,
        }
        for one in Pairing.objects.filter(user_id=user_id).order_by("pk")
    ]
