"""What a node's process keeps in mind of its torrents, between its engine and the database.

Nothing here waits or fails: the engine's events go in as they come, also while the database is away, and are kept
coalesced until they are stored.
"""

import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept_counted as ngettext
from seedbox.domain.lanes import Report
from seedbox.domain.plan import Applied
from seedbox.domain.states import State, is_legal_move
from seedbox.engine import port
from seedbox.models import Observation

FIGURES_PAUSE = timedelta(seconds=5)  # between two writes of one torrent's figures; a state is written at once
MAX_LOG_WAITING = 5_000  # sentences, while the database is away; older ones give way
RETRY = timedelta(seconds=60)  # after the engine could not add or remove a torrent
TROUBLE = frozenset({State.ERROR, State.MISSING})  # of the torrent itself; a disk that is away is its node's
NOT_CARRIED_OUT = gettext_noop("The node could not carry this out; its log says why. It tries again.")
UNKNOWN = Applied(runs=None, recheck_count=0, trackers=None, peers=(), has_metadata=False)

logger = logging.getLogger(__name__)


@dataclass
class Meter:
    """A counter of the engine that never goes back: what the engine forgot when it was killed is kept beside it."""

    forgotten_bytes: int = 0

    def count(self, counted_bytes: int, *, told: int) -> int:
        """Return all bytes ever: `told` was said last, maybe by an earlier process, and is never taken back."""
        self.forgotten_bytes = max(self.forgotten_bytes, told - counted_bytes)
        return counted_bytes + self.forgotten_bytes


@dataclass(eq=False)
class Charge:
    """One torrent in the care of this process."""

    torrent_id: int
    key: str
    save_path: str
    observation: Observation  # as it is, or shall be, in the database
    received: Meter = field(default_factory=Meter)
    sent: Meter = field(default_factory=Meter)
    applied: Applied | None = None  # None: the engine does not have it
    is_removing: bool = False  # the engine is deleting it; nothing else can be asked of it
    is_blocked: bool = False  # its metadata can't be used: it rests, whatever its holders wish
    problem: str = ""  # our own sentence, shown instead of the engine's state
    engine_says: tuple[State, str] | None = None  # state and error of its last snapshot
    retry_at: datetime | None = None
    look_again: bool = False  # at its wishes, though they did not change
    waits_for_folder: bool = False  # its disk is away: the engine must not know it
    is_dirty: bool = False  # the observation differs from the database
    is_urgent: bool = False  # and must not wait
    stored_at: datetime | None = None
    was_fetched: bool = False  # when it was last stored, by an earlier process maybe
    was_in_trouble: bool = False  # likewise, and until it is seen at work again

    def __post_init__(self) -> None:
        self.was_fetched = self.is_fetched
        self.was_in_trouble = self.observation.state in TROUBLE

    def show(self, state: State, error: str = "") -> None:
        """Make this the state that its holders see, soon."""
        if (state, error) != (self.observation.state, self.observation.error):
            self.observation.state = state
            self.observation.error = error
            self.mark(urgent=True)

    def mark(self, *, urgent: bool) -> None:
        self.is_dirty = True
        self.is_urgent |= urgent

    def recover(self) -> None:
        """Take our own sentence back: from now on the engine's word is shown."""
        self.problem = ""
        if self.engine_says is not None:
            self.show(*self.engine_says)

    def fail(self, problem: str, *, now: datetime) -> None:
        """Show our own sentence, and try again later."""
        self.problem = problem
        self.retry_at = now + RETRY
        self.show(State.ERROR, problem)

    def take_back(self, command: port.Command, *, now: datetime) -> None:
        """Plan anew what the engine could not carry out."""
        if self.is_removing and not isinstance(command, port.RemoveTorrent):
            return  # and need not any more
        match command:
            case port.AddTorrent():
                self.applied = self.engine_says = None
            case port.RemoveTorrent():
                self.is_removing = False
            case port.SetAside() if self.waits_for_folder:
                self.applied, self.look_again = UNKNOWN, True
                return
            case _ if self.applied is None:
                return
            case port.StartTorrent() | port.StopTorrent():
                self.applied = replace(self.applied, runs=None)
            case port.SetTrackers():
                self.applied = replace(self.applied, trackers=None)
            case port.ConnectPeers(peers=peers):
                self.applied = replace(self.applied, peers=tuple(set(self.applied.peers).difference(peers)))
            case port.GiveMetadata():
                self.applied = replace(self.applied, has_metadata=False)
            case port.RecheckTorrent():
                self.observation.rechecked_count -= 1
        self.fail(self.problem or NOT_CARRIED_OUT, now=now)
        self.mark(urgent=True)

    def is_to_retry(self, now: datetime) -> bool:
        """Say whether it is time to try again; a clock that was set back makes it time at once."""
        return self.retry_at is not None and not timedelta(0) < self.retry_at - now <= RETRY

    def wait_for_folder(self, problem: str) -> None:
        """Keep all that is known, and show that nothing moves until its disk is back."""
        self.waits_for_folder = True
        self.problem, self.retry_at = problem, None
        self.applied = self.engine_says = None
        seen = self.observation
        seen.down_bytes_per_s = seen.up_bytes_per_s = seen.peers = seen.seeds = seen.checked_ppm = 0
        self.show(State.DISK, problem)
        self.mark(urgent=True)

    @property
    def is_complete(self) -> bool:
        return 0 < self.observation.wanted_bytes <= self.observation.done_bytes

    @property
    def is_fetched(self) -> bool:
        """Say whether it is complete and came from peers; the engine counts what came a second after the last piece."""
        return self.is_complete and self.observation.downloaded_bytes > 0

    def is_due(self, now: datetime) -> bool:
        """Say whether its observation shall be written now."""
        if not self.is_dirty:
            return False
        waits = self.stored_at is not None and timedelta(0) <= now - self.stored_at < FIGURES_PAUSE
        return self.is_urgent or not waits


@dataclass(frozen=True)
class LogLine:
    key: str
    at: datetime
    level: str
    text: str


@dataclass
class Ward:
    """All torrents of this process by key, and the events that are still to be stored or shown."""

    charges: dict[str, Charge] = field(default_factory=dict)
    log: deque[LogLine] = field(default_factory=lambda: deque(maxlen=MAX_LOG_WAITING))
    files: dict[str, dict[int, int]] = field(default_factory=dict)  # bytes on disk by file index
    metadata: dict[str, bytes] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    details: dict[str, port.Details] = field(default_factory=dict)
    has_urgent: bool = False  # something must be stored in this turn
    files_changed: set[str] = field(default_factory=set)  # since they were last shown
    log_changed: set[str] = field(default_factory=set)
    network_answer: port.NetworkAnswered | None = None  # that is still to be stored
    network_failed: bool = False  # the engine could not be told of the network
    watch_failed: bool = False  # nor which torrents somebody looks at
    illegal_moves: int = 0
    log_lines_lost: int = 0

    def absorb(self, events: Iterable[port.Event], *, now: datetime) -> None:
        """Take in what the engine says."""
        for event in events:
            if isinstance(event, port.NetworkAnswered):
                self.network_answer = event
                continue  # about the node, not about a torrent
            if isinstance(event, Report):
                continue  # a market's own
            if isinstance(event, port.CommandFailed):
                self._take_back(event.command, now)
                continue
            charge = self.charges.get(event.key)
            if charge is not None:
                self._take(event, charge, now)
                self.has_urgent |= charge.is_urgent

    def _take_back(self, command: port.TorrentCommand | port.ConfigureNetwork, now: datetime) -> None:
        if isinstance(command, port.ConfigureNetwork):
            self.network_failed = True
        elif isinstance(command, port.WatchTorrents):
            self.watch_failed = True
        elif charge := self.charges.get(command.key):
            charge.take_back(command, now=now)
            self.has_urgent |= charge.is_urgent

    def _take(self, event: port.Event, charge: Charge, now: datetime) -> None:
        match event:
            case port.Snapshot():
                self._see(event, charge)
            case port.FilesProgress():
                self.files.setdefault(event.key, {}).update(event.done_bytes)
                self.files_changed.add(event.key)
                charge.mark(urgent=charge.is_complete)
            case port.Logged():
                self._say(LogLine(event.key, now, event.level, event.text))
            case port.Details():
                self.details[event.key] = event
            case port.MetadataReceived():
                self.metadata[event.key] = event.torrent_file
            case port.Removed():
                self.removed.add(event.key)
            case port.RemoveFailed():
                charge.is_removing = False
                charge.fail(event.error, now=now)
            case port.AddFailed():
                charge.applied = charge.engine_says = None
                charge.fail(event.error, now=now)
                self._say(LogLine(event.key, now, "error", event.error))

    def say(self, charge: Charge, level: str, text: str, now: datetime) -> None:
        """Write a sentence of our own into the torrent's log."""
        self._say(LogLine(charge.key, now, level, text))

    def _say(self, line: LogLine) -> None:
        self.log_lines_lost += len(self.log) == MAX_LOG_WAITING
        self.log.append(line)
        self.log_changed.add(line.key)
        self.has_urgent = True

    def _see(self, seen: port.Snapshot, charge: Charge) -> None:
        if charge.is_removing or charge.applied is None:
            return  # said before the removal, and no longer true
        charge.engine_says = (seen.state, seen.error)
        state, error = (State.ERROR, charge.problem) if charge.problem else charge.engine_says
        before = charge.observation
        if not is_legal_move(State(before.state), state):
            self.illegal_moves += 1
            logger.warning("torrent %s was seen going from %s to %s", charge.key, before.state, state)
        was_complete = charge.is_complete
        charge.show(state, error)
        before.done_bytes = seen.done_bytes
        before.wanted_bytes = seen.wanted_bytes
        before.downloaded_bytes = charge.received.count(seen.downloaded_bytes, told=before.downloaded_bytes)
        before.uploaded_bytes = charge.sent.count(seen.uploaded_bytes, told=before.uploaded_bytes)
        before.down_bytes_per_s = seen.down_bytes_per_s
        before.up_bytes_per_s = seen.up_bytes_per_s
        before.peers = seen.peers
        before.seeds = seen.seeds
        before.checked_ppm = seen.checked_ppm
        charge.mark(urgent=was_complete != charge.is_complete)

    def have_metadata(self, charge: Charge) -> None:
        """Note that the engine knows what this torrent contains."""
        if charge.applied is not None:
            charge.applied = replace(charge.applied, has_metadata=True)

    def drop(self, key: str) -> None:
        """Keep nothing in mind of a torrent."""
        self.charges.pop(key, None)
        for pending in (self.files, self.metadata, self.details):
            pending.pop(key, None)
        self.removed.discard(key)
        self.log = deque((line for line in self.log if line.key != key), maxlen=MAX_LOG_WAITING)

    def come_to_rest(self) -> None:
        """Show that nothing moves any more, for the engine is closed."""
        for charge in self.charges.values():
            seen = charge.observation
            if seen.down_bytes_per_s or seen.up_bytes_per_s or seen.peers or seen.seeds:
                seen.down_bytes_per_s = seen.up_bytes_per_s = seen.peers = seen.seeds = 0
                charge.mark(urgent=True)

    def problem(self) -> str:
        """Return a sentence for the health page when torrents could not be added or removed, else nothing."""
        failed = [charge for charge in self.charges.values() if charge.retry_at is not None]
        if not failed:
            return ""
        return ngettext(
            "%(count)d torrent could not be added or removed, because: %(problem)s",
            "%(count)d torrents could not be added or removed, the first because: %(problem)s",
            len(failed),
            {"count": len(failed), "problem": failed[0].problem},
        )
