"""Which deal a transfer was about: what was earned names the deal, what was spent the channel that paid."""

from collections.abc import Iterable
from dataclasses import dataclass

from speed.models import BuyingDeal, SellingDeal
from wallet.services.last_hour import Moment


@dataclass(frozen=True, slots=True)
class About:
    """A deal's torrent and node, each as a key and what people call it."""

    torrent: tuple[str, str]
    node: tuple[str, str]


def about(found: Iterable[Moment]) -> dict[str, About]:
    """Return the deals by their id or channel, in two queries. A torrent has the name it had when its deal began."""
    found = list(found)
    sold = SellingDeal.objects.filter(deal_id__in={one.deal_id for one in found} - {""})
    bought = BuyingDeal.objects.filter(channel_id__in={one.channel_id for one in found} - {""})
    columns = ("node_name", "torrent_key", "torrent_name")
    rows = [*sold.values_list("deal_id", *columns), *bought.values_list("channel_id", *columns)]
    return {word: About((key, name or key), (node_name, node_name)) for word, node_name, key, name in rows}
