"""The Speed/1 door over WebSockets: it listens, calls, shakes hands, and lets nobody take more than a share of it."""

import asyncio
import logging
import os
from collections.abc import Sequence
from typing import TypeVar

from websockets.asyncio.server import Server, ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from seedbox.domain.lanes import place_of
from speed.domain.dialling import Tries
from speed.domain.frames import BadFrame
from speed.domain.handshake import Refused, Role, check_auth, check_hello, hello, sign_auth
from speed.domain.messages import MAX_PORTS, Auth, Error, ErrorCode, Hello, encode, parse, readable
from speed.domain.pace import Seats
from speed.wire.link import Peer, WireLink
from speed.wire.port import DialFailed, Hearer, Identity
from speed.wire.sockets import canonical, connected, endpoint_of, host_and_port
from speed.wire.websocket import USUAL, Called, Calling, Strict, Times, call, listen_at

MAX_OF_KEY = 4
MAX_OF_PLACE = 16
MAX_CALLERS = 500  # together, those included who have not said who they are
NONCE_BYTES = 16
M = TypeVar("M", Hello, Auth)

logger = logging.getLogger(__name__)


class WebSocketDoor:
    """See `port.Door`. `tries` outlive it if they are handed in: they hold for all doors of a node."""

    def __init__(self, identity: Identity, hearer: Hearer, *, tries: Tries | None = None, times: Times = USUAL) -> None:
        self._identity = identity
        self._hearer = hearer
        self._tries = tries or Tries()
        self._times = times
        self._listening: list[Server] = []
        self._servers: list[Server] = []  # those too that listen no more
        self._places = Seats(each=MAX_OF_PLACE, together=MAX_CALLERS)
        self._keys = Seats(each=MAX_OF_KEY, together=2 * MAX_CALLERS)
        self._callers: set[Called] = set()
        self._links: set[WireLink] = set()
        self._lives: set[asyncio.Task[None]] = set()
        self._is_closed = False

    # --- listening

    async def serve(self, listen: Sequence[str]) -> tuple[str, ...]:
        try:
            for place in listen:
                host, port = host_and_port(place)
                server = await listen_at(
                    host, port, answer=self._answer, enter=self._enter, leave=self._leave, times=self._times
                )
                self._listening.append(server)
                self._servers.append(server)
        except OSError:
            await self.stop_serving()
            raise
        return tuple(endpoint_of(*server.sockets[0].getsockname()[:2]) for server in self._listening)

    async def stop_serving(self) -> None:
        for server in self._listening:
            server.close(close_connections=False)
        self._listening = []

    def _enter(self, caller: Called) -> bool:
        host, _ = caller.address
        place = place_of(host) if host else ""
        if not place or self._is_closed or not self._places.take(place):
            return False
        caller.place = place
        self._callers.add(caller)
        return True

    def _leave(self, caller: Called) -> None:
        self._callers.discard(caller)
        self._places.give_back(caller.place)

    async def _answer(self, caller: ServerConnection) -> None:
        """Shake hands with who has called, and live with him until it is over."""
        assert isinstance(caller, Called)
        try:
            async with asyncio.timeout_at(caller.began_at_s + self._times.open_s):
                peer = await self._shake_hands(caller, Role.CALLEE)
        except (Refused, BadFrame, DialFailed, TimeoutError, ConnectionClosed):
            return  # he was told why, if there was something to tell; the library hangs up
        link = WireLink(caller, peer)
        self._begin(link)
        await asyncio.wait((self._life_of(link),))

    # --- calling

    async def dial(self, endpoint: str, *, interface: str = "", is_market: bool = False) -> WireLink:
        endpoint = canonical(endpoint)
        now_s = asyncio.get_running_loop().time()
        if (wait_s := self._tries.wait_s(endpoint, now_s)) > 0:
            raise DialFailed(f"{endpoint} was called a moment ago.", wait_s=wait_s)
        self._tries.call(endpoint, now_s, is_market=is_market)
        try:
            async with asyncio.timeout_at(now_s + self._times.open_s):
                connection, peer = await self._call(endpoint, interface)
        except TimeoutError:
            raise DialFailed(f"{endpoint} does not answer.") from None
        self._tries.answered(endpoint)
        link = WireLink(connection, peer)
        self._begin(link)
        self._life_of(link)
        return link

    async def _call(self, endpoint: str, interface: str) -> tuple[Calling, Peer]:
        try:
            connection = await call(await connected(endpoint, interface=interface), endpoint, times=self._times)
        except (OSError, EOFError, InvalidHandshake) as problem:
            if isinstance(problem, TimeoutError):
                raise
            raise DialFailed(readable(f"{endpoint} is no market ({problem}).")) from None
        try:
            return connection, await self._shake_hands(connection, Role.CALLER)
        except (Refused, BadFrame, ConnectionClosed) as problem:
            raise DialFailed(readable(f"{endpoint} and we have nothing to trade: {problem}")) from None
        except BaseException:
            connection.transport.abort()
            raise

    # --- both

    async def _shake_hands(self, connection: Strict, role: Role) -> Peer:
        """Return who is at the other end. Raises what ended it, which the other end has been told."""
        who = self._identity
        ours = hello(key=who.public_key, nonce=os.urandom(NONCE_BYTES), hubs=who.hubs, ports=who.data_ports[:MAX_PORTS])
        try:
            await connection.send(encode(ours))
            theirs = await _hear(connection, Hello)
            hubs = check_hello(ours=ours, theirs=theirs)
            await connection.send(encode(sign_auth(who.private_key, role=role, ours=ours, theirs=theirs)))
            check_auth(await _hear(connection, Auth), role=role, ours=ours, theirs=theirs)
            self._take_seat(theirs.key)
        except Refused as refused:
            connection.refuse(refused.code, str(refused))
            raise
        except BadFrame as problem:
            connection.refuse(None, str(problem))
            raise
        return Peer(
            key=theirs.key,
            hubs=frozenset(hubs),
            data_ports=theirs.ports,
            callee_nonce=(ours if role is Role.CALLEE else theirs).nonce,
            is_ours=role is Role.CALLER,
        )

    def _take_seat(self, key: bytes) -> None:
        if self._is_closed or not self._keys.take(key):
            raise Refused(ErrorCode.TOO_MANY, f"A key has {MAX_OF_KEY} connections here at most.")

    def _begin(self, link: WireLink) -> None:
        self._links.add(link)
        self._hearer.linked(link)

    def _life_of(self, link: WireLink) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._live(link))
        self._lives.add(task)
        task.add_done_callback(self._lives.discard)
        return task

    async def _live(self, link: WireLink) -> None:
        began_at_s = asyncio.get_running_loop().time()
        reason = "it ended by a mistake of ours"
        try:
            reason = await link.live(self._hearer)
        except Exception:
            logger.exception("a connection of the market met a mistake of ours")
        finally:
            self._links.discard(link)
            self._keys.give_back(link.peer_key)
            if link.is_ours:
                self._tries.lost(link.endpoint, lasted_s=asyncio.get_running_loop().time() - began_at_s)
            self._hearer.unlinked(link, reason)

    async def close(self) -> None:
        self._is_closed = True
        await self.stop_serving()
        await asyncio.gather(*(link.end() for link in self._links))
        for caller in list(self._callers):
            caller.transport.abort()  # half a handshake
        if self._lives:
            await asyncio.wait(self._lives)
        await asyncio.gather(*(server.wait_closed() for server in self._servers))


async def _hear(connection: Strict, kind: type[M]) -> M:
    """Return the next message, which has to be of that kind."""
    frame = await connection.recv()
    if not isinstance(frame, str):
        raise BadFrame("A frame is text.")
    message = parse(frame)
    if isinstance(message, Error):
        raise DialFailed(f"The other side says: {message.text}")
    if not isinstance(message, kind):
        raise Refused(ErrorCode.UNEXPECTED, f"{kind.__name__.lower()} has its turn now.")
    return message
