"""How much anybody may send, and how slowly: decided before a byte of it is kept.

Django reads the whole body of a request, onto the disk if it is large, before any of its own checks. This stands in
front of it: what is too large or too slow is thrown away as it comes, and Django is asked for the page that says so.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, parse_cookie

from seedbox.web import errors

MAX_FORM_BYTES = 1_048_576  # as Django's own limit of a form without files
MAX_LENGTH_DIGITS = 18  # Python refuses to read numbers of thousands
MAX_ADD_BYTES = 100 * 1_048_576  # torrent files in one go; the proxies in README let as much pass
GRACE_S = 30.0  # a body may rest this long in all, beside the time that it takes at the slowest speed
SLOWEST_BYTES_PER_S = 8_192
DRAIN_S = 10.0  # a browser shows our answer only after it could send; then the connection is closed
ADD_PATH = "/torrents/add/"
FORM_TYPES = (b"", b"application/x-www-form-urlencoded", b"multipart/form-data")  # of all our forms
API_PATH = "/hub/"  # for programs, in JSON
JSON_TYPES = (b"", b"application/json")
REFUSAL = "seedbox.refusal"  # in the scope: why the body did not get through

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[[Scope, Receive, Any], Awaitable[None]]
EMPTY_BODY: Message = {"type": "http.request", "body": b"", "more_body": False}
_OF_THE_BODY = (b"content-length", b"content-type", b"transfer-encoding")


class BodyLimits:
    """An ASGI application around Django's that hands on bodies within the limits."""

    def __init__(self, application: Application, *, grace_s: float = GRACE_S, drain_s: float = DRAIN_S) -> None:
        self._application = application
        self._grace_s = grace_s
        self._drain_s = drain_s

    async def __call__(self, scope: Scope, receive: Receive, send: Any) -> None:
        """Hand the request on; Django gets a scope of our own, in which a refusal can be noted while it reads."""
        limit_bytes = await _limit_bytes(scope)
        scope = dict(scope)
        body = Body(scope, receive, limit_bytes=limit_bytes, grace_s=self._grace_s)
        if limit_bytes == 0:
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] not in _OF_THE_BODY]
            await body.drain(self._drain_s)
        elif _announced_bytes(scope) > limit_bytes:
            body.refuse("too large")
        elif scope["method"] == "POST" and _content_type(scope) not in (JSON_TYPES if _is_api(scope) else FORM_TYPES):
            body.refuse("of another type")
        if REFUSAL in scope:
            await body.drain(self._drain_s)
        await self._application(scope, body.receive, send)


class Body:
    """One request's body on its way to Django."""

    def __init__(self, scope: Scope, receive: Receive, *, limit_bytes: int, grace_s: float) -> None:
        self._scope = scope
        self._receive = receive
        self._limit_bytes = limit_bytes
        self._grace_s = grace_s
        self._received_bytes = 0
        self._began_s = asyncio.get_running_loop().time()
        self._is_complete = False  # nothing more of it will come
        self._is_cut = False  # Django shall see nothing more of it
        self._is_told = False  # that it is cut

    def refuse(self, reason: str) -> None:
        self._scope[REFUSAL] = reason
        self._is_cut = True

    async def receive(self) -> Message:
        """Return the next part; in place of one too many, or of one that does not come, the end."""
        if self._is_cut and not self._is_told:
            return self._tell_the_end()
        if self._is_complete or self._is_cut:
            return await self._until_the_client_leaves()
        due_s = self._began_s + self._grace_s + self._received_bytes / SLOWEST_BYTES_PER_S
        try:
            async with asyncio.timeout_at(due_s):
                message = await self._receive()
        except TimeoutError:
            self.refuse("too slow")
            return self._tell_the_end()
        self._received_bytes += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._received_bytes > self._limit_bytes:
            self.refuse("too large")
            await self.drain(DRAIN_S)
            return self._tell_the_end()
        return message

    async def drain(self, limit_s: float) -> None:
        """Throw away what still comes, for a while."""
        self._is_cut = True
        try:
            async with asyncio.timeout(limit_s):
                while not self._is_complete:
                    self._is_complete = not (await self._receive()).get("more_body", False)
        except TimeoutError:
            return

    def _tell_the_end(self) -> Message:
        self._is_told = True
        return EMPTY_BODY

    async def _until_the_client_leaves(self) -> Message:
        while (message := await self._receive())["type"] == "http.request":
            pass
        return message


def refused_bodies(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a request whose body did not get through, before anything looks at what is left of it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        reason = getattr(request, "scope", {}).get(REFUSAL)
        if reason is None:
            return get_response(request)
        refuse = errors.refused_body_of_api if request.path_info.startswith(API_PATH) else errors.refused_body
        return refuse(request, reason)

    return middleware


async def _limit_bytes(scope: Scope) -> int:
    """Return what this request may send: files from members only, from strangers to the add form nothing at all."""
    if _path(scope) != ADD_PATH:
        return MAX_FORM_BYTES
    return MAX_ADD_BYTES if await _is_signed_in(_header(scope, b"cookie").decode("latin-1")) else 0


@database_sync_to_async
def _is_signed_in(cookies: str) -> bool:
    request = HttpRequest()
    request.session = SessionStore(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME))
    try:
        return get_user(request).is_authenticated
    except DatabaseError:
        return False  # Django meets the same and has a page for it


def _path(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(settings.FORCE_SCRIPT_NAME or "")


def _is_api(scope: Scope) -> bool:
    return _path(scope).startswith(API_PATH)


def _announced_bytes(scope: Scope) -> int:
    text = _header(scope, b"content-length").decode("latin-1")
    return int(text[:MAX_LENGTH_DIGITS]) if text.isdecimal() else 0


def _content_type(scope: Scope) -> bytes:
    return _header(scope, b"content-type").partition(b";")[0].strip().lower()


def _header(scope: Scope, name: bytes) -> bytes:
    return next((bytes(value) for key, value in scope["headers"] if key == name), b"")
