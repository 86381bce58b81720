"""Keys and addresses of one seed, at m/44'/195'/account'/0/index (BIP-32, BIP-39, BIP-44).

Everything down to the account is hardened: from an account's extended public key the addresses below it follow, and no
key. Together with any one key below it, that public key gives the account's private key away: such keys stay where
the seed is.
"""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from mnemonic import Mnemonic

from wallet.domain.tron import base58
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.keys import ORDER, BadKey, add_to_public, address_of_public, public_key_of, ripemd160, sha256

HARDENED = 2**31
PATH = (44 + HARDENED, 195 + HARDENED)  # before the account
SEED_BYTES = range(16, 65)
PHRASE_WORDS = (12, 15, 18, 21, 24)
_XPUB_VERSION = bytes.fromhex("0488b21e")
_XPUB_BYTES = 78
_ACCOUNT_DEPTH = 3
_PBKDF2_ROUNDS = 2048  # BIP-39's
_ENGLISH = Mnemonic("english")


class BadPhrase(ValueError):
    """These are no words of a seed phrase: which of them, or what about them, stands in the text."""


class BadXpub(ValueError):
    """This is no extended public key of an account: what is wrong stands in the text."""


def new_phrase() -> str:
    """Return 24 words from the system's randomness."""
    return _ENGLISH.generate(256)


def check_phrase(words: str) -> str:
    """Return the words in lower case with one space between. Raises BadPhrase; no word of it is in the text."""
    listed = unicodedata.normalize("NFKD", words).lower().split()
    if len(listed) not in PHRASE_WORDS:
        raise BadPhrase(f"A seed phrase has 12, 15, 18, 21 or 24 words, these are {len(listed)}.")
    for place, word in enumerate(listed, 1):
        if word not in _ENGLISH.wordlist:
            raise BadPhrase(f"Word {place} is not in the list of words: look how it is written.")
    if not _ENGLISH.check(" ".join(listed)):
        raise BadPhrase("All words exist, but they do not belong together: one is another, or their order is.")
    return " ".join(listed)


def seed_of(phrase: str, passphrase: str = "") -> bytes:
    """Return the seed of a phrase that `check_phrase` returned; any passphrase gives one."""
    salt = unicodedata.normalize("NFKD", "mnemonic" + passphrase).encode()
    words = unicodedata.normalize("NFKD", phrase).encode()
    return hashlib.pbkdf2_hmac("sha512", words, salt, _PBKDF2_ROUNDS)


@dataclass(frozen=True, slots=True)
class PrivateNode:
    """A private key in the tree of a seed, and what the keys below it are made with. Never printed."""

    key: bytes = field(repr=False)
    chain_code: bytes = field(repr=False)
    depth: int = 0
    number: int = 0
    parent_fingerprint: bytes = bytes(4)

    @classmethod
    def of_seed(cls, seed: bytes) -> Self:
        if len(seed) not in SEED_BYTES:
            raise ValueError("a seed has 16 to 64 bytes")
        left, right = _hmac(b"Bitcoin seed", seed)
        public_key_of(left)  # raises BadKey for the seed in 2¹²⁷ that has no key
        return cls(left, right)

    def child(self, number: int) -> "PrivateNode":
        """Return the node at that number. Raises BadKey for the one in 2¹²⁷ that does not exist."""
        public = public_key_of(self.key)
        before = b"\0" + self.key if number >= HARDENED else public
        left, right = _hmac(self.chain_code, before + number.to_bytes(4))
        tweak = int.from_bytes(left)
        key = (tweak + int.from_bytes(self.key)) % ORDER
        if tweak >= ORDER or not key:
            raise BadKey
        return PrivateNode(key.to_bytes(32), right, self.depth + 1, number, _fingerprint(public))

    def xpub(self) -> str:
        """Return the public key and the chain code, as BIP-32 writes them."""
        return base58.encode_checked(
            _XPUB_VERSION
            + self.depth.to_bytes(1)
            + self.parent_fingerprint
            + self.number.to_bytes(4)
            + self.chain_code
            + public_key_of(self.key)
        )


@dataclass(frozen=True)
class AccountKey:
    """The private key of one account: what a signer holds, and nobody else."""

    node: PrivateNode = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes, account: int = 0) -> Self:
        node = PrivateNode.of_seed(seed)
        for number in (*PATH, account + HARDENED):
            node = node.child(number)
        return cls(node)

    @cached_property
    def _receiving(self) -> PrivateNode:
        return self.node.child(0)

    def private_key(self, index: int) -> bytes:
        check_index(index)
        return self._receiving.child(index).key

    def xpub(self) -> str:
        return self.node.xpub()


@dataclass(frozen=True)
class AccountXpub:
    """The public half of an account's key: all of its addresses, and no key."""

    public_key: bytes
    chain_code: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `AccountKey.xpub` wrote. Raises BadXpub."""
        try:
            value = base58.decode_checked(text.strip())
        except base58.BadBase58 as problem:
            raise BadXpub(f"This is no extended public key. {problem}") from None
        if len(value) != _XPUB_BYTES or value[:4] != _XPUB_VERSION:
            raise BadXpub("An extended public key begins with xpub; never hand out one that begins with xprv.")
        if value[4] != _ACCOUNT_DEPTH or int.from_bytes(value[9:13]) < HARDENED:
            raise BadXpub("This extended public key is not that of an account, at m/44'/195'/account'.")
        try:
            address_of_public(value[45:])
        except BadKey:
            raise BadXpub("The key in this extended public key is no point of the curve.") from None
        return cls(public_key=value[45:], chain_code=value[13:45])

    @cached_property
    def _receiving(self) -> tuple[bytes, bytes]:
        return _public_child(self.public_key, self.chain_code, 0)

    def address(self, index: int) -> Address:
        check_index(index)
        return address_of_public(_public_child(*self._receiving, index)[0])


def check_index(index: int) -> None:
    if not 0 <= index < HARDENED:
        raise ValueError(f"{index} is no index of an address: they go from 0 to 2³¹ - 1")


def _public_child(public_key: bytes, chain_code: bytes, number: int) -> tuple[bytes, bytes]:
    left, right = _hmac(chain_code, public_key + number.to_bytes(4))
    return add_to_public(public_key, left), right


def _hmac(key: bytes, content: bytes) -> tuple[bytes, bytes]:
    digest = hmac.digest(key, content, "sha512")
    return digest[:32], digest[32:]


def _fingerprint(public_key: bytes) -> bytes:
    return ripemd160(sha256(public_key))[:4]
