"""Browsers of the dashboard bench: `python -m … PORT`, told who they are.

They say when all watch, how much was heard when asked, and lags when told to end.

Each is a WebSocket that says what its page shows and hears what changes. Only the stamps in messages are read.
"""

import asyncio
import contextlib
import json
import re
import sys
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from seedbox.config.benches.dashboard_box import HOST

AT_ONCE = 40  # that connect at the same time
LIMIT_S = 300.0
ASK_ALIVE_S = 20.0  # each, as a page does: who says nothing for long is given up
ASK_ALIVE = '{"resync":[]}'
NS_PER_MS = 1_000_000
MANY = '{"type":"many"'
STAMP = re.compile(r'"at (\d+)"')


class Clients:
    def __init__(self, port: int, watchers: list[dict[str, Any]]) -> None:
        self._port = port
        self._watchers = watchers
        self._turnstile = asyncio.Semaphore(AT_ONCE)
        self._at_ns: list[int] = []  # when it was published
        self._lags_ms: list[float] = []
        self._messages = 0
        self._characters = 0
        self._merged = 0

    async def run(self) -> None:
        sockets = await asyncio.gather(*(self._open(watcher) for watcher in self._watchers))
        hearing = [asyncio.create_task(self._hear(socket)) for socket in sockets]
        asking = asyncio.create_task(_ask_alive(sockets))
        _say({"watching": len(sockets)})
        while json.loads(await asyncio.to_thread(sys.stdin.readline)) != "end":
            _say({"heard": len(self._lags_ms) + self._merged})
        _say(
            {
                "lags_ms": [round(lag, 1) for lag in self._lags_ms],
                "at_ns": self._at_ns,
                "messages": self._messages,
                "characters": self._characters,
                "merged": self._merged,
                "dropped": sum(task.done() for task in hearing),
            }
        )
        asking.cancel()
        await asyncio.gather(*(socket.close() for socket in sockets))

    async def _open(self, watcher: dict[str, Any]) -> ClientConnection:
        """Connect, watch, and return once everything that is watched has come whole."""
        async with self._turnstile:
            socket = await connect(
                f"ws://{HOST}:{self._port}/live/",
                origin=f"http://localhost:{self._port}",  # type: ignore[arg-type]  # a NewType of theirs
                additional_headers={"Cookie": watcher["cookie"], "Host": f"localhost:{self._port}"},
                compression=None,
                ping_interval=None,
                open_timeout=LIMIT_S,
                proxy=None,
            )
            await socket.send(json.dumps({"watch": watcher["watch"]}))
            async with asyncio.timeout(LIMIT_S):
                await socket.recv()
            return socket

    async def _hear(self, socket: ClientConnection) -> None:
        async for message in socket:
            now_ns = time.monotonic_ns()
            self._messages += 1
            self._characters += len(message)
            if not isinstance(message, str):
                continue
            for stamp in STAMP.findall(message):
                self._at_ns.append(int(stamp))
                self._lags_ms.append((now_ns - int(stamp)) / NS_PER_MS)
            if message.startswith(MANY):  # it stands for several, of which it has the newest stamp
                self._merged += sum(last - first for first, last in json.loads(message)["streams"].values())


async def _ask_alive(sockets: list[ClientConnection]) -> None:
    while True:
        for socket in sockets:
            await asyncio.sleep(ASK_ALIVE_S / len(sockets))
            with contextlib.suppress(ConnectionClosed):  # who was dropped is counted at the end
                await socket.send(ASK_ALIVE)


def _say(what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(Clients(int(sys.argv[1]), json.loads(sys.stdin.readline())).run())
