"""A node that buys, without engine, wire or hub: sellers say what a test wants, and the clock is the test's."""

from dataclasses import dataclass, field
from datetime import timedelta

from seedbox.domain.lanes import Block, PeersSeen, PieceChecked, Received
from seedbox.domain.states import State as TorrentState
from seedbox.models import Torrent, User
from speed.agent.buyer import Buyer
from speed.domain.messages import Ack, Ask, Bid, Grant, Grants, Message, Quote, Refuse, SignedTotal, Vouchers, Withdraw
from speed.domain.messages import State as StateMessage
from speed.domain.refusals import Reason
from speed.models import Bid as BidRow
from speed.models import BuyingDeal, Hub, SeenRound
from speed.services import bids, budgets, markets, spenders
from speed.wire.fake import FakeLink
from speed.wire.hub_fake import FakeBooks, FakeHub
from tests.builders import NOW, make_holding, make_node, make_observation, make_torrent
from tests.market import HUB_KEY, HUB_PRIVATE_KEY, BenchFloor, peer, set_market, speed_key
from wallet.domain.speed1.receipt import read_receipt
from wallet.domain.speed1.voucher import Voucher

MIB, GIB = 1 << 20, 1 << 30
BTT = 1_000_000
BLOCK = 16_384
STEP_S = 0.2
PRICE = 16 * BTT  # per GiB: a MiB costs 15,625 µBTT


class Taker:
    """The buyer of one node whose user bids for a torrent of which nothing is there yet."""

    def __init__(
        self, user: User, *, money: int = 1_000 * BTT, day_limit: int = 500 * BTT, piece_bytes: int = 4 * MIB
    ) -> None:
        self.user = user
        self.piece_bytes = piece_bytes
        make_node()
        self.torrent = self.wish_for("film.iso")
        self.books = FakeBooks(clock=lambda: int(self.floor.now.timestamp()), private_key=HUB_PRIVATE_KEY)
        Hub.objects.get_or_create(hub_id=self.books.hub_id.hex(), defaults={"hub_key": HUB_KEY.hex()})
        key = speed_key(b"\x22")
        self.floor = BenchFloor(FakeHub(self.books, key.public_key.hex(), is_own=True), key=key)
        self.books.bind(str(user.pk), key.public_key.hex(), daily_limit_ubtt=day_limit)
        self.books.money[str(user.pk)] = money
        spenders.allow(user.pk, day_limit_ubtt=day_limit, now=NOW)
        self.change()
        self.start()

    def wish_for(self, name: str) -> Torrent:
        torrent = make_torrent(name, size_bytes=GIB, files=[(name, GIB)], piece_length_bytes=self.piece_bytes)
        make_holding(self.user, torrent)
        make_observation(torrent, state=TorrentState.DOWNLOADING)
        return torrent

    def change(self, *, buys: bool = True) -> None:
        set_market(buys=buys, dials_local=True)
        self.floor.terms = markets.terms_of("local", now=self.floor.now)

    def start(self) -> None:
        """Begin as a node does that was just started, with what the database has."""
        self.floor.links.clear()
        self.buyer = Buyer(self.floor)
        self.buyer.begin(self.floor.now)
        self.buyer.tick(self.floor.now)

    def bid(self, *, max_price: int = 2 * PRICE, spend: int = 10 * BTT, budget: int = 200 * BTT) -> BidRow:
        return bids.place(
            user_id=self.user.pk,
            torrent_id=self.torrent.pk,
            max_price_ubtt_per_gib=max_price,
            spend_ubtt_per_s=spend,
            budget_ubtt=budget,
            now=self.floor.now,
        )

    # --- neighbours

    def connect(self, stall: "Stall") -> None:
        """Let a seller be connected, in the swarm and in the market."""
        stall.link = FakeLink(
            stall.key.public_key, address=stall.address, is_ours=True, hubs=frozenset({self.books.hub_id})
        )
        stall.granted_round = -1
        self.books.bind(f"seller {stall.number}", stall.key.public_key.hex(), earns=True)
        self.floor.links.append(stall.link)
        self.buyer.linked(stall.link, self.floor.now)
        self.see(stall)

    def disconnect(self, stall: "Stall") -> None:
        self.floor.links.remove(stall.link)
        self.buyer.unlinked(stall.link, self.floor.now)

    def see(self, *stalls: "Stall") -> None:
        """Let the engine say whom the torrent is connected to."""
        self.buyer.report(PeersSeen(self.torrent.key, tuple(peer(stall.address) for stall in stalls)), self.floor.now)

    def hear(self, stall: "Stall", message: Message) -> None:
        self.buyer.heard(stall.link, message, self.floor.now)

    # --- time

    def run(self, seconds: float, *stalls: "Stall") -> None:
        """Let time pass; sellers grant lanes, and send as fast as they grant."""
        for _ in range(round(seconds / STEP_S)):
            self.floor.now += timedelta(seconds=STEP_S)
            self.see(*stalls)
            self.buyer.tick(self.floor.now)
            for stall in stalls:
                stall.turn(self)

    def send(self, stall: "Stall", size_bytes: int) -> None:
        """Let blocks arrive from a seller; every piece that is whole is checked."""
        last = self.piece_bytes // BLOCK - 1
        for _ in range(size_bytes // BLOCK):
            piece, block = divmod(stall.blocks, last if stall.leaves_out_last_blocks else last + 1)
            stall.blocks += 1
            came = Block(self.torrent.key, f"{stall.address}:6881", stall.first_piece + piece, block, BLOCK)
            self.buyer.report(Received((came,)), self.floor.now)
            if block == last:
                is_good = piece not in stall.bad_pieces
                self.buyer.report(PieceChecked(self.torrent.key, stall.first_piece + piece, is_good), self.floor.now)

    def row(self, stall: "Stall") -> BuyingDeal:
        return BuyingDeal.objects.filter(peer_key=stall.key.public_key.hex()).latest("pk")

    def rounds(self) -> list[SeenRound]:
        return list(SeenRound.objects.order_by("number"))

    @property
    def in_channels(self) -> int:
        """Return what the hub's books have in channels, or have paid out of them."""
        return sum(
            channel.redeemed_ubtt if channel.state in ("closed", "expired") else channel.amount_ubtt
            for channel in self.books.channels.values()
        )

    def used(self) -> int:
        bid = BidRow.objects.get(user_id=self.user.pk, torrent_key=self.torrent.key)
        return budgets.of_torrent(bid).used_ubtt


@dataclass
class Stall:
    """A seller that grants every ten seconds what it says, keeps vouchers, and checks nothing but their signature."""

    number: int
    speed: int = 2 * MIB
    price: int = PRICE
    ask: int = PRICE // 2
    refuses: Reason | None = None
    answers: bool = True  # to bids
    link: FakeLink = field(init=False)
    bids: list[Bid] = field(default_factory=list)
    withdrawn: list[bytes] = field(default_factory=list)
    cumulative: int = 0
    signature: bytes = b""
    vouchers: int = 0
    acks: dict[int, int] = field(default_factory=dict)
    blocks: int = 0  # sent
    bad_pieces: frozenset[int] = frozenset()
    leaves_out_last_blocks: bool = False  # of each piece: none of them can be checked
    first_piece: int = 0
    granted_round: int = -1

    def __post_init__(self) -> None:
        self.key = speed_key(bytes([self.number]))
        self.address = f"203.0.113.{self.number}"

    @property
    def sent(self) -> int:
        return self.blocks * BLOCK

    def turn(self, taker: Taker) -> None:
        for ask in self.link.take(Ask):
            for name in ask.torrents:
                taker.hear(self, Quote(name, self.ask, 0, self.speed, 0, 200_000, 10, int(NOW.timestamp()) + 10**6))
        self.bids += self.link.take(Bid)
        for message in self.link.take(Withdraw):
            self.withdrawn.append(message.deal)
        self.collect(taker)
        if self.bids and self.answers and self.bids[-1].deal not in self.withdrawn and self.bids[-1].spend_ubtt_per_s:
            self.answer(taker)

    def answer(self, taker: Taker) -> None:
        bid, number = self.bids[-1], int(taker.floor.now.timestamp()) // 10
        if number != self.granted_round:
            self.granted_round = number
            if self.refuses:
                taker.hear(self, Refuse(bid.deal, number, self.price, self.refuses))
            else:
                taker.hear(self, self.grants(bid, number))
        if not self.refuses:
            taker.send(self, int(self.speed * STEP_S))

    def grants(self, bid: Bid, number: int) -> Grants:
        grant = Grant(bid.deal, number, self.speed, self.price, bytes(16), (number + 1) * 10)
        return Grants((grant,), bytes(32))

    def collect(self, taker: Taker) -> None:
        """Take what was paid; it is signed, and within the newest receipt."""
        for message in self.link.take(Vouchers):
            self.vouchers += 1
            self.acks |= {ack.round: ack.received_bytes for ack in message.acks}
            for total in message.vouchers:
                self.take(taker, total)

    def take(self, taker: Taker, total: SignedTotal) -> None:
        receipt = read_receipt(self.bids[-1].receipt, hub_key=HUB_KEY)
        voucher = Voucher(taker.books.hub_id, total.channel, self.key.public_key, total.cumulative_ubtt)
        voucher.check(taker.floor.key.public_key, total.sig)
        assert total.cumulative_ubtt <= receipt.amount_ubtt
        self.cumulative, self.signature = max(self.cumulative, total.cumulative_ubtt), total.sig

    @property
    def state(self) -> StateMessage:
        receipt = read_receipt(self.bids[-1].receipt, hub_key=HUB_KEY)
        return StateMessage((SignedTotal(receipt.channel, self.cumulative, self.signature),))


def acknowledged(acks: dict[int, int] | tuple[Ack, ...]) -> int:
    """Return the bytes of all rounds."""
    return sum(acks.values()) if isinstance(acks, dict) else sum(ack.received_bytes for ack in acks)
