"""What a lane does for who pays: speed, shares by spend, use of the line, and who else waits meanwhile.

Our real engine seeds to plain peers on loopback under an upload limit, and rounds are cleared by the market's own rule.
Nobody signs a voucher here: what money does to a deal is what the tests of the market show.

`speedup` is one bidder's speed beside what a leecher has on average while nobody bids. `share_error` is how far three
bidders are from shares of 1:2:4 by their spends. `utilisation` is what is sent in all, beside the same without a
market. `starved_s` is for how long a free peer got nothing at most. `first_byte_s` goes from the grant to the first
byte of the connection that is made under it, `lane_90_s` to the end of the first second in which that had 90 % of what
was granted. In `trading` the leechers have each other, too.
"""

import tempfile
import time
from argparse import ArgumentParser
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from seedbox.config.benches import clearing
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

PEERS = (4, 8, 16)
TRADING_PEERS = 4
LINE_BYTES_PER_S = 6 * MIB
FREE_SHARE_PPM = 200_000
PRICE_UBTT_PER_GIB = 20_000_000
SPENDS = (1, 2, 4)
CONTENT_BYTES = 640 * MIB  # more than anybody gets in a run
PIECE_BYTES = 256 * 1024
MEASURE_S = 15.0  # and as long for a swarm to settle before that
THIRD_ROUND_S = 20.0
ROUND_S = 10.0
LOOK_S = 0.25
LOOK_CLOSELY_S = 0.025
FULL_PERCENT = 90
FULL_FOR_S = 1.0
START_LIMIT_S = 120.0
SELLER = "127.0.47.1"
ONLY_TCP: Mapping[str, Setting] = {"enable_incoming_utp": False, "enable_outgoing_utp": False}

Row = dict[str, float]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--peers", type=int, action="append", help="leechers of a row; default: 4, 8 and 16")
    parser.add_argument("--seconds", type=float, default=MEASURE_S, help="for how long each speed is measured")
    parser.add_argument("--only", choices=("rows", "trading", "clearing"), help="one part instead of all")


def run(
    *, peers: Sequence[int] | None, seconds: float, only: str | None, say: Callable[[str], None]
) -> dict[str, object]:
    """Measure each row, then clearing by itself."""
    figures: dict[str, object] = {}
    if only in (None, "rows"):
        figures["rows"] = [_measured(count, seconds, say) for count in peers or PEERS]
    if only in (None, "trading"):
        figures["trading"] = [_measured(TRADING_PEERS, seconds, say, is_trading=True)]
    if only in (None, "clearing"):
        figures |= clearing.measure()
    return figures


class Seller:
    """Our engine with one whole torrent; if that is private, peers do not hear of each other."""

    def __init__(self, folder: Path, *, is_private: bool) -> None:
        self.folder = folder
        content = folder / "downloads" / "film.bin"
        content.parent.mkdir(parents=True)
        with content.open("wb") as file:
            file.truncate(CONTENT_BYTES)
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
    """The time in which a swarm is watched."""

    def __init__(self, seller: Seller, swarm: Swarm, lanes: Mapping[str, int]) -> None:
        self._seller, self._swarm, self.lanes = seller, swarm, lanes
        self.starved_s = 0.0
        self._fed_at_s: dict[str, float] = {}
        self._told_s = 0.0

    def watch(self, lasts_s: float) -> dict[str, float]:
        """Let rounds pass, and return how fast everybody was."""
        began_s = time.monotonic()
        before = last = self._swarm.received()
        self._fed_at_s = dict.fromkeys(self._swarm.addresses, began_s) | self._fed_at_s
        while (now_s := time.monotonic()) - began_s < lasts_s:
            self.hold_round()
            self._seller.engine.poll(timeout_s=LOOK_S)
            last = self._look(last, now_s)
        took_s = time.monotonic() - began_s
        return {address: (got - before[address]) / took_s for address, got in self._swarm.received().items()}

    def open_lane(self, address: str) -> tuple[float, float]:
        """Bounce a bidder; return after how long it has the first byte through its lane, and nearly all of that."""
        began_s = time.monotonic()
        self.hold_round()
        self._swarm.bounce(address)
        seen = deque([(began_s, self._swarm.received()[address])])
        enough_bytes = self.lanes[address] * FULL_PERCENT // 100 * FULL_FOR_S
        first_byte_s = 0.0
        while seen[-1][1] - seen[0][1] < enough_bytes:
            self._seller.engine.poll(timeout_s=LOOK_CLOSELY_S)
            now_s, got_bytes = time.monotonic(), self._swarm.received()[address]
            self.hold_round()
            if got_bytes > seen[-1][1] and not first_byte_s:
                first_byte_s = now_s - began_s
            seen.append((now_s, got_bytes))
            while now_s - seen[0][0] > FULL_FOR_S:
                seen.popleft()
            if now_s - began_s > START_LIMIT_S:
                raise BenchFailed(f"a bidder had no full lane within {START_LIMIT_S:g} s")
        return first_byte_s, seen[-1][0] - began_s

    def hold_round(self) -> None:
        """Share the line anew, unless this was done less than a round ago."""
        now_s = time.monotonic()
        if now_s - self._told_s >= ROUND_S:
            self._told_s = now_s
            self._seller.share(self.lanes)

    def _look(self, last: Mapping[str, int], now_s: float) -> dict[str, int]:
        received = self._swarm.received()
        for address, size_bytes in received.items():
            if size_bytes > last[address]:
                self._fed_at_s[address] = now_s
            elif address not in self.lanes:
                self.starved_s = max(self.starved_s, now_s - self._fed_at_s[address])
        return received


def _measured(count: int, seconds: float, say: Callable[[str], None], *, is_trading: bool = False) -> Row:
    with tempfile.TemporaryDirectory(prefix="box") as folder:
        seller = Seller(Path(folder), is_private=not is_trading)
        try:
            row = _row(seller, count, seconds, is_trading=is_trading)
        finally:
            seller.close()
    say(f"{'trading: ' if is_trading else ''}{row}")
    return row


def _row(seller: Seller, count: int, seconds: float, *, is_trading: bool = False) -> Row:
    swarm = Swarm(seller, count, is_trading=is_trading)
    try:
        off = Run(seller, swarm, {})
        off.watch(seconds)
        before = off.watch(seconds)
        bidder = swarm.addresses[0]
        on = Run(seller, swarm, _granted([bidder], [1]))
        first_byte_s, lane_90_s = on.open_lane(bidder)
        on.watch(seconds)
        after = on.watch(seconds)
        three = swarm.addresses[: len(SPENDS)]
        shared = Run(seller, swarm, _granted(three, SPENDS))
        shared.hold_round()
        for address in three:
            swarm.bounce(address)
        shared.watch(THIRD_ROUND_S * seconds / MEASURE_S)
        shares = shared.watch(seconds)
    finally:
        swarm.close()
    return {
        "n": count,
        "speedup": round(after[bidder] * count / sum(before.values()), 2),
        "share_error": round(_share_error([shares[address] for address in three]), 3),
        "utilisation": round(sum(after.values()) / sum(before.values()), 3),
        "starved_s": round(max(on.starved_s, shared.starved_s), 1),
        "first_byte_s": round(first_byte_s, 2),
        "lane_90_s": round(lane_90_s, 2),
    }


def _granted(bidders: Sequence[str], spends: Sequence[int]) -> dict[str, int]:
    """Clear a round in which these bid for all that is for sale; return their lanes."""
    for_sale = LINE_BYTES_PER_S * (1_000_000 - FREE_SHARE_PPM) // 1_000_000
    most = 2**40
    bids = [Terms(2**40, spend * PRICE_UBTT_PER_GIB, most, most) for spend in spends]
    cleared = clear(ask_ubtt_per_gib=PRICE_UBTT_PER_GIB, for_sale_bytes_per_s=for_sale, bids=bids)
    return dict(zip(bidders, cleared.granted_bytes_per_s, strict=True))


def _share_error(speeds: Sequence[float]) -> float:
    """Return the worst relative deviation of shares from those of the spends."""
    total = sum(speeds)
    fair = [spend / sum(SPENDS) for spend in SPENDS]
    return max(abs(speed / total - share) / share for speed, share in zip(speeds, fair, strict=True))
