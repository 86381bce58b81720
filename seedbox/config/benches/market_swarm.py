"""The swarm of the market's bench: our real engine seeds to plain peers on loopback under an upload limit.

Rounds are cleared by the market's own rule. Nobody signs a voucher here.
"""

import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from seedbox.config.benches.files import BenchFailed
from seedbox.domain.lanes import Lane, ShareUpload, place_of
from seedbox.domain.states import State
from seedbox.domain.units import MIB
from seedbox.engine.bare import DEFAULT_DISK, NO_DISK, BarePeer, make_torrent_file
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, Snapshot
from seedbox.engine.settings import EngineSettings, Setting
from speed.domain.clearing import Terms, clear

LINE_BYTES_PER_S = 6 * MIB
FREE_SHARE_PPM = 200_000
PRICE_UBTT_PER_GIB = 20_000_000
PIECE_BYTES = 256 * 1024
ROUND_S = 10.0
LOOK_S = 0.1
LOOK_CLOSELY_S = 0.025
FULL_PERCENT = 90
FULL_FOR_S = 1.0
START_LIMIT_S = 120.0
# For what a run fetches before and beside what is measured of it; a short one does not take as long, and hashing costs.
LEAST_SETTLING_S, SETTLING_S = 15.0, 60.0
SELLER = "127.0.47.1"
ONLY_TCP: Mapping[str, Setting] = {"enable_incoming_utp": False, "enable_outgoing_utp": False}


class Seller:
    """Our engine with one whole torrent; if that is private, peers do not hear of each other."""

    def __init__(self, folder: Path, *, is_private: bool, content_bytes: int) -> None:
        self.folder = folder
        content = folder / "downloads" / "film.bin"
        content.parent.mkdir(parents=True)
        with content.open("wb") as file:
            file.truncate(content_bytes)
        self.torrent_file = make_torrent_file(content, piece_bytes=PIECE_BYTES, private=is_private)
        self.key = read_torrent_file(self.torrent_file).info_hash_v1
        self.engine = LibtorrentEngine(
            EngineSettings(folder / "resume", folder / "downloads", (f"{SELLER}:0",), isolated=True, overrides=ONLY_TCP)
        )
        self.engine.apply(AddTorrent(self.key, str(content.parent), torrent_file=self.torrent_file))
        self._wait_until_whole()

    @property
    def endpoint(self) -> str:
        return self.engine.listening[0]

    def share(self, lanes: Mapping[str, int]) -> None:
        """Share the line among these addresses, and everybody else."""
        wanted = {place_of(address): Lane(speed, frozenset({self.key})) for address, speed in lanes.items()}
        self.engine.apply(ShareUpload(LINE_BYTES_PER_S, FREE_SHARE_PPM, wanted))

    def close(self) -> None:
        self.engine.close(timeout_s=5)

    def _wait_until_whole(self) -> None:
        deadline_s = time.monotonic() + START_LIMIT_S
        is_whole = False
        while not (is_whole and self.engine.listening):
            for event in self.engine.poll(timeout_s=LOOK_S):
                is_whole = is_whole or (isinstance(event, Snapshot) and event.state is State.SEEDING)
            if time.monotonic() > deadline_s:
                raise BenchFailed("the engine did not seed in time")


class Swarm:
    """Leechers, each at an address of its own, and what they have got by when."""

    def __init__(self, seller: Seller, count: int, *, is_trading: bool) -> None:
        self._seller = seller
        self._is_trading = is_trading
        self.addresses = [f"127.0.47.{10 + number}" for number in range(count)]
        self._before = dict.fromkeys(self.addresses, 0)  # over connections that were made anew
        self._peers = {address: self._made(address) for address in self.addresses}
        if is_trading:
            for address, peer in self._peers.items():
                for other in self.addresses[: self.addresses.index(address)]:
                    peer.connect(self._peers[other].endpoint)

    def received(self) -> dict[str, int]:
        return {address: self._before[address] + peer.received_bytes for address, peer in self._peers.items()}

    def bounce(self, address: str) -> None:
        """Make a leecher's connections anew, as a buyer does whose lane is ready."""
        peer = self._peers[address]
        self._before[address] += peer.received_bytes
        peer.close()
        self._peers[address] = self._made(address)
        for other in self.addresses if self._is_trading else ():
            if other != address:
                self._peers[address].connect(self._peers[other].endpoint)

    def close(self) -> None:
        for peer in self._peers.values():
            peer.close()

    def _made(self, address: str) -> BarePeer:
        peer = BarePeer(address, overrides=ONLY_TCP, disk_io=DEFAULT_DISK if self._is_trading else NO_DISK)
        folder = self._seller.folder / f"{address}-{time.monotonic_ns()}"
        peer.take(self._seller.torrent_file, folder, empty=True)
        peer.connect(self._seller.endpoint)
        return peer


class Run:
    """The time in which a swarm is watched.

    `zero_s` is for how long each free peer was without a byte at most, within one call of `watch` or over several in a
    row; it is counted up to the last look that found nothing new, so it is short by a look at most.
    """

    def __init__(self, seller: Seller, swarm: Swarm, lanes: Mapping[str, int]) -> None:
        self._seller, self._swarm, self.lanes = seller, swarm, lanes
        self.zero_s = {address: 0.0 for address in swarm.addresses if address not in lanes}
        self._fed_at_s: dict[str, float] = {}
        self._told_s = 0.0

    def watch(self, lasts_s: float) -> dict[str, float]:
        """Let rounds pass, and return how fast everybody was."""
        began_s = time.monotonic()
        before = last = self._swarm.received()
        self._fed_at_s = dict.fromkeys(self._swarm.addresses, began_s) | self._fed_at_s
        while time.monotonic() - began_s < lasts_s:
            self.hold_round()
            self._seller.engine.poll(timeout_s=LOOK_S)
            last = self._look(last, time.monotonic())
        took_s = time.monotonic() - began_s
        return {address: (got - before[address]) / took_s for address, got in self._swarm.received().items()}

    def watch_until_fed(self) -> None:
        """Let rounds pass until everybody has got something more."""
        began_s, before = time.monotonic(), self._swarm.received()
        while any(got == before[address] for address, got in self._swarm.received().items()):
            self.watch(LOOK_S)
            if time.monotonic() - began_s > START_LIMIT_S:
                raise BenchFailed(f"somebody got nothing at all within {START_LIMIT_S:g} s")

    def open_lanes(self) -> tuple[float, float]:
        """Bounce all bidders; return how long until each had a byte through its lane, and until nearly all of that."""
        began_s = time.monotonic()
        self.hold_round()
        for address in self.lanes:
            self._swarm.bounce(address)
        before = self._swarm.received()
        filling = {address: deque([(began_s, before[address])]) for address in self.lanes}
        waiting = set(self.lanes)  # for a first byte
        first_byte_s = 0.0
        while filling:
            self._seller.engine.poll(timeout_s=LOOK_CLOSELY_S)
            self.hold_round()
            now_s, received = time.monotonic(), self._swarm.received()
            if fed := {address for address in waiting if received[address] > before[address]}:
                waiting -= fed
                first_byte_s = now_s - began_s
            for address, seen in tuple(filling.items()):
                seen.append((now_s, received[address]))
                while now_s - seen[0][0] > FULL_FOR_S:
                    seen.popleft()
                if received[address] - seen[0][1] >= self.lanes[address] * FULL_PERCENT // 100 * FULL_FOR_S:
                    del filling[address]
            if now_s - began_s > START_LIMIT_S:
                raise BenchFailed(f"a bidder had no full lane within {START_LIMIT_S:g} s")
        return first_byte_s, time.monotonic() - began_s

    def hold_round(self) -> None:
        """Share the line anew, unless this was done less than a round ago."""
        now_s = time.monotonic()
        if now_s - self._told_s >= ROUND_S:
            self._told_s = now_s
            self._seller.share(self.lanes)

    @property
    def starved_s(self) -> float:
        return max(self.zero_s.values(), default=0.0)

    def _look(self, last: Mapping[str, int], now_s: float) -> dict[str, int]:
        received = self._swarm.received()
        for address, size_bytes in received.items():
            if size_bytes > last[address]:
                self._fed_at_s[address] = now_s
            elif address in self.zero_s:
                self.zero_s[address] = max(self.zero_s[address], now_s - self._fed_at_s[address])
        return received


@contextmanager
def swarming(count: int, *, lasts_s: float, is_trading: bool = False) -> Iterator[tuple[Seller, Swarm]]:
    """Let our engine seed to so many leechers, of more than anybody can get in this time."""
    settling_s = min(max(lasts_s, LEAST_SETTLING_S), SETTLING_S)
    content_bytes = int(LINE_BYTES_PER_S * (lasts_s + settling_s))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="box")))
        seller = Seller(folder, is_private=not is_trading, content_bytes=content_bytes)
        stack.callback(seller.close)
        swarm = Swarm(seller, count, is_trading=is_trading)
        stack.callback(swarm.close)
        yield seller, swarm


def granted(bidders: Sequence[str], spends: Sequence[int]) -> dict[str, int]:
    """Clear a round in which these bid for all that is for sale; return their lanes."""
    for_sale = LINE_BYTES_PER_S * (1_000_000 - FREE_SHARE_PPM) // 1_000_000
    most = 2**40
    bids = [Terms(2**40, spend * PRICE_UBTT_PER_GIB, most, most) for spend in spends]
    cleared = clear(ask_ubtt_per_gib=PRICE_UBTT_PER_GIB, for_sale_bytes_per_s=for_sale, bids=bids)
    return dict(zip(bidders, cleared.granted_bytes_per_s, strict=True))
