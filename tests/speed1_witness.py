"""The curve of Speed/1 by school arithmetic, so that its vectors are no echo of the library that we sign with."""

import hmac
from hashlib import sha256

from Crypto.Hash import keccak

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
Point = tuple[int, int] | None
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def add(left: Point, right: Point) -> Point:
    if left is None or right is None:
        return left or right
    if left[0] == right[0]:
        if (left[1] + right[1]) % P == 0:
            return None
        slope = 3 * left[0] ** 2 * pow(2 * left[1], -1, P)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, P)
    x = (slope**2 - left[0] - right[0]) % P
    return x, (slope * (left[0] - x) - left[1]) % P


def times(factor: int) -> tuple[int, int]:
    found: Point = None
    power: Point = G
    while factor:
        found = add(found, power) if factor & 1 else found
        power, factor = add(power, power), factor >> 1
    assert found is not None
    return found


def public_key(private: bytes) -> bytes:
    x, y = times(int.from_bytes(private))
    return bytes([2 + (y & 1)]) + x.to_bytes(32)


def hub_id(private: bytes) -> bytes:
    x, y = times(int.from_bytes(private))
    return bytes(keccak.new(digest_bits=256, data=x.to_bytes(32) + y.to_bytes(32)).digest())[-20:]


def address(private: bytes) -> str:
    """Return TRON's T…: base 58 of 0x41, the 20 bytes, and four of their double hash."""
    body = b"\x41" + hub_id(private)
    number, written = int.from_bytes(body + sha256(sha256(body).digest()).digest()[:4]), ""
    while number:
        number, digit = divmod(number, 58)
        written = _BASE58[digit] + written
    return written


def sign(private: bytes, message: bytes) -> bytes:
    """Return r, s and v over the message's SHA-256, with the nonce of RFC 6979 and the low s."""
    digest = sha256(message).digest()
    secret, hashed = int.from_bytes(private), int.from_bytes(digest)
    nonce = _nonce(private, digest)
    x, y = times(nonce)
    assert x < N, "so rare that nobody has seen one"
    s = pow(nonce, -1, N) * (hashed + x * secret) % N
    v = y & 1
    if s > N // 2:
        s, v = N - s, v ^ 1
    return x.to_bytes(32) + s.to_bytes(32) + bytes([v])


def high(signature: bytes) -> bytes:
    """Return the other signature that the mathematics would take for the same."""
    s = N - int.from_bytes(signature[32:64])
    return signature[:32] + s.to_bytes(32) + bytes([signature[64] ^ 1])


def _nonce(private: bytes, digest: bytes) -> int:
    key, value = bytes(32), b"\x01" * 32
    seed = private + (int.from_bytes(digest) % N).to_bytes(32)
    for mark in (b"\0", b"\x01"):
        key = hmac.digest(key, value + mark + seed, "sha256")
        value = hmac.digest(key, value, "sha256")
    value = hmac.digest(key, value, "sha256")
    nonce = int.from_bytes(value)
    assert 0 < nonce < N, "so rare that nobody has seen one"
    return nonce
