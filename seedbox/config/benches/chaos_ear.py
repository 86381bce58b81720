"""A browser that is always open while processes are killed: it connects again as a page's script does, and hears."""

import contextlib
import json
import threading
import time
from collections.abc import Collection

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

CONNECT_AGAIN_S = 0.4  # the script's first pause; it grows there, up to half a minute
LISTEN_S = 0.2
OPEN_S = 3.0
ASK_ALIVE_S = 20.0  # as the script does: who says nothing for long is given up


class Ear:
    """Listens in a thread of its own while the context lasts."""

    def __init__(self, *, url: str, cookie: str) -> None:
        self.messages = 0  # of the node, by way of Redis and web
        self.connections = 0
        self._url = f"ws{url.removeprefix('http')}/live/"
        self._origin = Origin(url)
        self._cookie = cookie
        self._wanted: tuple[str, ...] = ()
        self._heard_at_s = 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Ear":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def watch(self, holding_ids: Collection[int]) -> None:
        self._wanted = tuple(f"holding-{holding_id}" for holding_id in sorted(holding_ids))

    def has_heard_since(self, moment_s: float) -> bool:
        return self._heard_at_s > moment_s

    def _run(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(WebSocketException, OSError):
                headers = {"Cookie": self._cookie}
                with connect(
                    self._url, additional_headers=headers, origin=self._origin, open_timeout=OPEN_S, close_timeout=1
                ) as page:
                    self.connections += 1
                    self._listen(page)
            self._ending.wait(CONNECT_AGAIN_S)

    def _listen(self, page: ClientConnection) -> None:
        told: tuple[str, ...] = ()
        asked_s = time.monotonic()
        while not self._ending.is_set():
            if time.monotonic() - asked_s > ASK_ALIVE_S:
                asked_s = time.monotonic()
                page.send(json.dumps({"resync": []}))
            if told != self._wanted:
                told = self._wanted
                page.send(json.dumps({"watch": told}))
            with contextlib.suppress(TimeoutError):
                message = json.loads(page.recv(LISTEN_S))
                if "stream" in message:  # the others come from web alone
                    self._heard_at_s = time.monotonic()
                    self.messages += 1
