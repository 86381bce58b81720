"""What all parts of the selling side share: the deals, what is for sale, and whether anything is sold at all."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from seedbox.services.market_facts import SeedingFacts
from speed.agent.book import Book
from speed.agent.sale import Sale
from speed.agent.side import Floor, KnownHub
from speed.domain.messages import Refuse
from speed.domain.naming import torrent_name
from speed.domain.refusals import Reason
from speed.domain.rounds import round_at
from speed.wire.port import Link
from wallet.domain.language import gettext_noop

BEHIND_NAT = gettext_noop(
    "Everybody seems to call from this machine's own gateway, as in a container's network: lanes can't be told apart, "
    "so nothing is sold. Run the node on the host's network."
)

BEGINNING_BYTES = 8  # of a name: enough to find it by; whole names of all torrents would be much for each connection


@dataclass
class Shop:
    floor: Floor
    book: Book = field(default_factory=Book)
    last_price_ubtt_per_gib: int = 0
    is_behind_nat: bool = False
    is_loaded: bool = False  # deals of before are in the book
    _seeding: dict[str, SeedingFacts] = field(default_factory=dict)  # by key
    _checking: frozenset[str] = frozenset()  # keys
    _keys: tuple[str, ...] = ()  # of these
    _names: dict[Link, bytes] = field(default_factory=dict)  # of a connection: how the names of `_keys` begin, in a row

    @property
    def obstacle(self) -> str:
        """Return why nothing is sold though selling is on, in a sentence; "" if it is."""
        terms = self.floor.terms
        if not terms.sells:
            return ""
        return terms.selling_obstacle or (BEHIND_NAT if self.is_behind_nat else "")

    @property
    def is_open(self) -> bool:
        return self.is_loaded and self.floor.terms.sells and not self.obstacle

    def stock(self, seeding: Iterable[SeedingFacts], checking: frozenset[str] = frozenset()) -> None:
        """Take in what the node seeds now, and of which torrents it reads the files."""
        self._checking = checking
        fresh = {torrent.key: torrent for torrent in seeding}
        if fresh.keys() != self._seeding.keys():
            self._names.clear()
            self._keys = tuple(fresh)
        self._seeding = fresh

    @property
    def for_sale(self) -> list[SeedingFacts]:
        return [torrent for torrent in self._seeding.values() if self.sells(torrent.key)] if self.is_open else []

    def sells(self, key: str) -> bool:
        torrent = self._seeding.get(key)
        return (
            torrent is not None and self.is_open and self.floor.terms.is_for_sale(torrent.key, private=torrent.private)
        )

    def checks(self, key: str) -> bool:
        """Say whether a torrent is not for sale for the moment only, as after a crash: deals about it wait."""
        return self.is_open and key in self._checking

    def find(self, link: Link, name: bytes) -> SeedingFacts | None:
        """Return the torrent that a connection means, if it is for sale."""
        names = self._names.get(link)
        if names is None:
            names = b"".join(_name(link, self._seeding[key])[:BEGINNING_BYTES] for key in self._keys)
            self._names[link] = names
        at = names.find(name[:BEGINNING_BYTES])
        while at >= 0:
            place, rest = divmod(at, BEGINNING_BYTES)
            if rest == 0 and _name(link, torrent := self._seeding[self._keys[place]]) == name:
                return torrent if self.sells(torrent.key) else None
            at = names.find(name[:BEGINNING_BYTES], at + 1)
        return None

    def forget_link(self, link: Link) -> None:
        self._names.pop(link, None)

    def hub_of(self, sale: Sale) -> KnownHub | None:
        """Return the hub that has a deal's channel: our own keeps its promises when it gets another key."""
        hubs = self.floor.payers
        own = next((hub for hub in hubs.values() if hub.hub.is_own), None)
        return own if sale.on_own_hub else hubs.get(sale.receipt.hub_id)

    def hub_id_of(self, sale: Sale) -> bytes:
        """Return the id by which that hub is known now."""
        hub = self.hub_of(sale)
        return hub.info.hub_id if hub else sale.receipt.hub_id

    def refuse(self, link: Link, deal: bytes, reason: Reason, now: datetime) -> None:
        """Answer a bid that was in no round."""
        price = self.last_price_ubtt_per_gib
        link.send(Refuse(deal, round_at(now.timestamp()), price, reason))

    def refuse_sale(self, sale: Sale, reason: Reason, now: datetime) -> None:
        sale.refuse(reason, now)
        if sale.link is not None:
            self.refuse(sale.link, sale.deal, reason, now)


def _name(link: Link, torrent: SeedingFacts) -> bytes:
    return torrent_name(callee_nonce=link.callee_nonce, info_hash=torrent.info_hash)


def fresh_salt() -> bytes:
    return secrets.token_bytes(16)
