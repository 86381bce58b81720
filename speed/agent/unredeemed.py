"""What we have signed and a seller has not redeemed though their deal is over: it is told of it once more.

A seller closes a channel within a minute of its deal's end. One that was put back from a backup may know the newest
voucher no more, or nothing of the deal at all. It hears again what was agreed, with nothing bid for any more, then the
voucher, then that this is the end. A deal that it does not know it first looks into, and takes the voucher next time.
While another deal about the torrent runs with it, that waits: a seller has one at a time of an account.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from seedbox.services import market_facts
from seedbox.services.market_facts import TorrentFacts
from speed.agent.purchase import Purchase
from speed.agent.purchases import Purchases
from speed.agent.side import Floor
from speed.domain.messages import Bid, Withdraw
from speed.domain.naming import torrent_name
from speed.wire.port import Link

CLOSES_IN = timedelta(seconds=90)  # after the end of its deal, with time for the hub's answer and ours
TELL_EVERY = timedelta(seconds=20)


class Unredeemed:
    """`call` calls a seller that a deal ran with, `say` tells it the newest voucher, `look` asks the hub soon."""

    def __init__(
        self,
        floor: Floor,
        purchases: Purchases,
        *,
        call: Callable[[str, datetime], None],
        say: Callable[[Purchase], None],
        look: Callable[[Purchase], None],
    ) -> None:
        self._floor = floor
        self._purchases = purchases
        self._call, self._say, self._look = call, say, look
        self._told_at: dict[Purchase, datetime] = {}

    def tick(self, now: datetime) -> None:
        self._told_at = {purchase: at for purchase, at in self._told_at.items() if purchase in self._purchases}
        for purchase in self._purchases:
            if not purchase.is_unredeemed or purchase.ended_at is None or now - purchase.ended_at < CLOSES_IN:
                continue
            if any(_is_with_same(purchase, other) for other in self._purchases.live):
                continue
            if purchase.link is None and purchase.source.endpoint:
                self._call(purchase.source.endpoint, now)
            elif purchase.link is not None and now - self._told_at.get(purchase, purchase.ended_at) >= TELL_EVERY:
                self._told_at[purchase] = now
                self._floor.write(
                    partial(market_facts.torrent, purchase.bought.torrent_id),
                    partial(self._tell, purchase, purchase.link),
                )

    def _tell(self, purchase: Purchase, link: Link, torrent: TorrentFacts | None, _now: datetime) -> None:
        if purchase.link is not link or purchase not in self._purchases:
            return
        info_hash = torrent.info_hash if torrent else bytes.fromhex(purchase.bought.torrent_key)[:20]
        link.send(
            Bid(
                deal=purchase.deal,
                torrent=torrent_name(callee_nonce=link.callee_nonce, info_hash=info_hash),
                max_price_ubtt_per_gib=purchase.bid.max_price_ubtt_per_gib,
                spend_ubtt_per_s=0,
                useful_bytes_per_s=0,
                receipt=purchase.receipt,
            )
        )
        self._say(purchase)
        link.send(Withdraw(purchase.deal))
        self._look(purchase)


def _is_with_same(purchase: Purchase, other: Purchase) -> bool:
    return (purchase.source.peer_key, purchase.bought.torrent_key) == (other.source.peer_key, other.bought.torrent_key)
