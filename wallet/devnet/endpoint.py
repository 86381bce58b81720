"""One port of the chain: what it shows, how it fails, about what it lies."""

import re
from binascii import unhexlify
from dataclasses import dataclass, field

from wallet.devnet.chain import Devnet
from wallet.devnet.faults import Faults
from wallet.devnet.http import BadRequest, Request
from wallet.devnet.parameters import Lags
from wallet.devnet.texts import Texts
from wallet.devnet.views import View
from wallet.domain.tron.addresses import Address, BadAddress, parse_address

ID_TEXT = re.compile(r"[1-9]\d{0,17}", re.ASCII)  # of a TRC-10 token
HASH_BYTES = 32
NO_PARSE = "org.tron.json.JsonFormat$ParseException"


@dataclass
class Endpoint:
    devnet: Devnet
    faults: Faults = field(default_factory=Faults)
    texts: Texts = field(default_factory=Texts)
    lags: Lags | None = None  # of this port alone; None: those of the chain

    def view(self, *, is_solid: bool) -> View:
        return self.devnet.view(is_solid=is_solid, lags=self.lags)

    def set_lags(self, lags: Lags) -> None:
        """Show so much of the chain: here alone if this port has lags of its own, otherwise wherever it is shown."""
        if self.lags is None:
            self.devnet.set_lags(lags)
        else:
            self.lags = lags

    def current_lags(self) -> Lags:
        return self.lags or self.devnet.lags()


def address_in(request: Request, name: str, default: Address | None = None) -> Address:
    """Return the address in a field, in any form; raise BadRequest."""
    text = request.text(name)
    if not text and default is not None:
        return default
    try:
        return parse_address(text)
    except BadAddress as problem:
        raise BadRequest(f"INVALID {name}: {problem}", NO_PARSE) from None


def hash_in(request: Request, name: str) -> bytes | None:
    """Return the 32 bytes that a field names, or None for text that can be no hash; raise BadRequest for no hex."""
    found = hex_in(request, name)
    return found if len(found) == HASH_BYTES else None


def hex_in(request: Request, name: str) -> bytes:
    """Return the bytes of a field in hex, with or without 0x, an odd digit filled up; raise BadRequest."""
    text = request.text(name)
    digits = text[2:] if text[:2] in ("0x", "0X") else text
    try:
        return unhexlify(digits if len(digits) % 2 == 0 else f"0{digits}")
    except ValueError:
        raise BadRequest("INVALID hex String", NO_PARSE) from None


def name_in_hex(request: Request, name: str) -> str:
    """Return the text whose bytes a field has in hex; raise BadRequest."""
    return hex_in(request, name).decode(errors="replace")
