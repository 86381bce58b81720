"""A node in a process of its own that does what its bench says, line by line.

An order is a line of JSON with a `verb`; each is answered with a line once that is so. The node ends with its input.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from django.conf import settings

import speed.wiring
from seedbox import wiring
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.port import ConfigureNetwork, Engine
from seedbox.engine.settings import EngineSettings, Setting
from seedbox.node.life import NodeLife, NodeSettings
from seedbox.services.lanes import desk
from speed.agent.life import AgentLife, AgentSettings, Makers
from speed.agent.side import Floor, Side

WAIT_S = 180.0
LOOK_AGAIN_S = 0.1

Order = dict[str, Any]
Seen = dict[str, Any]


class InVain(Exception):
    """Something did not come to be in time; the message is what."""


class Life(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


def node_of(name: str, overrides: Mapping[str, Setting]) -> NodeLife:
    """Return a node of this name in the box's environment, by itself but for that."""
    return NodeLife(
        NodeSettings(name, settings.NODE_FOLDER, settings.DATA_DIR, settings.NODE_UMASK, settings.REDIS_URL),
        make_engine=partial(_engine, name, overrides),
        read_torrent_file=wiring.read_torrent_file,
    )


def agent_of(name: str, sides: Callable[[Floor], Sequence[Side]]) -> AgentLife:
    """Return that node's market, with the sides that it has."""
    return AgentLife(
        AgentSettings(name, settings.DATA_DIR / f"node-{name}", settings.NODE_SPEED_LISTEN),
        makers=Makers(door=speed.wiring.Doors(), hub=speed.wiring.make_hub, sides=sides),
        desk=desk,
    )


def wait_for(look: Callable[[], Any], what: str, limit_s: float = WAIT_S) -> None:
    deadline_s = time.monotonic() + limit_s
    while not look():
        if time.monotonic() > deadline_s:
            raise InVain(what)
        time.sleep(LOOK_AGAIN_S)


def live(node: Life, agent: Life, acting: object) -> None:
    """Run a node and its market, and let the method named by each order act."""
    node.start()
    agent.start()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            _tell(_answer(getattr(acting, order["verb"]), order))
    finally:
        agent.stop()
        node.stop()


def _engine(name: str, overrides: Mapping[str, Setting], network: ConfigureNetwork) -> Engine:
    return LibtorrentEngine(
        EngineSettings(
            resume_folder=settings.DATA_DIR / f"node-{name}" / "resume",
            downloads_folder=settings.NODE_FOLDER,
            listen=settings.NODE_LISTEN,
            isolated=True,
            overrides=dict(overrides),
        ),
        network,
    )


def _answer(act: Callable[[Order], Seen], order: Order) -> Seen:
    try:
        return act(order)
    except InVain as problem:
        return {"failed": str(problem)}


def _tell(what: Seen) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
