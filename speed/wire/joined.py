"""Two doors without a network between them: what one says the other hears, in the same loop and a turn later."""

import asyncio
import os
from collections.abc import Sequence

from seedbox.domain.lanes import place_of
from speed.domain.dialling import Tries
from speed.domain.handshake import Refused, check_hello, hello
from speed.domain.messages import Bye, Hello, Message, encode, parse, readable
from speed.wire.port import LAST_WORDS_S, DialFailed, Hearer, Identity

MAX_OF_KEY = 4
NONCE_BYTES = 16


class Lobby:
    """Where joined doors find each other."""

    def __init__(self) -> None:
        self.doors: dict[str, JoinedDoor] = {}  # by endpoint


class JoinedLink:
    """One end of a connection in memory."""

    other: "JoinedLink"

    def __init__(self, door: "JoinedDoor", peer: Hello, *, endpoint: str, callee_nonce: bytes, is_ours: bool) -> None:
        self.peer_key = peer.key
        self.endpoint = endpoint
        self.address = endpoint.rpartition(":")[0].strip("[]")
        self.place = place_of(self.address)
        self.is_ours = is_ours
        self.hubs = frozenset(peer.hubs) & door.identity.hubs
        self.data_ports = peer.ports
        self.callee_nonce = callee_nonce
        self.has_said_bye = False
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._last_call: asyncio.TimerHandle | None = None
        self._is_gone = False

    def send(self, message: Message) -> None:
        if self._is_gone:
            return
        self._loop.call_soon(self.other.hear, encode(message))
        if isinstance(message, Bye):
            self.has_said_bye = True
            self._part()

    def close(self, reason: str) -> None:
        if not self.has_said_bye:
            self.send(Bye(readable(reason)))

    def hear(self, text: str) -> None:
        if self._is_gone:
            return
        message = parse(text)
        self._door.hearer.heard(self, message)
        if isinstance(message, Bye):
            self._part()

    def part(self, reason: str) -> None:
        """End it at both ends."""
        for end in (self, self.other):
            self._loop.call_soon(end.leave, reason)

    def leave(self, reason: str) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        if self._last_call is not None:
            self._last_call.cancel()
        self._door.forget(self)
        self._door.hearer.unlinked(self, reason)

    def _part(self) -> None:
        if self.has_said_bye and self.other.has_said_bye:
            self._loop.call_soon(self.part, "both have said bye")  # behind what was said before
        elif self._last_call is None:
            self._last_call = self._loop.call_later(LAST_WORDS_S, self.part, "there were no more words")


class JoinedDoor:
    """See `port.Door`. Its address is where it is seen to call from, and it is known by whatever it listens at."""

    def __init__(
        self,
        identity: Identity,
        hearer: Hearer,
        *,
        lobby: Lobby,
        address: str = "127.0.0.1",
        tries: Tries | None = None,
    ) -> None:
        self.identity = identity
        self.hearer = hearer
        self._lobby = lobby
        self._address = address
        self._tries = tries or Tries()
        self._links: list[JoinedLink] = []
        self._is_closed = False

    async def serve(self, listen: Sequence[str]) -> tuple[str, ...]:
        taken = [place for place in listen if place in self._lobby.doors]
        if taken:
            raise OSError(f"{taken[0]} is taken")
        self._lobby.doors |= dict.fromkeys(listen, self)
        return tuple(listen)

    async def stop_serving(self) -> None:
        doors = self._lobby.doors
        self._lobby.doors = {endpoint: door for endpoint, door in doors.items() if door is not self}

    async def dial(self, endpoint: str, *, interface: str = "", is_market: bool = False) -> JoinedLink:
        now_s = asyncio.get_running_loop().time()
        if (wait_s := self._tries.wait_s(endpoint, now_s)) > 0:
            raise DialFailed(f"{endpoint} was called a moment ago.", wait_s=wait_s)
        self._tries.call(endpoint, now_s, is_market=is_market)
        if endpoint not in self._lobby.doors or self._is_closed:
            raise DialFailed(f"Nobody answers at {endpoint}.")
        link = self._join(self._lobby.doors[endpoint], endpoint, interface or self._address)
        self._tries.answered(endpoint)
        link.other._door.hearer.linked(link.other)
        self.hearer.linked(link)
        return link

    def _join(self, callee: "JoinedDoor", endpoint: str, address: str) -> JoinedLink:
        ours, theirs = self.greeting(), callee.greeting()
        try:
            check_hello(ours=ours, theirs=theirs)
        except Refused as refused:
            raise DialFailed(str(refused)) from None
        if sum(link.peer_key == ours.key for link in callee._links) >= MAX_OF_KEY:
            raise DialFailed(f"A key has {MAX_OF_KEY} connections here at most.")
        caller_at = f"[{address}]:50000" if ":" in address else f"{address}:50000"
        here = JoinedLink(self, theirs, endpoint=endpoint, callee_nonce=theirs.nonce, is_ours=True)
        there = JoinedLink(callee, ours, endpoint=caller_at, callee_nonce=theirs.nonce, is_ours=False)
        here.other, there.other = there, here
        self._links.append(here)
        callee._links.append(there)
        return here

    def greeting(self) -> Hello:
        who = self.identity
        return hello(key=who.public_key, nonce=os.urandom(NONCE_BYTES), hubs=who.hubs, ports=who.data_ports)

    def forget(self, link: JoinedLink) -> None:
        self._links.remove(link)

    async def close(self) -> None:
        self._is_closed = True
        await self.stop_serving()
        for link in list(self._links):
            link.part("the market was closed")
        while self._links:
            await asyncio.sleep(0)
