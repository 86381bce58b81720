"""The socket routes of the seedbox app, and whose pages may open them."""

from typing import Any

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.db import DatabaseError
from django.urls import URLPattern, path

from seedbox.web.consumers import TRY_LATER, LiveConsumer

# Proxies differ in whether they cut the sub-path off; Django strips it from pages itself, Channels does not.
_prefixes = {"", f"{settings.FORCE_SCRIPT_NAME or ''}/".lstrip("/")}

socket_urls: list[URLPattern] = [
    path(f"{prefix}live/", LiveConsumer.as_asgi())  # type: ignore[arg-type]  # a route to a consumer, as Channels has it
    for prefix in sorted(_prefixes)
]


class TryLater:
    """Closes a socket whose login can't be read for want of a database, so that its browser tries again later."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._inner(scope, receive, send)
        except DatabaseError:
            await receive()  # its wish to connect: the consumer, which would have taken it, was never reached
            await send({"type": "websocket.accept"})  # a refused handshake would not tell the browser why
            await send({"type": "websocket.close", "code": TRY_LATER})


class OwnPages(OriginValidator):
    """Lets sockets of our own pages through; an Origin that is no address is nobody's, where Channels would fail."""

    def valid_origin(self, parsed_origin: Any) -> bool:
        try:
            return bool(super().valid_origin(parsed_origin))
        except ValueError:
            return False
