"""Base58 with a checksum, as addresses and extended keys are written."""

from hashlib import sha256

from wallet.domain.language import said as _

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # without 0, O, I and l: they look alike
MAX_CHARACTERS = 128  # of text that is read: an extended key has 111
CHECKSUM_BYTES = 4
_DIGITS = {character: digit for digit, character in enumerate(ALPHABET)}


class BadBase58(ValueError):
    """A character does not belong there, or the checksum is another: which of them stands in the text."""


def encode_checked(value: bytes) -> str:
    whole = value + _checksum(value)
    number, written = int.from_bytes(whole), ""
    while number:
        number, digit = divmod(number, 58)
        written = ALPHABET[digit] + written
    return "1" * (len(whole) - len(whole.lstrip(b"\0"))) + written


def decode_checked(text: str) -> bytes:
    """Return what was written, without its checksum. Raises BadBase58."""
    if len(text) > MAX_CHARACTERS:
        raise BadBase58(_("More than %(max_characters)s characters are too many.") % {"max_characters": MAX_CHARACTERS})
    number = 0
    for character in text:
        if (digit := _DIGITS.get(character)) is None:
            raise BadBase58(_("The character %(character)s cannot stand in it.") % {"character": repr(character)})
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    whole = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
    value, checksum = whole[:-CHECKSUM_BYTES], whole[-CHECKSUM_BYTES:]
    if len(whole) < CHECKSUM_BYTES or checksum != _checksum(value):
        raise BadBase58(_("Its checksum is wrong: a character was mistyped or lost."))
    return value


def _checksum(value: bytes) -> bytes:
    return sha256(sha256(value).digest()).digest()[:CHECKSUM_BYTES]
