"""A peer made of bytes (BEP 3, 9 and 10): it says what no decent client would say, and keeps all that it hears."""

import socket
import struct
from typing import TYPE_CHECKING, Any, Self, cast

import libtorrent as lt

if TYPE_CHECKING:
    from types import TracebackType

BLOCK_BYTES = 16_384
PATIENCE_S = 20.0
UNCHOKE, INTERESTED, REQUEST, PIECE, EXTENDED = 1, 2, 6, 7, 20
_PROTOCOL = b"\x13BitTorrent protocol"
_SPEAKS_EXTENSIONS = b"\0\0\0\0\0\x10\0\0"
_OUR_METADATA, _USUAL_METADATA = 3, 2  # numbers of messages: as they shall call it, as libtorrent likes it called


class Stranger:
    """Connects to "127.0.0.x:PORT" knowing nothing of a torrent but its info-hash."""

    def __init__(self, endpoint: str, info_hash: str) -> None:
        address, _, port = endpoint.rpartition(":")
        self._socket = socket.create_connection((address, int(port)), PATIENCE_S)
        self._stream = self._socket.makefile("rb")
        self._socket.sendall(_PROTOCOL + _SPEAKS_EXTENSIONS + bytes.fromhex(info_hash) + b"-XX0001-a stranger..")
        self._stream.read(len(_PROTOCOL) + 8 + 20 + 20)
        self.offers: dict[bytes, Any] = {}  # what they say of extensions
        self.metadata: list[bytes] = []  # what they answer when asked for it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._stream.close()
        self._socket.close()

    def ask_for_metadata(self) -> None:
        """Ask, whether it was offered or not; return when they hung up, or answered what was asked after it."""
        self._extend(0, {b"m": {b"ut_metadata": _OUR_METADATA}})
        self._extend(_USUAL_METADATA, {b"msg_type": 0, b"piece": 0})
        self._say(INTERESTED)
        if self._hears(UNCHOKE):
            self._say(REQUEST, struct.pack("!III", 0, 0, BLOCK_BYTES))
            self._hears(PIECE)

    def _say(self, kind: int, payload: bytes = b"") -> None:
        self._socket.sendall(struct.pack("!IB", 1 + len(payload), kind) + payload)

    def _extend(self, number: int, content: dict[bytes, Any]) -> None:
        self._say(EXTENDED, bytes([number]) + lt.bencode(content))

    def _hears(self, wanted: int) -> bool:
        """Take what they say until it is a message of this kind; false when they hang up before."""
        kind = -1
        while kind != wanted:
            head = self._stream.read(4)
            if not head:
                return False
            (length,) = struct.unpack("!I", head)
            if not length:
                continue  # they only say that they are alive
            message = self._stream.read(length)
            kind = message[0]
            if kind == EXTENDED and message[1] == 0:
                self.offers |= cast("dict[bytes, Any]", lt.bdecode(message[2:]))
            elif kind == EXTENDED and message[1] == _OUR_METADATA:
                self.metadata.append(message[2:])
        return True
