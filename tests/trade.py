"""A buyer and a seller of ours that trade over one hub, without engine or network: the clock is the test's."""

from datetime import timedelta

from seedbox.domain.lanes import (
    Block,
    LaneKind,
    LanesStand,
    LaneStand,
    PeersSeen,
    PieceChecked,
    Reading,
    Received,
    Sent,
    ShareUpload,
)
from seedbox.domain.states import State
from seedbox.models import User
from speed.agent.seller import Seller
from speed.agent.side import Side
from speed.domain.messages import encode, parse
from speed.models import Hub, SellingDeal
from speed.services import markets
from speed.wire.fake import FakeLink
from speed.wire.hub_fake import FakeHub
from tests.builders import make_holding, make_node, make_observation, make_torrent
from tests.buying import BLOCK, BTT, GIB, MIB, STEP_S, Taker
from tests.market import HUB_KEY, BenchFloor, peer, set_market, speed_key

BUYER_ADDRESS, SELLER_ADDRESS = "203.0.113.50", "203.0.113.60"
UPLOAD = 10 * MIB
PIECE_BLOCKS = 4 * MIB // BLOCK


class Trade:
    """The taker's node buys from a shop that has the same torrent whole."""

    def __init__(self, buyer: User, holder: User, *, spend: int = 10 * BTT) -> None:
        self.taker = Taker(buyer)
        self.books = self.taker.books
        self.books.fee_ppm = 10_000
        shop = make_node("shop")
        torrent = make_torrent("film.iso", node=shop, size_bytes=GIB, files=[("film.iso", GIB)])
        make_holding(holder, torrent)
        make_observation(torrent, state=State.SEEDING, done_bytes=GIB, peers=3, seeds=1)
        key = speed_key(b"\x33")
        hub = FakeHub(self.books, key.public_key.hex())
        self.books.bind("shop", key.public_key.hex(), earns=True)
        Hub.objects.get_or_create(hub_id=self.books.hub_id.hex(), defaults={"hub_key": HUB_KEY.hex()})
        self.shop = BenchFloor(hub, node_name="shop", key=key)
        set_market("shop", sells=True, ask_ubtt_per_gib=16 * BTT, upload_bytes_per_s=UPLOAD, dials_local=True)
        self.shop.terms = markets.terms_of("shop", now=self.shop.now)
        self.start_seller()
        self.key = torrent.key
        self.sent_bytes = self.blocks = 0
        self.connect()
        self.taker.bid(spend=spend)

    def connect(self) -> None:
        hubs = frozenset({self.books.hub_id})
        self.to_seller = FakeLink(self.shop.key.public_key, address=SELLER_ADDRESS, is_ours=True, hubs=hubs)
        self.to_buyer = FakeLink(self.taker.floor.key.public_key, address=BUYER_ADDRESS, hubs=hubs)
        self.taker.floor.links.append(self.to_seller)
        self.shop.links.append(self.to_buyer)
        self.seller.linked(self.to_buyer, self.shop.now)
        self.taker.buyer.linked(self.to_seller, self.shop.now)

    def cut(self) -> None:
        """Lose the connection, and whatever was on its way."""
        for floor, side, link in (
            (self.shop, self.seller, self.to_buyer),
            (self.taker.floor, self.taker.buyer, self.to_seller),
        ):
            if link in floor.links:
                floor.links.remove(link)
                side.unlinked(link, self.shop.now)
            link.sent.clear()

    def crash_buyer(self) -> None:
        """Kill the buyer: it begins anew with what its database has, and without a connection."""
        self.cut()
        self.taker.floor.held.clear()
        self.taker.floor.holds_writes = False
        self.taker.start()

    def crash_seller(self) -> None:
        self.cut()
        self.shop.held.clear()
        self.shop.holds_writes = False
        self.start_seller()

    def put_back_seller(self, *rows: SellingDeal) -> None:
        """Crash the seller, and let its database have no deals but these, as they are."""
        SellingDeal.objects.all().delete()
        for row in rows:
            row.save(force_insert=True)
        self.crash_seller()

    def start_seller(self) -> None:
        self.seller = Seller(self.shop, gateways=frozenset)
        self.seller.begin(self.shop.now)
        self.seller.tick(self.shop.now)

    def run(self, seconds: float) -> None:
        """Let time pass: the lane is used to the full, and what is said is heard a step later."""
        for _ in range(round(seconds / STEP_S)):
            self.shop.now = self.taker.floor.now = self.shop.now + timedelta(seconds=STEP_S)
            self._look_at_peers()
            self._carry_bytes()
            self.seller.tick(self.shop.now)
            self.taker.buyer.tick(self.shop.now)
            self._carry(self.to_seller, self.seller, self.to_buyer)
            self._carry(self.to_buyer, self.taker.buyer, self.to_seller)

    def _carry(self, said_on: FakeLink, side: Side, heard_on: FakeLink) -> None:
        if heard_on not in (*self.shop.links, *self.taker.floor.links):
            return
        said, said_on.sent = said_on.sent, []
        for message in said:
            side.heard(heard_on, parse(encode(message)), self.shop.now)

    def _look_at_peers(self) -> None:
        self.taker.buyer.report(PeersSeen(self.key, (peer(SELLER_ADDRESS),)), self.shop.now)
        self.seller.report(PeersSeen(self.key, (peer(BUYER_ADDRESS),)), self.shop.now)

    @property
    def lane(self) -> int:
        if self.to_buyer not in self.shop.links:
            return 0
        order = next((order for order in reversed(self.shop.orders) if isinstance(order, ShareUpload)), None)
        lane = order.lanes.get(self.to_buyer.place) if order else None
        return lane.granted_bytes_per_s if lane else 0

    def _carry_bytes(self) -> None:
        """Send what the lane allows; the buyer's engine tells of whole blocks, the seller's counts bytes."""
        count = int(self.lane * STEP_S) // BLOCK
        came = []
        for _ in range(count):
            piece, block = divmod(self.blocks, PIECE_BLOCKS)
            self.blocks += 1
            came.append(Block(self.key, f"{SELLER_ADDRESS}:6881", piece, block, BLOCK))
        self.sent_bytes += count * BLOCK
        if self.taker.floor.buys and came:
            self.taker.buyer.report(Received(tuple(came)), self.shop.now)
            for piece in {block.piece for block in came if block.block == PIECE_BLOCKS - 1}:
                self.taker.buyer.report(PieceChecked(self.key, piece, passed=True), self.shop.now)
        if self.shop.sells:
            reading = Reading(self.key, f"{BUYER_ADDRESS}:6881", bytes(20), 1, self.sent_bytes)
            self.seller.report(Sent((reading,), self.shop.now.timestamp()), self.shop.now)
            stand = LaneStand(LaneKind.OWN, self.lane, self.lane, connections=1)
            self.seller.report(LanesStand({self.to_buyer.place: stand}, 0), self.shop.now)

    @property
    def sale(self) -> SellingDeal:
        return SellingDeal.objects.latest("pk")
