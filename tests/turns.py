"""A node that turns when a test says so, over the fake engine."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from seedbox import wiring
from seedbox.engine import port
from seedbox.engine.fake import FakeEngine
from seedbox.models import Holding, Node, Observation
from seedbox.node.loop import NodeLoop
from seedbox.services import nodes
from seedbox.services.live import Publisher
from tests.builders import NOW

TOKEN = "t" * 32


class TurnedNode:
    """One node's process: `turn` turns its loop once, `stop` ends it; a new one with the same engine is a restart."""

    def __init__(
        self,
        engine: FakeEngine | None = None,
        *,
        now: datetime = NOW,
        redis_url: str = "",
        reached_by: port.Engine | None = None,
    ) -> None:
        self.engine = engine or FakeEngine()
        self._reached_by = reached_by or self.engine
        self.now = now
        node: Node = nodes.claim(name="local", token=TOKEN, folder=str(settings.NODE_FOLDER), now=now)
        settings.NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        self.publisher = Publisher(redis_url=redis_url or settings.REDIS_URL)
        self.loop = NodeLoop(
            node=node,
            token=TOKEN,
            engine=self._reached_by,
            publisher=self.publisher,
            read_torrent_file=wiring.read_torrent_file,
        )

    @classmethod
    def run_once(cls) -> None:
        """Start a node, let it look once, and stop it."""
        node = cls()
        node.turn()
        node.stop()

    def turn(self, *, times: int = 1, after_s: float = 10.0) -> None:
        """Turn that often, each time so long after the turn before that everything is due."""
        for _ in range(times):
            self.now += timedelta(seconds=after_s)
            self.loop.turn(self._reached_by.poll(timeout_s=0), now=self.now)
            assert not self.loop.problem

    def stop(self) -> None:
        self.loop.finish(self._reached_by.close(timeout_s=1), now=self.now)
        self.loop.release()
        self.publisher.close()

    def commands(self, kind: type) -> list[object]:
        return [command for command in self.engine.commands if isinstance(command, kind)]


def seen(holding: Holding) -> Observation:
    """Return what the database says that the node saw."""
    return Observation.objects.get(torrent_id=holding.torrent_id)


TurnNode = Callable[[], TurnedNode]
