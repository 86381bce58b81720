"""A node in a process of its own that does what its bench says, line by line.

An order is a line of JSON with a `verb`; each is answered with a line once that is so. The node ends with its input.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

WAIT_S = 180.0
LOOK_AGAIN_S = 0.1

Order = dict[str, Any]
Seen = dict[str, Any]


class InVain(Exception):
    """Something did not come to be in time; the message is what."""


class Life(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


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


def _answer(act: Callable[[Order], Seen], order: Order) -> Seen:
    try:
        return act(order)
    except InVain as problem:
        return {"failed": str(problem)}


def _tell(what: Seen) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
