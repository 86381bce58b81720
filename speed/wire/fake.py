"""Connections in memory, for tests: what was sent stays on the link, and what shall be heard is said by the test."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from seedbox.domain.lanes import place_of
from speed.domain.messages import Message
from speed.wire.port import DialFailed, Hearer, Link

M = TypeVar("M")


@dataclass(eq=False)
class FakeLink:
    """The other side of it is the test."""

    peer_key: bytes
    address: str = "203.0.113.7"
    is_ours: bool = False
    hubs: frozenset[bytes] = frozenset()
    data_ports: tuple[int, ...] = (6881,)
    callee_nonce: bytes = bytes(16)
    sent: list[Message] = field(default_factory=list)
    closed: str | None = None  # with this reason

    @property
    def place(self) -> str:
        return place_of(self.address)

    @property
    def endpoint(self) -> str:
        return f"{self.address}:50000"

    def send(self, message: Message) -> None:
        if self.closed is None:
            self.sent.append(message)

    def close(self, reason: str) -> None:
        self.closed = reason

    def take(self, kind: type[M]) -> list[M]:
        """Return what was sent of a kind since it was last taken."""
        found: list[M] = []
        found += [message for message in self.sent if isinstance(message, kind)]
        self.sent = [message for message in self.sent if not isinstance(message, kind)]
        return found


class FakeDoor:
    """Reaches whom the test has put there."""

    def __init__(self, hearer: Hearer) -> None:
        self.hearer = hearer
        self.served: tuple[str, ...] = ()
        self.loop: asyncio.AbstractEventLoop | None = None  # in which it was opened
        self.sellers: dict[str, Link] = {}  # by endpoint
        self.dialled: list[tuple[str, str]] = []  # endpoint and the way out

    async def serve(self, listen: Sequence[str]) -> tuple[str, ...]:
        self.served = tuple(listen)
        self.loop = asyncio.get_running_loop()
        return self.served

    async def stop_serving(self) -> None:
        self.served = ()

    async def dial(self, endpoint: str, *, interface: str = "", is_market: bool = False) -> Link:
        self.dialled.append((endpoint, interface))
        if endpoint not in self.sellers:
            raise DialFailed("Nobody listens there.")
        link = self.sellers[endpoint]
        self.hearer.linked(link)
        return link

    async def close(self) -> None:
        self.served = ()
