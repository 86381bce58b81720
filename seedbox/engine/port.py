"""The engine's port: what the node may ask of a BitTorrent engine, and what it hears back.

What a market orders and is told goes the same way (seedbox/domain/lanes.py).

One thread owns an engine and calls everything here, except `wake`, which any thread may call. Commands never wait:
their outcome arrives as events. A torrent is known by its key, the hex info-hash under which our database knows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from seedbox.domain.lanes import Order, Report
from seedbox.domain.network import NetworkSettings
from seedbox.domain.states import State

# --- commands: what the owner may ask ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class AddTorrent:
    """Take a torrent in. Resume data kept under its key is used; adding a key that is already in does nothing.

    Announced to exactly `trackers`: those that stand in the file or magnet are not used by themselves.
    """

    key: str
    save_path: str
    torrent_file: bytes = b""  # either this
    magnet: str = ""  # or this
    runs: bool = True
    trackers: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()


@dataclass(frozen=True)
class StartTorrent:
    key: str


@dataclass(frozen=True)
class StopTorrent:
    """Pause it, and save its resume data once nothing is in flight."""

    key: str


@dataclass(frozen=True)
class RecheckTorrent:
    """Compare every piece on disk with its hash; a stopped torrent is stopped again afterwards.

    What is missing then is fetched by a torrent that runs, also where the state was MISSING before.
    """

    key: str


@dataclass(frozen=True)
class RemoveTorrent:
    """Forget a torrent, its resume data and everything in its save path; also when the engine does not know the key."""

    key: str
    save_path: str


@dataclass(frozen=True)
class SetAside:
    """Forget a torrent and touch nothing on disk, its resume data stays: its disk is away. An add takes it in again."""

    key: str


@dataclass(frozen=True)
class SetTrackers:
    key: str
    trackers: tuple[str, ...]


@dataclass(frozen=True)
class GiveMetadata:
    """Use this torrent file for a torrent that came by magnet and still waits for its metadata; else do nothing."""

    key: str
    torrent_file: bytes


@dataclass(frozen=True)
class ConnectPeers:
    key: str
    peers: tuple[str, ...]  # "IP:PORT", IPv6 in brackets


@dataclass(frozen=True)
class WatchTorrents:
    """Report `Details` about these torrents on every poll from now on, and about no others."""

    keys: frozenset[str]


@dataclass(frozen=True)
class ConfigureNetwork:
    """Reach the world in this way only, and in none while that is impossible; `NetworkAnswered` says how it went."""

    version: int = 0  # of the settings, for the answer
    settings: NetworkSettings = field(default_factory=NetworkSettings)
    refusal: str = ""  # why they can't even be tried, in a sentence: connect nowhere


TorrentCommand = (
    AddTorrent
    | StartTorrent
    | StopTorrent
    | RecheckTorrent
    | RemoveTorrent
    | SetAside
    | SetTrackers
    | GiveMetadata
    | ConnectPeers
    | WatchTorrents
)
Command = TorrentCommand | ConfigureNetwork | Order

# --- events: what the owner hears -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """A torrent's figures have changed; this is how it stands now."""

    key: str
    state: State
    done_bytes: int  # wanted bytes whose pieces passed their hash check
    wanted_bytes: int  # 0 until the metadata is known
    downloaded_bytes: int  # payload received ever
    uploaded_bytes: int  # payload sent ever
    down_bytes_per_s: int  # payload speeds
    up_bytes_per_s: int
    peers: int  # connected
    seeds: int  # connected and complete
    checked_ppm: int  # progress of a check while CHECKING, else 0
    error: str  # a sentence in the states ERROR, DISK and MISSING, else ""


@dataclass(frozen=True)
class MetadataReceived:
    """Peers delivered a magnet's metadata; the torrent file as it can be shared and added again."""

    key: str
    torrent_file: bytes


@dataclass(frozen=True)
class FilesProgress:
    """Bytes of files on disk by file index; a file is given as complete only after it was flushed to disk."""

    key: str
    done_bytes: dict[int, int]


@dataclass(frozen=True)
class Logged:
    """Something happened that the torrent's log should say, in one sentence."""

    key: str
    level: str  # "info" | "warning" | "error"
    text: str


@dataclass(frozen=True)
class Removed:
    """Engine and disk have forgotten the torrent."""

    key: str


@dataclass(frozen=True)
class RemoveFailed:
    """The torrent is out of the engine, but files are left; asking again tries again."""

    key: str
    error: str


@dataclass(frozen=True)
class AddFailed:
    key: str
    error: str


@dataclass(frozen=True)
class CommandFailed:
    """A mistake of ours kept the engine from carrying this out, and its log says which; asking again tries again."""

    command: TorrentCommand | ConfigureNetwork


@dataclass(frozen=True)
class Peer:
    address: str  # "IP:PORT"
    client: str  # as the peer calls itself: hostile text
    progress_ppm: int
    down_bytes_per_s: int
    up_bytes_per_s: int
    downloaded_bytes: int
    uploaded_bytes: int
    flags: str  # short words: "incoming", "encrypted", "uTP", "seed", "snubbed"


@dataclass(frozen=True)
class Tracker:
    url: str
    tier: int
    status: str  # "working" | "updating" | "not contacted" | "error"
    message: str  # the tracker's own words: hostile text
    peers: int | None  # peers in its last answer
    next_announce_s: int | None


@dataclass(frozen=True)
class Details:
    """Peers and trackers of a watched torrent."""

    key: str
    peers: tuple[Peer, ...] = field(default=())
    trackers: tuple[Tracker, ...] = field(default=())


@dataclass(frozen=True)
class NetworkAnswered:
    """How the network settings of this version stand: said when that is known, and again whenever it changes."""

    version: int
    problem: str  # why they are not in force, in a sentence; "" when they are
    port_mapping: str = ""  # what the router said; "" when it was not asked or has not answered
    proxy: str = ""  # what the proxy answered last; "" without one
    blocklist: str = ""  # what was read of it; "" without one


Event = (
    Snapshot
    | MetadataReceived
    | FilesProgress
    | Logged
    | Removed
    | RemoveFailed
    | AddFailed
    | CommandFailed
    | Details
    | NetworkAnswered
    | Report
)


class Engine(Protocol):
    """A BitTorrent engine as its owner thread sees it."""

    @property
    def listening(self) -> tuple[str, ...]:
        """The "IP:PORT" it really listens on by now."""

    @property
    def problem(self) -> str:
        """One sentence for the health page about the engine as a whole, "" when it is well."""

    def apply(self, command: Command) -> None:
        """Start carrying out a command. A key that the engine does not know is ignored, except by Add and Remove."""

    def poll(self, *, timeout_s: float) -> Sequence[Event]:
        """Return what happened, waiting up to `timeout_s` for the first of it or for `wake`."""

    def wake(self) -> None:
        """End a waiting `poll` at once. The only call that any thread may make."""

    def counters(self) -> dict[str, int]:
        """Return counts the health page shows: alerts handled, alerts unknown by type, alerts dropped, torrents."""

    def close(self, *, timeout_s: float) -> Sequence[Event]:
        """Stop everything, save all resume data that differs from disk, and return the last events."""
