"""The Speed/1 door as the agent sees it: connections that have proved who they are, and the messages on them.

Everything here belongs to one asyncio loop and is called in its thread. A door does the handshake, the limits and the
pings by itself; it never hands on a frame that could not be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from speed.domain.messages import Message

LAST_WORDS_S = 10.0  # a last voucher may come so long after `bye`


@dataclass(frozen=True)
class Identity:
    """Who we are to everybody who connects."""

    private_key: bytes = field(repr=False)
    public_key: bytes
    hubs: frozenset[bytes]  # ids of those that the operator trusts
    data_ports: tuple[int, ...]  # of our BitTorrent connections


class DialFailed(Exception):
    """Nobody could be reached there, or it was not a market that we can talk to: the text says what happened."""

    def __init__(self, text: str, *, wait_s: float = 0.0) -> None:
        super().__init__(text)
        self.wait_s = wait_s  # it was not even tried: before that it would be too often


class Link(Protocol):
    """One connection after the handshake."""

    @property
    def peer_key(self) -> bytes:
        """Return the 33 bytes of the other side's Speed key."""

    @property
    def address(self) -> str:
        """Return the other side's IP address, IPv4 in IPv6's clothes as IPv4."""

    @property
    def place(self) -> str:
        """Return what a lane to that address belongs to."""

    @property
    def endpoint(self) -> str:
        """Return what we have dialled, or from where we were called."""

    @property
    def is_ours(self) -> bool:
        """Say whether we have called."""

    @property
    def hubs(self) -> frozenset[bytes]:
        """Return the ids of the hubs that both trust; there is at least one."""

    @property
    def data_ports(self) -> tuple[int, ...]:
        """Return the ports where the other side's BitTorrent listens, as it says."""

    @property
    def callee_nonce(self) -> bytes:
        """Return what torrents are named with on this connection."""

    def send(self, message: Message) -> None:
        """Send this behind what was sent before. Never waits, never fails: a link that is gone loses it."""

    def close(self, reason: str) -> None:
        """Say `bye` with the reason, hear and say last words for a few seconds, and end the connection.

        `unlinked` follows: as soon as both have said `bye` and all is sent that was said, at last after LAST_WORDS_S.
        """


class Hearer(Protocol):
    """What a door tells, in the order in which it happens. None of it may wait or raise."""

    def linked(self, link: Link) -> None: ...

    def heard(self, link: Link, message: Message) -> None: ...

    def unlinked(self, link: Link, reason: str) -> None: ...


class Door(Protocol):
    """Where connections come from."""

    async def serve(self, listen: Sequence[str]) -> tuple[str, ...]:
        """Listen at these "IP:PORT" and return where that is; raises OSError, and then listens nowhere."""

    async def stop_serving(self) -> None:
        """Listen no more; connections stay."""

    async def dial(self, endpoint: str, *, interface: str = "", is_market: bool = False) -> Link:
        """Call a seller, through that network device or from that address of ours if one is given; raises DialFailed.

        `linked` is told before this returns. An endpoint that was called a moment ago is not called: it says when,
        which is soon for one that is known as a market.
        """

    async def close(self) -> None:
        """Listen no more and drop all connections without a word, so that their deals may be resumed.

        What was said before is sent if the others take it at once; `unlinked` is told of each.
        """
