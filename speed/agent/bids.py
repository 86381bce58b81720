"""Bids: what is checked before a deal begins, and what a standing bid may change.

A new deal waits for three answers: is its receipt good, does the hub know its channel as open, and was neither deal
nor channel ever used. Until then it is in no round and no byte is served for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from speed.agent.sale import Goods, Sale
from speed.agent.sale_rows import row_of
from speed.agent.shop import Shop
from speed.agent.side import KnownHub
from speed.domain.bounds import MAX_BIDS
from speed.domain.deals import Wish
from speed.domain.messages import MAX_DEALS, Bid
from speed.domain.refusals import Reason
from speed.domain.selling import Expected, receipt_problem, top_up_problem
from speed.services import selling
from speed.wire.hub_port import Answer, Hub, HubAway, HubRefused
from speed.wire.port import Link
from wallet.domain.hub import ChannelState, HubChannel
from wallet.domain.speed1.receipt import BadReceipt, Receipt, SpeedNetwork, read_receipt

ASK_HUB_AGAIN = timedelta(seconds=10)  # about a channel, when it gave no answer


@dataclass(eq=False)
class _Arrival:
    """A new deal on its way into the book."""

    sale: Sale
    asked_at: datetime | None = None  # the hub, without an answer so far


class Bids:
    def __init__(self, shop: Shop, *, opened: Callable[[Sale, datetime], None]) -> None:
        """`opened` is told of every deal that may take part in rounds from now on."""
        self._shop = shop
        self._opened = opened
        self._arrivals: dict[bytes, _Arrival] = {}

    def take(self, link: Link, bid: Bid, now: datetime) -> None:
        wish = Wish(bid.max_price_ubtt_per_gib, bid.spend_ubtt_per_s, bid.useful_bytes_per_s)
        known = self._shop.book.get(bid.deal)
        arrival = self._arrivals.get(bid.deal)
        if known is not None:
            self._change(known, link, bid, wish, now)
        elif arrival is not None:
            if arrival.sale.receipt.payer_key == link.peer_key and (
                link is arrival.sale.link or not self._is_full(link)
            ):
                arrival.sale.bid, arrival.sale.link = wish, link
        elif reason := self._start(link, bid, wish, now):
            self._shop.refuse(link, bid.deal, reason, now)

    def tick(self, now: datetime) -> None:
        """Ask hubs again that gave no answer; let go of newcomers who have left."""
        for deal, arrival in list(self._arrivals.items()):
            if arrival.sale.link is None:
                del self._arrivals[deal]
            elif arrival.asked_at is not None and now - arrival.asked_at >= ASK_HUB_AGAIN:
                self._ask_hub(arrival, now)

    def forget_link(self, link: Link) -> None:
        for arrival in self._arrivals.values():
            if arrival.sale.link is link:
                arrival.sale.link = None

    # --- a deal that runs

    def _change(self, sale: Sale, link: Link, bid: Bid, wish: Wish, now: datetime) -> None:
        """Let a standing bid be what it is from the next round on; a lost connection is resumed by the same words."""
        if link.peer_key != sale.receipt.payer_key:
            self._shop.refuse(link, bid.deal, Reason.BAD_RECEIPT, now)
        elif not sale.is_live:
            reason = Reason.NOT_SELLING if self._shop.find(link, bid.torrent) is None else Reason.BAD_RECEIPT
            self._shop.refuse(link, bid.deal, reason, now)
        elif (torrent := self._shop.find(link, bid.torrent)) is None and not self._shop.checks(sale.goods.key):
            self._shop.refuse_sale(sale, Reason.NOT_SELLING, now)
        elif (torrent and torrent.key != sale.goods.key) or not self._take_receipt(sale, bid.receipt):
            self._shop.refuse_sale(sale, Reason.BAD_RECEIPT, now)
        elif self._is_taken(sale.goods.key, link, sale):
            self._shop.refuse_sale(sale, Reason.SHARED_ADDRESS, now)
        elif link is not sale.link and self._is_full(link):
            self._shop.refuse(link, bid.deal, Reason.BUSY, now)
        else:
            sale.resume(link, now)
            sale.take_bid(wish, now)

    def _take_receipt(self, sale: Sale, signed: bytes) -> bool:
        """Take the receipt of a top-up; false if it is not one of this deal's channel."""
        if signed == sale.signed_receipt:
            return True
        hub = self._shop.floor.hubs.get(sale.receipt.hub_id)
        if hub is None:
            return False
        try:
            receipt = read_receipt(signed, hub_key=hub.info.key)
        except BadReceipt:
            return False
        if top_up_problem(sale.receipt, receipt):
            return not top_up_problem(receipt, sale.receipt)  # an older one of the same channel came late
        sale.receipt, sale.signed_receipt, sale.is_dirty = receipt, signed, True
        return True

    def _is_taken(self, torrent_key: str, link: Link, sale: Sale | None = None) -> bool:
        """Say whether bytes of a torrent to a connection's place are another deal's, or will be."""
        found = [arrival.sale for arrival in self._arrivals.values() if arrival.sale.link is not None]
        if (there := self._shop.book.at_place(torrent_key, link.place, but=sale)) is not None:
            found.append(there)
        return any(
            other is not sale and other.goods.key == torrent_key and other.link and other.link.place == link.place
            for other in found
        )

    # --- a new deal

    def _start(self, link: Link, bid: Bid, wish: Wish, now: datetime) -> Reason | None:
        """Begin to look into a new deal, or return why it is refused at once."""
        book = self._shop.book
        torrent = self._shop.find(link, bid.torrent)
        if torrent is None:
            return Reason.NOT_SELLING
        if self._is_full(link):
            return Reason.BUSY
        found = self._good_receipt(link, bid.receipt, now)
        if found is None or self._is_used(found[0].channel):
            return Reason.BAD_RECEIPT
        receipt, hub = found
        if (other := book.of_payer(receipt.payer_ref.hex(), torrent.key)) is not None:
            if other.link is not None:
                return Reason.BUSY  # its other deal about this torrent has to end first
            other.end("its buyer has begun anew", now)
        if self._is_arriving(receipt.payer_ref.hex(), torrent.key):
            return Reason.BUSY
        if self._is_taken(torrent.key, link):
            return Reason.SHARED_ADDRESS  # bytes to one address can be only one buyer's
        sale = Sale(
            deal=bid.deal,
            goods=Goods(torrent.torrent_id, torrent.key, torrent.name, torrent.size_bytes),
            receipt=receipt,
            signed_receipt=bid.receipt,
            on_own_hub=hub.hub.is_own,
            fee_ppm=hub.info.fee_ppm,
            places=(link.place,),
            opened_at=now,
            linked_at=now,
            bid=wish,
            link=link,
        )
        arrival = self._arrivals[bid.deal] = _Arrival(sale)
        self._shop.floor.write(
            partial(selling.is_free, deal_id=sale.deal.hex(), channel_id=receipt.channel.hex()),
            partial(self._looked_up, arrival),
            partial(self._reject, arrival, Reason.BUSY),
        )
        return None

    def _is_full(self, link: Link) -> bool:
        here = sum(arrival.sale.link is link for arrival in self._arrivals.values())
        here += sum(sale.is_live for sale in self._shop.book.of_link(link))
        return here >= MAX_DEALS or len(self._shop.book.live) + len(self._arrivals) >= MAX_BIDS

    def _is_arriving(self, payer: str, torrent_key: str) -> bool:
        """Say whether another deal of an account about a torrent is being looked into."""
        sales = (arrival.sale for arrival in self._arrivals.values())
        return any(sale.payer == payer and sale.goods.key == torrent_key for sale in sales)

    def _is_used(self, channel: bytes) -> bool:
        return self._shop.book.of_channel(channel) is not None or any(
            arrival.sale.receipt.channel == channel for arrival in self._arrivals.values()
        )

    def _good_receipt(self, link: Link, signed: bytes, now: datetime) -> tuple[Receipt, KnownHub] | None:
        """Return what a trusted hub has signed for this buyer and us; None if it did not."""
        for hub_id in link.hubs:
            hub = self._shop.floor.hubs.get(hub_id)
            if hub is None:
                continue
            try:
                receipt = read_receipt(signed, hub_key=hub.info.key)
            except BadReceipt:
                continue
            expected = Expected(
                network=SpeedNetwork(hub.info.network),
                asset=hub.info.asset,
                payer_key=link.peer_key,
                payee_key=self._shop.floor.key.public_key,
                now_s=hub.time_s(now),
            )
            return None if receipt_problem(receipt, expected) else (receipt, hub)
        return None

    def _looked_up(self, arrival: _Arrival, is_free: bool, now: datetime) -> None:  # noqa: FBT001  # as it was answered
        if self._arrivals.get(arrival.sale.deal) is not arrival:
            return  # its buyer has left meanwhile
        if is_free:
            self._ask_hub(arrival, now)
        else:
            self._reject(arrival, Reason.BAD_RECEIPT, now)

    def _ask_hub(self, arrival: _Arrival, now: datetime) -> None:
        arrival.asked_at = now
        receipt = arrival.sale.receipt
        self._shop.floor.ask_hub(
            receipt.hub_id, partial(_channel, receipt.channel.hex()), partial(self._hub_answered, arrival)
        )

    def _hub_answered(self, arrival: _Arrival, answer: Answer[HubChannel], now: datetime) -> None:
        sale = arrival.sale
        if self._arrivals.get(sale.deal) is not arrival:
            return  # its buyer has left meanwhile
        if isinstance(answer, HubAway):
            self._tell(sale, Reason.BUSY, now)  # and ask again
        elif isinstance(answer, HubRefused) or not is_good_channel(answer, sale.receipt):
            self._reject(arrival, Reason.BAD_RECEIPT, now)
        else:
            arrival.asked_at = None
            hub = self._shop.hub_of(sale)
            if hub is None or not sale.take_hubs_word(answer, hub.info.key):
                self._reject(arrival, Reason.BAD_RECEIPT, now)
                return
            sale.fee_ppm, sale.is_checked = answer.fee_ppm, True
            self._shop.floor.write(
                partial(selling.begin, row_of(sale, self._shop.floor.node_name)),
                partial(self._written, arrival),
                partial(self._reject, arrival, Reason.BUSY),
            )

    def _written(self, arrival: _Arrival, is_ours: bool, now: datetime) -> None:  # noqa: FBT001  # as it was answered
        if not is_ours:
            self._reject(arrival, Reason.BAD_RECEIPT, now)
            return
        sale = arrival.sale
        self._arrivals.pop(sale.deal, None)
        self._shop.book.add(sale)
        sale.take_bid(sale.bid, now)  # it may have changed meanwhile, as may its connection
        if sale.link is None:
            sale.lose_link(now)
        elif self._is_taken(sale.goods.key, sale.link, sale):
            self._shop.refuse_sale(sale, Reason.SHARED_ADDRESS, now)
        else:
            sale.resume(sale.link, now)
        self._opened(sale, now)

    def _reject(self, arrival: _Arrival, reason: Reason, now: datetime) -> None:
        self._arrivals.pop(arrival.sale.deal, None)
        self._tell(arrival.sale, reason, now)

    def _tell(self, sale: Sale, reason: Reason, now: datetime) -> None:
        if sale.link is not None:
            self._shop.refuse(sale.link, sale.deal, reason, now)


def is_good_channel(channel: HubChannel, receipt: Receipt) -> bool:
    """Say whether what the hub knows of a channel agrees with a receipt of it."""
    return (
        channel.state in (ChannelState.OPEN, ChannelState.OPENING)  # a top-up may wait for the signer
        and channel.payee == receipt.payee_key.hex()
        and channel.payer == receipt.payer_key.hex()
        and channel.amount_ubtt >= receipt.amount_ubtt
    )


def _channel(channel_id: str, hub: Hub) -> HubChannel:
    return hub.channel(channel_id)
