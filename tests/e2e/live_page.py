"""A page of a test's own with our scripts, and the other end of its socket, which the test plays."""

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, WebSocketRoute

ORIGIN = "http://box.test"
STATIC = Path(__file__).parents[2] / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'"
)
LIMIT_MS = 30_000  # far more than it takes
LOOK_AGAIN_MS = 20


class Box:
    """The other end of the socket."""

    def __init__(self, page: Page, html: str) -> None:
        self.page = page
        self._html = html
        self.is_down = False
        self.sockets: list[WebSocketRoute] = []
        self.frames: list[dict[str, object]] = []
        self.asked_alive: list[int] = []  # each time, how many other frames had come before
        self.mark = 0
        page.route_web_socket(f"{ORIGIN.replace('http', 'ws')}/sub/live/", self._connected)
        page.route("**/*", self._serve)

    def _connected(self, socket: WebSocketRoute) -> None:
        if self.is_down:
            socket.close(code=1013)
            return
        self.sockets.append(socket)
        socket.on_message(self._heard)

    def _heard(self, message: str | bytes) -> None:
        frame = json.loads(message)
        if frame == {"resync": []}:
            self.asked_alive.append(len(self.frames))
            self.say(type="alive")
            return
        self.mark = frame.pop("mark", self.mark)
        self.frames.append(frame)

    def _serve(self, route: Route) -> None:
        name = route.request.url.removeprefix(f"{ORIGIN}/")
        if name.endswith((".js", ".css")):
            route.fulfill(path=STATIC / name, content_type="text/css" if name.endswith("css") else "text/javascript")
        elif not name:
            route.fulfill(body=self._html, content_type="text/html", headers={"Content-Security-Policy": POLICY})
        else:
            route.fulfill(status=204)

    def say(self, **message: object) -> None:
        self.sockets[-1].send(json.dumps(message))

    def cut(self) -> None:
        """End the connection; while it is down no new one holds."""
        self.sockets[-1].close(code=1011)

    def until(self, true: Callable[[], bool], what: str) -> None:
        for _ in range(LIMIT_MS // LOOK_AGAIN_MS):
            if true():
                return
            self.page.wait_for_timeout(LOOK_AGAIN_MS)  # lets the browser's events in
        raise AssertionError(f"{what}; heard {self.frames}")

    def answer(self, **numbers: int) -> None:
        """Say that all is answered that the page has asked."""
        self.say(
            type="watching", mark=self.mark, numbers={f"{epoch}/user-1": number for epoch, number in numbers.items()}
        )

    def hears(self, **frame: object) -> None:
        self.until(lambda: frame in self.frames, f"waited in vain for {frame}")
