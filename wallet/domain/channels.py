"""What can be asked of a channel, checked, and what comes of it (from the market's protocol, channels)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.items import BadItem
from wallet.domain.money import BadAmount, check_amount
from wallet.domain.posting import Code
from wallet.domain.rounding import PPM, fee_of

MIN_LIFE = timedelta(seconds=600)
MAX_LIFE = timedelta(days=7)
USUAL_LIFE = timedelta(hours=1)  # of a channel whose payer says nothing about it
GRACE = timedelta(seconds=300)  # after expiry, for a payee's last voucher
LEAST_LONGER = timedelta(seconds=60)  # a top-up without money that adds less time is none
MAX_VERSIONS = 10_000  # of a channel's receipt: one for each minute of the longest life, about
MAX_VOUCHERS = 1_000  # of one call
# What 64 MiB, the least that a channel covers, cost at the lowest price there is: each channel costs its hub rows and a
# signature, and one with less would buy nothing.
LEAST_UBTT = 256
MOST_OPEN = 1_000  # channels that one key may have open of one account: eight sellers for each of a hundred torrents
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SPEED_KEY = re.compile(r"0[23][0-9a-f]{64}", re.ASCII)


class Answer(StrEnum):
    """What became of a call."""

    OK = "ok"
    UNCHANGED = "unchanged"  # nothing new: it was done before, or a higher voucher counts
    UNKNOWN = "unknown_channel"
    CLOSED = "closed"
    EXPIRED = "expired"
    OVER_AMOUNT = "over_amount"  # promises more than the channel holds
    INSUFFICIENT = "insufficient"  # the payer does not have that much available
    NO_PAYEE = "no_payee"  # nobody has the account that is to be paid
    FROZEN = "frozen"
    CONFLICT = "conflict"  # the id or key was used for something else
    REFUSED = "refused"  # by the ledger, for another reason


@dataclass(frozen=True, slots=True)
class Voucher:
    """A payer's newest promise: all that the channel has ever owed. The signature was checked by whoever made this."""

    channel_id: str
    cumulative_ubtt: int
    digest: str = "0" * 64  # SHA-256 of the bytes that the payer has signed: the ledger names it beside what it pays

    def __post_init__(self) -> None:
        check_id(self.channel_id)
        check_ubtt("cumulative_ubtt", self.cumulative_ubtt)
        if not _DIGEST.fullmatch(self.digest):
            raise BadItem("digest", "must be 64 hexadecimal digits")


_ANSWERS = {Code.INSUFFICIENT: Answer.INSUFFICIENT, Code.FROZEN: Answer.FROZEN, Code.CONFLICT: Answer.CONFLICT}


def answer_of(code: Code) -> Answer:
    """Say in the words of channels what the ledger has refused."""
    return _ANSWERS.get(code, Answer.REFUSED)


def parts_of(*, cumulative_ubtt: int, redeemed_ubtt: int, fee_ppm: int) -> tuple[int, int]:
    """Return what payee and operator get when a channel's total grows; fees are floors of totals, booked as growth."""
    fee_ubtt = fee_of(cumulative_ubtt, fee_ppm) - fee_of(redeemed_ubtt, fee_ppm)
    return cumulative_ubtt - redeemed_ubtt - fee_ubtt, fee_ubtt


def check_id(channel_id: object) -> None:
    if not isinstance(channel_id, str) or not _ID.fullmatch(channel_id):
        raise BadItem("channel_id", "must be 32 hexadecimal digits")


def check_sides(payer: AccountName, payee: AccountName) -> None:
    is_paid = payee.kind in (AccountKind.USER, AccountKind.EARNINGS)
    if payer.kind is not AccountKind.USER or not is_paid or payer.asset is not payee.asset:
        raise BadItem("payee", "a user pays a user or the earnings of a node, in one asset")
    if payer == payee:
        raise BadItem("payee", "must be somebody else than the payer")


def check_speed_key(field: str, key: object) -> None:
    if not isinstance(key, str) or not _SPEED_KEY.fullmatch(key):
        raise BadItem(field, "must be a compressed public key: 33 bytes in hexadecimal digits")


def check_ubtt(field: str, amount_ubtt: object) -> None:
    """An amount, or nothing."""
    if type(amount_ubtt) is int and amount_ubtt == 0:
        return
    try:
        check_amount(amount_ubtt)
    except BadAmount as problem:
        raise BadItem(field, str(problem)) from None


def check_opening(amount_ubtt: object) -> None:
    check_ubtt("amount_ubtt", amount_ubtt)
    if not isinstance(amount_ubtt, int) or amount_ubtt < LEAST_UBTT:
        raise BadItem("amount_ubtt", f"must be {LEAST_UBTT} µ or more to open a channel; what is not used comes back")


def check_life(expires_at: datetime, now: datetime) -> None:
    if not isinstance(expires_at, datetime) or not MIN_LIFE <= expires_at - now <= MAX_LIFE:
        raise BadItem("expires_at", "must be 10 minutes to 7 days from now")


def check_fee(fee_ppm: object) -> None:
    if type(fee_ppm) is not int or not 0 <= fee_ppm <= PPM:
        raise BadItem("fee_ppm", "must be a whole number from 0 to 1,000,000")
