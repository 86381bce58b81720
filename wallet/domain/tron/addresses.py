"""Addresses: 21 bytes, 0x41 first. They are compared in that form only; T… and 41… are ways to write them."""

import re
from typing import NewType

from wallet.domain.language import said as _
from wallet.domain.tron import base58

Address = NewType("Address", bytes)

ADDRESS_PREFIX = b"\x41"
ADDRESS_BYTES = 21
ZERO_ADDRESS = Address(ADDRESS_PREFIX + bytes(20))  # who calls when nobody is named; never a place to pay to
BLACK_HOLE = Address(bytes.fromhex("4177944d19c052b73ee2286823aa83f8138cb7032f"))  # where fees are burned
_MAX_TEXT = 64
_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]+)", re.ASCII)


class BadAddress(ValueError):
    """This is no address of TRON: what is wrong with it and how to get a right one stands in the text."""


def is_address(value: bytes) -> bool:
    return len(value) == ADDRESS_BYTES and value[:1] == ADDRESS_PREFIX


def parse_address(text: str) -> Address:
    """Read T…, 41… or 0x41…, hex in any case. Raises BadAddress."""
    text = text.strip()
    if not text:
        raise BadAddress(_("There is no address: paste one that begins with T."))
    if len(text) > _MAX_TEXT:
        raise BadAddress(_("This is too long for an address: one that begins with T has 34 characters."))
    if match := _HEX.fullmatch(text):
        return _from_hex(match[1])
    return _from_base58(text)


def to_base58(address: Address) -> str:
    return base58.encode_checked(address)


def to_hex(address: Address) -> str:
    return address.hex()


def _from_hex(digits: str) -> Address:
    if len(digits) == 40:
        raise BadAddress(_("This is an address of Ethereum's kind: TRON's begins with 41 in hex, or with T."))
    if len(digits) != 2 * ADDRESS_BYTES:
        raise BadAddress(
            _("An address in hex has 42 digits, this one %(digits)s: copy it whole.") % {"digits": len(digits)}
        )
    if not digits.startswith("41"):
        raise BadAddress(_("An address in hex begins with 41: this one is not of TRON."))
    return Address(bytes.fromhex(digits))


def _from_base58(text: str) -> Address:
    if not text.startswith("T"):
        raise BadAddress(_("An address of TRON begins with T: this one is not of TRON."))
    if len(text) != 34:
        raise BadAddress(
            _("An address that begins with T has 34 characters, this one %(text)s: copy it whole.")
            % {"text": len(text)}
        )
    try:
        value = base58.decode_checked(text)
    except base58.BadBase58 as problem:
        raise BadAddress(_("%(problem)s Copy the address again; do not type it.") % {"problem": problem}) from None
    if not is_address(value):
        raise BadAddress(_("An address of TRON has 21 bytes and begins with 41 in hex: this one is not of TRON."))
    return Address(value)
