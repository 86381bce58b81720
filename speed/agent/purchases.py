"""All deals in which a node buys, found by what messages and blocks name them by, and what is summed over a seller."""

from collections.abc import Iterator, Mapping

from speed.agent.purchase import Purchase
from speed.domain.blocks import SellerBlocks
from speed.domain.credit import believed_window
from speed.wire.port import Link

Payer = tuple[str, str, str]  # seller's key, hub and account: whom a seller trusts, as far as we know


class Purchases:
    """Deals whose channels are not known to have ended."""

    def __init__(self) -> None:
        self.blocks: dict[bytes, SellerBlocks] = {}  # by seller's key
        self._purchases: dict[bytes, Purchase] = {}
        self._paid_before: dict[Payer, int] = {}  # bytes, in deals that are over
        self._too_large: dict[bytes, int] = {}  # how often a seller trusted us less than we thought

    def __iter__(self) -> Iterator[Purchase]:
        return iter(list(self._purchases.values()))

    def __contains__(self, purchase: Purchase) -> bool:
        return self._purchases.get(purchase.deal) is purchase

    def __len__(self) -> int:
        return len(self._purchases)

    def add(self, purchase: Purchase) -> None:
        self._purchases[purchase.deal] = purchase

    def drop(self, purchase: Purchase) -> None:
        """Take a deal out whose channel has ended; what was paid in it is remembered."""
        if self._purchases.pop(purchase.deal, None) is not None:
            payer = _payer(purchase)
            self._paid_before[payer] = self._paid_before.get(payer, 0) + purchase.covered_bytes
            if not self.of_seller(purchase.source.peer_key):
                self.blocks.pop(purchase.source.peer_key, None)

    def remember(self, paid_before: Mapping[Payer, int]) -> None:
        self._paid_before = dict(paid_before)

    def get(self, deal: bytes, link: Link) -> Purchase | None:
        """Return the deal if that connection is its seller's."""
        found = self._purchases.get(deal)
        return found if found is not None and found.source.peer_key == link.peer_key else None

    @property
    def live(self) -> list[Purchase]:
        return [purchase for purchase in self if purchase.is_live]

    def of_torrent(self, key: str) -> list[Purchase]:
        """Return the live ones."""
        return [purchase for purchase in self.live if purchase.bought.torrent_key == key]

    def of_seller(self, peer_key: bytes) -> list[Purchase]:
        return [purchase for purchase in self if purchase.source.peer_key == peer_key]

    def of_link(self, link: Link) -> list[Purchase]:
        return [purchase for purchase in self if purchase.link is link]

    def at(self, key: str, place: str) -> Purchase | None:
        """Return the live deal about a torrent with whoever is at a place; there is one at most."""
        return next((purchase for purchase in self.of_torrent(key) if purchase.source.place == place), None)

    def blocks_of(self, purchase: Purchase) -> SellerBlocks:
        return self.blocks.setdefault(purchase.source.peer_key, SellerBlocks())

    # --- what a seller trusts us with

    def unpaid_bytes(self, peer_key: bytes) -> int:
        """Return what is unpaid in all deals with a seller: it sums them up, for they share our address."""
        return sum(purchase.unpaid_bytes for purchase in self.of_seller(peer_key))

    def window_bytes(self, purchase: Purchase) -> int:
        """Return how much a seller lets us owe, as far as we can know."""
        payer = _payer(purchase)
        paid = sum(other.covered_bytes for other in self.of_seller(purchase.source.peer_key) if _payer(other) == payer)
        paid += self._paid_before.get(payer, 0)
        return believed_window(paid_bytes=paid, refusals=self._too_large.get(purchase.source.peer_key, 0))

    def was_too_large(self, purchase: Purchase) -> None:
        """The seller has stopped for want of a voucher though less than half of that window was unpaid."""
        key = purchase.source.peer_key
        self._too_large[key] = min(self._too_large.get(key, 0) + 1, 20)


def _payer(purchase: Purchase) -> Payer:
    source = purchase.source
    return source.peer_key.hex(), source.hub_id.hex(), source.account
