"""The first two messages of a connection: each end proves its Speed key to the other, for this connection only."""

from collections.abc import Collection
from enum import IntEnum

from speed.domain.messages import MAX_HUBS, VERSION, Auth, ErrorCode, Hello
from wallet.domain.speed1 import signing

TIME_OUT_S = 10  # for all of it
_TAG = b"btt-speed/1 auth\0"


class Role(IntEnum):
    CALLER = 0
    CALLEE = 1

    @property
    def other(self) -> "Role":
        return Role(1 - self)


class Refused(Exception):
    """The connection ends here: the code is for the peer's program, the text for people."""

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code


def hello(*, key: bytes, nonce: bytes, hubs: Collection[bytes], ports: Collection[int]) -> Hello:
    """Return our first message; the nonce is new for each connection."""
    return Hello(VERSION, key, nonce, tuple(sorted(hubs)[:MAX_HUBS]), tuple(ports))


def auth_bytes(*, sender: Role, senders: Hello, receivers: Hello) -> bytes:
    """Return what the sender signs: both nonces and keys, the receiver's first, so that no other connection has it."""
    return b"".join((_TAG, bytes([sender]), receivers.nonce, senders.nonce, receivers.key, senders.key))


def sign_auth(private_key: bytes, *, role: Role, ours: Hello, theirs: Hello) -> Auth:
    """Return our second message. Raises BadKey."""
    return Auth(signing.sign(private_key, auth_bytes(sender=role, senders=ours, receivers=theirs)))


def check_hello(*, ours: Hello, theirs: Hello) -> tuple[bytes, ...]:
    """Return the hubs that both trust, in the order of their ids; raises Refused."""
    if theirs.v != VERSION:
        raise Refused(ErrorCode.VERSION, f"This is version {VERSION} of the protocol.")
    if theirs.key == ours.key:
        raise Refused(ErrorCode.SELF, "Both ends of this connection have one key.")
    common = tuple(sorted(set(ours.hubs) & set(theirs.hubs)))
    if not common:
        raise Refused(ErrorCode.NO_COMMON_HUB, "There is no hub that both of us trust.")
    return common


def check_auth(auth: Auth, *, role: Role, ours: Hello, theirs: Hello) -> None:
    """Say nothing if the peer has the key that it named; `role` is ours. Raises Refused."""
    signed = auth_bytes(sender=role.other, senders=theirs, receivers=ours)
    try:
        signing.check(theirs.key, signed, auth.sig)
    except signing.BadSignature:
        raise Refused(ErrorCode.BAD_AUTH, "Your signature is not of the key that you named.") from None
