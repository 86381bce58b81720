"""The body of a node: between its engine, the database and people's screens, turned about once a second."""

import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib.metadata import version

from django.db import Error as DatabaseError
from django.db import connections

from seedbox import __version__
from seedbox.domain.kept import kept as _
from seedbox.domain.kept import together, told
from seedbox.domain.upload_test import UploadTest
from seedbox.engine import port
from seedbox.models import Node
from seedbox.node.memory import own_bytes
from seedbox.node.screen import Screen
from seedbox.services import nodes, observing
from seedbox.services.folders import open_folders
from seedbox.services.live import Publisher
from seedbox.services.networking import Networking
from seedbox.services.node_tidings import NodeWatch
from seedbox.services.observing import ReadTorrentFile
from seedbox.services.reconcile import Reconciler
from seedbox.services.ward import Ward

LOOK_EVERY = timedelta(seconds=3)  # at the database without any nudge
FOLDERS_EVERY = timedelta(seconds=1)  # are they there? Until then torrents might write below an empty mount point
BEAT_EVERY = timedelta(seconds=3)
SHOW_EVERY = timedelta(seconds=1)
SHOW_AGAIN = timedelta(seconds=0.2)  # when a state changed
WATCH_EVERY = timedelta(seconds=10)  # whether other nodes run, and whether disks fill up
STORE_EVERY = timedelta(seconds=0.5)  # looks for figures that are due; changes of state don't wait for it
FIRST_REST = timedelta(seconds=0.5)  # after the database failed; doubles up to the longest
LONGEST_REST = timedelta(seconds=5)

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another process has taken this node over, for the database did not hear of us for too long."""


class EngineOutdated(Exception):
    """What is wanted of the engine needs a new one."""


class Every:
    """Says when it is time again; a clock that was set back makes it time at once, not after hours."""

    def __init__(self, pause: timedelta) -> None:
        self.pause = pause
        self._last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        return self._last is None or not timedelta(0) <= now - self._last < self.pause

    def was_missed(self, now: datetime, longest: timedelta) -> bool:
        """Say whether the last time is too long ago for what hangs on it; the clock may have been set back, too."""
        return self._last is not None and not timedelta(0) <= now - self._last < longest

    def start(self, now: datetime) -> None:
        self._last = now


class NodeLoop:
    """Turns for one node and its engine. One thread calls everything here but `nudge`.

    Whatever happens to the database or Redis, a turn returns, the engine goes on, and what it said is kept.
    """

    def __init__(
        self,
        *,
        node: Node,
        token: str,
        engine: port.Engine,
        publisher: Publisher,
        read_torrent_file: ReadTorrentFile,
        network: port.ConfigureNetwork | None = None,
    ) -> None:
        self.ward = Ward()
        self.problem = ""  # of the database or of this loop, in one sentence
        self._node = node
        self._token = token
        self._engine = engine
        self._publisher = publisher
        self._read_torrent_file = read_torrent_file
        self._folders = open_folders(node)
        self._reconciler = Reconciler(node_id=node.pk, engine=engine, ward=self.ward, folders=self._folders)
        self._networking = Networking(node.pk, engine, self.ward, network or port.ConfigureNetwork())
        self._screen = Screen(node_id=node.pk, node_name=node.name, engine=engine, ward=self.ward, publisher=publisher)
        self._upload_test = UploadTest.from_counters(node.counters, now_s=time.time())
        self._nudged = threading.Event()
        self._look, self._beat, self._check = Every(LOOK_EVERY), Every(BEAT_EVERY), Every(FOLDERS_EVERY)
        self._show, self._store = Every(SHOW_EVERY), Every(STORE_EVERY)
        self._watch, self._watch_nodes = NodeWatch(), Every(WATCH_EVERY)
        self._rest = Every(FIRST_REST)
        self._is_owner = True

    def nudge(self) -> None:
        """Make the next turn look at the database, and start it soon. Any thread may call this."""
        self._nudged.set()
        self._engine.wake()

    @property
    def is_busy(self) -> bool:
        """Say whether the next turn has work that waits for no event."""
        return not self.problem and self._nudged.is_set()

    def turn(self, events: Iterable[port.Event], *, now: datetime) -> None:
        """Take in what the engine says, and do what is due.

        0. Leave torrents alone whose disk is away, also without the database.
        1. Forget torrents that the engine has removed, write what peers told of magnets.
        2. Carry out wishes that changed.  3. Write what was seen.  4. Beat.  5. Show what somebody looks at.
        Raises LeaseLost, EngineOutdated, and nothing else: a failure is kept in `problem` and tried again after a rest.
        """
        self.ward.absorb(events, now=now)
        if self._check.is_due(now):
            self._check_folders(now)
        if self.problem and not self._rest.is_due(now):
            return
        try:
            self._work(now)
        except LeaseLost:
            self._is_owner = False
            raise
        except EngineOutdated:
            raise
        except DatabaseError as problem:
            connections.close_all()  # whatever state they are in: the next turn connects anew
            self._fail(
                now,
                _(
                    "The node can't use the database, and goes on without: %(problem)s",
                    {"problem": str(problem).strip()},
                ),
            )
        except Exception as problem:  # a mistake of ours must not stop everybody's torrents
            logger.exception("a turn of the node failed")
            self._fail(
                now, _("A turn of the node failed (%(name)s); its log says where.", {"name": type(problem).__name__})
            )
        else:
            self._recover()

    def _work(self, now: datetime) -> None:
        if self._beat.was_missed(now, nodes.LEASE):  # we hung: before we touch anything, is the node still ours?
            self._renew(now)
        if observing.forget_removed(self.ward):
            self._nudged.set()
        for charge in observing.store_metadata(self.ward, read_torrent_file=self._read_torrent_file, now=now):
            self._reconciler.rest(charge)
        if self._nudged.is_set() or self._look.is_due(now):
            self._reconcile(now)
        self._networking.store(now=now)
        changed = self.ward.has_urgent
        if changed or self._store.is_due(now):
            observing.store(self.ward, now=now)
            self._store.start(now)
        if self._beat.is_due(now):
            self._renew(now)
        if self._watch_nodes.is_due(now):
            self._watch.look(now=now)
            self._watch_nodes.start(now)
        self._show.pause = min(self._show.pause, SHOW_AGAIN) if changed else self._show.pause
        if self._show.is_due(now):
            self._screen.show(now=now)
            self._show.start(now)
            self._show.pause = SHOW_EVERY

    def _reconcile(self, now: datetime) -> None:
        self._nudged.clear()
        try:
            if not self._networking.reconcile():
                raise EngineOutdated
            is_done = self._reconciler.reconcile(now=now)
        except Exception:
            self._nudged.set()
            raise
        self._look.start(now)
        if not is_done:
            self._nudged.set()

    def _check_folders(self, now: datetime) -> None:
        self._check.start(now)
        if self._folders.look(now):
            self._reconciler.folders_changed(now)
            self._nudged.set()
            self._beat = Every(BEAT_EVERY)  # the health page shall know soon

    def _renew(self, now: datetime) -> None:
        self._tell_health(now)
        self._beat.start(now)

    def _tell_health(self, now: datetime) -> None:
        counted = self._engine.counters()
        self._upload_test.see(counted.get("sent_bytes", 0), clock_s=time.monotonic(), now_s=now.timestamp())
        problems = (self._engine.problem, self._folders.problem(), self.ward.problem())
        figures = nodes.Beat(
            folders=self._folders.found,
            known_folders=self._folders.known,
            counters={
                **counted,
                **self._upload_test.counters,
                **self._publisher.counters(),
                "illegal_moves": self.ward.illegal_moves,
                "log_lines_lost": self.ward.log_lines_lost,
            },
            problem=together(problems),
            engine_version=f"libtorrent {version('libtorrent')}",
            listens_on=self._engine.listening,
            box_version=__version__,
            memory_bytes=own_bytes(),
        )
        if not nodes.beat(node_id=self._node.pk, token=self._token, now=now, figures=figures):
            raise LeaseLost

    def _fail(self, now: datetime, problem: str) -> None:
        if problem != self.problem:
            logger.error("%s", told(problem))
        self._rest.pause = min(self._rest.pause * 2, LONGEST_REST) if self.problem else FIRST_REST
        self.problem = problem
        self._rest.start(now)

    def _recover(self) -> None:
        if self.problem:
            logger.warning("the node is well again")
        self.problem = ""

    def finish(self, events: Iterable[port.Event], *, now: datetime) -> None:
        """Store that nothing moves any more; what can't be stored is seen again after the next start."""
        if not self._is_owner:
            return  # what is true now, the new owner says
        self.ward.absorb(events, now=now)
        self.ward.come_to_rest()
        try:
            observing.forget_removed(self.ward)
            observing.store(self.ward, now=now)
        except DatabaseError as problem:
            logger.error("the last observations could not be stored: %s", problem)

    def release(self) -> None:
        """Give the node up, once its engine is closed."""
        try:
            nodes.release(node_id=self._node.pk, token=self._token)
        except DatabaseError as problem:
            logger.error("the node could not be given up, its lease has to expire: %s", problem)
