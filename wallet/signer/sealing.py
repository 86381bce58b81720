"""How secrets are sealed: AES-256-GCM under a data key, and the data key under a key from a passphrase or a file.

Everything sealed is bound to what it is for (set of keys, network, version, purpose), so a ciphertext that was moved to
another place does not open there.
"""

import hashlib
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wallet.domain import signer_words
from wallet.signer.secret import Secret

NONCE_BYTES = 12
KEY_BYTES = 32
SALT_BYTES = 16
SCRYPT_N = 2**17  # with r = 8: 128 MiB and about half a second for each guess
SCRYPT_R = 8
SCRYPT_P = 1
LARGEST_SCRYPT = (2**20, 16, 4)  # a keystore from elsewhere must not eat the machine


class WrongKey(Exception):
    """It does not open: the passphrase or key is wrong, or what was sealed has been altered."""


@dataclass(frozen=True)
class Sealed:
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True)
class Scrypt:
    """How a key comes from a passphrase."""

    n: int
    r: int
    p: int
    salt: bytes


def seal(key: Secret, plain: Secret, *, bound_to: str) -> Sealed:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return Sealed(nonce, AESGCM(key.reveal()).encrypt(nonce, plain.reveal(), bound_to.encode()))


def unseal(key: Secret, sealed: Sealed, *, bound_to: str) -> Secret:
    """Return what was sealed; raises WrongKey."""
    try:
        return Secret(AESGCM(key.reveal()).decrypt(sealed.nonce, sealed.ciphertext, bound_to.encode()))
    except (InvalidTag, ValueError):
        raise WrongKey(signer_words.DOES_NOT_OPEN) from None


def fresh_scrypt(*, n: int = SCRYPT_N) -> Scrypt:
    return Scrypt(n, SCRYPT_R, SCRYPT_P, secrets.token_bytes(SALT_BYTES))


def stretch(passphrase: Secret, how: Scrypt) -> Secret:
    """Return the key that belongs to a passphrase; raises WrongKey for costs that nobody of ours has written."""
    if any(not 0 < cost <= largest for cost, largest in zip((how.n, how.r, how.p), LARGEST_SCRYPT, strict=True)):
        raise WrongKey(signer_words.COST_BEYOND)
    memory = 128 * how.r * (how.n + how.p + 2)
    try:
        key = hashlib.scrypt(
            passphrase.reveal(), salt=how.salt, n=how.n, r=how.r, p=how.p, maxmem=memory, dklen=KEY_BYTES
        )
    except ValueError:
        raise WrongKey(signer_words.COST_UNKNOWN) from None
    return Secret(key)


def fresh_data_key() -> Secret:
    return Secret(secrets.token_bytes(KEY_BYTES))
