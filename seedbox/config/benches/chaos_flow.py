"""The torrents that come and go while processes are killed, and the account of what must have become of each."""

import hashlib
import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedbox.config.benches.chaos_box import ChaosBox, wait_for
from seedbox.domain.units import KIB, MIB
from seedbox.engine.bare import make_torrent_file
from seedbox.engine.bare_swarm import BareSwarm

SOURCE_ADDRESS, TCP_LEECHER_ADDRESS, UTP_LEECHER_ADDRESS = "127.0.35.2", "127.0.35.3", "127.0.35.4"
PIECE_BYTES = 64 * KIB
SIZE_BYTES = 6 * MIB
SPEED_BYTES_PER_S = 3 * MIB
LONG_SPEED_BYTES_PER_S = 96 * KIB  # of the one download that goes on through all kills
LEECH_BYTES_PER_S = 3 * MIB
DOWNLOADS = 3  # at once, besides the long one
KEPT = 8  # complete ones; more are removed
ACT_LIMIT_S = 90.0  # until an action is acknowledged, whatever is killed meanwhile
END_LIMIT_S = 90.0
TRY_AGAIN_S = 0.1
MEET_PAUSE_S = 0.15
PIECES_ASKED_TWICE = 4  # of one torrent at most, whoever lives or dies: a block that is slow to come
SETTLE_S = 1.1  # libtorrent sums up once a second what went over a connection
COMPLETE = ("seeding", "finished")


@dataclass(eq=False)
class Item:
    """One torrent, from before its adding to after its removal."""

    key: str
    content: Path
    torrent: Path
    sha256: str
    is_exact: bool = True  # nothing but kills has cut its download short
    is_acknowledged: bool = False  # the box has said that it has it
    is_dropped: bool = False  # the box has said that it is removed
    unflushed_bytes: int = 0  # sent to the box, and not on its disk when its node ended: all its ends together
    ends: int = 0  # of the node, while it was downloaded
    is_accounted: bool = False
    row: dict[str, Any] = field(default_factory=dict)  # as the box last showed it

    @property
    def is_complete(self) -> bool:
        return bool(self.row) and self.row["state"] in COMPLETE

    @property
    def saved(self) -> Path:
        return Path(self.row["path"]) / self.content.name


class Flow:
    """Keeps downloads and uploads going. One thread calls everything but the actions that `action` returns."""

    def __init__(self, box: ChaosBox, folder: Path, *, chance: random.Random) -> None:
        self.box = box
        self.items: list[Item] = []
        self.wrong_hashes: list[str] = []
        self.refetched_bytes = 0
        self.unflushed_bytes = 0  # of the same torrents as above
        self.refetch_limit_bytes = 0  # of them, too
        self.duplicate_bytes = 0  # sent twice of torrents that met no end of the node: libtorrent asks so now and then
        self.unflushed_at_ends: list[int] = []  # of all downloads together, at each end of the node
        self.fetched_by_others = self.fetched_over_utp = 0
        self._folder = folder
        self._chance = chance
        self._lock = threading.Lock()
        # What was sent to a node that died is known at once over TCP; a uTP socket lasts for seconds.
        self._source = BareSwarm(SOURCE_ADDRESS, over_utp=False)
        self._leechers = [
            BareSwarm(TCP_LEECHER_ADDRESS, over_utp=False),
            BareSwarm(UTP_LEECHER_ADDRESS, over_utp=True),
        ]  # they take turns
        self._leeching: dict[Item, BareSwarm] = {}
        self._on_disk: dict[Item, int] = {}
        self._settled_at_s = self._met_at_s = 0.0

    def close(self) -> None:
        self._source.close()
        for leecher in self._leechers:
            leecher.close()

    # --- what the box is asked to do

    def begin(self, *, long_bytes: int) -> None:
        """Add the download that lasts, and the first of those that come and go."""
        self._add(self._make(long_bytes, LONG_SPEED_BYTES_PER_S), "hand")
        for _ in range(DOWNLOADS):
            self._add(self._make(SIZE_BYTES, SPEED_BYTES_PER_S), "hand")

    def action(self) -> Callable[[], None]:
        """Choose something that a user may do now; it returns when the box has acknowledged it."""
        rested = [item for item in self.present if item.is_complete and item not in self._leeching]
        young = [item for item in self.present[1:] if item.row and not item.is_complete]
        choice = self._chance.random()
        nobody_left = not any(item.is_dropped for item in self.items)
        if rested and (nobody_left or len(rested) > KEPT or (len(young) >= DOWNLOADS and choice < 0.4)):
            victim = self._chance.choice(rested)
            self._account(victim)
            return lambda: self._remove(victim)
        if len(young) < DOWNLOADS:
            item, door = self._make(SIZE_BYTES, SPEED_BYTES_PER_S), self._chance.choice(("hand", "web", "magnet"))
            return lambda: self._add(item, door)
        if choice < 0.5:
            return lambda: self._remove(self._chance.choice(young))
        if rested and choice < 0.8:
            return lambda: self._change(self._chance.choice(rested), "recheck")
        shaken = self._chance.choice(young)
        shaken.is_exact = False
        return lambda: self._shake(shaken)

    @property
    def present(self) -> list[Item]:
        return [item for item in self.items if item.is_acknowledged and not item.is_dropped]

    def _make(self, size_bytes: int, speed_bytes_per_s: int) -> Item:
        content = self._folder / "content" / f"{len(self.items)}.bin"
        content.parent.mkdir(exist_ok=True)
        data = self._chance.randbytes(size_bytes)
        content.write_bytes(data)
        torrent_file = make_torrent_file(content, piece_bytes=PIECE_BYTES)
        torrent = content.with_suffix(".torrent")
        torrent.write_bytes(torrent_file)
        key = self._source.seed(torrent_file, content.parent, up_bytes_per_s=speed_bytes_per_s)
        item = Item(key, content, torrent, hashlib.sha256(data).hexdigest())
        with self._lock:
            self.items.append(item)
        return item

    def _add(self, item: Item, door: str) -> None:
        match door:
            case "web":
                files = {"files": (item.torrent.name, item.torrent.read_bytes())}
                _insist(lambda: self.box.post("/torrents/add/", {"start": "on"}, files), "web to add a torrent")
            case "magnet":
                magnet = {"start": "on", "magnets": f"magnet:?xt=urn:btih:{item.key}"}
                _insist(lambda: self.box.post("/torrents/add/", magnet), "web to add a magnet")
            case _:
                _insist(lambda: self.box.ask("add", torrent=str(item.torrent)), "a torrent to be added")
        item.is_acknowledged = True

    def _remove(self, item: Item) -> None:
        form = {"verb": "remove", "ids": str(item.row["id"])}
        by_web = self._chance.random() < 0.5
        _insist(
            lambda: (by_web and self.box.post("/torrents/change/", form)) or self._ask_change(item, "remove"),
            "a torrent to be removed",
        )
        item.is_dropped = True

    def _change(self, item: Item, what: str) -> None:
        _insist(lambda: self._ask_change(item, what), f"the action {what}")

    def _shake(self, item: Item) -> None:
        self._change(item, "stop")
        self._change(item, "start")

    def _ask_change(self, item: Item, what: str) -> bool:
        return self.box.ask("change", id=item.row["id"], what=what) is not None

    # --- what the outside does

    def tend(self) -> None:
        """Look at the box's list; let outsiders find it, and begin to fetch what is complete."""
        rows = {row["key"]: row for row in self.box.ask("torrents") or ()}
        for item in self.items:
            item.row = rows.get(item.key, item.row)
        for item, leecher in list(self._leeching.items()):
            if leecher.is_complete(item.key) or item.is_dropped:
                self._end_fetch(item)
        self.settle_if_due()
        if not self._on_disk and time.monotonic() > self._met_at_s + MEET_PAUSE_S:
            self._met_at_s = time.monotonic()
            self._meet(rows.keys())
        fresh = [item for item in self.present if item.is_complete and not item.is_accounted]
        for item in fresh:
            self._account(item)
            self._leechers.reverse()
            leecher = self._leeching[item] = self._leechers[0]
            leecher.fetch(item.torrent.read_bytes(), self._folder / "fetched", down_bytes_per_s=LEECH_BYTES_PER_S)

    def _meet(self, keys: Collection[str]) -> None:
        """Let outsiders connect, as a tracker's answer would; the box knows those that it was connected to before."""
        for item in self.items:
            if item.key in keys and not item.is_complete and not item.is_dropped and not self._source.peers(item.key):
                self._source.connect(item.key, self.box.endpoint)
        for item, leecher in self._leeching.items():
            if not leecher.peers(item.key):
                leecher.connect(item.key, self.box.endpoint)

    def sent_bytes(self) -> dict[str, int]:
        """Return what was sent of each download that is not complete."""
        return {item.key: self._source.sent_bytes(item.key) for item in self.present if not item.is_complete}

    def progresses(self, before: dict[str, int]) -> bool:
        """Say whether any download has got more since; also when all have ended."""
        now = self.sent_bytes()
        return any(now[key] > sent for key, sent in before.items() if key in now) or not set(before) & set(now)

    def measure(self) -> None:
        """Look at the ended node's disk, before the next one writes; what it had been sent is known a second later."""
        known = [item for item in self.items if item.row and not item.is_dropped and not item.is_accounted]
        wait_for(lambda: not any(self._source.peers(item.key) for item in known), "dead connections", limit_s=5)
        self._on_disk = {item: _on_disk_bytes(item) for item in known}
        self._settled_at_s = time.monotonic() + SETTLE_S

    def settle_if_due(self) -> None:
        """Note what the ended node had been sent and had not put on its disk: it may be fetched again.

        The next node goes to the source by itself: what that one is sent is counted too if this comes late.
        """
        if not self._on_disk or time.monotonic() < self._settled_at_s:
            return
        total_bytes = 0
        for item, on_disk_bytes in self._on_disk.items():
            missing_bytes = self._source.sent_bytes(item.key) - on_disk_bytes
            item.ends += 1
            total_bytes += max(missing_bytes - item.unflushed_bytes, 0)
            item.unflushed_bytes = max(item.unflushed_bytes, missing_bytes)
        self.unflushed_at_ends.append(total_bytes)
        self._on_disk = {}

    def in_flight_limit_bytes(self, seconds: float) -> int:
        """Return what all downloads together can be sent in so many seconds."""
        speeds = LONG_SPEED_BYTES_PER_S + SPEED_BYTES_PER_S * (DOWNLOADS + 1)  # one may begin while another ends
        return int(speeds * seconds)

    def finish(self) -> None:
        """Let everything end, and compare what the box and the outsiders have with what was offered."""
        for item in self.present:
            self._source.hurry(item.key)
        wait_for(self._all_complete, "all downloads to be complete", limit_s=END_LIMIT_S)
        wait_for(self._all_fetched, "the outsiders to have everything", limit_s=END_LIMIT_S)
        wait_for(lambda: not self.box.unsaved(), "the box to have all on its disk", limit_s=END_LIMIT_S)
        for item in self.present:
            self._verify(item.saved, item)

    def unfinished(self) -> str:
        """Say what is still under way, for whoever looks for the reason."""
        items = [item for item in self.present if not item.is_complete]
        told = [f"{item.row} from {self._source.peers(item.key)} peers" for item in items]
        told += [f"{item.row} to {leecher.standing(item.key)}" for item, leecher in self._leeching.items()]
        return ", ".join(told)

    def lost(self) -> list[str]:
        """Say what is wrong with the box's list: what it acknowledged is there once, what was removed is gone."""
        rows = self.box.ask("torrents")
        keys = [row["key"] for row in rows]
        complaints = [f"{key} is there {keys.count(key)} times" for key in set(keys) if keys.count(key) > 1]
        complaints += [f"{item.key} is lost" for item in self.present if item.key not in keys]
        dropped = [item for item in self.items if item.is_dropped]
        complaints += [f"{item.key} was removed and is there" for item in dropped if item.key in keys]
        left = [item for item in dropped if item.row and Path(item.row["path"]).exists()]
        return complaints + [f"{item.key} was removed, its files are there" for item in left]

    def _all_complete(self) -> bool:
        self.tend()
        return all(item.is_complete for item in self.present)

    def _all_fetched(self) -> bool:
        self.tend()
        return not self._leeching

    def _end_fetch(self, item: Item) -> None:
        leecher = self._leeching.pop(item)
        if leecher.is_complete(item.key):
            self._verify(self._folder / "fetched" / item.content.name, item)
            self.fetched_by_others += 1
            self.fetched_over_utp += leecher.over_utp
        leecher.drop(item.key)

    def _account(self, item: Item) -> None:
        if item.is_accounted:
            return
        item.is_accounted = True
        twice_bytes = max(self._source.sent_bytes(item.key) - item.content.stat().st_size, 0)
        if item.is_exact and item.ends:
            self.refetched_bytes += twice_bytes
            self.unflushed_bytes += item.unflushed_bytes
            self.refetch_limit_bytes += item.unflushed_bytes + PIECES_ASKED_TWICE * PIECE_BYTES
        elif item.is_exact:
            self.duplicate_bytes += twice_bytes

    def _verify(self, path: Path, item: Item) -> None:
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != item.sha256:
            self.wrong_hashes.append(str(path))


def _on_disk_bytes(item: Item) -> int:
    """Return how much of the content is on the box's disk in whole pieces."""
    if not item.saved.exists():
        return 0
    total_bytes = 0
    with item.content.open("rb") as right, item.saved.open("rb") as saved:
        while piece := right.read(PIECE_BYTES):
            total_bytes += len(piece) if saved.read(len(piece)) == piece else 0
    return total_bytes


def _insist(act: Callable[[], object], what: str) -> None:
    """Act until it is acknowledged; whoever was answered nothing tries again."""

    def acted() -> bool:
        if act():
            return True
        time.sleep(TRY_AGAIN_S)
        return False

    wait_for(acted, what, limit_s=ACT_LIMIT_S)
