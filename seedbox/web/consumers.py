"""The one live socket of a page: the browser says what is on its screen, the node's messages pass through as they are.

Hearing and sending are apart, so that a browser that reads slowly holds nothing up: what it can't take yet waits as one
merged message (`outgoing`). One that takes nothing at all for a while is given up.

A socket hears its user's group from the start and the group of a page (`detail-<id>`) while it watches it. Only a
user's own holdings are ever watched: that is asked of the database with every set, again at every third renewal, and at
once when a login or a role ends. What other apps let pages watch (`watchables`) is always the user's own.
"""

import asyncio
import contextlib
import itertools
import time
from functools import partial
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from redis import RedisError

from seedbox.domain.numerals import called
from seedbox.models import User
from seedbox.services import factors, moving, readers, snapshots, totals, watchables
from seedbox.services.encoding import encode
from seedbox.services.live import detail_group, user_group
from seedbox.services.logins import CHECK_LOGIN
from seedbox.services.watches import RENEWAL_S, WatchesUnknown, WatchWriter, shared_writer
from seedbox.web.frames import BadFrame, Frame, Names, parse_frame
from seedbox.web.kept_connection import database_sync_to_async
from seedbox.web.layer import LiveLayer
from seedbox.web.logins import has_expired
from seedbox.web.outgoing import Outgoing
from seedbox.web.rights import FACTOR_WANTED, SIGNED_OUT, Claim, LoginOver, rights
from seedbox.web.seats import Seats

BAD_FRAME = 4400
TOO_MANY_FRAMES = 4429
TOO_MANY_SOCKETS = 4430
TRY_LATER = 1013
GONE = 1006
NORMAL = 1000

STUCK_S = 30.0  # a message that a browser does not take: its line is dead, or it does not want to know
SILENT_S = 150.0  # a page asks every 20 s whether we live, a hidden one once a minute: this one sleeps

ASKS_ALIVE = Frame(watch=None, resync=Names())
ALIVE = encode({"type": "alive"})  # the answer to an empty resync, by which a browser finds out a dead connection
ANEW = encode({"type": "anew"})  # messages were dropped: how everything stands follows

FRAMES_AT_ONCE = 20
FRAMES_PER_S = 8.0  # live.js says at most four watches and four resyncs


class LiveConsumer(AsyncWebsocketConsumer):
    """Passes on what happens to the holdings that its browser shows."""

    renewal_s: float = RENEWAL_S
    renewals_per_check: int = 3  # of the login by the database, which with many pages costs more than all they are sent
    stuck_s: float = STUCK_S
    silent_s: float = SILENT_S
    writer: WatchWriter
    seats = Seats()
    channel_layer: LiveLayer
    channel_name = ""  # until the layer gives one

    def __init__(self) -> None:
        super().__init__()
        self._names = Names()
        self._moving = moving.Sum()
        self._outgoing = Outgoing()
        self._sending: asyncio.Task[None] | None = None
        self._is_given_up = asyncio.Event()
        self._frames_left = float(FRAMES_AT_ONCE)
        self._frame_at_s = time.monotonic()
        self._lock = asyncio.Lock()  # a frame and a renewal must not interleave: both change what is watched
        self._renewing: asyncio.Task[None] | None = None
        self._told: frozenset[str] = frozenset()  # kinds that have changed, but are not read yet
        self._reading: asyncio.Task[None] | None = None
        # Of streams, when we began to hear their group; the browser does not know them yet.
        self._numbers: dict[str, int] = {}
        self._joined: set[str] = set()  # groups
        self._breaks = 0  # of the layer, after which we began anew
        self._is_unsure = False  # whether something was missed since the last renewal
        self._seated_user_id: int | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket; without Redis or database it is closed, and the browser tries again later."""
        try:
            async with shared_writer(redis_url=settings.REDIS_URL) as self.writer:
                await super().__call__(scope, partial(self._hear, receive), send)
        except (RedisError, OSError, DatabaseError):
            with contextlib.suppress(Exception):  # it may be closed already
                await send({"type": "websocket.close", "code": TRY_LATER})
        finally:
            if self._seated_user_id is not None:
                self.seats.give_back(self._seated_user_id)
            for task in (self._renewing, self._reading, self._sending):
                if task is not None:
                    task.cancel()
            await self._leave_all()

    async def dispatch(self, message: Any) -> None:
        """Hear groups and the browser without Channels' look at database connections: its thread may be busy."""
        if message["type"] == "live.text":
            await self.live_text(message)
        elif message["type"] == "websocket.receive":
            await self.websocket_receive(message)
        else:
            await super().dispatch(message)

    async def connect(self) -> None:
        user = self.scope["user"]
        if user is None or not user.is_authenticated or has_expired(self.scope["session"], timezone.now()):
            await self.accept()  # a refused handshake would not tell the browser why
            await self.close(SIGNED_OUT)
            return
        if await database_sync_to_async(_must_set_up)(user):
            await self.accept()
            await self.close(FACTOR_WANTED)
            return
        self.user_id: int = user.pk
        readers.begin(readers.Manner(called(user.numerals), user.language))
        if not self.seats.take(self.user_id):
            await self.accept()
            await self.close(TOO_MANY_SOCKETS)
            return
        self._seated_user_id = self.user_id
        self._breaks = self.channel_layer.breaks
        await self._join(user_group(self.user_id))
        await self.accept()
        self._renewing = asyncio.create_task(self._renew_for_ever())
        self._sending = asyncio.create_task(self._send_for_ever())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._renewing is None or self._outgoing.closes_with is not None:
            return
        if not self._may_speak():
            self._outgoing.end(TOO_MANY_FRAMES)
            return
        try:
            frame = parse_frame(text_data or "")
        except BadFrame:
            self._outgoing.end(BAD_FRAME)
            return
        if frame == ASKS_ALIVE:  # waits for no slow database: the page would believe that its line is dead
            self._outgoing.put(ALIVE)
            return
        async with self._lock:
            try:
                await self._answer(frame)
            except LoginOver as over:
                self._shut(over)

    async def _answer(self, frame: Frame) -> None:
        """Do what a frame says; raises LoginOver."""
        numbers = {} if frame.watch is None else await self._watch(frame.watch, frame)
        if frame.resync == Names():
            self._outgoing.put(ALIVE)
        elif frame.resync is not None:
            await self._send_whole(self._names & frame.resync)
        if frame.mark is not None:
            self._outgoing.put(encode({"type": "watching", "mark": frame.mark, "numbers": numbers}))

    async def live_text(self, message: dict[str, str]) -> None:
        """Pass on a message of a group; some are orders to us."""
        if message["text"] == CHECK_LOGIN:
            if await self._renew_now(checks=True):
                self._read_soon(self._names.kinds)  # an admin's are not a member's
        elif (kind := watchables.kind_of_order(message["text"])) is not None:
            self._read_soon(self._names.kinds & {kind})
        elif moving.is_order(message["text"]):
            said = self._moving.hear(message["text"], time.monotonic())
            if totals.KIND in self._names.kinds:
                self._outgoing.put(said)
        else:
            self._outgoing.put(message["text"])

    def _may_speak(self) -> bool:
        now_s = time.monotonic()
        self._frames_left = min(FRAMES_AT_ONCE, self._frames_left + (now_s - self._frame_at_s) * FRAMES_PER_S)
        self._frame_at_s = now_s
        self._frames_left -= 1
        return self._frames_left >= 0

    async def _watch(self, wanted: Names, frame: Frame) -> dict[str, int]:
        """Replace what is watched: listen first, then send how the new ones stand, so that nothing falls between.

        A page that comes back is sent what it missed, if that is known. Return the numbers from which a page that asks
        for a mark counts the streams that it hears from now on: as they were when it began to.
        """
        before = self._names
        own = await database_sync_to_async(snapshots.own_ids)(user_id=self.user_id, holding_ids=wanted.rows)
        await self._listen(wanted & Names(own, own, wanted.kinds))
        if watchables.are_for_admins(wanted.kinds):
            await self._check()
        numbers, self._numbers = (self._numbers, {}) if frame.mark is not None else ({}, self._numbers)
        if frame.since is None:
            await self._send_whole(self._names - before)
        elif (missed := await self._missed(frame.since)) is not None:
            for text in missed:
                self._outgoing.put(text)
        else:
            self._outgoing.put(ANEW)
            await self._send_whole(self._names)
        return numbers

    def _groups(self) -> list[str]:
        return [user_group(self.user_id), *map(detail_group, self._names.details)]

    async def _join(self, group: str) -> None:
        """Hear a group from now on, from the numbers that it has now: a later one could be of what is on its way."""
        with contextlib.suppress(RedisError, OSError):  # a page that knows none asks for everything after a break
            self._numbers |= await self.writer.backlog.numbers([group])
        self._joined.add(group)  # before: it may be half done when Redis fails
        await self.channel_layer.group_add(group, self.channel_name)

    async def _leave(self, group: str) -> None:
        await self.channel_layer.group_discard(group, self.channel_name)
        self._joined.discard(group)

    async def _leave_all(self) -> None:
        """Let the layer keep nothing of this socket, however it ended."""
        for group in tuple(self._joined):
            await self._leave(group)
        if self.channel_name:
            await self.channel_layer.forget(self.channel_name)

    async def _missed(self, since: dict[str, int]) -> list[str] | None:
        """Return all that the page does not know yet; None if it must begin anew.

        While nobody watched a name, nobody said how it changed: numbers tell nothing then. What is watched as a kind
        has no numbers, and is read.
        """
        try:
            if not await self.writer.renew(self._texts(self._names), asked=False):
                return None
            missed = await self.writer.backlog.missed(self._groups(), since)
        except (WatchesUnknown, RedisError, OSError):
            return None
        return None if missed is None else missed + await self._read_kinds(self._names.kinds)

    async def _listen(self, names: Names) -> None:
        before, self._names = self._names, names
        for holding_id in before.details - names.details:
            await self._leave(detail_group(holding_id))
        for holding_id in names.details - before.details:
            await self._join(detail_group(holding_id))

    async def _send_whole(self, names: Names) -> None:
        """Send rows and pages from the database, and ask the node to send all of them once more with its own figures.

        The node's word comes after ours: messages of groups wait until this frame is done.
        """
        if names == Names():
            return
        with contextlib.suppress(WatchesUnknown):  # the next renewal tries again
            await self.writer.renew(self._texts(names), asked=True)
        self._outgoing.put_whole(await self._read_whole(names))

    async def _read_whole(self, names: Names) -> list[str]:
        texts = await self._read_kinds(names.kinds)
        if names.rows:
            read = database_sync_to_async(snapshots.messages)
            texts += await read(user_id=self.user_id, row_ids=names.rows, page_ids=names.details)
        return texts

    def _read_soon(self, kinds: frozenset[str]) -> None:
        """Read and send kinds that have changed: once, however often we are told so while another read goes on."""
        self._told |= kinds
        if self._told and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read_told())

    async def _read_told(self) -> None:
        try:
            while self._told:
                async with self._lock:
                    # Taken out before they are read: what changes meanwhile is read again.
                    kinds, self._told = self._told & self._names.kinds, frozenset()
                    for text in await self._read_kinds(kinds):
                        self._outgoing.put(text)
        except (RedisError, OSError, DatabaseError):
            self._outgoing.end(TRY_LATER)

    async def _read_kinds(self, kinds: frozenset[str]) -> list[str]:
        if not kinds:
            return []
        return await database_sync_to_async(watchables.read)(kinds, user_id=self.user_id)

    async def _send_for_ever(self) -> None:
        """Send what is outgoing, one message at a time, until the end."""
        with contextlib.suppress(TimeoutError):
            while True:
                await self._outgoing.something()
                while (text := self._outgoing.take()) is not None:
                    async with asyncio.timeout(self.stuck_s):
                        await self.send(text_data=text)
                if self._outgoing.closes_with is not None:
                    break
                if self._outgoing.is_overrun:
                    await self._start_anew()
            async with asyncio.timeout(self.stuck_s):
                await self.close(self._outgoing.closes_with)
            await asyncio.sleep(self.stuck_s)  # until it answers, which nobody does at the end of a dead line
        self._is_given_up.set()

    async def _start_anew(self) -> None:
        """Send how everything stands to a browser that was too slow and missed messages."""
        self.seats.begun_anew += 1
        async with self._lock:
            try:
                texts = await self._read_whole(self._names)
                self._outgoing.begin_anew()
                self._outgoing.put_whole((ANEW, *texts))
                # Asked last: what a node says while we read is dropped, and it says it again.
                await self.writer.renew(self._texts(self._names), asked=True)
            except (WatchesUnknown, RedisError, OSError, DatabaseError):
                self._outgoing.end(TRY_LATER)

    async def _hear(self, receive: Any) -> Any:
        """Return what the web server says next; of a browser that was given up, that it is gone."""
        said = asyncio.ensure_future(receive())
        given_up = asyncio.ensure_future(self._is_given_up.wait())
        try:
            await asyncio.wait({said, given_up}, return_when=asyncio.FIRST_COMPLETED)
            return said.result() if said.done() else {"type": "websocket.disconnect", "code": GONE}
        finally:
            said.cancel()
            given_up.cancel()

    async def _renew_for_ever(self) -> None:
        for number in itertools.count(1):
            await asyncio.sleep(self.renewal_s)
            if time.monotonic() - self._frame_at_s > self.silent_s:
                self._outgoing.end(NORMAL)
                return
            if not await self._renew_now(checks=number % self.renewals_per_check == 0):
                return

    async def _renew_now(self, *, checks: bool) -> bool:
        """Renew, or close the socket and say no."""
        async with self._lock:
            try:
                if checks:
                    await self._check()
                await self._renew()
            except LoginOver as over:
                self._shut(over)
            except (RedisError, OSError, DatabaseError):
                self._outgoing.end(TRY_LATER)
            else:
                return True
        return False

    def _shut(self, over: LoginOver) -> None:
        # The web server holds a close back until the browser's next frame: our own word makes it leave at once.
        self._outgoing.end(over.code, encode({"type": "shut", "code": over.code}))

    async def _check(self) -> None:
        """Raise LoginOver if the page is not for this user any more; watch only what the user still holds."""
        session_key = self.scope["session"].session_key
        is_for_admins = watchables.are_for_admins(self._names.kinds)
        own = await rights().answer(Claim(session_key, self.user_id, self._names.rows, is_for_admins))
        await self._listen(self._names & Names(own, own, self._names.kinds))

    async def _renew(self) -> None:
        """Keep watched what is watched.

        While Redis is dead, or has forgotten us, messages are missed: then the database's word is sent instead, and
        once more when Redis answers again. After a break of what we hear, also lists and numbers are out of date.
        """
        breaks, was_unsure = self.channel_layer.breaks, self._is_unsure
        is_known = await self._keep_watched(asked=False)
        if (text := self._moving.forget_silent(time.monotonic())) and totals.KIND in self._names.kinds:
            self._outgoing.put(text)
        if breaks != self._breaks:
            self._breaks = breaks
            self._outgoing.put(ANEW)
        elif is_known and not was_unsure:
            return
        self._outgoing.put_whole(await self._read_whole(self._names))
        # Asked last: what a node says while we read would be overwritten by what the database knew before.
        self._is_unsure = not await self._keep_watched(asked=True) or is_known is None

    async def _keep_watched(self, *, asked: bool) -> bool | None:
        """Return whether Redis knew all that we watch; None if it does not answer."""
        try:
            return await self.writer.renew(self._texts(self._names), asked=asked)
        except WatchesUnknown:
            return None

    def _texts(self, names: Names) -> list[str]:
        kinds = (watchables.watched_name(kind, self.user_id) for kind in names.kinds)
        return [*(f"holding-{pk}" for pk in names.rows), *(f"detail-{pk}" for pk in names.details), *kinds]


def _must_set_up(user: object) -> bool:
    return isinstance(user, User) and factors.must_set_up(user)
