"""How a node takes part in the market: what its operator decided, what stands in its way, and how its agent is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept, listed
from seedbox.domain.numerals import PLAIN
from seedbox.services import audit, market_facts, numerals
from seedbox.services.audit import Origin
from seedbox.services.market_facts import NodeFacts
from speed.domain.bounds import LEAST_FREE_SHARE_PPM
from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB, PPM
from speed.domain.reading import write_mib, write_percent
from speed.models import ForSale, Hub, Market, Offer, SellingDeal
from wallet.domain.money import plain_amount
from wallet.services.install import market_asset

HIDES = gettext_noop(
    "This node hides behind a proxy or in anonymous mode, and a connection of the market would show its address: "
    "selling and bidding are off, and hubs of other installs are not asked. What they owe in vouchers is lost if the "
    "node still hides when its channels end."
)
NO_LIMIT = gettext_noop(
    "Say how much this node may upload: without a limit there is nothing to share, so nothing is sold."
)
NO_NODE = gettext_noop("The node has not started yet.")
NO_HUB = gettext_noop("No hub is trusted that would say who pays: nothing can be sold or bid for.")


class BadTerms(ValueError):
    """Some settings can't be taken; `problems` says why, a sentence for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True)
class TrustedHub:
    hub_id: str
    url: str  # "": our own
    exposure_limit_ubtt: int


@dataclass(frozen=True)
class Terms:
    """All that a node's market goes by."""

    sells: bool = False
    buys: bool = False
    ask_ubtt_per_gib: int = 20_000_000
    free_share_ppm: int = LEAST_FREE_SHARE_PPM
    upload_limit_bytes_per_s: int = 0
    dials_local: bool = False
    offers: Mapping[str, tuple[str, int]] = field(default_factory=dict)  # torrent key -> for_sale, ask (0: the node's)
    offers_version: int = -1  # of these
    hubs: tuple[TrustedHub, ...] = ()
    owing: tuple[TrustedHub, ...] = ()  # that are trusted no longer, and have channels to pay out of
    node: NodeFacts | None = None
    obstacle: str = ""  # why neither side can be on, in a sentence

    @property
    def shows_itself(self) -> bool:
        """Say whether the node may be seen in the market at all, if only to settle what it has sold before."""
        return self.node is not None and not self.node.hides

    @property
    def selling_obstacle(self) -> str:
        return self.obstacle or ("" if self.upload_limit_bytes_per_s else NO_LIMIT)

    @property
    def for_sale_bytes_per_s(self) -> int:
        """What of the upload is sold: all but the free share, which is rounded up."""
        return self.upload_limit_bytes_per_s * (PPM - self.free_share_ppm) // PPM

    def ask_of(self, torrent_key: str) -> int:
        """Return a torrent's own ask, or the node's; one below the node's counts as the node's."""
        return max(self.offers.get(torrent_key, ("", 0))[1], self.ask_ubtt_per_gib)

    def is_for_sale(self, torrent_key: str, *, private: bool) -> bool:
        """Say whether a torrent may be sold, if it is complete: a private one only if it was said of itself."""
        for_sale = self.offers.get(torrent_key, ("", 0))[0]
        return for_sale == ForSale.YES or (not private and for_sale != ForSale.NO)


def terms_of(node_name: str, *, now: datetime, known: Terms | None = None) -> Terms:
    """Return what a node's market goes by; without a row everything is off.

    Offers may be as many as torrents: those of the terms that are `known` are taken over if they have not changed.
    """
    market = Market.objects.filter(pk=node_name).first() or Market(node_name=node_name)
    is_known = known is not None and known.offers_version == market.offers_version
    offers = known.offers if known is not None and is_known else _offers(node_name)
    hubs = Hub.objects.filter(is_trusted=True).order_by("pk")
    open_at = SellingDeal.objects.filter(node_name=node_name, is_closed=False).values("hub_id")
    node = market_facts.node(node_name, now=now)
    return Terms(
        sells=market.sells,
        buys=market.buys,
        ask_ubtt_per_gib=market.ask_ubtt_per_gib,
        free_share_ppm=market.free_share_ppm,
        upload_limit_bytes_per_s=market.upload_limit_bytes_per_s,
        dials_local=market.dials_local,
        offers=offers,
        offers_version=market.offers_version,
        hubs=tuple(map(_hub, hubs)),
        owing=tuple(map(_hub, Hub.objects.filter(is_trusted=False, hub_id__in=open_at).order_by("pk"))),
        node=node,
        obstacle=_obstacle(node, has_hubs=bool(hubs)),
    )


def _offers(node_name: str) -> dict[str, tuple[str, int]]:
    offers = Offer.objects.filter(node_name=node_name).values_list("torrent_key", "for_sale", "ask_ubtt_per_gib")
    return {key: (for_sale, ask) for key, for_sale, ask in offers}


def _hub(hub: Hub) -> TrustedHub:
    return TrustedHub(hub.hub_id, hub.url, hub.exposure_limit_ubtt)


def _obstacle(node: NodeFacts | None, *, has_hubs: bool) -> str:
    if node is None:
        return NO_NODE
    if node.hides:
        return HIDES
    return "" if has_hubs else NO_HUB


def change(
    *,
    node_name: str,
    sells: bool,
    buys: bool,
    ask_ubtt_per_gib: int,
    free_share_ppm: int,
    upload_limit_bytes_per_s: int,
    dials_local: bool,
    origin: Origin,
    now: datetime,
) -> None:
    """Decide how a node takes part; its agent follows within seconds, the audit log has it. Raises BadTerms."""
    problems = find_problems(
        sells=sells,
        ask_ubtt_per_gib=ask_ubtt_per_gib,
        free_share_ppm=free_share_ppm,
        upload_limit_bytes_per_s=upload_limit_bytes_per_s,
    )
    if problems:
        raise BadTerms(problems)
    wanted: dict[str, bool | int] = {
        "sells": sells,
        "buys": buys,
        "ask_ubtt_per_gib": ask_ubtt_per_gib,
        "free_share_ppm": free_share_ppm,
        "upload_limit_bytes_per_s": upload_limit_bytes_per_s,
        "dials_local": dials_local,
    }
    with transaction.atomic():
        Market.objects.get_or_create(node_name=node_name)
        market = Market.objects.select_for_update().get(pk=node_name)
        changed = [
            kept(
                gettext_noop("%(setting)s %(before)s to %(after)s"),
                {
                    "setting": _WORDS[name],
                    "before": _written(name, getattr(market, name)),
                    "after": _written(name, value),
                },
            )
            for name, value in wanted.items()
            if getattr(market, name) != value
        ]
        if changed:
            Market.objects.filter(pk=node_name).update(**wanted)
            facts = {"name": node_name, "changes": listed(changed)}
            audit.record_setting(
                kept(gettext_noop("Market of node %(name)s: %(changes)s."), facts), origin=origin, now=now
            )


_WORDS = {
    "sells": gettext_noop("selling"),
    "buys": gettext_noop("bidding"),
    "ask_ubtt_per_gib": gettext_noop("ask per GiB"),
    "free_share_ppm": gettext_noop("free share"),
    "upload_limit_bytes_per_s": gettext_noop("upload limit"),
    "dials_local": gettext_noop("buying in private networks"),
}

_SALES = {
    ForSale.AS_THE_NODE: gettext_noop("as the node"),
    ForSale.YES: gettext_noop("yes"),
    ForSale.NO: gettext_noop("no"),
}


def _written(name: str, value: bool | int) -> str:  # noqa: FBT001  # a setting's value, whatever it is
    """Return it for the audit log, which is read by many."""
    if isinstance(value, bool):
        return gettext_noop("on") if value else gettext_noop("off")
    if name == "ask_ubtt_per_gib":
        return plain_amount(value, market_asset())
    with numerals.written(PLAIN):
        return f"{write_percent(value)} %" if name == "free_share_ppm" else f"{write_mib(value) or 0} MiB/s"


def find_problems(
    *, sells: bool, ask_ubtt_per_gib: int, free_share_ppm: int, upload_limit_bytes_per_s: int
) -> dict[str, str]:
    """Return a sentence for each setting that can't be taken as it is."""
    found = {}
    if not MIN_PRICE_UBTT_PER_GIB <= ask_ubtt_per_gib <= MAX_PRICE_UBTT_PER_GIB:
        found["ask_ubtt_per_gib"] = _(
            "Ask for 0.004096 to 1,099,511 BTT per GiB: less can't be counted, more is a slip."
        )
    if not LEAST_FREE_SHARE_PPM <= free_share_ppm <= PPM:
        found["free_share_ppm"] = _("Leave 20 % to 100 % of the upload free: peers that pay nothing live on it.")
    if not 0 <= upload_limit_bytes_per_s < 1 << 50 or (sells and not upload_limit_bytes_per_s):
        found["upload_limit_bytes_per_s"] = _(NO_LIMIT)
    return found


def offer(
    *, node_name: str, torrent_key: str, for_sale: ForSale, ask_ubtt_per_gib: int = 0, origin: Origin, now: datetime
) -> None:
    """Decide on one torrent: whether it is sold, and at what price if not the node's (0). Raises BadTerms.

    The audit log names only the beginning of the torrent's key: what users hold is not all admins' business.
    """
    if ask_ubtt_per_gib and (
        problems := find_problems(
            sells=False,
            ask_ubtt_per_gib=ask_ubtt_per_gib,
            free_share_ppm=LEAST_FREE_SHARE_PPM,
            upload_limit_bytes_per_s=0,
        )
    ):
        raise BadTerms(problems)
    with transaction.atomic():
        Offer.objects.get_or_create(node_name=node_name, torrent_key=torrent_key)
        before = Offer.objects.select_for_update().get(node_name=node_name, torrent_key=torrent_key)
        if (before.for_sale, before.ask_ubtt_per_gib) != (for_sale, ask_ubtt_per_gib):
            Offer.objects.filter(pk=before.pk).update(for_sale=for_sale, ask_ubtt_per_gib=ask_ubtt_per_gib)
            facts = {
                "torrent": torrent_key[:10],
                "name": node_name,
                "sale": _SALES[for_sale],
                "ask": plain_amount(ask_ubtt_per_gib, market_asset()) if ask_ubtt_per_gib else gettext_noop("none"),
            }
            detail = kept(gettext_noop("Sale of %(torrent)s… on node %(name)s: %(sale)s, own ask %(ask)s."), facts)
            audit.record_setting(detail, origin=origin, now=now)
            Market.objects.get_or_create(node_name=node_name)
            Market.objects.filter(pk=node_name).update(offers_version=F("offers_version") + 1)


def takes_part() -> bool:
    """Say whether this install has a market at all."""
    return bool(settings.WALLET_NETWORK != "off")
