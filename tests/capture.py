"""What really crosses the loopback interface: a raw socket that sees every packet."""

import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_ALL_PROTOCOLS = 3  # ETH_P_ALL
_LINK_HEADER_BYTES = 14
_LONGEST_BYTES = 65_550
_LOOK_UP_S = 0.2
_UDP = 17


class NoCapture(Exception):
    """The kernel gives no raw socket; the message says how to get one."""


@dataclass(frozen=True)
class Packet:
    source: str
    payload: bytes

    @property
    def kind(self) -> str:
        """DHT, LSD, PEX, or nothing of what finds peers without a tracker."""
        if self.payload.startswith((b"d1:ad", b"d1:rd")):
            return "DHT"
        if self.payload.startswith(b"BT-SEARCH"):
            return "LSD"
        return "PEX" if b"6:ut_pex" in self.payload or b"5:added" in self.payload else ""

    def names(self, info_hash: str) -> bool:
        return bytes.fromhex(info_hash) in self.payload or info_hash.encode() in self.payload.lower()


class Capture:
    """Keeps the TCP and UDP payloads that addresses beginning with `prefix` send over IPv4 loopback."""

    def __init__(self, prefix: str) -> None:
        self.packets: list[Packet] = []
        self._prefix = prefix
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
        except PermissionError:
            raise NoCapture(
                "Packets can't be captured without CAP_NET_RAW: run the tests as root, or give the process that "
                "capability (docker run --cap-add NET_RAW)"
            ) from None
        self._socket.bind(("lo", 0))
        self._socket.settimeout(_LOOK_UP_S)
        self._thread = threading.Thread(target=self._read, name="capture")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def kinds(self, info_hash: str, *, since: int = 0) -> set[str]:
        """Return by which ways packets have named the torrent, of those after the first `since`."""
        return {packet.kind for packet in self.packets[since:] if packet.names(info_hash)} - {""}

    def speaks_pex(self, source: str) -> bool:
        """Say whether this "IP" has offered or sent lists of peers."""
        return any(packet.kind == "PEX" and packet.source == source for packet in list(self.packets))

    def _read(self) -> None:
        while not self._ended.is_set():
            try:
                frame = self._socket.recv(_LONGEST_BYTES)[_LINK_HEADER_BYTES:]
            except TimeoutError:
                continue
            if len(frame) > 20 and frame[0] >> 4 == 4:
                source = socket.inet_ntoa(frame[12:16])
                if source.startswith(self._prefix):
                    self.packets.append(Packet(source, _payload(frame)))


def _payload(frame: bytes) -> bytes:
    start = (frame[0] & 15) * 4
    if frame[9] == _UDP:
        return frame[start + 8 :]
    (offset,) = struct.unpack_from("!B", frame, start + 12)
    return frame[start + (offset >> 4) * 4 :]
