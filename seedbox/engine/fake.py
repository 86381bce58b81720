"""The engine's in-memory twin: the same port, with a swarm that moves only when a test says so."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from seedbox.domain.kept import kept as _
from seedbox.domain.lanes import Order
from seedbox.domain.metainfo import BadTorrent, Metainfo
from seedbox.domain.states import State
from seedbox.engine.fake_market import FakeMarket
from seedbox.engine.metainfo import read_magnet, read_torrent_file
from seedbox.engine.port import (
    AddFailed,
    AddTorrent,
    Command,
    ConfigureNetwork,
    ConnectPeers,
    Details,
    Event,
    FilesProgress,
    GiveMetadata,
    Logged,
    MetadataReceived,
    NetworkAnswered,
    Peer,
    RecheckTorrent,
    Removed,
    RemoveFailed,
    RemoveTorrent,
    SetAside,
    SetTrackers,
    Snapshot,
    StartTorrent,
    StopTorrent,
    Tracker,
    WatchTorrents,
)


@dataclass
class FakeTorrent:
    runs: bool
    metainfo: Metainfo | None
    trackers: tuple[str, ...]
    peers: tuple[str, ...]
    done_bytes: int = 0
    uploaded_bytes: int = 0
    error: str = ""
    disk_problem: str = ""
    missing: str = ""
    checking: bool = False
    last: Snapshot | None = None
    reported: dict[int, int] = field(default_factory=dict)


class FakeEngine:
    """Deterministic. Tests move it with `deliver`, `upload`, `give_metadata`, `fail`, `fill_disk`, `lose_files`."""

    def __init__(
        self, kept: "dict[str, FakeTorrent] | None" = None, *, network: ConfigureNetwork | None = None
    ) -> None:
        self.torrents: dict[str, FakeTorrent] = {}
        self.commands: list[Command] = []  # all that was asked, in order
        self.listening: tuple[str, ...] = ("127.0.0.1:6881",)
        self.fault = ""  # of the engine as a whole
        self.remove_error = ""  # while set, removals fail with it
        self.network = ConfigureNetwork() if network is None else network
        self.missing_interfaces: set[str] = set()
        self.proxy_says = ""  # while set, proxies are no way out
        self.market = FakeMarket(self.torrents)
        self._told: NetworkAnswered | None = None
        self.closed = False
        self._watched: frozenset[str] = frozenset()
        self._outbox: list[Event] = []
        self.kept = {} if kept is None else kept  # resume data; outlives an engine if it is handed to the next
        self._woken = threading.Event()

    # --- the port

    @property
    def problem(self) -> str:
        return self.fault or self.network_problem

    def apply(self, command: Command) -> None:
        self.commands.append(command)
        match command:
            case AddTorrent():
                self._add(command)
            case RemoveTorrent():
                self._remove(command)
            case SetAside():
                if command.key in self.torrents:
                    self.kept[command.key] = self.torrents.pop(command.key)
            case WatchTorrents():
                self._watched = command.keys
            case ConfigureNetwork():
                self.network = command
            case _ if isinstance(command, Order):
                self.market.carry_out(command)
            case _ if torrent := self.torrents.get(command.key):
                self._change(torrent, command)
        self._woken.set()

    def poll(self, *, timeout_s: float) -> Sequence[Event]:
        self._look()
        if not self._outbox:
            self._woken.wait(timeout_s)
            self._look()
        self._woken.clear()
        for key in sorted(self._watched & self.torrents.keys()):
            self._outbox.append(self._details(key, self.torrents[key]))
        events, self._outbox = self._outbox, []
        return events

    def wake(self) -> None:
        self._woken.set()

    def counters(self) -> dict[str, int]:
        return {"alerts": 0, "alerts_dropped": 0, "torrents": len(self.torrents)}

    def close(self, *, timeout_s: float) -> Sequence[Event]:
        self._look()
        self.closed = True
        self.kept.update(self.torrents)
        self.torrents.clear()
        events, self._outbox = self._outbox, []
        return events

    # --- the swarm, moved by tests

    def deliver(self, key: str, size_bytes: int) -> None:
        """Let peers send that many bytes, if the torrent runs."""
        torrent = self.torrents[key]
        stands_still = torrent.error or torrent.disk_problem or torrent.missing or self.network_problem
        if torrent.runs and torrent.metainfo and not stands_still:
            before, piece_bytes = torrent.done_bytes, torrent.metainfo.piece_length_bytes
            torrent.done_bytes = min(torrent.done_bytes + size_bytes, torrent.metainfo.size_bytes)
            self.market.deliver(key, before, torrent.done_bytes, piece_bytes)
        self._woken.set()

    def upload(self, key: str, size_bytes: int, *, endpoint: str = "") -> None:
        """Let a peer take that many bytes."""
        self.torrents[key].uploaded_bytes += size_bytes
        if endpoint:
            self.market.upload(key, size_bytes, endpoint)
        self._woken.set()

    def give_metadata(self, key: str, torrent_file: bytes) -> None:
        """Let a peer deliver a magnet's metadata."""
        torrent = self.torrents[key]
        try:
            torrent.metainfo = read_torrent_file(torrent_file)
            self._outbox.append(MetadataReceived(key, torrent_file))
        except BadTorrent as problem:
            torrent.error = problem.kept
        self._woken.set()

    def fail(self, key: str, error: str) -> None:
        """Let the torrent stop with an error."""
        self.torrents[key].error = error
        self._outbox.append(Logged(key, "error", error))
        self._woken.set()

    def fill_disk(self, key: str, problem: str) -> None:
        """Let writing fail with this sentence, and go on once it is "" again."""
        self.torrents[key].disk_problem = problem
        self._outbox.append(
            Logged(key, "error" if problem else "info", problem or _("The disk has room again: the torrent goes on."))
        )
        self._woken.set()

    def lose_files(self, key: str, problem: str) -> None:
        """Let files vanish with this sentence; "" brings them back."""
        self.torrents[key].missing = problem
        self._outbox.append(
            Logged(
                key,
                "error" if problem else "info",
                problem or _("The missing files are there again: they are compared with their hashes."),
            )
        )
        self._woken.set()

    # --- inside

    @property
    def network_problem(self) -> str:
        wanted = self.network.settings
        if wanted.interface in self.missing_interfaces:
            return _("There is no interface %(interface)s.", {"interface": wanted.interface})
        return self.network.refusal or (self.proxy_says if wanted.has_proxy else "")

    def _answer_network(self) -> None:
        answer = NetworkAnswered(self.network.version, self.network_problem)
        if answer != self._told:
            self._told = answer
            self._outbox.append(answer)

    def _add(self, command: AddTorrent) -> None:
        if command.key in self.torrents:
            return
        try:
            metainfo = read_torrent_file(command.torrent_file) if command.torrent_file else None
            if metainfo is None:
                read_magnet(command.magnet)
        except BadTorrent as problem:
            self._outbox.append(AddFailed(command.key, problem.kept))
            return
        torrent = self.kept.pop(command.key, None) or FakeTorrent(command.runs, metainfo, (), ())
        self.torrents[command.key] = replace(
            torrent,
            runs=command.runs,
            metainfo=metainfo or torrent.metainfo,
            trackers=command.trackers,
            peers=command.peers,
            last=None,
            reported={},
        )

    def _remove(self, command: RemoveTorrent) -> None:
        self.torrents.pop(command.key, None)
        self.kept.pop(command.key, None)
        error = self.remove_error
        self._outbox.append(RemoveFailed(command.key, error) if error else Removed(command.key))

    def _change(self, torrent: FakeTorrent, command: Command) -> None:
        match command:
            case StartTorrent():
                torrent.runs, torrent.error = True, ""
            case StopTorrent():
                torrent.runs = False
            case RecheckTorrent():
                torrent.checking, torrent.error = torrent.metainfo is not None, ""
                if torrent.missing:
                    torrent.missing, torrent.done_bytes = "", 0
            case SetTrackers():
                torrent.trackers = command.trackers
            case ConnectPeers():
                torrent.peers += command.peers
            case GiveMetadata() if torrent.metainfo is None:
                self.give_metadata(command.key, command.torrent_file)
            case _:
                pass

    def _look(self) -> None:
        self._answer_network()
        self._outbox += self.market.look()
        for key, torrent in self.torrents.items():
            snapshot = self._snapshot(key, torrent)
            if snapshot != torrent.last:
                torrent.last = snapshot
                self._outbox.append(snapshot)
            if torrent.metainfo and (changed := _changed_files(torrent, torrent.metainfo)):
                torrent.reported |= changed
                self._outbox.append(FilesProgress(key, changed))
            if torrent.checking:
                torrent.checking, torrent.reported = False, {}
                self._woken.set()  # one look sees the check, the next one its end

    def _snapshot(self, key: str, torrent: FakeTorrent) -> Snapshot:
        wanted = torrent.metainfo.size_bytes if torrent.metainfo else 0
        return Snapshot(
            key=key,
            state=_state(torrent, complete=torrent.metainfo is not None and torrent.done_bytes == wanted),
            done_bytes=torrent.done_bytes,
            wanted_bytes=wanted,
            downloaded_bytes=torrent.done_bytes,
            uploaded_bytes=torrent.uploaded_bytes,
            down_bytes_per_s=0,
            up_bytes_per_s=0,
            peers=len(torrent.peers) if torrent.runs else 0,
            seeds=0,
            checked_ppm=0,
            error=torrent.error or torrent.missing or (torrent.disk_problem if torrent.runs else ""),
        )

    def _details(self, key: str, torrent: FakeTorrent) -> Details:
        peers = torrent.peers if torrent.runs else ()
        return Details(
            key,
            peers=tuple(Peer(address, "Fake 1.0", 0, 0, 0, 0, 0, "") for address in peers),
            trackers=tuple(
                Tracker(url, tier, "not contacted", "", None, None) for tier, url in enumerate(torrent.trackers)
            ),
        )


def _state(torrent: FakeTorrent, *, complete: bool) -> State:
    if torrent.error:
        return State.ERROR
    if torrent.missing:
        return State.MISSING
    if torrent.disk_problem and torrent.runs:
        return State.DISK
    if torrent.checking:
        return State.CHECKING
    if not torrent.runs:
        return State.FINISHED if complete else State.STOPPED
    if torrent.metainfo is None:
        return State.METADATA
    return State.SEEDING if complete else State.DOWNLOADING


def _changed_files(torrent: FakeTorrent, metainfo: Metainfo) -> dict[int, int]:
    """Files fill one after the other."""
    changed, left = {}, torrent.done_bytes
    for file in metainfo.files:
        done = min(left, file.size_bytes)
        left -= done
        if torrent.reported.get(file.index, 0) != done:
            changed[file.index] = done
    return changed
