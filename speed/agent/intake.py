"""The buyer's meter: which of the blocks that arrived are for money, and what a piece that is not whole takes back."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from seedbox.domain.lanes import Block, PeersSeen, PieceChecked, Received, place_of_endpoint
from speed.agent.purchase import Purchase
from speed.agent.purchases import Purchases
from speed.agent.sale import ms
from speed.domain.blocks import Counted

UNKNOWN_PIECE_BYTES = 1 << 20


class Intake:
    def __init__(self, purchases: Purchases, *, spoilt: Callable[[Purchase, datetime], None]) -> None:
        """`spoilt` is told of a deal whose seller has sent a second bad piece."""
        self.piece_bytes: Mapping[str, int] = {}  # of torrents that are wanted
        self._purchases = purchases
        self._spoilt = spoilt

    def received(self, report: Received, now: datetime) -> None:
        """Count blocks from sellers while their grants run; all others are free."""
        deals = {(purchase.bought.torrent_key, purchase.source.place): purchase for purchase in self._purchases.live}
        came: dict[Purchase, list[Block]] = defaultdict(list)
        for block in report.blocks:
            purchase = deals.get((block.key, place_of_endpoint(block.endpoint)))
            if purchase is not None:
                purchase.came_bytes += block.size_bytes
                came[purchase].append(block)
        for purchase, blocks in came.items():
            self._take(purchase, blocks, now)

    def _take(self, purchase: Purchase, blocks: list[Block], now: datetime) -> None:
        if purchase.span is None:
            return
        seller = self._purchases.blocks_of(purchase)
        piece_bytes = self.piece_bytes.get(purchase.bought.torrent_key, UNKNOWN_PIECE_BYTES)
        left = purchase.bill(sum(block.size_bytes for block in blocks), ms(now))
        counted: list[Counted] = []
        for block in blocks:
            billed, left = min(block.size_bytes, left), max(left - block.size_bytes, 0)
            if billed:
                one = Counted(purchase.deal, purchase.span.round, billed)
                counted += seller.received(one, piece=block.piece, piece_bytes=piece_bytes)
        self._count(counted)

    def peers_seen(self, report: PeersSeen) -> None:
        """See whether connections with sellers were lost; a bounce of ours loses them, too."""
        for purchase in self._purchases.of_torrent(report.key):
            there = [peer for peer in report.peers if peer.place == purchase.source.place]
            purchase.see_connections({(peer.endpoint, peer.peer_id): peer.received_bytes for peer in there})

    def checked(self, report: PieceChecked, now: datetime) -> None:
        """Count what was held back for this piece; take it back from all who were paid for a part of a bad one."""
        for purchase in self._purchases:
            if purchase.bought.torrent_key != report.key:
                continue
            seller = self._purchases.blocks_of(purchase)
            before = seller.failures
            self._count(seller.checked(deal=purchase.deal, piece=report.piece, passed=report.passed))
            if seller.failures > before:
                purchase.failed_pieces += 1
                purchase.is_dirty = True
                if seller.must_end:
                    self._spoilt(purchase, now)

    def _count(self, counted: Iterable[Counted]) -> None:
        sums: dict[tuple[bytes, int], int] = defaultdict(int)
        for one in counted:
            sums[one.deal, one.round] += one.size_bytes
        by_deal = {purchase.deal: purchase for purchase in self._purchases}
        for (deal, round_number), size_bytes in sums.items():
            if deal in by_deal:
                by_deal[deal].count(round_number, size_bytes)
