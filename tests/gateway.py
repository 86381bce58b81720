"""A router that lets peers in when it is asked by NAT-PMP (RFC 6886), and knows nothing of its successor PCP."""

import socket
import struct
import threading

PORT = 5351
UDP, TCP = 1, 2
_SUCCESS, _UNSUPPORTED_VERSION = 0, 1
_EXTERNAL_ADDRESS = bytes((198, 51, 100, 1))
LARGEST_QUESTION_BYTES = 1_100


class Gateway:
    """Answers in a thread; `mapped` says what it lets in, by protocol and external port."""

    def __init__(self, address: str) -> None:
        self.mapped: dict[tuple[int, int], int] = {}
        self._address = address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, PORT))
        self._thread = threading.Thread(target=self._answer_all, name="gateway")
        self._thread.start()

    def close(self) -> None:
        """End the thread by asking for nothing; to be called in the router's network."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (self._address, PORT))
        self._thread.join()
        self._socket.close()

    def _answer_all(self) -> None:
        while True:
            question, asker = self._socket.recvfrom(LARGEST_QUESTION_BYTES)
            if not question:
                return
            self._socket.sendto(self._answer(question), asker)

    def _answer(self, question: bytes) -> bytes:
        version, operation = question[0], question[1]
        if version != 0:
            return struct.pack("!BBHI", 0, 128 + operation, _UNSUPPORTED_VERSION, 1)
        if operation == 0:
            return struct.pack("!BBHI", 0, 128, _SUCCESS, 1) + _EXTERNAL_ADDRESS
        _, _, _, internal, external, lifetime_s = struct.unpack("!BBHHHI", question[:12])
        if lifetime_s:
            self.mapped[operation, external] = internal
        else:  # RFC 6886: whoever gives a mapping back names no external port
            self.mapped = {
                place: port for place, port in self.mapped.items() if (place[0], port) != (operation, internal)
            }
        return struct.pack("!BBHIHHI", 0, 128 + operation, _SUCCESS, 1, internal, external, lifetime_s)
