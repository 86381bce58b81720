"""Clients that know nothing of money, at a seller whose lanes are paid for: they get their share of its upload."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from seedbox import wiring
from seedbox.domain.lanes import LanesStand, LookAtPeers, PeersSeen, Reach, Report, place_of
from seedbox.domain.states import State
from seedbox.engine.bare import NO_DISK, BarePeer
from seedbox.models import Observation, Torrent
from speed.models import Agent, SellingDeal
from tests.aria2 import aria2
from tests.box import free_port, wait_until
from tests.builders import make_content, make_torrent_file, make_user
from tests.callers import Payer, Wire
from tests.integration.test_lanes import MIB, ONLY_TCP, PIECE_BYTES
from tests.ledger import fund, user
from tests.trading import BTT, Offered, Signing, TradingNode
from tests.transmission import transmission

SELLER, ARIA2, TRANSMISSION = "127.0.58.1", "127.0.0.1", "127.0.58.20"
PAYING, FREE = ("127.0.58.10", "127.0.58.11"), (ARIA2, TRANSMISSION)
UPLOAD = 5 * MIB
FREE_SHARE = 0.2  # the two lanes are all the rest
WANTED_BYTES, SOLD_BYTES = 3 * MIB, 256 * MIB
NEARLY = 0.8  # they ask for little at first, and are slow to see that they have all

pytestmark = pytest.mark.usefixtures("committed_books")


class Seller:
    """A node that sells a film, of which two lanes are paid for, and has a torrent that nobody pays for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stands: LanesStand | None = None
        self.seen: list[PeersSeen] = []
        self.buyers = [make_user(name) for name in ("olga", "sam")]
        for each in self.buyers:
            fund(user(each.pk), 10 * BTT)
        self.node = TradingNode("west", SELLER, folder, overrides=ONLY_TCP)
        film = folder / "film.bin"
        with film.open("wb") as file:
            file.truncate(SOLD_BYTES)
        self.content = make_content(folder, {"linux.iso": WANTED_BYTES}) / "linux.iso"
        self.torrent_file = folder / "linux.torrent"
        self.torrent_file.write_bytes(make_torrent_file(self.content, piece_size_bytes=PIECE_BYTES, private=True))
        self.film_file = make_torrent_file(film, piece_size_bytes=MIB, private=True)
        ada = make_user("ada")
        self.film, self.linux = (
            self.node.hold(ada, wiring.read_torrent_file(data))
            for data in (self.film_file, self.torrent_file.read_bytes())
        )
        for torrent, path in ((self.film, film), (self.linux, self.content)):
            place = Path(torrent.save_path)
            place.mkdir(parents=True)
            (place / path.name).hardlink_to(path)
        self.node.sell(self.film)
        self.node.take_part(Offered(sells=True, upload_bytes_per_s=UPLOAD))

    def is_seeding(self) -> bool:
        return Observation.objects.filter(state=State.SEEDING).count() == 2

    @contextmanager
    def selling(self) -> Iterator[None]:
        """Let two buyers use and pay their lanes."""
        with ExitStack() as running:
            running.enter_context(Signing(self._folder / "keys"))
            running.enter_context(self.node.running(trades=False))
            running.callback(self.node.desk.listen(self._note))
            wait_until(self.is_seeding, "the torrents to be there")
            self.node.open_market()
            wait_until(lambda: Agent.objects.exclude(listens_on=[]).exists(), "the Speed port")
            wire = running.enter_context(Wire())
            payers = [Payer(number, address, self.node, wire) for number, address in enumerate(PAYING, 1)]
            for payer, buyer in zip(payers, self.buyers, strict=True):
                payer.call()
                payer.bid(user_id=buyer.pk, info_hash=self.film.info_hash_v1)
            wait_until(lambda: SellingDeal.objects.count() == len(payers), "the deals")
            self.node.clock.begin_next_round()
            wait_until(lambda: all(payer.granted_bytes_per_s for payer in payers), "the lanes")
            for address in PAYING:
                client = running.enter_context(closing(BarePeer(address, overrides=ONLY_TCP, disk_io=NO_DISK)))
                client.take(self.film_file, self._folder, empty=True)
                client.connect(self.node.endpoint)
            wait_until(self._has_full_lanes, "lanes that are full")
            yield
            assert not any(payer.refusals for payer in payers)

    def _note(self, report: Report) -> None:
        """Hear the engine, in its thread."""
        if isinstance(report, LanesStand):
            self._stands = report
        elif isinstance(report, PeersSeen):
            self.seen.append(report)

    def _has_full_lanes(self) -> bool:
        stands = self._stands.places if self._stands else {}
        full = [stand.sent_bytes_per_s > 0.8 * stand.limit_bytes_per_s for stand in stands.values()]
        return len(full) == len(PAYING) and all(full)

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        """Wait, and look at all peers meanwhile."""

        def look() -> bool:
            self.node.desk.ask(LookAtPeers(frozenset({self.film.key, self.linux.key})))
            return reached()

        wait_until(look, what)

    def is_wanted_by(self, address: str) -> bool:
        seen = next((each for each in reversed(self.seen) if each.key == self.linux.key), PeersSeen("", ()))
        return any(peer.interested and peer.place == place_of(address) for peer in seen.peers)

    def reach(self, torrent: Torrent, endpoint: str) -> None:
        self.node.desk.ask(Reach(torrent.key, (endpoint,)))


class Line:
    """What a seller had sent to each place whenever it looked at its peers."""

    def __init__(self, seen: Iterable[PeersSeen]) -> None:
        self._sent: list[Counter[str]] = []
        counters: dict[tuple[str, str], tuple[str, int]] = {}  # by torrent and endpoint
        for report in seen:
            counters |= {(report.key, peer.endpoint): (peer.place, peer.sent_bytes) for peer in report.peers}
            sent: Counter[str] = Counter()
            for place, sent_bytes in counters.values():
                sent[place] += sent_bytes
            self._sent.append(sent)
        self._sent = self._sent[1:]  # the first look was at one of the two torrents only

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
        port, seller = free_port(), Seller(tmp_path)
        with (
            transmission(tmp_path / "transmission", address=TRANSMISSION) as daemon,
            aria2(seller.torrent_file, tmp_path / "aria2", port=port, seeds=False) as leech,
            seller.selling(),
        ):
            daemon.add(str(seller.torrent_file))
            seller.reach(seller.linux, daemon.endpoint)
            # It thinks of what it wants every ten seconds only.
            seller.wait(lambda: seller.is_wanted_by(TRANSMISSION), "transmission to want something")
            since = len(seller.seen)
            seller.reach(seller.linux, f"{ARIA2}:{port}")
            seller.wait(lambda: leech.poll() == 0, "aria2 to have everything")
            seller.wait(lambda: daemon.torrents()[0]["percentDone"] == 1, "transmission to have everything")
            line = Line(seller.seen[since:])
            wait_until(lambda: SellingDeal.objects.filter(cumulative_ubtt__gt=0).count() == 2, "vouchers of both")
        assert digest(tmp_path / "aria2" / "linux.iso") == digest(daemon.folder / "linux.iso") == digest(seller.content)
        assert line.share(*PAYING) > 0.6
        assert line.share(*FREE) > NEARLY * FREE_SHARE
        assert min(line.share(address) for address in FREE) > NEARLY * FREE_SHARE / len(FREE)
