"""The torrents that the libtorrent adapter has taken in, and what it remembers about each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import libtorrent as lt

from seedbox.engine.port import Snapshot
from seedbox.engine.trouble import Fault


@dataclass(frozen=True)
class Save:
    """Resume data, and the generation of the lagging mark that it makes needless, if any."""

    data: bytes
    clears: int | None


@dataclass(eq=False)
class Taken:
    key: str
    handle: lt.torrent_handle
    save_path: str
    root: Path  # the node's folder that it is in
    runs: bool  # what was asked last
    by_magnet: bool  # its resume data keeps the metadata too
    snapshot: Snapshot | None = None  # as last reported
    refusal: str = ""  # our own reason to stop it for good: hostile metadata, a conflict
    held_back: bytes = b""  # torrent file that can be used once the torrent it is in conflict with is gone
    disk_problem: str = ""  # libtorrent stopped writing; cleared by a start
    fault: Fault | None = None  # why, where it passes by itself
    fault_pause_s: float = 0.0
    holed: bool = False  # a write failed when every piece had passed: libtorrent takes the holes for content
    well_since_s: float = float("-inf")  # monotonic: when the last fault ended
    missing: str = ""  # a sentence: files that were whole are not there, and the torrent is stopped for that
    peers: dict[tuple[str, int], None] = field(default_factory=dict)  # where they are reached, the latest last
    had: frozenset[int] = frozenset()  # files that are or were whole, whatever libtorrent finds now
    returning: bool = False  # they are back, and are being compared with their hashes
    look_at_s: float = 0.0  # monotonic: for the next look at missing files
    unsaved: bool = False  # its last resume data could not be written
    unasked: bool = False  # its disk could not be asked to keep the content
    file_sizes: dict[int, int] = field(default_factory=dict)  # by index, without pad files; {} before the metadata
    file_done: dict[int, int] = field(default_factory=dict)  # as last reported
    unflushed: set[int] = field(default_factory=set)  # files that are complete but maybe not on disk yet
    flushing: set[int] = field(default_factory=set)  # those that the flush under way covers
    unflushed_save: Save | None = None  # resume data that says more than is on disk yet
    flushing_save: Save | None = None  # that which the flush under way makes true
    unkept: bool = False  # the disk lost some of it, and says so once: only a check tells what is there
    is_flushing: bool = False
    is_syncing: bool = False
    flush_failed: bool = False  # its end will say nothing of what is on disk
    syncing_save: Save | None = None  # that which is written when the disk has the content
    saved_at_s: float = 0.0  # monotonic
    files_at_s: float = 0.0
    saving: int | None = None  # generation of the lagging mark when the save under way was asked for
    saves_again: bool = False  # something changed while a save was under way
    hash_failures: int = 0

    @property
    def is_saving(self) -> bool:
        return self.saving is not None or self.unflushed_save is not None or self.flushing_save is not None


class Registry:
    """Finds a torrent by key, by handle, or by info-hash."""

    def __init__(self) -> None:
        self._by_key: dict[str, Taken] = {}
        self._by_handle: dict[lt.torrent_handle, Taken] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Taken]:
        return iter(tuple(self._by_key.values()))

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def get(self, key: str) -> Taken | None:
        return self._by_key.get(key)

    def of(self, handle: lt.torrent_handle) -> Taken | None:
        """Return the torrent of an alert's handle, or None when it was removed meanwhile."""
        return self._by_handle.get(handle)

    def put(self, taken: Taken) -> None:
        self._by_key[taken.key] = taken
        self._by_handle[taken.handle] = taken

    def take_out(self, taken: Taken) -> None:
        del self._by_key[taken.key]
        del self._by_handle[taken.handle]

    def clear(self) -> None:
        """Let go of every handle: a session can't end while one is held."""
        self._by_key.clear()
        self._by_handle.clear()
