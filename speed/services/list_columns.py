"""What the market adds to the list of torrents: what each earned its holder, its last price, and what bidding changed.

All of it is written anew each time, and only what differs: whatever was missed before is right afterwards.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from seedbox.services import columns, market_facts
from speed.domain.uplift import interval
from speed.models import AutoRun, BuyingDeal, SellingDeal, TorrentRollup
from speed.services import trade_rollups
from speed.services.trade_rollups import with_deals
from wallet.domain.money import format_amount, format_count
from wallet.domain.spans import Span
from wallet.services import following, trades
from wallet.services.install import market_asset

EARNED: Final = "earned"
PRICE: Final = "price"
UPLIFT: Final = "uplift"
NAMES = (EARNED, PRICE, UPLIFT)

MINUS = "\N{MINUS SIGN}"

Torrent = tuple[str, str]  # node, key: a deal outlives the row of its torrent
Share = tuple[int, str, str]  # a user's of it


def fill() -> int:
    """Write the columns as things stand, and return how many values have changed."""
    found = {EARNED: _earned(), PRICE: _bought_at(), UPLIFT: _uplift()}
    sold_at = _sold_at()
    keys = {key for values in found.values() for _, _, key in values} | {key for _, key in sold_at}
    held = market_facts.held(keys)
    # A holder's own purchase says more about the torrent than what the node sells it at, to whomever.
    of_node = {(one.user_id, *one.torrent): sold_at[one.torrent] for one in held if one.torrent in sold_at}
    found[PRICE] = of_node | found[PRICE]
    return sum(columns.write(name, _by_holding(values, held)) for name, values in found.items())


def show_earned(ubtt: int) -> str:
    return format_amount(ubtt, market_asset())


def show_price(ubtt_per_gib: int) -> str:
    return _("{amount}/GiB").format(amount=format_amount(ubtt_per_gib, market_asset()))


def show_uplift(percent: int) -> str:
    return f"{MINUS if percent < 0 else '+'}{format_count(abs(percent))} %"


def _by_holding(values: Mapping[Share, int], held: Iterable[market_facts.Held]) -> dict[int, int]:
    shares = ((one.holding_id, (one.user_id, *one.torrent)) for one in held)
    return {holding_id: values[share] for holding_id, share in shares if share in values}


def _earned() -> dict[Share, int]:
    """Return what each holder's shares of a torrent's deals came to: months as they are kept, and what is behind."""
    asset = market_asset()

    def read(upto: int) -> dict[Share, int]:
        found: Counter[Share] = Counter()
        kept = TorrentRollup.objects.filter(asset=asset, span=Span.MONTH, earned_ubtt__gt=0).order_by()
        share = ("user_id", "torrent__node_name", "torrent__torrent_key")
        for *of, ubtt in kept.values_list(*share).annotate(earned=Sum("earned_ubtt")):
            found[tuple(of)] = int(ubtt)
        for trade, traded in with_deals(trades.trades(after=upto)):
            if trade.asset == asset and trade.earned_ubtt:
                found[trade.user_id, traded.node_name, traded.torrent_key] += trade.earned_ubtt
        return dict(found)

    return following.read_beside(trade_rollups.FOLLOWER.name, read)


def _sold_at() -> dict[Torrent, int]:
    """Return the price of each torrent's newest deal in which its node sold some of it."""
    sold = SellingDeal.objects.filter(price_ubtt_per_gib__gt=0, accepted_bytes__gt=0).order_by()
    newest = sold.values("node_name", "torrent_key").annotate(newest=Max("pk")).values("newest")
    rows = SellingDeal.objects.filter(pk__in=newest).values_list("node_name", "torrent_key", "price_ubtt_per_gib")
    return {(node_name, key): price for node_name, key, price in rows}


def _bought_at() -> dict[Share, int]:
    """Return the price of the newest deal in which a user bought some of a torrent."""
    bought = BuyingDeal.objects.filter(price_ubtt_per_gib__gt=0, accepted_bytes__gt=0).order_by()
    newest = bought.values("user_id", "node_name", "torrent_key").annotate(newest=Max("pk")).values("newest")
    rows = BuyingDeal.objects.filter(pk__in=newest)
    found = rows.values_list("user_id", "node_name", "torrent_key", "price_ubtt_per_gib")
    return {(user_id, node_name, key): price for user_id, node_name, key, price in found}


def _uplift() -> dict[Share, int]:
    """Return by how many per cent bidding made a torrent faster, where its own unpaid blocks tell."""
    runs = AutoRun.objects.exclude(pairs=[]).values_list("bid__user_id", "bid__node_name", "bid__torrent_key", "pairs")
    found: dict[Share, int] = {}
    for user_id, node_name, key, pairs in runs:
        if (shown := interval(pairs)) is not None:
            found[user_id, node_name, key] = round((shown.factor - 1) * 100)
    return found
