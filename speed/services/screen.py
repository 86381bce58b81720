"""What the pages of the market show of a user's own, and how open ones are told: as messages of the live socket."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from django.contrib.auth import get_user_model
from django.db.models import Sum

from seedbox.domain.units import format_speed
from seedbox.services import market_facts
from seedbox.services.market_facts import TorrentFacts
from speed.domain.deals import LIVE
from speed.models import Bid, BuyingDeal, Curiosity, Quote, SellingDeal
from speed.services import auto_page, auto_story, avoided, budgets, markets, node_rows, selling
from speed.services.deal_rows import Row, bid_row, buying_row, price, quote_row, selling_row
from wallet.domain.money import format_btt
from wallet.services.install import market_asset

DEALS_SHOWN = 50
OFFERS_SHOWN = 200
CURIOUS = 1_000
DEALS, ROUNDS = "deals", "rounds"  # parts of pages that are fetched anew when a figure of any has changed

Message = dict[str, object]


@dataclass(frozen=True)
class Viewer:
    """Who looks: an admin sees all deals of the box's nodes, but the names of own torrents only."""

    user_id: int
    is_admin: bool


def viewer(user_id: int) -> Viewer:
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return Viewer(user_id, bool(getattr(user, "is_admin", False)))


def messages(user_id: int) -> list[Message]:
    """Return how the market stands for a user."""
    who, now = viewer(user_id), datetime.now(UTC)
    found = nodes(who, now=now)
    sold = selling_rows(who)
    buying = [buying_row(deal) for deal in buying_deals(user_id)]
    bids = own_bids(user_id)
    auto = auto_page.rows(user_id)
    looked_at = _looked_at(user_id, bids, now=now)
    return [
        {"type": "rows", "rows": by_name([*found, *sold, *buying, *(row for _, row in bids), *auto.all])},
        {"type": "list", "list": "selling", "rows": by_name(sold)},
        {"type": "list", "list": "buying", "rows": by_name(buying)},
        {"type": "list", "list": "offers", "rows": by_name(offers(who, now=now))},
        *_panels(user_id, looked_at, now=now),
        {
            "type": "versions",
            "versions": {
                DEALS: _word([*sold, *buying]),
                ROUNDS: _word(found),
                **_stories(user_id, looked_at, auto),
            },
        },
    ]


def version_of_deals(who: Viewer) -> str:
    """Return a word that changes with any deal of a user's: pages of one are fetched anew by it."""
    return _word([*selling_rows(who), *(buying_row(deal) for deal in buying_deals(who.user_id))])


def version_of_rounds(who: Viewer, *, now: datetime) -> str:
    return _word(nodes(who, now=now))


def _word(rows: Iterable[Row]) -> str:
    return sha256(repr(list(rows)).encode()).hexdigest()[:12]


def _looked_at(user_id: int, own: list[tuple[Bid, Row]], *, now: datetime) -> list[TorrentFacts]:
    """Return the torrents whose tab of the market this user may have open."""
    curious = set(Curiosity.objects.filter(until__gt=now).values_list("torrent_id", flat=True)[:CURIOUS])
    ids = market_facts.held_by(user_id, curious) | {bid.torrent_id for bid, _ in own if bid.is_on}
    return market_facts.torrents(ids=ids) if ids else []


def _stories(user_id: int, looked_at: list[TorrentFacts], auto: auto_page.Rows) -> dict[str, str]:
    """Return the newest story of each torrent whose tab this user may have open, and the newest list of them."""
    ids = {torrent.torrent_id for torrent in looked_at} | {int(str(row["torrent_id"])) for row in auto.torrents}
    if not ids:
        return {}
    stories = {f"story-{pk}": word for pk, word in auto_story.versions(user_id, sorted(ids)).items()}
    return stories | {"auto-torrents": auto.version}


def _panels(user_id: int, torrents: Sequence[TorrentFacts], *, now: datetime) -> list[Message]:
    """Return deals and sellers of each of these torrents; there may be a hundred of them, and most have neither."""
    deals = BuyingDeal.objects.filter(user_id=user_id, torrent_id__in=[one.torrent_id for one in torrents])
    bought = set(deals.order_by().values_list("torrent_id", flat=True).distinct())
    said: dict[tuple[str, str], list[Quote]] = {}
    for quote in Quote.objects.filter(torrent_key__in=[one.key for one in torrents], valid_until__gt=now):
        said.setdefault((quote.node_name, quote.torrent_key), []).append(quote)
    left_alone = avoided.notes({quote.peer_key for found in said.values() for quote in found}, now=now) if said else {}
    found: list[Message] = []
    for one in torrents:
        number = one.torrent_id
        own = [buying_row(deal) for deal in buying_deals(user_id, torrent_id=number)] if number in bought else []
        sellers = _quote_rows(said.get((one.node_name, one.key), []), left_alone)
        found.append({"type": "list", "list": f"buying-{number}", "rows": by_name(own)})
        found.append({"type": "list", "list": f"sellers-{number}", "rows": by_name(sellers)})
    return found


def nodes(who: Viewer, *, now: datetime) -> list[Row]:
    """Return the nodes as an admin sees them all, and others those that sell."""
    only = None if who.is_admin else node_rows.selling_nodes()
    return [node_rows.node_row(state, now=now) for state in node_rows.node_states(now=now, only=only)]


def selling_rows(who: Viewer, *, torrent_id: int | None = None) -> list[Row]:
    """Return the newest deals in which we sell what the user holds; for an admin of all torrents."""
    found = SellingDeal.objects.order_by("is_closed", "-opened_at", "-pk")
    if torrent_id is not None:
        found = found.filter(torrent_id=torrent_id)
    if not who.is_admin:
        sold = set(found.order_by().values_list("torrent_id", flat=True).distinct())
        found = found.filter(torrent_id__in=market_facts.held_by(who.user_id, sold))
    shown = list(found[:DEALS_SHOWN])
    return _selling(shown, own=market_facts.held_by(who.user_id, {deal.torrent_id for deal in shown}))


def all_selling() -> list[Row]:
    """Return the newest deals in which this box sells, for whoever works on the machine itself."""
    shown = list(SellingDeal.objects.order_by("is_closed", "-opened_at", "-pk")[:DEALS_SHOWN])
    return _selling(shown, own={deal.torrent_id for deal in shown})


def _selling(deals: Sequence[SellingDeal], *, own: Container[int]) -> list[Row]:
    paid = selling.paid_by_payers(deals)
    return [
        selling_row(deal, shows_name=deal.torrent_id in own, paid_bytes=paid.get((deal.node_name, deal.payer_ref), 0))
        for deal in deals
    ]


def buying_deals(user_id: int, *, torrent_id: int | None = None) -> list[BuyingDeal]:
    found = BuyingDeal.objects.filter(user_id=user_id).order_by("is_closed", "-opened_at", "-pk")
    if torrent_id is not None:
        found = found.filter(torrent_id=torrent_id)
    return list(found[:DEALS_SHOWN])


def selling_deal(who: Viewer, deal_pk: int) -> tuple[SellingDeal, Row] | None:
    """Return a deal in which we sell, and its cells; None if it is not the user's business."""
    deal = SellingDeal.objects.filter(pk=deal_pk).first()
    if deal is None:
        return None
    # By node and key: a torrent that was removed and added again is another one in our tables.
    is_own = SellingDeal.objects.filter(market_facts.is_held_by(who.user_id), pk=deal.pk).exists()
    if not is_own and not who.is_admin:
        return None
    (row,) = _selling([deal], own={deal.torrent_id} if is_own else ())
    return deal, row


def buying_deal(user_id: int, deal_pk: int) -> BuyingDeal | None:
    return BuyingDeal.objects.filter(pk=deal_pk, user_id=user_id).first()


def own_bids(user_id: int) -> list[tuple[Bid, Row]]:
    """Return a user's bids, those that stand first."""
    found = list(Bid.objects.filter(user_id=user_id).order_by("-is_on", "-pk")[:DEALS_SHOWN])
    names = {one.torrent_id: one.name for one in market_facts.torrents(ids={bid.torrent_id for bid in found})}
    used = budgets.used_by_bids(found)
    return [(bid, bid_row(bid, name=names.get(bid.torrent_id, ""), used_ubtt=used[bid.pk])) for bid in found]


def row_of_bid(bid: Bid, *, name: str) -> Row:
    return bid_row(bid, name=name, used_ubtt=budgets.of_torrent(bid).used_ubtt)


def quotes(node_name: str, torrent_key: str, *, now: datetime) -> list[Row]:
    """Return what sellers say that a torrent costs, the cheapest first."""
    found = list(Quote.objects.filter(node_name=node_name, torrent_key=torrent_key, valid_until__gt=now))
    return _quote_rows(found, avoided.notes([quote.peer_key for quote in found], now=now))


def _quote_rows(found: Iterable[Quote], left_alone: Mapping[str, str]) -> list[Row]:
    return [
        quote_row(quote, left_alone=left_alone.get(quote.peer_key, ""))
        for quote in sorted(found, key=lambda quote: (quote.ask_ubtt_per_gib, quote.pk))
    ]


def offers(who: Viewer, *, now: datetime) -> list[Row]:
    """Return what of the user's torrents is for sale now, and who wants it."""
    terms = {name: markets.terms_of(name, now=now) for name in node_rows.selling_nodes()}
    sellers = {name: of_node for name, of_node in terms.items() if of_node.sells}
    found = [
        (torrent, sellers[torrent.node_name].ask_of(torrent.key))
        for torrent in market_facts.seeding_of(who.user_id, node_names=sellers, limit=OFFERS_SHOWN)
        if sellers[torrent.node_name].is_for_sale(torrent.key, private=torrent.private)
    ]
    demand = _demand(torrent.torrent_id for torrent, _ in found)
    return [
        {
            "row": f"offer-{torrent.torrent_id}",
            "name": torrent.name or torrent.key,
            "ask": price(ask_ubtt_per_gib),
            **demand.get(torrent.torrent_id, _NO_DEMAND),
            "leechers": max(torrent.peers - torrent.seeds, 0),
            "unit": market_asset().unit,
        }
        for torrent, ask_ubtt_per_gib in found
    ]


_NO_DEMAND: Row = {"deals": 0, "wanted": format_speed(0), "earned": "0"}


def _demand(torrent_ids: Iterable[int]) -> dict[int, Row]:
    """Return how many deals run for each torrent, what speed they want, and what all deals of it have earned."""
    of_torrents = SellingDeal.objects.filter(torrent_id__in=list(torrent_ids))
    live = of_torrents.filter(state__in=LIVE)
    wanted = dict(live.values_list("torrent_id").annotate(Sum("useful_bytes_per_s")))
    running: dict[int, int] = {}
    for torrent_id in live.values_list("torrent_id", flat=True):
        running[torrent_id] = running.get(torrent_id, 0) + 1
    return {
        torrent_id: {
            "deals": running.get(torrent_id, 0),
            "wanted": format_speed(wanted.get(torrent_id, 0)),
            "earned": format_btt(earned_ubtt),
        }
        for torrent_id, earned_ubtt in of_torrents.values_list("torrent_id").annotate(Sum("earned_ubtt"))
    }


def concerned() -> frozenset[int]:
    """Return whose open pages may show something new, besides admins': who bids, and whose torrents are in deals."""
    bidders = set(Bid.objects.filter(is_on=True).values_list("user_id", flat=True))
    sold, bought = SellingDeal.objects.filter(is_closed=False), BuyingDeal.objects.filter(is_closed=False)
    keys = {*sold.values_list("node_name", "torrent_key"), *bought.values_list("node_name", "torrent_key")}
    holders = {holder for node_name, key in keys for holder in market_facts.holders(node_name=node_name, key=key)}
    return frozenset(bidders | holders)


def by_name(rows: Iterable[Row]) -> dict[str, Row]:
    return {str(row["row"]): row for row in rows}
