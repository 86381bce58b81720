"""The buying side of a node's market: sellers are found, channels opened, bids said, blocks counted and paid for."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from seedbox.domain.lanes import PeersSeen, PieceChecked, Received, Report, SellersFound
from seedbox.services.market_facts import TorrentFacts
from speed.agent.auditor import Auditor
from speed.agent.bidding import Bidding
from speed.agent.due import Due
from speed.agent.finder import Finder
from speed.agent.free_meter import FreeMeter
from speed.agent.intake import Intake
from speed.agent.pairings import Pairings
from speed.agent.purchase import columns_of, purchase_of
from speed.agent.purchases import Purchases
from speed.agent.replies import Replies
from speed.agent.sale import ms
from speed.agent.side import Floor
from speed.agent.unredeemed import Unredeemed
from speed.domain.messages import Bye, Error, Grants, Message, Meters, Quote, Refuse, Round, State, Withdraw
from speed.models import Cause
from speed.services import auto_bids, avoided, bids, buying, quotes, spenders
from speed.services.bids import Standing
from speed.services.buying import Loaded
from speed.wire.port import Link

READ_EVERY = timedelta(seconds=2)  # which bids stand
LOOK_FOR_REMOVED_EVERY = timedelta(seconds=10)  # torrents, whose bids end with them
STORE_EVERY = timedelta(seconds=1)  # figures of deals; a crash forgets no more of what was counted than that
SEE_EVERY = timedelta(seconds=10)  # what was said of rounds is written


class Buyer:
    """A side of the agent, see `side.Side`."""

    name = "buying"

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._purchases = Purchases()
        self._finder = Finder(floor)
        self._bidding = Bidding(floor, self._purchases, self._finder)
        self._funds, self._payer = self._bidding.funds, self._bidding.payer
        self._replies = Replies(floor, self._purchases, self._bidding)
        self._intake = Intake(self._purchases, spoilt=self._bidding.spoilt)
        self._free_meter = FreeMeter(floor, self._purchases)
        self._pairings = Pairings(floor)
        self._auditor = Auditor(floor, call=self._finder.call_again)
        self._unredeemed = Unredeemed(
            floor,
            self._purchases,
            call=self._finder.call_again,
            say=self._payer.say_again,
            look=self._funds.refresh,
        )
        self._has_torrents = False  # that somebody bids for, or looks at
        self._due = Due()
        self._is_loaded = self._has_read = self._is_storing = False

    # --- life

    def begin(self, now: datetime) -> None:
        node_name, key = self._floor.node_name, self._floor.key.public_key
        self._floor.write(lambda: buying.load(node_name), self._loaded)
        self._floor.write(lambda: spenders.bind_all(key, now=now))

    def _loaded(self, found: Loaded, now: datetime) -> None:
        for row in found.deals:
            purchase = purchase_of(row)
            purchase.linked_at = now  # nobody could connect while the node was down
            self._purchases.add(purchase)
            if purchase.source.endpoint:
                self._floor.know_market(purchase.source.endpoint)
        self._purchases.remember(found.paid_before)
        self._funds.take_up(found.unanswered, now)
        self._is_loaded = True
        for link in self._floor.links:
            self.linked(link, now)

    @property
    def wants_port(self) -> bool:
        """Also while deals of before are still to be paid, or their rounds to be audited."""
        if self._floor.terms.obstacle:
            return False
        has_business = self._has_torrents or self._auditor.has_calls
        return (self._floor.terms.buys and has_business) or bool(len(self._purchases))

    def tick(self, now: datetime) -> None:
        if not self._is_loaded:
            return
        if self._due.is_due("read", READ_EVERY, now):
            self._read(now)
        if self._due.is_due("removed", LOOK_FOR_REMOVED_EVERY, now):
            self._floor.write(partial(bids.end_of_removed, self._floor.node_name))
            self._floor.write(partial(auto_bids.follow, node_name=self._floor.node_name, now=now))
        self._funds.tick(now)
        self._pairings.tick(now)
        if self._floor.terms.buys and not self._floor.terms.obstacle:
            self._auditor.tick(now)
        if not self._floor.terms.obstacle:
            self._unredeemed.tick(now)
        if self._has_read:
            self._finder.tick(now)
            self._bidding.tick(now)
        self._payer.tick(now)
        self._watch()
        if self._due.is_due("store", STORE_EVERY, now):
            self._store(now)
        if self._due.is_due("see", SEE_EVERY, now):
            self._replies.keep(now)

    def finish(self, now: datetime) -> None:
        """Write down what was counted; sellers are told nothing, for the deals go on when the node is back."""
        for purchase in self._purchases:
            purchase.end_span(ms(now))
        self._floor.watch_buys({})
        self._is_storing = False
        self._store(now)
        self._replies.keep(now)
        self._bidding.auto.finish()

    def problem(self) -> str:
        return self._floor.terms.obstacle if self._floor.terms.buys else ""

    def counters(self) -> Mapping[str, int]:
        return {
            "buying_deals": len(self._purchases.live),
            "vouchers_sent": self._payer.sent,
            "buying_unpaid_bytes": sum(purchase.unpaid_bytes for purchase in self._purchases),
            "rounds_right": self._auditor.right,
            "rounds_wrong": self._auditor.wrong,
        }

    # --- what is wanted

    def _read(self, now: datetime) -> None:
        node_name = self._floor.node_name
        if not self._floor.terms.buys or self._floor.terms.obstacle:
            self._take(Standing((), {}), [], {}, now)
        else:
            self._floor.write(
                lambda: (
                    bids.standing(node_name, now=now),
                    quotes.curious(node_name, now=now),
                    avoided.avoided(now=now),
                ),
                lambda found, then: self._take(*found, then),
            )

    def _take(
        self,
        standing: Standing,
        curious: list[TorrentFacts],
        left_alone: Mapping[bytes, Cause],
        now: datetime,
    ) -> None:
        torrents = {torrent.key: torrent for torrent in curious}
        torrents |= {want.torrent.key: want.torrent for want in standing.wants}
        self._has_torrents = bool(torrents)
        self._intake.piece_bytes = {key: torrent.piece_length_bytes for key, torrent in torrents.items()}
        asks_directory = {want.torrent.key for want in standing.wants if want.asks_directory}
        self._finder.look_for(torrents.values(), asks_directory=asks_directory)
        self._bidding.take(standing, left_alone, now)
        self._has_read = True

    # --- what is heard

    def linked(self, link: Link, now: datetime) -> None:
        for purchase in self._purchases.of_seller(link.peer_key):
            if purchase.link is None:
                self._bidding.join(purchase, link, now)
                if purchase.is_live:
                    self._bidding.bid(purchase, now)
                else:
                    self._payer.say_again(purchase)

    def heard(self, link: Link, message: Message, now: datetime) -> None:
        if not self._is_loaded:
            return
        match message:
            case Quote():
                self._finder.take(link, message, now)
            case Grants():
                for grant in message.grants:
                    self._replies.grant(link, grant, message.bids_hash, now)
            case Refuse():
                self._replies.refused(link, message, now)
                self._payer.tick(now)
            case Meters():
                self._replies.meter(link, message, now)
            case State():
                self._payer.adopt(link, message, now)
            case Withdraw():
                if (purchase := self._purchases.get(message.deal, link)) and purchase.is_live:
                    self._bidding.over(purchase, "the seller has withdrawn", now)
                    self._payer.tick(now)
            case Bye():
                for purchase in self._purchases.of_link(link):
                    if purchase.is_live:
                        self._bidding.over(purchase, "the seller has left", now)
                self._payer.tick(now)
            case Round():
                self._auditor.take(link, message, now)
            case Error():
                self._auditor.refused(link, message, now)
            case _:
                return  # the selling side's

    def unlinked(self, link: Link, now: datetime) -> None:
        self._finder.forget_link(link)
        self._auditor.forget_link(link)
        for purchase in self._purchases.of_link(link):
            purchase.lose_link(now)

    def report(self, report: Report, now: datetime) -> None:
        match report:
            case Received():
                self._intake.received(report, now)
                self._payer.tick(now)
            case PieceChecked():
                self._intake.checked(report, now)
                self._payer.tick(now)
            case SellersFound():
                self._finder.found(report)
            case PeersSeen():
                self._intake.peers_seen(report)
                self._finder.peers_seen(report, now)
                self._free_meter.peers_seen(report, now)
                self._bidding.auto.peers_seen(report, now)
            case _:
                return

    # --- rows, and meters

    def _watch(self) -> None:
        places: dict[str, set[str]] = {}
        for purchase in self._purchases.live:
            if purchase.link is not None:
                places.setdefault(purchase.bought.torrent_key, set()).add(purchase.source.place)
        self._floor.watch_buys({key: frozenset(found) for key, found in places.items()})

    def _store(self, now: datetime) -> None:
        dirty = [purchase for purchase in self._purchases if purchase.is_dirty]
        if dirty and not self._is_storing:
            for purchase in dirty:
                purchase.is_dirty = False
            self._is_storing = True
            rows = [columns_of(purchase) for purchase in dirty]
            self._floor.write(partial(buying.store, rows, now=now), self._stored, self._not_stored)

    def _stored(self, _written: frozenset[str], _now: datetime) -> None:
        self._is_storing = False

    def _not_stored(self, _now: datetime) -> None:
        self._is_storing = False
