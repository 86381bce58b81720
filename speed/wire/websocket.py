"""The library `websockets`, made strict: what it lets through are whole text frames of a bounded size and number.

Whatever breaks a rule ends the connection with 1008, and whoever does not let himself be ended is dropped. Called
connections are counted from the first packet on, so that half a handshake takes a seat as a whole one does.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidState
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request, Response
from websockets.protocol import SEND_EOF, State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from speed.domain import handshake
from speed.domain.frames import MAX_FRAME_BYTES
from speed.domain.messages import Error, ErrorCode, encode
from speed.domain.pace import Bucket
from speed.wire.port import LAST_WORDS_S

PATH = "/speed/1"
SUBPROTOCOL = Subprotocol("btt-speed.1")
CLOSE_S = 1.0  # for the other side to agree that a connection has ended
FRAMES_PER_S = 50  # of every kind: pings and pieces of messages cost as much as messages
FRAMES_AT_ONCE = 200
SLICE_BYTES = 4 * 1024  # taken in at once: 2,000 empty frames at most before somebody counts them
MAX_REASON_BYTES = 123  # of a close frame, says RFC 6455

_QUIET = logging.getLogger(f"{__name__}.library")  # it would write a traceback for each stranger who knocks wrongly
_QUIET.addFilter(lambda _record: False)  # to switch it off would last until somebody sets logging up again


@dataclass(frozen=True)
class Times:
    """How long is waited for others."""

    open_s: float = handshake.TIME_OUT_S  # for a handshake, all of it
    ping_s: float = 20.0  # between two pings, and for the answer to one
    stuck_s: float = 20.0  # for who takes nothing: his pings are no proof of the contrary
    last_words_s: float = LAST_WORDS_S


USUAL = Times()


def _ways(times: Times) -> dict[str, Any]:
    return {
        "compression": None,
        "subprotocols": [SUBPROTOCOL],
        "max_size": MAX_FRAME_BYTES,
        "max_queue": 16,
        "open_timeout": times.open_s,
        "ping_interval": times.ping_s,
        "ping_timeout": times.ping_s,
        "close_timeout": CLOSE_S,
        "logger": _QUIET,
    }


class _CalledProtocol(ServerProtocol):
    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        super().fail(_strict(code), reason)


class _CallingProtocol(ClientProtocol):
    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        super().fail(_strict(code), reason)


def _strict(code: CloseCode | int) -> CloseCode | int:
    """Return 1008 for every way to break the rules: the library knows a code for each."""
    return code if code in (CloseCode.ABNORMAL_CLOSURE, CloseCode.INTERNAL_ERROR) else CloseCode.POLICY_VIOLATION


class Strict(Connection):
    """What both ends have in common: frames are counted, and a failed connection does not linger."""

    def __init__(self, *args: Any, times: Times, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.times = times
        self.began_at_s = self.loop.time()
        self._bucket = Bucket(per_s=FRAMES_PER_S, burst=FRAMES_AT_ONCE, now_s=self.began_at_s)
        self._is_ending = False
        self._stuck: asyncio.TimerHandle | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Return the IP address and port of the other side; ("", 0) if it was gone before it was asked."""
        name = self.transport.get_extra_info("peername")
        return (name[0], name[1]) if name else ("", 0)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + SLICE_BYTES])
        if self.protocol.close_expected():
            self._drop_soon()

    def send_data(self) -> None:
        """Write all that waits at once: a hundred answers to who is gone would be a hundred warnings in our log."""
        pieces = self.protocol.data_to_send()
        if not pieces or self.transport.is_closing():
            return
        self.transport.write(b"".join(pieces))
        if pieces[-1] == SEND_EOF:
            with contextlib.suppress(OSError, RuntimeError):  # it may be gone by now
                self.transport.write_eof()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(self.times.stuck_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._let_flow()

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_flow()
        super().connection_lost(exc)

    def _let_flow(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def process_event(self, event: Any) -> None:
        if not isinstance(event, Frame) or self._bucket.take(self.loop.time()):
            super().process_event(event)
        else:
            self.refuse(ErrorCode.TOO_MANY, f"At most {FRAMES_PER_S} frames a second, {FRAMES_AT_ONCE} at once.")

    def refuse(self, code: ErrorCode | None, text: str) -> None:
        """End the connection with 1008, behind an error if there is a code for it. Nothing is read any more."""
        if self.protocol.state is not State.OPEN:
            return
        try:
            if code is not None:
                self.protocol.send_text(encode(Error(code, text)).encode())
            self.protocol.fail(CloseCode.POLICY_VIOLATION, _short(text))
            self.send_data()
        except (OSError, RuntimeError, InvalidState):
            self.transport.abort()
        self._drop_soon()

    async def end(self, code: CloseCode = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close in good order, or within CLOSE_S without."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.close(code, _short(reason))
        except (TimeoutError, ConnectionClosed):
            pass  # what follows is all that is left to do
        self.transport.abort()

    def _drop_soon(self) -> None:
        if not self._is_ending:
            self._is_ending = True
            self.loop.call_later(CLOSE_S, self.transport.abort)


class Called(Strict, ServerConnection):
    """A connection that somebody made with us."""

    def __init__(self, *args: Any, enter: "Callable[[Called], bool]", leave: "Callable[[Called], None]", **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._enter = enter
        self._leave = leave
        self._is_in = False
        self.place = ""  # of whoever has called, once he is in

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._is_in = self._enter(self)
        if not self._is_in:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._is_in:
            self._leave(self)


class Calling(Strict, ClientConnection):
    """A connection that we have made."""


class _Call(connect):
    def process_redirect(self, exc: Exception) -> Exception:
        return exc  # nobody sends us elsewhere


def listen_at(
    host: str,
    port: int,
    *,
    answer: Callable[[ServerConnection], Awaitable[None]],
    enter: Callable[[Called], bool],
    leave: Callable[[Called], None],
    times: Times = USUAL,
) -> Server:
    """Return a server, to be awaited. Who calls must `enter` with the first packet, and is told to `leave` at last."""

    def make(_protocol: ServerProtocol, server: Server, **kwargs: Any) -> Called:
        protocol = _CalledProtocol(
            origins=[None], subprotocols=[SUBPROTOCOL], max_size=MAX_FRAME_BYTES, logger=_QUIET
        )  # an Origin is sent by browsers, which have no business here
        return Called(protocol, server, enter=enter, leave=leave, times=times, **kwargs)

    return serve(
        answer,
        host,
        port,
        process_request=_only_our_path,
        server_header=None,
        create_connection=make,  # type: ignore[arg-type]  # a factory does as well as a class
        **_ways(times),
    )


async def call(sock: socket.socket, authority: str, *, times: Times = USUAL) -> Calling:
    """Return a WebSocket on a connected socket, which is closed if there is none.

    Raises OSError, EOFError, TimeoutError, InvalidHandshake for who does not speak our language.
    """

    def make(protocol: ClientProtocol, **kwargs: Any) -> Calling:
        made = _CallingProtocol(protocol.uri, subprotocols=[SUBPROTOCOL], max_size=MAX_FRAME_BYTES, logger=_QUIET)
        return Calling(made, times=times, **kwargs)

    connection = await _Call(
        f"ws://{authority}{PATH}",
        sock=sock,
        proxy=None,
        user_agent_header=None,
        create_connection=make,  # type: ignore[arg-type]  # a factory does as well as a class
        **_ways(times),
    )
    assert isinstance(connection, Calling)
    if connection.subprotocol != SUBPROTOCOL:
        await connection.end(CloseCode.POLICY_VIOLATION)
        raise InvalidHandshake("no common subprotocol")
    return connection


def _only_our_path(connection: ServerConnection, request: Request) -> Response | None:
    return None if request.path == PATH else connection.respond(404, "Nothing is here.\n")


def _short(reason: str) -> str:
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
