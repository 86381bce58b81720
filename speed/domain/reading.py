"""Numbers as people write them: a speed in MiB per second, a share in percent. No float comes near them."""

import re

from wallet.domain.language import number, signs, two_meanings
from wallet.domain.language import said as _

MIB = 1 << 20
PPM_PER_PERCENT = 10_000
_NUMBER = re.compile(r"(\d{1,9})(?:\.(\d{1,4}))?", re.ASCII)
_DECIMALS = 10_000


class BadNumber(ValueError):
    """Write a number with at most four decimals, like 12.5."""

    def __init__(self, why: str = "") -> None:
        usual = _("Write a number with at most four decimals, like %(example)s.") % {"example": number("12.5")}
        super().__init__(why or usual)


def read_mib(text: str) -> int:
    """Return the bytes of so many MiB, rounded down. Raises BadNumber."""
    return _ten_thousandths(text) * MIB // _DECIMALS


def read_percent(text: str) -> int:
    """Return the share in parts per million. Raises BadNumber."""
    return _ten_thousandths(text) * PPM_PER_PERCENT // _DECIMALS


def write_mib(size_bytes: int) -> str:
    """Write bytes as a number of MiB, rounded down to what `read_mib` takes; "" for nothing."""
    return _written(size_bytes * _DECIMALS // MIB) if size_bytes else ""


def write_percent(share_ppm: int) -> str:
    return _written(share_ppm * _DECIMALS // PPM_PER_PERCENT)


def _ten_thousandths(text: str) -> int:
    if two := two_meanings(text):
        ways = dict(zip(("thousands", "little"), two, strict=True))
        raise BadNumber(_("It could be %(thousands)s or %(little)s: write one of these.") % ways)
    match = _NUMBER.fullmatch(text.strip().replace(signs()[0], "."))
    if match is None:
        raise BadNumber
    return int(match[1]) * _DECIMALS + int((match[2] or "").ljust(4, "0"))


def _written(ten_thousandths: int) -> str:
    whole, rest = divmod(ten_thousandths, _DECIMALS)
    return number(f"{whole}.{rest:04d}".rstrip("0")) if rest else str(whole)
