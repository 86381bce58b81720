"""The selling side of a node's market: quotes, bids, rounds, lanes, vouchers and what hubs pay out for them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from seedbox.domain.lanes import Announce, LanesStand, PeersSeen, Report, Sent, ShareUpload
from seedbox.services import market_facts
from seedbox.services.market_facts import SeedingFacts
from speed.agent.asks import Asks
from speed.agent.bids import Bids
from speed.agent.book import Book
from speed.agent.directory import Directory
from speed.agent.due import Due
from speed.agent.lanes import Lanes
from speed.agent.rounds import Rounds
from speed.agent.sale import Sale
from speed.agent.sale_rows import row_of, sale_of
from speed.agent.shop import Shop
from speed.agent.side import Floor
from speed.agent.till import Till
from speed.agent.vouchers import Purse, stored
from speed.domain.bounds import MAX_ANNOUNCED
from speed.domain.messages import Ask, Audit, Bid, Bye, Message, Vouchers, Withdraw
from speed.domain.naming import dht_target
from speed.domain.selling import is_behind_nat
from speed.models import SellingDeal
from speed.services import hubs, rounds, selling
from speed.services.selling import Past
from speed.wire.gateway import gateways
from speed.wire.port import Link

STOCK_EVERY = timedelta(seconds=5)  # what is for sale is read
STORE_EVERY = timedelta(seconds=2)  # figures of deals; a crash forgets no more of what was sent than that
STORED_AT_ONCE = 50
SHARE_EVERY = timedelta(seconds=1)
TILL_EVERY = timedelta(seconds=1)
ANNOUNCE_EVERY = timedelta(seconds=60)
DIRECTORY_EVERY = timedelta(seconds=5)
SWEEP_EVERY = timedelta(minutes=10)  # what waits in closed deals is tried to be shared
EARN_EVERY = timedelta(seconds=60)
FORGET_EVERY = timedelta(hours=1)
MAX_CALLERS = 100  # whose addresses are compared with our gateway's

Stock = tuple[list[SeedingFacts], frozenset[str]]  # what the node seeds, and the keys of what it checks


class Seller:
    """A side of the agent, see `side.Side`."""

    name = "selling"

    def __init__(self, floor: Floor, *, gateways: Callable[[], frozenset[str]] = gateways) -> None:
        self._floor = floor
        self._shop = Shop(floor)
        self._gateways = gateways
        self._lanes = Lanes(self._shop)
        self._asks = Asks(self._shop)
        self._bids = Bids(self._shop, opened=self._opened)
        self._purse = Purse(self._shop)
        self._rounds = Rounds(self._shop, share=self._lanes.share)
        self._till = Till(self._shop, gone=self._gone)
        self._callers: dict[bytes, str] = {}
        self._due = Due()
        self._announced, self._announced_port = Announce(), 0
        self._directory = Directory(self._shop)
        self._earning_problem = ""
        self._is_share_due = False
        self._is_stocking = False
        self._is_storing = False
        self._to_store: list[Sale] = []

    # --- life

    def begin(self, now: datetime) -> None:
        node_name = self._floor.node_name
        self._floor.write(
            lambda: (
                selling.open_deals(node_name),
                selling.past(node_name, now=now),
                rounds.last_round(node_name),
                _stock(node_name),
            ),
            self._loaded,
        )

    def _loaded(self, found: tuple[list[SellingDeal], Past, tuple[int, int], Stock], now: datetime) -> None:
        rows, past, (last_number, last_price), stock = found
        self._shop.stock(*stock)  # before a buyer goes on with its deal: what is not there is not for sale
        for row in rows:
            sale = sale_of(row)
            sale.alone_since = now  # its buyer could not call while we were away
            self._shop.book.add(sale)
        self._shop.book.remember(past)
        self._shop.last_price_ubtt_per_gib = last_price
        self._rounds.go_on_after(last_number)
        self._shop.is_loaded = True
        for link in self._floor.links:
            self._greet(link)

    @property
    def wants_port(self) -> bool:
        """Also while deals of before are not closed: their last vouchers are still to come."""
        terms = self._floor.terms
        return terms.shows_itself and ((terms.sells and not terms.selling_obstacle) or len(self._shop.book) > 0)

    @property
    def book(self) -> Book:
        return self._shop.book

    def tick(self, now: datetime) -> None:
        if not self._shop.is_loaded:
            return
        self._read_stock(now)
        self._bids.tick(now)
        if self._rounds.is_due(now):
            self._lanes.judge_round(now)
            self._rounds.hold(now)
        if self._due.is_due("share", SHARE_EVERY, now) or self._is_share_due:  # each report of the engine does it, too
            self._is_share_due = False
            self._lanes.share(now, is_round=False)
        self._lanes.tell_meters(now)
        if self._due.is_due("till", TILL_EVERY, now):
            self._till.tick(now)
        if self._due.is_due("sweep", SWEEP_EVERY, now):
            self._till.share_rest(now)
        if self._due.is_due("store", STORE_EVERY, now):
            self._store()
        is_moved = self._floor.port != self._announced_port
        if self._due.is_due("announce", ANNOUNCE_EVERY, now) or is_moved:
            self._announce()
        if self._due.is_due("directory", DIRECTORY_EVERY, now):
            self._directory.tick(now)
        self._let_earn(now)
        if self._due.is_due("forget", FORGET_EVERY, now):
            self._shop.book.forget_old(now)

    def finish(self, now: datetime) -> None:
        """Leave nothing throttled, and nothing unwritten."""
        for sale in self._shop.book:
            sale.end_span(now)
        self._floor.ask(ShareUpload())
        rows = [stored(sale) for sale in self._shop.book if sale.is_dirty]
        self._floor.write(partial(selling.store, rows))

    def problem(self) -> str:
        return self._shop.obstacle or (self._earning_problem if self._floor.terms.sells else "")

    def counters(self) -> Mapping[str, int]:
        return {
            "selling_deals": len(self._shop.book),
            "rounds_held": self._rounds.held,
            "vouchers_refused": self._purse.refused,
            "redeemed_ubtt": self._till.redeemed_ubtt,
        }

    # --- what is heard

    def linked(self, link: Link, now: datetime) -> None:
        if not link.is_ours and len(self._callers) < MAX_CALLERS:
            self._callers[link.peer_key] = link.address
            self._shop.is_behind_nat = is_behind_nat(self._callers, self._gateways())
        if self._shop.is_loaded:
            self._greet(link)

    def _greet(self, link: Link) -> None:
        for state in self._purse.state_of(link):
            link.send(state)

    def heard(self, link: Link, message: Message, now: datetime) -> None:
        if not self._shop.is_loaded:
            return
        match message:
            case Ask():
                self._asks.take(link, message, now)
            case Bid():
                self._bids.take(link, message, now)
                self._is_share_due = True  # a bid that pauses gives its lane back with the next tick
            case Vouchers():
                self._purse.take(link, message, now)
            case Audit():
                self._rounds.audit(link, message, now)
            case Withdraw():
                self._withdraw(link, message, now)
            case Bye():
                for sale in self._shop.book.of_link(link):
                    self._end(sale, "the buyer has left", now)
            case _:
                return  # the buying side's

    def _withdraw(self, link: Link, message: Withdraw, now: datetime) -> None:
        sale = self._shop.book.get(message.deal)
        if sale is not None and sale.receipt.payer_key == link.peer_key:
            self._end(sale, "the buyer has withdrawn", now)

    def _end(self, sale: Sale, reason: str, now: datetime) -> None:
        if sale.is_live:
            sale.end(reason, now)

    def unlinked(self, link: Link, now: datetime) -> None:
        self._asks.forget_link(link)
        self._bids.forget_link(link)
        self._rounds.forget_link(link)
        self._shop.forget_link(link)
        for sale in self._shop.book.of_link(link):
            sale.lose_link(now)

    def report(self, report: Report, now: datetime) -> None:
        match report:
            case Sent():
                self._lanes.sent(report, now)
            case LanesStand():
                self._lanes.stand(report)
            case PeersSeen():
                self._asks.peers_seen(report, now)
            case _:
                return

    # --- what is due

    def _read_stock(self, now: datetime) -> None:
        if self._floor.terms.sells and not self._is_stocking and self._due.is_due("stock", STOCK_EVERY, now):
            self._is_stocking = True
            self._floor.write(partial(_stock, self._floor.node_name), self._stocked, partial(self._stocked, None))

    def _stocked(self, stock: Stock | None, _now: datetime) -> None:
        self._is_stocking = False
        if stock is not None:
            self._shop.stock(*stock)

    def _let_earn(self, now: datetime) -> None:
        """Have our own hub know where this node's earnings go, before anybody opens a channel."""
        node = self._floor.terms.node
        has_own = any(known.hub.is_own for known in self._floor.hubs.values())
        if node is not None and has_own and self._floor.terms.sells and self._due.is_due("earn", EARN_EVERY, now):
            work = partial(hubs.let_earn, node_id=node.node_id, speed_key=self._floor.key.public_key, now=now)
            self._floor.write(work, self._may_earn)

    def _may_earn(self, problem: str, _now: datetime) -> None:
        self._earning_problem = problem

    def _announce(self) -> None:
        """Let buyers find us by what they look for: public torrents that somebody still downloads here."""
        wanted = [torrent for torrent in self._shop.for_sale if torrent.leechers and not torrent.private]
        wanted.sort(key=lambda torrent: -torrent.leechers)
        self._announced_port = port = self._floor.port
        targets = {dht_target(torrent.info_hash): port for torrent in wanted[:MAX_ANNOUNCED]} if port else {}
        if Announce(targets) != self._announced:
            self._announced = Announce(targets)
            self._floor.ask(self._announced)

    def _opened(self, _sale: Sale, _now: datetime) -> None:
        self._is_share_due = True

    def _gone(self, sale: Sale, _now: datetime) -> None:
        self._floor.write(partial(selling.store, [stored(sale)]))
        self._shop.book.drop(sale)

    # --- rows

    def _store(self) -> None:
        """Write how deals are, unless the last time is not done yet."""
        if not self._is_storing:
            self._to_store = [sale for sale in self._shop.book if sale.is_dirty]
            self._store_some()

    def _store_some(self, _done: None = None, _now: datetime | None = None) -> None:
        """Write the next few: vouchers that come meanwhile must not wait for all of them."""
        some, self._to_store = self._to_store[:STORED_AT_ONCE], self._to_store[STORED_AT_ONCE:]
        self._is_storing = bool(some)
        for sale in some:
            sale.is_dirty = False
        if some:
            rows = [row_of(sale, self._floor.node_name) for sale in some]
            changing = stored(some[0]).keys() - {"deal_id"}
            self._floor.write(partial(selling.keep, rows, changing=changing), self._store_some, self._not_stored)

    def _not_stored(self, _now: datetime) -> None:
        self._is_storing = False


def _stock(node_name: str) -> Stock:
    return market_facts.seeding(node_name), market_facts.checking(node_name)
