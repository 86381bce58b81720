"""All that the owner thread keeps: the libtorrent session, its torrents, what is under way, and what to report."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

import libtorrent as lt

from seedbox.engine.port import AddTorrent, Event, Logged
from seedbox.engine.resume import ResumeStore
from seedbox.engine.settings import EngineSettings
from seedbox.engine.taken import Registry, Taken
from seedbox.engine.waker import Waker

log = logging.getLogger(__name__)

SAVE_EVERY_S = 5.0  # resume data of a torrent that downloads
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
        self.store = ResumeStore(settings.resume_folder)
        self.outbox: list[Event] = []
        self.removals: dict[str, Removal] = {}
        self.conflicts: set[str] = set()  # keys of torrents that were found to be the same as another one
        self.deferred: dict[str, AddTorrent] = {}  # asked for while a removal of the same key is under way
        self.watched: frozenset[str] = frozenset()
        self.due_saves: dict[str, float] = {}
        self.due_files: dict[str, float] = {}
        self.listening: dict[str, str] = {}  # "IP:PORT" by socket
        self.listen_problems: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.wants_update = False
        self.closing = False
        self.unpaused: set[str] = set()  # while closing: whose pause we wait for
        # Content is deleted apart from resume data, so that a huge folder doesn't hold up a save.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="resume")
        self._deleter = ThreadPoolExecutor(1, thread_name_prefix="delete")
        self._done: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._jobs = 0

    # --- reporting

    def report(self, event: Event) -> None:
        self.outbox.append(event)

    def tell(self, key: str, level: str, text: str) -> None:
        self.outbox.append(Logged(key, level, text))

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

    def write(self, key: str, data: bytes, *, clears: int | None) -> None:
        self._submit(
            self._writer,
            lambda: self.store.save(key, data, clears=clears),
            lambda future: self._after_write(key, future),
        )

    def _after_write(self, key: str, future: "Future[None]") -> None:
        if problem := future.exception():
            self.counts["resume_writes_failed"] += 1
            self.tell(key, "error", f"Resume data could not be saved ({problem}). Look at the node's data folder.")

    # --- files

    def schedule_files(self, taken: Taken) -> None:
        self.due_files.setdefault(taken.key, taken.files_at_s + FILES_EVERY_S)

    def delete(self, job: Callable[[], T], done: Callable[["Future[T]"], None]) -> None:
        self._submit(self._deleter, job, done)

    # --- jobs of other threads

    @property
    def has_jobs(self) -> bool:
        return self._jobs > 0

    def take_results(self) -> None:
        """Run, on the owner thread, what follows jobs that have ended."""
        while True:
            try:
                follow = self._done.get_nowait()
            except Empty:
                return
            self._jobs -= 1
            follow()

    def shut_down(self) -> None:
        """End the threads: a write that has begun is finished, a deletion goes on alone, the rest is dropped."""
        self._writer.shutdown(wait=True, cancel_futures=True)
        self._deleter.shutdown(wait=False, cancel_futures=True)

    def _submit(self, executor: ThreadPoolExecutor, job: Callable[[], T], done: Callable[["Future[T]"], None]) -> None:
        def follow(future: "Future[T]") -> None:
            self._done.put(lambda: None if future.cancelled() else done(future))
            self.waker.ring()

        self._jobs += 1
        executor.submit(job).add_done_callback(follow)
