"""What there is to count of the market: deals and prices, nothing of whose they are."""

from collections.abc import Iterator
from datetime import datetime

from seedbox.domain.exposition import Metric, Sample
from seedbox.services import nodes
from speed.domain.deals import LIVE
from speed.models import BuyingDeal, Round, SellingDeal

OLD_S = 60  # rounds are every ten seconds while there are bids: what is older is no price of now
ROUND_S = 10


def metrics(now: datetime) -> Iterator[Metric]:
    live = [state.value for state in LIVE]
    deals = [
        Sample(kind.objects.filter(is_closed=False, state__in=live).count(), {"side": side})
        for side, kind in (("selling", SellingDeal), ("buying", BuyingDeal))
    ]
    yield Metric("seedbox_deals_open", "gauge", "Deals that run.", deals)
    rounds = _newest(now)
    for name, meaning in (
        ("price_ubtt_per_gib", "The clearing price of a node's last round, if it was within the minute."),
        ("for_sale_bytes_per_s", "The upload for which it was."),
        ("granted_bytes_per_s", "What of it was granted."),
        ("bids", "The bids of it."),
    ):
        unit = name.replace("bytes_per_s", "bytes_per_second")
        samples = [Sample(getattr(one, name), {"node": one.node_name}) for one in rounds]
        yield Metric(f"seedbox_round_{unit}", "gauge", meaning, samples)


def _newest(now: datetime) -> list[Round]:
    """Return each node's last round, if it is young; its bids are not read."""
    young = (
        Round.objects.filter(number__gte=(int(now.timestamp()) - OLD_S) // ROUND_S).defer("rows").order_by("-number")
    )
    found = (young.filter(node_name=name).first() for name in nodes.names())
    return [one for one in found if one is not None]
