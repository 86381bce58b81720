"""Hashes, signatures and keys of the chain. The only module that knows the libraries behind them."""

from hashlib import sha256 as _sha256

from coincurve import PrivateKey, PublicKey
from Crypto.Hash import RIPEMD160, keccak

from wallet.domain.tron.addresses import ADDRESS_PREFIX, Address

SIGNATURE_BYTES = 65
KEY_BYTES = 32
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1: keys are below it
HALF_ORDER = ORDER // 2  # of s and its negative, which sign alike, the low one is at most this
_V_OF_OTHERS = 27  # TronWeb counts from here, tronpy from 0


class BadKey(ValueError):
    """This is no key: a private one has 32 bytes below the order of secp256k1, a public one is a point of it."""


class BadSignature(ValueError):
    """Nobody made this signature: what is wrong stands in the text."""


def sha256(data: bytes) -> bytes:
    return _sha256(data).digest()


def keccak256(data: bytes) -> bytes:
    return bytes(keccak.new(digest_bits=256, data=data).digest())


def ripemd160(data: bytes) -> bytes:
    """Return the hash that OpenSSL 3 leaves out on some systems."""
    return bytes(RIPEMD160.new(data).digest())


def sign(private_key: bytes, digest: bytes) -> bytes:
    """Return r, s and v (0 or 1) over 32 bytes that are hashed already. Raises BadKey."""
    if len(digest) != 32:
        raise ValueError("only a hash of 32 bytes is signed")
    return _private(private_key).sign_recoverable(digest, hasher=None)


def recover(digest: bytes, signature: bytes) -> Address:
    """Return who signed. Takes v from 0 or from 27, and bytes behind it as the chain does. Raises BadSignature."""
    if len(signature) < SIGNATURE_BYTES:
        raise BadSignature(f"A signature has {SIGNATURE_BYTES} bytes, this one {len(signature)}.")
    v = signature[64] - _V_OF_OTHERS if signature[64] >= _V_OF_OTHERS else signature[64]
    if v > 3:
        raise BadSignature(f"The last byte of a signature is 0, 1, 27 or 28, not {signature[64]}.")
    try:
        public = PublicKey.from_signature_and_message(signature[:64] + bytes([v]), digest, hasher=None)
    except ValueError:
        raise BadSignature("No key signs so.") from None
    return address_of_public(public.format(compressed=False))


def recover_public_key(digest: bytes, signature: bytes) -> bytes:
    """Return the 33 bytes of the key that signed. One signature has one form here: v of 0 or 1, s low, nothing behind.

    Raises BadSignature.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise BadSignature(f"A signature has {SIGNATURE_BYTES} bytes, this one {len(signature)}.")
    if signature[64] > 1:
        raise BadSignature(f"The last byte of this signature must be 0 or 1, not {signature[64]}.")
    if int.from_bytes(signature[32:64]) > HALF_ORDER:
        raise BadSignature("The second half of this signature is not the low one of two.")
    try:
        return PublicKey.from_signature_and_message(signature, digest, hasher=None).format(compressed=True)
    except ValueError:
        raise BadSignature("No key signs so.") from None


def public_key_of(private_key: bytes) -> bytes:
    """Return the 33 bytes of the public key. Raises BadKey."""
    return _private(private_key).public_key.format(compressed=True)


def add_to_public(public_key: bytes, tweak: bytes) -> bytes:
    """Return the 33 bytes of the point that lies the tweak's times further. Raises BadKey."""
    try:
        return PublicKey(public_key).add(tweak).format(compressed=True)
    except ValueError:
        raise BadKey from None


def address_of_key(private_key: bytes) -> Address:
    return address_of_public(_private(private_key).public_key.format(compressed=False))


def address_of_public(public_key: bytes) -> Address:
    """Return the address of a public key of 33 or 65 bytes. Raises BadKey."""
    if len(public_key) != 65:
        try:
            public_key = PublicKey(public_key).format(compressed=False)
        except ValueError:
            raise BadKey from None
    return Address(ADDRESS_PREFIX + keccak256(public_key[1:])[-20:])


def contract_address(tx_id: bytes, owner: Address) -> Address:
    """Return where the contract is that this transaction of the owner deployed."""
    return Address(ADDRESS_PREFIX + keccak256(tx_id + owner)[-20:])


def _private(private_key: bytes) -> PrivateKey:
    if len(private_key) != KEY_BYTES or not 0 < int.from_bytes(private_key) < ORDER:
        raise BadKey  # without the key: nothing that is told may tell it
    return PrivateKey(private_key)
