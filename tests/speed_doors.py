"""Doors of the market for tests, and an ear that remembers what they tell."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from speed.domain.messages import Message
from speed.wire.port import Identity, Link
from wallet.domain.tron.keys import public_key_of

M = TypeVar("M")
HUB, OTHER_HUB, STRANGE_HUB = bytes([1]) * 20, bytes([2]) * 20, bytes([3]) * 20
PATIENCE_S = 60.0


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
