"""How a torrent is called towards a peer, in the DHT and in a hub's directory. No name tells a stranger which it is."""

from hashlib import sha1, sha256

NAME_BYTES = 20
_NAME_TAG = b"btt-speed/1 torrent\0"
_PRIVATE_TAG = b"btt-speed/1 private\0"
_DHT_TAG = b"btt-speed/1"


def torrent_name(*, callee_nonce: bytes, info_hash: bytes) -> bytes:
    """Return what both ends of a connection call a torrent; only who knows the info-hash can tell, and only there."""
    return sha256(_NAME_TAG + callee_nonce + info_hash).digest()[:NAME_BYTES]


def dht_target(info_hash: bytes) -> bytes:
    """Return the key under which sellers of a torrent are found in the DHT."""
    return sha1(_DHT_TAG + info_hash, usedforsecurity=False).digest()  # the DHT's own keys are of that length


def directory_key(info_section: bytes) -> bytes:
    """Return the key of a private torrent in a hub's directory; its bencoded info section must be known to make it."""
    return sha256(_PRIVATE_TAG + info_section).digest()
