"""One connection after the handshake: what is said waits in a line of bounded length, what is heard is handed on."""

import asyncio
import ipaddress
import logging
from collections import deque
from dataclasses import dataclass
from typing import NoReturn

from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from seedbox.domain.lanes import place_of
from speed.domain.frames import BadFrame
from speed.domain.messages import Auth, Bye, Error, ErrorCode, Hello, Message, Unknown, encode, parse, readable
from speed.domain.pace import Bucket
from speed.wire.port import Hearer
from speed.wire.sockets import endpoint_of
from speed.wire.websocket import CLOSE_S, Strict

MAX_WAITING_BYTES = 256 * 1024  # that were said and not sent: a thousand quotes
SAY_PER_S = 40  # a little less than others take of us
SAY_AT_ONCE = 150

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Peer:
    """What a handshake has shown."""

    key: bytes
    hubs: frozenset[bytes]
    data_ports: tuple[int, ...]
    callee_nonce: bytes
    is_ours: bool  # we have called


class WireLink:
    """See `port.Link`. `live` is its life."""

    def __init__(self, connection: Strict, peer: Peer) -> None:
        host, port = connection.address
        ip = ipaddress.ip_address(host.partition("%")[0])
        self.address = str(getattr(ip, "ipv4_mapped", None) or ip)
        self.place = place_of(self.address)
        self.endpoint = endpoint_of(self.address, port)
        self.peer_key = peer.key
        self.hubs = peer.hubs
        self.data_ports = peer.data_ports
        self.callee_nonce = peer.callee_nonce
        self.is_ours = peer.is_ours
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._line: deque[str] = deque()
        self._waiting_bytes = 0
        self._may_say = asyncio.Event()
        self._said_all = asyncio.Event()
        self._said_all.set()
        self._pace = Bucket(per_s=SAY_PER_S, burst=SAY_AT_ONCE, now_s=self._loop.time())
        self._said_bye = False
        self._heard_bye = False
        self._last_call: asyncio.TimerHandle | None = None  # after a bye
        self._is_over = False
        self._is_deaf = False
        self._is_gone = False
        self._reason = ""

    def send(self, message: Message) -> None:
        if self._is_gone:
            return
        try:
            text = encode(message)
        except BadFrame:
            logger.exception("a message of ours could not be written")
            return
        self._line.append(text)
        self._waiting_bytes += len(text)
        self._said_all.clear()
        self._may_say.set()
        if isinstance(message, Bye):
            self._said_bye = True
            self._part()
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self._drop("it takes too little of what we say")

    def close(self, reason: str) -> None:
        if not self._said_bye:
            self._reason = self._reason or reason
            self.send(Bye(readable(reason)))

    async def live(self, hearer: Hearer) -> str:
        """Tell all that is heard, and return why there is no more."""
        saying = self._loop.create_task(self._say())
        try:
            await self._hear(hearer)
        except ConnectionClosed as end:
            return self._reason or _why(end)
        finally:
            self._is_gone = True
            saying.cancel()
            if self._last_call is not None:
                self._last_call.cancel()
            self._connection.transport.abort()

    async def end(self) -> None:
        """Send what was said if it is taken at once, and close without a word."""
        self._reason = self._reason or "the market was closed here"
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._said_all.wait()
        except TimeoutError:
            pass  # who takes nothing misses it
        self._is_gone = True
        await self._connection.end(CloseCode.GOING_AWAY)

    async def _hear(self, hearer: Hearer) -> NoReturn:
        while True:
            frame = await self._connection.recv()
            if self._is_deaf:
                continue
            if not isinstance(frame, str):
                self._refuse("A frame is text.")
                continue
            try:
                message = parse(frame)
            except BadFrame as problem:
                self._refuse(str(problem))
            else:
                self._take(message, hearer)

    def _take(self, message: Message, hearer: Hearer) -> None:
        match message:
            case Unknown():
                self.send(Error(ErrorCode.UNKNOWN_TYPE, "Messages of this type are not known here."))
            case Hello() | Auth():
                self.send(Error(ErrorCode.UNEXPECTED, "Who you are was settled before."))
            case Bye(reason=reason):
                self._reason = self._reason or f"the other side said bye: {reason}"
                self._heard_bye = True
                hearer.heard(self, message)
                self._part()
            case _:
                hearer.heard(self, message)

    def _refuse(self, text: str) -> None:
        """Hang up. What came behind it is not heard: `recv` gives it before it tells of the end."""
        self._reason = text
        self._is_deaf = True
        self._connection.refuse(None, text)

    def _part(self) -> None:
        """One of us has said bye: give last words their time, or end it if both have."""
        self._may_say.set()
        if self._last_call is None:
            self._last_call = self._loop.call_later(self._connection.times.last_words_s, self._end_talk)

    def _end_talk(self) -> None:
        self._is_over = True
        self._may_say.set()
        self._last_call = self._loop.call_later(CLOSE_S, self._connection.transport.abort)

    def _drop(self, reason: str) -> None:
        self._reason = reason
        self._is_gone = True
        self._connection.transport.abort()

    async def _say(self) -> None:
        try:
            while True:
                await self._may_say.wait()
                self._may_say.clear()
                while self._line:
                    await self._say_next()
                self._said_all.set()
                if self._is_over or (self._said_bye and self._heard_bye):
                    await self._connection.end()
        except ConnectionClosed:
            return  # `live` learns of it by itself

    async def _say_next(self) -> None:
        if (wait_s := self._pace.wait_s(self._loop.time())) > 0:
            await asyncio.sleep(wait_s)
        self._pace.take(self._loop.time())
        text = self._line.popleft()
        await self._connection.send(text)
        self._waiting_bytes -= len(text)


def _why(end: ConnectionClosed) -> str:
    if end.rcvd is not None and end.rcvd_then_sent is not False:
        return readable(f"the other side has closed it: {end.rcvd}")
    return "it was lost" if end.sent is None else f"it was closed here: {end.sent}"
