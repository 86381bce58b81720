"""Requests to a hub: whoever asks signs method, path, body, time and a nonce with a Speed key."""

from dataclasses import dataclass

from wallet.domain.speed1 import signing
from wallet.domain.speed1.signing import ID_BYTES, NONCE_BYTES, check_octets, whole
from wallet.domain.tron.keys import sha256

TAG = b"btt-speed/1 hub\0"
MAX_CLOCK_GAP_S = 60  # between the request's time and the hub's
NONCE_LIFE_S = 180  # a nonce is remembered for longer than any request that bears it is taken
MAX_PATH_BYTES = 2_048


@dataclass(frozen=True, slots=True)
class HubRequest:
    hub_id: bytes
    method: str  # in capitals
    path: str  # from /hub/1 on, exactly as sent, with its query: without the sub-path that an install may live under
    body: bytes
    time_s: int  # unix seconds of the hub
    nonce: bytes

    def encode(self) -> bytes:
        """Return the bytes whose SHA-256 is signed; raises ValueError for what does not fit them."""
        method, path = self.method.encode("ascii"), self.path.encode("ascii")
        if len(path) > MAX_PATH_BYTES:
            raise ValueError(f"A path has at most {MAX_PATH_BYTES} bytes.")
        return b"".join(
            (
                TAG,
                check_octets("hub_id", self.hub_id, ID_BYTES),
                whole("length", len(method), 2),
                method,
                whole("length", len(path), 2),
                path,
                sha256(self.body),
                whole("time_s", self.time_s),
                check_octets("nonce", self.nonce, NONCE_BYTES),
            )
        )

    def sign(self, private_key: bytes) -> bytes:
        """Return the 65 bytes of the signature. Raises BadKey."""
        return signing.sign(private_key, self.encode())

    def check(self, speed_key: bytes, signature: bytes) -> None:
        """Say nothing if that Speed key signed this; raises BadSignature."""
        signing.check(speed_key, self.encode(), signature)


def is_timely(*, time_s: int, now_s: int) -> bool:
    """Whether a request's time is near enough to the hub's."""
    return abs(time_s - now_s) <= MAX_CLOCK_GAP_S
