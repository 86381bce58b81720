"""Amounts: whole numbers of µBTT, how they are read and how they are written. No float comes near them."""

import re
from enum import IntEnum

from wallet.domain.language import PLAIN, as_printed, gettext_noop, number, signs, two_meanings
from wallet.domain.language import said as _

UBTT_PER_BTT = 1_000_000
BTT_PER_BTTOLD = 1_000  # at the issuer's own contract, for ever
MAX_AMOUNT_UBTT = 2**62  # of one transfer and of one balance: their sum still fits 64 bits, so nothing can wrap
_DECIMALS = 6
# Thousands may be set apart, but only as thousands: to half of the world 1,5 is not 15, and 0,001 is not 1.
_BTT = re.compile(
    r"(\d{1,13}|[1-9]\d{0,2}(?:,\d{3}){1,4}|[1-9]\d{0,2}(?:[ \u00a0]\d{3}){1,4})(?:\.(\d{1,6}))?", re.ASCII
)


class Asset(IntEnum):
    """What an account holds. Each is a world of its own: no transfer leads from one into another.

    The numbers of the first two are those of Speed/1 receipts. All have six decimals in the ledger: TRC-20 BTT has 18
    on the chain and is floored at that door.
    """

    TRC10 = 1  # BTTOLD, token 1002000
    TRC20 = 2  # BTT
    TRX = 3  # network costs

    __hash__ = int.__hash__  # an enum's own is Python, and names of accounts are looked up a dozen times for a transfer

    @property
    def unit(self) -> str:
        return {Asset.TRC10: "BTTOLD", Asset.TRC20: "BTT", Asset.TRX: "TRX"}[self]


def worth_ubtt(amount_ubtt: int, asset: Asset, *, in_asset: Asset) -> int:
    """Return what BTT or BTTOLD is worth in the other one, rounded up. For limits: nothing is exchanged."""
    if asset is in_asset:
        return amount_ubtt
    return amount_ubtt * BTT_PER_BTTOLD if in_asset is Asset.TRC20 else -(-amount_ubtt // BTT_PER_BTTOLD)


class BadAmount(ValueError):
    """This is no amount: write a number above zero with at most six decimals, like 12.5."""

    def __init__(self, why: str | None = None) -> None:
        usual = _("write a number above zero with at most six decimals, like %(example)s") % {"example": number("12.5")}
        super().__init__(_("This is no amount: %(why)s.") % {"why": usual if why is None else _(why)})


def check_amount(amount_ubtt: object) -> int:
    """Return the amount if it is an integer from 1 to 2⁶²; raises BadAmount for all else, also for booleans."""
    if type(amount_ubtt) is not int:
        raise BadAmount(gettext_noop("it must be a whole number of µBTT"))
    if amount_ubtt <= 0:
        raise BadAmount(gettext_noop("it must be above zero"))
    if amount_ubtt > MAX_AMOUNT_UBTT:
        raise BadAmount(gettext_noop("it is larger than 2⁶² µBTT"))
    return amount_ubtt


def parse_btt(text: str) -> int:
    """Read what a person writes, like 1,234.5 or 0.000001, with that person's signs; return µBTT. Raises BadAmount."""
    match = _BTT.fullmatch(_plain(as_printed(text.strip())))
    if match is None:
        raise BadAmount
    whole, decimals = re.sub("[, \u00a0]", "", match[1]), match[2] or ""
    return check_amount(int(whole) * UBTT_PER_BTT + int(decimals.ljust(_DECIMALS, "0")))


def amounts_meant(text: str) -> list[int]:
    """Return what an amount may mean, in µBTT, for a search, which can look for both; nothing if it is none."""
    try:
        return [parse_btt(way) for way in two_meanings(text) or (text,)]
    except BadAmount:
        return []


def _plain(text: str) -> str:
    """Return a number with the signs of plain ones. Raises BadAmount where it could mean a thousand times as much."""
    decimal, group = signs()
    if (decimal, group) == PLAIN:
        return text
    if two := two_meanings(text):
        ways = dict(zip(("thousands", "little"), two, strict=True))
        raise BadAmount(_("it could be %(thousands)s or %(little)s: write one of these") % ways)
    if -1 < text.rfind(",") < text.rfind("."):
        return text  # both stand there: the last one can only be the one before decimals
    if decimal in text or text.count(".") > 1:
        return text.translate({ord(decimal): ".", ord(group): ","})
    return text.replace(group, ",") if group != "." else text


def format_btt(amount_ubtt: int) -> str:
    """Write an amount exactly, without zeros that say nothing: 1,234.5, 0.000001."""
    return number(_written(amount_ubtt))


def decimals_in(written: str) -> int:
    """Return with how many decimals an amount is written: by it a column puts decimal signs below each other."""
    decimal, _group = signs()
    return len(written.rpartition(decimal)[2]) if decimal in written else 0


def _written(amount_ubtt: int) -> str:
    whole, decimals = divmod(abs(amount_ubtt), UBTT_PER_BTT)
    sign = "\N{MINUS SIGN}" if amount_ubtt < 0 else ""
    rest = f".{decimals:06d}".rstrip("0") if decimals else ""
    return f"{sign}{whole:,}{rest}"


def write_btt(amount_ubtt: int) -> str:
    """Write an amount as a field of a form takes it: exactly, without thousands set apart."""
    return format_btt(amount_ubtt).replace(signs()[1], "")


def format_count(count: int) -> str:
    """Write how many there are: 12, 1,234."""
    return number(f"{count:,}")


def plain_amount(amount_ubtt: int, asset: Asset) -> str:
    """Write an amount for a sentence that is kept: whoever reads it, it says 1,234.5 BTT."""
    return f"{_written(amount_ubtt)} {asset.unit}"


def format_amount(amount_ubtt: int, asset: Asset) -> str:
    return f"{format_btt(amount_ubtt)} {asset.unit}"
