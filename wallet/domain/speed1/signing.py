"""How everything of Speed/1 is signed: 65 bytes r, s and v over a SHA-256, v 0 or 1, s the low one."""

from wallet.domain.tron import keys
from wallet.domain.tron.keys import BadKey, BadSignature

KEY_BYTES = 33  # a public key, compressed
ID_BYTES = 20  # of a hub
CHANNEL_BYTES = 16
NONCE_BYTES = 16
PAYER_REF_BYTES = 16
SIGNATURE_BYTES = keys.SIGNATURE_BYTES
MAX_WHOLE = 2**63 - 1  # of amounts, sizes and times

__all__ = ["BadKey", "BadSignature", "check", "check_octets", "check_public_key", "hub_id_of", "sign", "whole"]


def sign(private_key: bytes, message: bytes) -> bytes:
    """Return the signature of the message's SHA-256. Raises BadKey."""
    return keys.sign(private_key, keys.sha256(message))


def check(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Say nothing if that key signed the message; raises BadSignature with what is wrong otherwise."""
    if keys.recover_public_key(keys.sha256(message), signature) != public_key:
        raise BadSignature("Another key signed this, or something else was signed.")


def hub_id_of(public_key: bytes) -> bytes:
    """Return the 20 bytes that name a hub: those of its key's address. Raises BadKey."""
    return keys.address_of_public(public_key)[1:]


def check_public_key(public_key: object) -> bytes:
    """Return the key if it is a point of the curve, compressed. Raises BadKey."""
    if not isinstance(public_key, bytes) or len(public_key) != KEY_BYTES:
        raise BadKey
    keys.address_of_public(public_key)
    return public_key


def check_octets(name: str, value: bytes, size: int) -> bytes:
    """Return the bytes if there are so many; raises ValueError."""
    if len(value) != size:
        raise ValueError(f"{name} has {size} bytes, not {len(value)}.")
    return value


def whole(name: str, value: int, size: int = 8) -> bytes:
    """Return a number from 0 to 2⁶³ - 1, or below 2³² in 4 bytes, as big-endian bytes; raises ValueError."""
    highest = MAX_WHOLE if size == 8 else 2 ** (8 * size) - 1
    if type(value) is not int or not 0 <= value <= highest:
        raise ValueError(f"{name} must be a whole number from 0 to {highest}, not {value!r}.")
    return value.to_bytes(size)
