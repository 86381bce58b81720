"""A node that sells, without engine, wire or hub: buyers are told what they say, and the clock is the test's."""

from dataclasses import dataclass, field
from datetime import timedelta

from seedbox.domain.lanes import LaneKind, LanesStand, LaneStand, Reading, Sent, ShareUpload
from seedbox.domain.states import State
from seedbox.models import Node, Torrent, User
from speed.agent.seller import Seller
from speed.domain.messages import Ack, Bid, Grants, Message, Refuse, SignedTotal, Vouchers
from speed.domain.meters import Tally
from speed.domain.naming import torrent_name
from speed.domain.refusals import Reason
from speed.models import Hub, SellingDeal
from speed.services import markets
from speed.wire.fake import FakeLink
from tests.builders import NOW, make_holding, make_node, make_observation, make_torrent
from tests.market import HUB_KEY, BenchFloor, StubHub, set_market, speed_key
from wallet.domain.money import Asset
from wallet.domain.speed1.receipt import Receipt, SpeedNetwork
from wallet.domain.speed1.voucher import Voucher

MIB, GIB = 1 << 20, 1 << 30
BTT = 1_000_000
UPLOAD = 10 * MIB  # per second, of which 8 MiB are for sale
STEP_S = 0.2
ASK = 1 * BTT  # per GiB


class Shop:
    """The seller of one node, with a torrent that its holders seed."""

    def __init__(self, *holders: User, hub: StubHub | None = None) -> None:
        self.node: Node = make_node()
        self.torrent = self.seed("film.iso", *holders)
        self.hub = hub or StubHub()
        Hub.objects.get_or_create(hub_id=self.hub.hub_id.hex(), defaults={"hub_key": HUB_KEY.hex()})
        self.floor = BenchFloor(self.hub)
        self.change()
        self.start()

    def seed(self, name: str, *holders: User, **fields: object) -> Torrent:
        torrent = make_torrent(name, **{"size_bytes": GIB, "files": [(name, GIB)]} | fields)
        for holder in holders:
            make_holding(holder, torrent)
        make_observation(torrent, state=State.SEEDING, done_bytes=torrent.size_bytes, peers=3, seeds=1)
        return torrent

    def change(self, *, sells: bool = True, ask: int = ASK) -> None:
        set_market(sells=sells, ask_ubtt_per_gib=ask, upload_bytes_per_s=UPLOAD)
        self.read_terms()

    def read_terms(self) -> None:
        self.floor.terms = markets.terms_of("local", now=self.floor.now)

    def start(self) -> None:
        """Begin as a node does that was just started, with what the database has."""
        self.floor.links.clear()
        self.seller = Seller(self.floor, gateways=lambda: frozenset({"172.17.0.1"}))
        self.seller.begin(self.floor.now)
        self.seller.tick(self.floor.now)

    def connect(self, buyer: "Buyer") -> FakeLink:
        buyer.link = FakeLink(buyer.key.public_key, address=buyer.address, hubs=frozenset({self.hub.hub_id}))
        self.floor.links.append(buyer.link)
        self.seller.linked(buyer.link, self.floor.now)
        return buyer.link

    def disconnect(self, buyer: "Buyer") -> None:
        self.floor.links.remove(buyer.link)
        self.seller.unlinked(buyer.link, self.floor.now)

    def hear(self, buyer: "Buyer", message: Message) -> None:
        self.seller.heard(buyer.link, message, self.floor.now)

    def bid(self, buyer: "Buyer", torrent: Torrent | None = None, **changes: object) -> None:
        """Bid as the buyer does, with a channel of its own unless it has one."""
        if buyer.receipt is None:
            buyer.receipt = self.hub.open(self.terms_of(buyer))
        self.hear(buyer, self.bid_of(buyer, torrent, **changes))

    def serve(self, buyer: "Buyer", seconds: float = 0) -> "Buyer":
        """Let a buyer come, bid, and be served for so long."""
        self.connect(buyer)
        self.bid(buyer)
        self.run(seconds, buyer)
        return buyer

    def bid_of(self, buyer: "Buyer", torrent: Torrent | None = None, **changes: object) -> Bid:
        name = torrent_name(
            callee_nonce=buyer.link.callee_nonce, info_hash=bytes.fromhex((torrent or self.torrent).info_hash_v1)
        )
        fields = {
            "deal": buyer.deal,
            "torrent": name,
            "max_price_ubtt_per_gib": buyer.max_price,
            "spend_ubtt_per_s": buyer.spend,
            "useful_bytes_per_s": 100 * MIB,
            "receipt": buyer.receipt,
        }
        return Bid(**fields | changes)  # type: ignore[arg-type]  # fields of a bid, with plain defaults

    def terms_of(self, buyer: "Buyer") -> Receipt:
        return Receipt(
            hub_id=self.hub.hub_id,
            network=SpeedNetwork.DEVNET,
            asset=Asset.TRC20,
            channel=buyer.channel,
            payer_ref=buyer.payer_ref,
            payer_key=buyer.key.public_key,
            payee_key=self.floor.key.public_key,
            amount_ubtt=buyer.amount,
            opened_at_s=int(NOW.timestamp()),
            expires_at_s=int(NOW.timestamp()) + 3_600,
        )

    # --- time

    def run(self, seconds: float, *buyers: "Buyer") -> None:
        """Let time pass: buyers get what their lanes allow, and pay for it if they pay."""
        for _ in range(round(seconds / STEP_S)):
            self.floor.now += timedelta(seconds=STEP_S)
            self.hub.time = int(self.floor.now.timestamp())
            for buyer in buyers:
                buyer.uploaded += int(self.lane(buyer) * STEP_S) * buyer.takes_ppm // 1_000_000
            if self.floor.sells:
                self.seller.report(self._sent(buyers), self.floor.now)
            self.seller.report(LanesStand(self._stands(buyers), 0), self.floor.now)
            self.seller.tick(self.floor.now)
            for buyer in buyers:
                buyer.listen(self)

    def lane(self, buyer: "Buyer") -> int:
        """Return what the engine would give a buyer now."""
        order = next((order for order in reversed(self.floor.orders) if isinstance(order, ShareUpload)), None)
        lane = order.lanes.get(buyer.link.place) if order else None
        return lane.granted_bytes_per_s if lane else 0

    def _sent(self, buyers: "tuple[Buyer, ...]") -> Sent:
        return Sent(
            tuple(
                Reading(buyer.torrent_key or self.torrent.key, f"{buyer.address}:6881", bytes(20), 1, buyer.uploaded)
                for buyer in buyers
            ),
            self.floor.now.timestamp(),
        )

    def _stands(self, buyers: "tuple[Buyer, ...]") -> dict[str, LaneStand]:
        return {
            buyer.link.place: LaneStand(LaneKind.OWN, self.lane(buyer), self.lane(buyer), connections=1)
            for buyer in buyers
        }

    def row(self, buyer: "Buyer") -> SellingDeal:
        return SellingDeal.objects.get(deal_id=buyer.deal.hex())


@dataclass
class Buyer:
    """Pays for what it received under grants, as an honest one does; a test takes away what a cheat leaves out."""

    number: int
    pays: bool = True
    counts_ppm: int = 1_000_000  # of what it received, what it says that it did
    spend: int = 1_000 * BTT
    max_price: int = 10 * BTT
    amount: int = 10 * BTT
    payer: int = 0  # the account behind its key; 0: one of its own
    address: str = ""
    torrent_key: str = ""
    receipt: bytes | None = None
    takes_ppm: int = 1_000_000  # of its lane
    uploaded: int = 0  # by the engine, in the whole connection
    tally: Tally = field(default_factory=Tally)
    cumulative: int = 0
    paid_at: int = 0  # bytes
    refusals: list[Reason] = field(default_factory=list)
    prices: list[int] = field(default_factory=list)
    link: FakeLink = field(init=False)
    seen: int = 0
    _round: int | None = None
    _received: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = speed_key(bytes([self.number]))
        self.deal = bytes([self.number]) * 16
        self.channel = bytes([self.number + 100]) * 16
        self.payer_ref = bytes([self.payer or self.number]) * 16
        self.address = self.address or f"203.0.113.{self.number}"

    def listen(self, shop: Shop) -> None:
        """Count what came under the grant seen last, then read what was said, and pay when half a window is used."""
        is_waited_for = False
        came, self.seen = self.uploaded - self.seen, self.uploaded
        if self._round is not None:
            self._received[self._round] += came * self.counts_ppm // 1_000_000
            self.tally = self.tally.counted(self._round, self._received[self._round])
        for grants in self.link.take(Grants):
            for grant in grants.grants:
                self._round = grant.round
                self._received.setdefault(grant.round, 0)
                self.tally = self.tally.opened(grant.round, grant.price_ubtt_per_gib)
                self.prices.append(grant.price_ubtt_per_gib)
        for refuse in self.link.take(Refuse):
            self.refusals.append(refuse.reason)
            self._round = None
            is_waited_for |= refuse.reason is Reason.UNPAID
        if self.pays and (is_waited_for or self.tally.total_bytes - self.paid_at >= 2 * MIB):
            self.pay(shop)

    def pay(self, shop: Shop) -> None:
        self.cumulative = max(self.tally.owed_ubtt, self.cumulative)
        self.paid_at = self.tally.total_bytes
        shop.hear(self, self.vouchers(shop, self.cumulative))

    def vouchers(self, shop: Shop, cumulative_ubtt: int) -> Vouchers:
        return Vouchers((self.signed(shop, cumulative_ubtt),), self.acks())

    def signed(self, shop: Shop, cumulative_ubtt: int) -> SignedTotal:
        voucher = Voucher(shop.hub.hub_id, self.channel, shop.floor.key.public_key, cumulative_ubtt)
        return SignedTotal(self.channel, cumulative_ubtt, voucher.sign(self.key.private_key))

    def acks(self) -> tuple[Ack, ...]:
        return tuple(Ack(self.deal, count.round, count.received_bytes) for count in self.tally.rounds)
