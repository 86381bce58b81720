"""Clients that know nothing of money, at a seller whose lanes are full: they get their share of its upload."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path

from seedbox.domain.lanes import (
    Lane,
    LookAtPeers,
    PeersSeen,
    Reach,
    Sent,
    ShareUpload,
    Watch,
    place_of,
    place_of_endpoint,
)
from seedbox.domain.units import PPM
from seedbox.engine.bare import NO_DISK, BarePeer
from seedbox.engine.port import Event
from tests.aria2 import aria2
from tests.box import free_port
from tests.builders import make_content, make_torrent_file
from tests.integration.test_lanes import MIB, ONLY_TCP, PIECE_BYTES, Box
from tests.transmission import transmission

SELLER, ARIA2, TRANSMISSION = "127.0.58.1", "127.0.0.1", "127.0.58.20"
PAYING, FREE = ("127.0.58.10", "127.0.58.11"), (ARIA2, TRANSMISSION)
LIMIT, LANE = 5 * MIB, 2 * MIB
FREE_SHARE = 0.2  # the two lanes are all the rest
WANTED_BYTES, SOLD_BYTES = 3 * MIB, 256 * MIB
FULL = 0.9
NEARLY = 0.8  # they ask for little at first, and are slow to see that they have all


class Seller(Box):
    """Sells two lanes, which are full, and has a torrent that nobody pays for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "seller", SELLER)
        self.content = make_content(folder / "linux", {"linux.iso": WANTED_BYTES}) / "linux.iso"
        self.torrent = folder / "linux.torrent"
        film = folder / "film" / "film.bin"
        film.parent.mkdir()
        with film.open("wb") as file:
            file.truncate(SOLD_BYTES)
        self.sold = make_torrent_file(film, piece_size_bytes=MIB, private=True)
        self.torrent.write_bytes(make_torrent_file(self.content, piece_size_bytes=PIECE_BYTES, private=True))
        self.film = self.add(self.sold, film.parent)
        self.wait_until_whole()
        self.linux = self.add(self.torrent.read_bytes(), self.content.parent)

    @contextmanager
    def selling(self, folder: Path) -> Iterator[None]:
        lanes = {place_of(address): Lane(LANE, frozenset({self.film})) for address in PAYING}
        self.engine.apply(Watch(sells={self.film: frozenset(lanes), self.linux: frozenset(map(place_of, FREE))}))
        self.engine.apply(ShareUpload(LIMIT, int(FREE_SHARE * PPM), lanes))
        with ExitStack() as running:
            for address in PAYING:
                buyer = running.enter_context(closing(BarePeer(address, overrides=ONLY_TCP, disk_io=NO_DISK)))
                buyer.take(self.sold, folder, empty=True)
                buyer.connect(self.engine.listening[0])
            self.wait(lambda: all(self.speed_of(place) > FULL * LANE for place in lanes), "lanes that are full")
            yield

    def is_wanted_by(self, address: str) -> bool:
        self.engine.apply(LookAtPeers(frozenset({self.linux})))
        seen = next((event for event in reversed(self.seen) if isinstance(event, PeersSeen)), PeersSeen("", ()))
        return any(peer.interested and peer.place == place_of(address) for peer in seen.peers)


class Line:
    """What a seller had sent to each place whenever it read its counters."""

    def __init__(self, seen: Iterable[Event]) -> None:
        self._sent: list[Counter[str]] = []
        counters: dict[int, tuple[str, int]] = {}  # by connection
        for event in seen:
            if isinstance(event, Sent):
                counters |= {each.connection: (each.endpoint, each.sent_bytes) for each in event.readings}
                sent: Counter[str] = Counter()
                for endpoint, sent_bytes in counters.values():
                    sent[place_of_endpoint(endpoint)] += sent_bytes
                self._sent.append(sent)

    def share(self, *addresses: str) -> float:
        """Return the part of all that these got, until the last of them had its all."""
        places = [place_of(address) for address in addresses]
        began = self._sent[0]
        ended = next(sent for sent in self._sent if all(sent[place] == self._sent[-1][place] for place in places))
        return sum(ended[place] - began[place] for place in places) / (ended.total() - began.total())


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


class TestLegacyPeersBesideLanesThatArePaidFor:
    def test_have_their_torrent_as_soon_as_the_free_share_allows(self, tmp_path: Path) -> None:
        port = free_port()
        with (
            closing(Seller(tmp_path)) as seller,
            transmission(tmp_path / "transmission", address=TRANSMISSION) as daemon,
            aria2(seller.torrent, tmp_path / "aria2", port=port, seeds=False) as leech,
            seller.selling(tmp_path),
        ):
            daemon.add(str(seller.torrent))
            seller.engine.apply(Reach(seller.linux, (daemon.endpoint,)))
            # It thinks of what it wants every ten seconds only.
            seller.wait(lambda: seller.is_wanted_by(TRANSMISSION), "transmission to want something")
            since = len(seller.seen)
            seller.engine.apply(Reach(seller.linux, (f"{ARIA2}:{port}",)))
            seller.wait(lambda: leech.poll() == 0, "aria2 to have everything")
            seller.wait(lambda: daemon.torrents()[0]["percentDone"] == 1, "transmission to have everything")
        line = Line(seller.seen[since:])
        assert digest(tmp_path / "aria2" / "linux.iso") == digest(daemon.folder / "linux.iso") == digest(seller.content)
        assert line.share(*PAYING) > 0.6
        assert line.share(*FREE) > NEARLY * FREE_SHARE
        assert min(line.share(address) for address in FREE) > NEARLY * FREE_SHARE / len(FREE)
