"""A browser's end of the live socket, without a server in between (channels.testing would want daphne)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client

from seedbox.config.asgi import application
from seedbox.models import User

HEAR_LIMIT_S = 20.0
QUIET_S = 0.3  # several times what a message takes

Message = dict[str, Any]


class Browser:
    """One open page's socket, as the ASGI server sees it."""

    def __init__(self, *headers: tuple[bytes, bytes], takes: int = 0) -> None:
        """`takes`: so many messages on their way are as much as its line holds; 0 is no limit."""
        scope = {"type": "websocket", "path": "/live/", "query_string": b"", "headers": headers, "subprotocols": []}
        self._line = asyncio.Semaphore(takes) if takes else None
        self._asgi: Any = ApplicationCommunicator(self._application, scope)  # type: ignore[no-untyped-call]  # of asgiref

    async def connects(self) -> bool:
        await self._asgi.send_input({"type": "websocket.connect"})
        return bool((await self._output())["type"] == "websocket.accept")

    async def say(self, **frame: object) -> None:
        await self.send(text=json.dumps(frame))

    async def send(self, **content: str | bytes) -> None:
        await self._asgi.send_input({"type": "websocket.receive", **content})

    async def hear(self) -> Message:
        return dict(json.loads((await self._output())["text"]))

    async def hears_nothing(self) -> bool:
        return bool(await self._asgi.receive_nothing(timeout=QUIET_S))

    async def close_code(self) -> int:
        while (output := await self._output())["type"] != "websocket.close":
            pass
        return int(output["code"])

    async def is_given_up(self) -> None:
        """Return when the server's side has ended, though we said nothing."""
        await asyncio.wait_for(self._asgi.future, HEAR_LIMIT_S)

    async def leave(self) -> None:
        await self._asgi.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._asgi.wait(timeout=HEAR_LIMIT_S)

    async def _output(self) -> Message:
        output = await self._asgi.receive_output(timeout=HEAR_LIMIT_S)
        if self._line:
            self._line.release()
        return dict(output)

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_as_the_line_allows(message: Any) -> None:
            if self._line:
                await self._line.acquire()
            await send(message)

        await application(scope, receive, send_as_the_line_allows)


@asynccontextmanager
async def browser_of(user: User | None, *, client: Client | None = None, takes: int = 0) -> AsyncIterator[Browser]:
    client = client or Client()
    if user is not None:
        await client.aforce_login(user)
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    browser = Browser((b"origin", settings.PUBLIC_ORIGIN.encode()), (b"cookie", cookie.encode()), takes=takes)
    assert await browser.connects()
    yield browser
    await browser.leave()
