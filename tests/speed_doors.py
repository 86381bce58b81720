"""Doors of the market for tests, and an ear that remembers what they tell."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from speed.domain.handshake import Role, hello, sign_auth
from speed.domain.messages import Auth, Hello, Message, Withdraw, encode, parse
from speed.wire.door import WebSocketDoor
from speed.wire.port import Identity, Link
from speed.wire.websocket import PATH, SUBPROTOCOL, USUAL, Times
from wallet.domain.tron.keys import public_key_of

HUB, OTHER_HUB, STRANGE_HUB = bytes([1]) * 20, bytes([2]) * 20, bytes([3]) * 20
PATIENCE_S = 60.0
HERE = "127.0.0.1"


def identity(seed: int, *hubs: bytes, ports: tuple[int, ...] = (6881,)) -> Identity:
    private_key = bytes([seed]) * 32
    return Identity(private_key, public_key_of(private_key), frozenset(hubs or (HUB,)), ports)


@dataclass
class Ear:
    """Hears everything, and lets a test wait for it."""

    links: list[Link] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    ended: list[tuple[Link, str]] = field(default_factory=list)
    answer: Callable[[Link, Message], None] = lambda link, message: None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def linked(self, link: Link) -> None:
        self.links.append(link)
        self._news.set()

    def heard(self, link: Link, message: Message) -> None:
        assert link in self.links
        assert link not in [ended for ended, _ in self.ended]
        self.messages.append(message)
        self.answer(link, message)
        self._news.set()

    def unlinked(self, link: Link, reason: str) -> None:
        self.ended.append((link, reason))
        self._news.set()

    def kinds(self) -> list[str]:
        return [type(message).__name__ for message in self.messages]

    async def until(self, happened: Callable[[], object], what: str) -> None:
        """Wait until that is so, or fail with what was waited for."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not happened():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}: {self}") from None


SELLER, BUYER, STRANGER = identity(1), identity(2), identity(9)


@dataclass
class Scene:
    """A seller's door that listens, and a buyer's that may call from another address."""

    times: Times
    ear: Ear = field(default_factory=Ear)
    buyers_ear: Ear = field(default_factory=Ear)
    doors: list[WebSocketDoor] = field(default_factory=list)

    async def open(self, listen: str) -> None:
        self.seller = self.door(SELLER, self.ear)
        (self.endpoint,) = await self.seller.serve((listen,))

    def door(self, who: Identity, ear: Ear) -> WebSocketDoor:
        self.doors.append(WebSocketDoor(who, ear, times=self.times))
        return self.doors[-1]

    async def call(self, *, interface: str = "127.0.0.2") -> None:
        """Call as an honest buyer, and see that the door serves."""
        links = len(self.ear.links)
        link = await self.door(BUYER, self.buyers_ear).dial(self.endpoint, interface=interface)
        link.send(Withdraw(bytes(16)))
        await self.ear.until(lambda: Withdraw(bytes(16)) in self.ear.messages, "the buyer's message")
        self.ear.messages.clear()
        assert len(self.ear.links) == links + 1

    @contextlib.asynccontextmanager
    async def stranger(self, **ways: Any) -> AsyncIterator[ClientConnection]:
        """Connect with the plain library, as a program of somebody else's would."""
        ways = {"subprotocols": [SUBPROTOCOL], "local_addr": ("127.0.0.9", 0), "path": PATH} | ways
        path = ways.pop("path")
        async with connect(f"ws://{self.endpoint}{path}", proxy=None, close_timeout=1, **ways) as made:
            yield made

    @contextlib.asynccontextmanager
    async def friend(self, who: Identity = STRANGER, **ways: Any) -> AsyncIterator[ClientConnection]:
        """Connect and shake hands."""
        async with self.stranger(**ways) as made:
            ours = hello(key=who.public_key, nonce=os.urandom(16), hubs=who.hubs, ports=who.data_ports)
            theirs = parse(str(await made.recv()))
            assert isinstance(theirs, Hello)
            await made.send(encode(ours))
            await made.send(encode(sign_auth(who.private_key, role=Role.CALLER, ours=ours, theirs=theirs)))
            assert isinstance(parse(str(await made.recv())), Auth)
            yield made


def play(
    part: Callable[[Scene], Coroutine[None, None, None]], *, times: Times = USUAL, listen: str = f"{HERE}:0"
) -> None:
    async def all_of_it() -> None:
        scene = Scene(times)
        await scene.open(listen)
        try:
            async with asyncio.timeout(100):
                await part(scene)
        finally:
            for door in scene.doors:
                await door.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others or not (await asyncio.wait(others, timeout=60))[1], "something is left behind"

    asyncio.run(all_of_it())
