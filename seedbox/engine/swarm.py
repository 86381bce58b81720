"""All that the owner thread keeps: the libtorrent session, its torrents, what is under way, and what to report."""

import errno
import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.states import State
from seedbox.engine.address_filter import AddressFilter
from seedbox.engine.connections import Connections
from seedbox.engine.durable import NotKept
from seedbox.engine.market import Market
from seedbox.engine.port import AddTorrent, Event, Logged
from seedbox.engine.port_mapping import PortMapping
from seedbox.engine.presence import Presence
from seedbox.engine.resume import ResumeStore
from seedbox.engine.settings import EngineSettings
from seedbox.engine.taken import Registry, Save, Taken
from seedbox.engine.waker import Waker

log = logging.getLogger(__name__)

SAVE_EVERY_S = 5.0  # resume data of a torrent that downloads
SAVE_AGAIN_S = 10.0  # after resume data could not be written
SAVE_COUNTERS_EVERY_S = 60.0  # of one that only seeds: after a kill, the bytes it sent since are not remembered
FILES_EVERY_S = 2.0  # progress of single files
MAX_SAVES_PER_TICK = 50

T = TypeVar("T")


@dataclass
class Removal:
    """A torrent that was dropped from the session, whose files libtorrent is deleting."""

    key: str
    save_path: str
    hashes: frozenset[str]
    give_up_at_s: float  # delete ourselves when libtorrent has not answered by then


class Swarm:
    def __init__(self, settings: EngineSettings, session: lt.session, waker: Waker) -> None:
        self.settings = settings
        self.session = session
        self.waker = waker
        self.torrents = Registry()
        self.connections = Connections()
        self.addresses = AddressFilter(self)
        self.market = Market(self)
        self.store = ResumeStore(settings.resume_folder)
        self.outbox: list[Event] = []
        self.removals: dict[str, Removal] = {}
        self.conflicts: set[str] = set()  # keys of torrents that were found to be the same as another one
        self.deferred: dict[str, AddTorrent] = {}  # asked for while a removal of the same key is under way
        self.watched: frozenset[str] = frozenset()
        self.due_saves: dict[str, float] = {}
        self.due_peers: dict[str, float] = {}  # another save for their sake; one before may know too little of them
        self.due_files: dict[str, float] = {}
        self.listening: dict[str, str] = {}  # "IP:PORT" by socket
        self.listen_problems: dict[str, str] = {}
        self.ports = PortMapping(self)
        self.proxy_said = ""  # of what it can't do
        self.store_problem = ""  # why resume data can't be written, a sentence for the health page
        self.faulty: set[str] = set()  # torrents whose disk is in trouble
        self.missing: set[str] = set()  # torrents whose files are not there
        self.presences = [Presence(root) for root in (settings.downloads_folder, *settings.more_folders)]
        self.counts: Counter[str] = Counter()
        self.wants_update = False
        self.closing = False
        self.unpaused: set[str] = set()  # while closing: whose pause we wait for
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="resume")
        self._asker = ThreadPoolExecutor(2, thread_name_prefix="ask")
        # What is done to content is done apart, and apart for each folder: a huge one, or a disk that does not answer,
        # keeps no save and no other folder waiting.
        self._by_folder: dict[tuple[str, Path], ThreadPoolExecutor] = {}
        self._done: SimpleQueue[tuple[int, Callable[[], None]]] = SimpleQueue()
        self._jobs = 0
        self._is_shut = False

    # --- reporting

    def report(self, event: Event) -> None:
        self.outbox.append(event)

    def tell(self, key: str, level: str, text: str) -> None:
        self.outbox.append(Logged(key, level, text))

    def let_go(self, taken: Taken) -> None:
        """Keep nothing in mind of a torrent but its handle."""
        self.torrents.take_out(taken)
        taken.unflushed_save = taken.flushing_save = taken.syncing_save = None
        self.connections.forget(taken.key)
        for waiting in (self.due_saves, self.due_peers, self.due_files):
            waiting.pop(taken.key, None)

    def show(self, taken: Taken, state: State, error: str, *, had_bytes: int = 0) -> None:
        """Report a state that libtorrent knows nothing of, and so would not report soon."""
        if taken.snapshot is not None:
            done_bytes = max(taken.snapshot.done_bytes, had_bytes)
            snapshot = replace(taken.snapshot, state=state, error=error, done_bytes=done_bytes)
            if snapshot != taken.snapshot:
                taken.snapshot = snapshot
                self.report(snapshot)

    # --- resume data

    def request_save(self, taken: Taken) -> None:
        """Ask libtorrent for a torrent's resume data; the alert writes it."""
        self.due_saves.pop(taken.key, None)
        if taken.refusal:
            return
        if taken.saving is not None:
            taken.saves_again = True
            return
        taken.saving = self.store.generation(taken.key)
        taken.saved_at_s = time.monotonic()
        flags = lt.save_resume_flags_t.flush_disk_cache
        if taken.by_magnet:
            flags |= lt.save_resume_flags_t.save_info_dict
        taken.handle.save_resume_data(flags)

    def schedule_save(self, taken: Taken, *, every_s: float) -> None:
        due = taken.saved_at_s + every_s
        self.due_saves[taken.key] = min(due, self.due_saves.get(taken.key, due))

    def write(self, key: str, save: Save) -> None:
        self._submit(
            self._writer,
            lambda: self.store.save(key, save.data, clears=save.clears),
            lambda future: self._after_write(key, future),
        )

    def write_after(self, taken: Taken, save: Save, sync: Callable[[], None], go_on: Callable[[Taken], None]) -> None:
        """Write it once the content is on the disk; the mark stays until then.

        A disk that can't be asked is asked again. One that lost something is not: it would say that all is well. Then
        the mark stays until the next check. `go_on` is called at the end for what waits.
        """

        def follow(future: "Future[None]") -> None:
            taken.is_syncing = False
            if self._is_shut or self.torrents.get(taken.key) is not taken:
                return  # the next start checks
            end(future)
            go_on(taken)

        def end(future: "Future[None]") -> None:
            problem = future.exception()
            if isinstance(problem, NotKept):
                self._note_lost(taken, save, problem)
                return
            if taken.syncing_save is not save:
                return  # a newer one is written
            taken.syncing_save = None
            if problem is None:
                if taken.unasked:
                    taken.unasked, taken.unsaved = False, True  # so the write says that all is well again
                self.write(taken.key, save)
                return
            self.due_saves[taken.key] = time.monotonic() + SAVE_AGAIN_S
            if not taken.unasked:
                taken.unasked = True
                text = _(
                    "The disk can't be asked to keep what was downloaded (%(problem)s): look at the disk. It is tried "
                    "again, and until it works the files are checked at the next start.",
                    {"problem": str(problem)},
                )
                self.tell(taken.key, "error", text)

        taken.syncing_save, taken.is_syncing = save, True
        self._submit(self._thread_for("sync", taken.root), sync, follow)

    def _note_lost(self, taken: Taken, save: Save, problem: NotKept) -> None:
        taken.unkept = True
        self.store.mark_lagging(taken.key)  # anew: whatever is being written does not clear it
        taken.unflushed_save = taken.flushing_save = taken.syncing_save = None
        self.write(taken.key, replace(save, clears=None))
        text = _(
            "The disk did not keep all that was downloaded (%(problem)s): look at the disk, then recheck the torrent. "
            "Until then its files are checked at every start.",
            {"problem": str(problem)},
        )
        self.tell(taken.key, "error", text)

    def _after_write(self, key: str, future: "Future[None]") -> None:
        """Say once that data could not be written, and once that it could again; until then it is tried again."""
        problem = future.exception()
        taken = self.torrents.get(key)
        if problem is None:
            self.store_problem = ""
            if taken and taken.unsaved:
                taken.unsaved = False
                self.tell(key, "info", _("Its progress is saved again."))
            return
        self.counts["resume_writes_failed"] += 1
        is_full = isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT)
        self.store_problem = (
            _(
                "The node's data folder takes no progress of torrents (its disk is full: free space); it goes on by "
                "itself."
            )
            if is_full
            else _(
                "The node's data folder takes no progress of torrents (%(problem)s: mend that); it goes on by itself.",
                {"problem": str(problem)},
            )
        )
        if taken is not None:
            self.due_saves[key] = time.monotonic() + SAVE_AGAIN_S
            if not taken.unsaved:
                taken.unsaved = True
                self.tell(key, "error", self.store_problem)

    # --- files

    def schedule_files(self, taken: Taken) -> None:
        self.due_files.setdefault(taken.key, taken.files_at_s + FILES_EVERY_S)

    def delete(self, root: Path, job: Callable[[], T], done: Callable[["Future[T]"], None]) -> None:
        self._submit(self._thread_for("delete", root), job, done)

    def look_at_disk(self, root: Path, job: Callable[[], T], done: Callable[["Future[T]"], None]) -> None:
        """Look at something in this folder; the engine closes without waiting for it."""
        self._submit(self._thread_for("look", root), job, done, saves=0)

    def _thread_for(self, what: str, root: Path) -> ThreadPoolExecutor:
        if (what, root) not in self._by_folder:
            self._by_folder[what, root] = ThreadPoolExecutor(1, thread_name_prefix=f"{what}-{root.name}")
        return self._by_folder[what, root]

    # --- jobs of other threads

    def ask(self, job: Callable[[], T], done: Callable[["Future[T]"], None]) -> None:
        """Find something out that may take long; the engine closes without waiting for it."""
        self._submit(self._asker, job, done, saves=0)

    @property
    def has_jobs(self) -> bool:
        return self._jobs > 0

    def take_results(self) -> None:
        """Run, on the owner thread, what follows jobs that have ended."""
        while True:
            try:
                saves, follow = self._done.get_nowait()
            except Empty:
                return
            self._jobs -= saves
            follow()

    def shut_down(self) -> None:
        """End the threads: a write that has begun is finished, a deletion goes on alone, the rest is dropped."""
        self._is_shut = True
        self._writer.shutdown(wait=True, cancel_futures=True)
        for others in (self._asker, *self._by_folder.values()):
            others.shutdown(wait=False, cancel_futures=True)

    def _submit(
        self,
        executor: ThreadPoolExecutor,
        job: Callable[[], T],
        done: Callable[["Future[T]"], None],
        *,
        saves: int = 1,
    ) -> None:
        def follow(future: "Future[T]") -> None:
            self._done.put((saves, lambda: None if future.cancelled() else done(future)))
            self.waker.ring()

        self._jobs += saves
        executor.submit(job).add_done_callback(follow)
