"""A node's life in its process: own the node, start the engine, turn until told to stop, put everything to rest."""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.db import Error as DatabaseError
from django.db import connections

from seedbox.engine import port
from seedbox.models import Node
from seedbox.node.engine_thread import EngineThread
from seedbox.node.loop import EngineOutdated, LeaseLost, NodeLoop
from seedbox.node.ownership import FolderInUse, owned
from seedbox.services import nodes, nudge
from seedbox.services.lanes import desk
from seedbox.services.live import Publisher
from seedbox.services.networking import read_wish
from seedbox.services.observing import ReadTorrentFile

TURN_S = 1.0  # the longest wait of a turn for the engine to say something
TRY_AGAIN_S = 1.0  # after the node could not be owned or its engine not be started
CLOSE_S = 3.0  # for the engine to save resume data; whoever stops a node gives it little more
JOIN_S = 8.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class NodeSettings:
    """What the operator has chosen for this node."""

    name: str
    folder: Path  # where new torrents go, until the node has looked which folder has the most room
    data: Path  # where its own files go
    umask: int
    redis_url: str


class NodeLife:
    """The thread that owns the engine. It ends when told to, and for no other reason."""

    def __init__(
        self,
        settings: NodeSettings,
        *,
        make_engine: Callable[[port.ConfigureNetwork], port.Engine],
        read_torrent_file: ReadTorrentFile,
    ) -> None:
        self._settings = settings
        self._make_engine = make_engine
        self._read_torrent_file = read_torrent_file
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"node-{settings.name}")
        self._loop: NodeLoop | None = None
        self._engine: port.Engine | None = None
        self._complaint = ""
        self._rival = nodes.Rival()

    def start(self) -> None:
        os.umask(self._settings.umask)
        self._thread.start()

    def stop(self) -> None:
        """Stop the engine, save what it knows, and end the thread; waits for it a few seconds."""
        self._stop.set()
        if engine := self._engine:
            engine.wake()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        lock_file = self._settings.data / f"node-{self._settings.name}.lock"
        while not self._stop.is_set():
            try:
                with owned(lock_file) as token:
                    self._live(token)
            except (FolderInUse, nodes.LeaseHeld, DatabaseError, OSError) as problem:
                self._complain(f"the node {self._settings.name!r} can't start yet: {problem}")
            except LeaseLost:
                logger.error("another process has taken over the node %r; its engine is stopped", self._settings.name)
            except EngineOutdated:
                logger.info("the node %r starts a new engine, as its network settings want it", self._settings.name)
            except Exception:
                logger.exception("the node %r met a mistake of ours and starts anew", self._settings.name)
            connections.close_all()
            self._stop.wait(TRY_AGAIN_S)

    def _complain(self, sentence: str) -> None:
        if sentence != self._complaint:
            logger.error("%s", sentence)
        self._complaint = sentence

    def _live(self, token: str) -> None:
        node = nodes.claim(
            name=self._settings.name, token=token, folder=str(self._settings.folder), now=_now(), rival=self._rival
        )
        self._complaint = ""
        publisher = Publisher(redis_url=self._settings.redis_url)
        try:
            network = read_wish(node_id=node.pk)  # before the first packet: without the database no engine starts
            engine = EngineThread(lambda: self._make_engine(network), desk)
            try:
                self._turn_until_stopped(node, token, engine, publisher, network)
            finally:
                self._engine = None
                engine.close(timeout_s=CLOSE_S)  # also when it never came to turn
        finally:
            publisher.close()

    def _turn_until_stopped(
        self, node: Node, token: str, engine: port.Engine, publisher: Publisher, network: port.ConfigureNetwork
    ) -> None:
        loop = NodeLoop(
            node=node,
            token=token,
            engine=engine,
            publisher=publisher,
            read_torrent_file=self._read_torrent_file,
            network=network,
        )
        self._engine = engine
        nudge.listen(node.name, loop.nudge)
        logger.info("the node %r runs, its torrents are in %s", node.name, node.folder)
        try:
            while not self._stop.is_set():
                events = engine.poll(timeout_s=0 if loop.is_busy else TURN_S)
                loop.turn(events, now=_now())
        finally:
            nudge.listen(node.name, None)
            loop.finish([], now=_now())  # before the engine takes its time: we may be killed while it does
            loop.finish(engine.close(timeout_s=CLOSE_S), now=_now())
            loop.release()


def _now() -> datetime:
    return datetime.now(UTC)
