"""What can be asked of the ledger: transfers, holds and their ends. Each is checked when it is made.

Each has its effect once for its key. A key belongs to what it is asked for: the same for a transfer, for a hold and for
the end of a hold are three keys that know nothing of each other.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from hashlib import sha256

from wallet.domain.accounts import AccountKind, AccountName, BadAccountName, check_account_name
from wallet.domain.kinds import TransferKind
from wallet.domain.money import BadAmount, check_amount
from wallet.domain.routes import is_way

MAX_KEY_LENGTH = 128
MAX_CAUSE_LENGTH = 120
MAX_MEMO_LENGTH = 140
MAX_ITEMS = 10_000  # of one batch: ten thousand locks and a second's work
KEY_HASH_BYTES = 16
_KEY = re.compile(r"[!-~]{1,128}", re.ASCII)
_UNWRITTEN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, halves of characters, line and paragraph breaks
_CAUSE = re.compile(r"[a-z-]{1,20}/[!-~]{1,99}", re.ASCII)


class HoldPurpose(IntEnum):
    WITHDRAWAL = 1
    BUDGET = 2


class HoldEnd(IntEnum):
    """How a hold ended; it does so once."""

    POSTED = 1
    VOIDED = 2
    EXPIRED = 3

    @property
    def label(self) -> str:
        return self.name.capitalize()


class BadItem(ValueError):
    """What was asked of the ledger is malformed: nothing was done, and its key is not used up."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Move an amount from `debit` to `credit`, once for each `key` among transfers. Raises BadItem.

    `cause` is a typed reference like `tip/41`. With `hold` it posts that hold: what it does not take returns. With
    `reverses` it mirrors that transfer. `linked` lets it stand or fall with the item after it.
    """

    key: str
    debit: AccountName
    credit: AccountName
    amount_ubtt: int
    kind: TransferKind
    cause: str
    event_at: datetime  # when it happened; when it was written is another time
    memo: str = ""
    hold: int | None = None
    reverses: int | None = None
    linked: bool = False

    def __post_init__(self) -> None:
        _check_key(self.key)
        _check_account("debit", self.debit)
        _check_account("credit", self.credit)
        _check_amount(self.amount_ubtt)
        if self.debit == self.credit:
            raise BadItem("credit", "must be another account than debit")
        if self.debit.asset is not self.credit.asset:
            raise BadItem("credit", f"{self.credit} holds another asset than {self.debit}")
        if not isinstance(self.kind, TransferKind):
            raise BadItem("kind", f"{self.kind!r} is no kind of transfer")
        if not is_way(self.kind, self.debit.kind, self.credit.kind):
            raise BadItem("kind", f"{self.kind.label} does not move money from {self.debit} to {self.credit}")
        _check_cause(self.cause)
        _check_time("event_at", self.event_at)
        _check_memo(self.memo)
        _check_id("hold", self.hold)
        _check_id("reverses", self.reverses)
        if (self.reverses is None) != (self.kind is not TransferKind.REVERSAL):
            raise BadItem("reverses", "belongs to a transfer of kind REVERSAL, and to no other")
        _check_flag("linked", self.linked)

    def body(self) -> str:
        """Return the canonical text whose hash tells one wish from another under the same key.

        Fields in the order of their names, integers as i<decimal>, text as s<bytes>:<UTF-8, NFC>; the leading 1 is the
        version. Not in it: `event_at`, which a retry may take anew, and `linked`.
        """
        debit, credit, cause = self.debit, self.credit, self.cause  # causes and names of accounts are ASCII
        return (
            f"1|transfer|amount_ubtt=i{self.amount_ubtt}|asset=i{debit.asset:d}|cause=s{len(cause)}:{cause}"
            f"|credit=i{credit.kind:d},s{len(credit.ref)}:{credit.ref}"
            f"|debit=i{debit.kind:d},s{len(debit.ref)}:{debit.ref}"
            f"|hold=i{self.hold or 0}|kind=i{self.kind:d}|memo={_text(self.memo)}|reverses=i{self.reverses or 0}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold:
    """Reserve an amount on an account, once for each `key` among holds, until the hold is posted, voided or expires.

    Raises BadItem.
    """

    key: str
    account: AccountName
    amount_ubtt: int
    purpose: HoldPurpose
    cause: str
    expires_at: datetime | None  # none for withdrawals only: their states end it
    linked: bool = False

    def __post_init__(self) -> None:
        _check_key(self.key)
        _check_account("account", self.account)
        if self.account.kind is not AccountKind.USER:
            raise BadItem("account", "only a user's money can be held")
        _check_amount(self.amount_ubtt)
        if not isinstance(self.purpose, HoldPurpose):
            raise BadItem("purpose", f"{self.purpose!r} is no purpose of a hold")
        _check_cause(self.cause)
        if self.expires_at is not None:
            _check_time("expires_at", self.expires_at)
        elif self.purpose is not HoldPurpose.WITHDRAWAL:
            raise BadItem("expires_at", "must be set; only the hold of a withdrawal ends without a time")
        _check_flag("linked", self.linked)

    def body(self) -> str:
        """As Transfer.body; not in it: `expires_at`, which a retry may take anew."""
        return (
            f"1|hold|account=i{self.account.kind:d},{_text(self.account.ref)}|amount_ubtt=i{self.amount_ubtt}"
            f"|asset=i{self.account.asset:d}|cause={_text(self.cause)}|purpose=i{self.purpose:d}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndHold:
    """End a hold without a transfer, once for each `key` among ends: it was voided, or its time is over.

    Raises BadItem.
    """

    key: str
    hold: int
    end: HoldEnd
    linked: bool = False

    def __post_init__(self) -> None:
        _check_key(self.key)
        if type(self.hold) is not int:
            raise BadItem("hold", f"{self.hold!r} is no id")
        _check_id("hold", self.hold)
        if self.end not in (HoldEnd.VOIDED, HoldEnd.EXPIRED):
            raise BadItem("end", "a hold is voided or expires here; a transfer posts it")
        _check_flag("linked", self.linked)

    def body(self) -> str:
        return f"1|end|end=i{self.end:d}|hold=i{self.hold}"


Item = Transfer | PlaceHold | EndHold

# Before the key of each kind of item: keys have no spaces, so none of one kind can be taken for another's.
_BEFORE_KEY: dict[type[Item], str] = {Transfer: "", PlaceHold: "hold ", EndHold: "end "}


def key_hash(key: str, of: type[Item] = Transfer) -> bytes:
    """Return the 16 bytes under which a key of that kind of item is known.

    Half of a SHA-256 is still out of anybody's reach to meet twice.
    """
    return sha256((_BEFORE_KEY[of] + key).encode("ascii")).digest()[:KEY_HASH_BYTES]


def hash_of_key(item: Item) -> bytes:
    return key_hash(item.key, type(item))


def body_hash(item: Item) -> bytes:
    return sha256(item.body().encode()).digest()


def check_batch(items: object) -> None:
    """Raise BadItem unless this is a list of one to ten thousand items whose links all lead on."""
    if not isinstance(items, list | tuple) or not all(isinstance(item, Item) for item in items):
        raise BadItem("items", "must be a list of transfers, holds and their ends")
    if not 1 <= len(items) <= MAX_ITEMS:
        raise BadItem("items", f"must be 1 to {MAX_ITEMS}, not {len(items)}: cut the list")
    if items[-1].linked:
        raise BadItem("linked", "the last item has nothing after it to be linked to")


def _text(text: str) -> str:
    if text.isascii():
        return f"s{len(text)}:{text}"
    text = unicodedata.normalize("NFC", text)
    return f"s{len(text.encode())}:{text}"


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise BadItem("key", f"must be 1 to {MAX_KEY_LENGTH} printable ASCII characters without spaces")


def _check_account(field: str, name: object) -> None:
    try:
        check_account_name(name)
    except BadAccountName as problem:
        raise BadItem(field, str(problem)) from None


def _check_amount(amount_ubtt: object) -> None:
    try:
        check_amount(amount_ubtt)
    except BadAmount as problem:
        raise BadItem("amount_ubtt", str(problem)) from None


def _check_cause(cause: object) -> None:
    if not isinstance(cause, str) or not _CAUSE.fullmatch(cause):
        raise BadItem("cause", "must be a type, a slash and a reference, like tip/41")


def _check_time(field: str, at: object) -> None:
    if not isinstance(at, datetime) or at.utcoffset() != timedelta(0):
        raise BadItem(field, "must be a time in UTC")


def _check_memo(memo: object) -> None:
    if not isinstance(memo, str) or len(memo) > MAX_MEMO_LENGTH:
        raise BadItem("memo", f"must be text of at most {MAX_MEMO_LENGTH} characters")
    if any(unicodedata.category(character) in _UNWRITTEN for character in memo):
        raise BadItem("memo", "must not contain control characters or line breaks")


def _check_id(field: str, number: object) -> None:
    if number is not None and (type(number) is not int or not 0 < number < 2**63):
        raise BadItem(field, f"{number!r} is no id")


def _check_flag(field: str, flag: object) -> None:
    if type(flag) is not bool:
        raise BadItem(field, "must be true or false")
