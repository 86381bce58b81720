"""What is said between the signer and those who ask it, and the frames that carry it over a Unix socket.

A frame is four bytes of length, big-endian, and that many bytes of JSON. Bytes are written as hexadecimal text. The
signer answers each question with one frame: {"answer": …}, or {"refused": …}, {"locked": …}, {"limited": …} with a
sentence.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from wallet.domain.accounts import AccountName
from wallet.domain.money import Asset

FRAME_BYTES = 65_536  # the largest transaction of ours has a few hundred
MOST_PASSPHRASE_BYTES = 1_024
ADDRESSES_AT_ONCE = 1_000
LENGTH = struct.Struct(">I")

Purpose = Literal["withdrawal", "sweep", "gas"]


class SignerError(Exception):
    """The signer did not do it; the message is a sentence for the operator."""


class SignerRefused(SignerError):
    """The signer will not do this, and will not do it when asked again: {reason}."""


class SignerConflict(SignerRefused):
    """The signer has signed other bytes for this attempt: whoever asks does not know what was paid. {reason}."""


class SignerLocked(SignerError):
    """The signer does nothing until a person has unlocked it or confirmed its store: {reason}."""


class SignerLimited(SignerError):
    """The signer's own limits do not let it now: {reason}. It signs when the hour or the day has passed."""


class SignerAway(SignerError):
    """The signer could not be asked, or gave no answer: what was asked may have been done; ask the same again."""


class BadFrame(ValueError):
    """What came over the socket is no frame of ours: {reason}."""


@dataclass(frozen=True)
class DeadProof:
    """Why an attempt before can't be included any more (all four of them, or it is no proof)."""

    tx_id: bytes  # of that attempt
    header: bytes  # raw header of a solid block whose time is at or past that attempt's expiration
    absent_at: tuple[str, ...]  # names of two endpoints or more that are solid at that block and do not have it
    scanned_to: int  # our own index has every block up to this number, at least that block's, and does not have it


@dataclass(frozen=True)
class SignRequest:
    """One attempt to be signed. Asking again with the same bytes gives the same signature, for ever."""

    purpose: Purpose
    attempt_key: str  # PURPOSE/ID/NUMBER, numbers from 1: "withdrawal/17/1"
    raw_bytes: bytes  # the transaction's raw_data
    tx_id: bytes  # as the caller computed it
    solid_header: bytes  # raw header of the solid block that the transaction refers to (its ref_block fields)
    from_index: int | None = None  # which deposit address pays; None: the hot address
    dead_proof: DeadProof | None = None  # of attempt NUMBER - 1; its header is not newer than `solid_header`
    earlier_proofs: tuple[DeadProof, ...] = ()  # of those before: it may be that the one before was never signed
    newest_signed: tuple[str, bytes] | None = None  # attempt key and txID of the newest signature the ledger knows


@dataclass(frozen=True)
class SignedAttempt:
    """What the signer has signed for an attempt, as its store has it: whoever forgot it can go on with it."""

    attempt_key: str
    raw_bytes: bytes
    tx_id: bytes
    signature: bytes
    reference_number: int  # of the block that it refers to


@dataclass(frozen=True)
class ReceiptRequest:
    """A version of a channel's receipt. Asking again for the same gives the same receipt, for ever."""

    asset: Asset
    channel: str  # id, 32 hexadecimal digits
    version: int  # from 1; amount and expiry of a later one are never below those of an earlier one
    payer: AccountName
    payee: AccountName
    payer_key: bytes
    payee_key: bytes
    amount_ubtt: int
    opened_at_s: int  # unix seconds
    expires_at_s: int


@dataclass(frozen=True)
class InfoRequest:
    """What the hub says of itself to somebody who has brought a nonce."""

    asset: Asset
    nonce: bytes
    fee_ppm: int
    time_s: int  # unix seconds; near the signer's own time


@dataclass(frozen=True)
class SignerStatus:
    ready: bool  # it signs
    why_not: str  # "" or what a person must do
    network: str  # devnet, nile or mainnet
    hot_address: str | None  # T…; None while there are no keys, or before its first unlocking
    account_xpub: str | None  # of the deposit addresses; None as above
    entries: int  # in the signer's own store
    newest_entry: str  # hash of the newest of them, hexadecimal
    newest_signed: tuple[str, bytes] | None  # attempt key and txID of the newest signature in its store
    notices: tuple[str, ...]  # what an operator should see, also while all is well


class SignerDoor(Protocol):
    """What services ask of the signer; every method may raise SignerAway, SignerLocked or SignerRefused."""

    def status(self) -> SignerStatus:
        """Return how it is; raises SignerAway alone."""

    def account_xpub(self) -> str:
        """Return the public key of the account m/44'/195'/0', from which deposit addresses are derived."""

    def confirm_address(self, index: int) -> str:
        """Derive the deposit address m/44'/195'/0'/0/index from the private key, keep it as ours, return it as T…."""

    def signed_for(self, subject: str) -> SignedAttempt | None:
        """Return the newest of what was signed for PURPOSE/ID, or None: attempts before it were dead by then."""

    def addresses(self, first: int) -> list[int]:
        """Return the indexes from `first` on that were confirmed, ascending, at most ADDRESSES_AT_ONCE of them."""

    def sign(self, request: SignRequest) -> bytes:
        """Return the 65 bytes of the signature over the transaction; may raise SignerLimited too."""


class HubSigner(Protocol):
    """What the hub asks of the signer; every method may raise SignerAway, SignerLocked or SignerRefused.

    The hub key signs receipts and what the hub says of itself; the signer makes their bytes, from what it is told.
    """

    def hub_key(self, asset: Asset) -> bytes:
        """Return the 33 bytes of the key by which the hub of that asset signs."""

    def sign_receipt(self, request: ReceiptRequest) -> bytes:
        """Return the receipt, 170 bytes, and its signature; may raise SignerLimited too."""

    def sign_info(self, request: InfoRequest) -> bytes:
        """Return the 65 bytes of the signature."""


def frame(message: dict[str, Any]) -> bytes:
    body = json.dumps(message, separators=(",", ":")).encode()
    if len(body) > FRAME_BYTES:
        raise BadFrame(f"it has {len(body)} bytes, allowed are {FRAME_BYTES}")
    return LENGTH.pack(len(body)) + body


def body_length(head: bytes) -> int:
    (length,) = LENGTH.unpack(head)
    if not 0 < length <= FRAME_BYTES:
        raise BadFrame(f"it announces {length} bytes, allowed are 1 to {FRAME_BYTES}")
    return int(length)


def parse(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise BadFrame("it is not JSON") from None
    if not isinstance(message, dict):
        raise BadFrame("it is not an object")
    return message
