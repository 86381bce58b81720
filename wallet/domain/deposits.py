"""What becomes of value that has come to an address of ours: into whose account, how much of it, or why not."""

from dataclasses import dataclass
from enum import StrEnum

from wallet.domain.accounts import AccountKind, AccountName, own_account, user_account
from wallet.domain.language import gettext_noop, number
from wallet.domain.money import MAX_AMOUNT_UBTT, UBTT_PER_BTT, Asset

UNITS_PER_UBTT = {Asset.TRC10: 1, Asset.TRC20: 10**12, Asset.TRX: 1}  # 6 decimals, 18, 6
# Less costs more to sweep than it is worth: dust that strangers send must not make work.
MINIMUM_UBTT = {Asset.TRC10: 1_000_000, Asset.TRC20: 1_000_000_000}


class DepositFate(StrEnum):
    """What became of it."""

    CREDITED = "credited"  # to the user whose address it is
    OPERATOR = "operator"  # sent to the box itself, or TRX: it pays for the chain
    SUSPENSE = "suspense"  # ours, and nobody known has a right to it
    SMALL = "small"  # below the minimum: recorded, not credited
    LARGE = "large"  # more than the books can hold: recorded, not credited
    # Paid by a contract while it ran. What a receipt says of that is one endpoint's word: recorded, not credited.
    INTERNAL = "internal"

    @property
    def label(self) -> str:
        """Return it in English; whoever shows it to people translates it."""
        return _LABELS[self]


BOOKED = frozenset({DepositFate.CREDITED, DepositFate.OPERATOR, DepositFate.SUSPENSE})
_LABELS = {
    DepositFate.CREDITED: gettext_noop("Credited"),
    DepositFate.OPERATOR: gettext_noop("The box's own"),
    DepositFate.SUSPENSE: gettext_noop("In suspense"),
    DepositFate.SMALL: gettext_noop("Below the minimum"),
    DepositFate.LARGE: gettext_noop("Too large"),
    DepositFate.INTERNAL: gettext_noop("Paid by a contract"),
}


class Place(StrEnum):
    """What kind of address of ours it came to."""

    USER = "user"
    INSTALL = "install"  # the hot or a cold one
    NOBODY = "nobody"  # derived from our key, and given to nobody


@dataclass(frozen=True)
class Judgement:
    """What to do with an arrival. Without an account it is recorded only."""

    fate: DepositFate
    credit: AccountName | None = None
    amount_ubtt: int = 0
    remainder: int = 0  # in the chain's units, less than 1 µBTT


def split(units: int, asset: Asset) -> tuple[int, int]:
    """Return an amount of the chain's in µBTT, rounded down, and what that leaves over."""
    return divmod(units, UNITS_PER_UBTT[asset])


def to_units(amount_ubtt: int, asset: Asset) -> int:
    return amount_ubtt * UNITS_PER_UBTT[asset]


def format_units(units: int, asset: Asset) -> str:
    """Write an amount of the chain's exactly, with up to 18 decimals: 1,234.5, 0.000000000000000001."""
    return number(plain_units(units, asset))


def plain_units(units: int, asset: Asset) -> str:
    """Write such an amount for a sentence that is kept: whoever reads it, it says 1,234.5."""
    amount_ubtt, remainder = split(abs(units), asset)
    decimals = len(str(UNITS_PER_UBTT[asset])) - 1
    whole, parts = divmod(amount_ubtt, UBTT_PER_BTT)
    rest = f"{parts:06d}{remainder:0{decimals}d}" if decimals else f"{parts:06d}"
    sign = "\N{MINUS SIGN}" if units < 0 else ""
    return f"{sign}{whole:,}.{rest}".rstrip("0").rstrip(".")


def judge(*, asset: Asset, units: int, place: Place, user_id: int | None, is_internal: bool = False) -> Judgement:
    """Decide what becomes of what has come.

    TRX is gas: whoever sends it, it pays for the chain. What comes to the install's own address is the operator's.
    What is below the minimum, beyond what the books hold, or paid by a contract while it ran, is recorded only.
    """
    if is_internal:
        return Judgement(DepositFate.INTERNAL)
    amount_ubtt, remainder = split(units, asset)
    if amount_ubtt > MAX_AMOUNT_UBTT:
        return Judgement(DepositFate.LARGE)
    if asset is Asset.TRX:
        fate, credit, least = DepositFate.OPERATOR, own_account(asset, AccountKind.NETWORK_FEES), 1
    elif place is Place.INSTALL:
        fate, credit, least = DepositFate.OPERATOR, own_account(asset, AccountKind.TREASURY), 1
    elif place is Place.NOBODY or user_id is None:
        fate, credit, least = DepositFate.SUSPENSE, own_account(asset, AccountKind.SUSPENSE), 1
    else:
        fate, credit, least = DepositFate.CREDITED, user_account(asset, user_id), MINIMUM_UBTT[asset]
    if amount_ubtt < least:
        return Judgement(DepositFate.SMALL)
    return Judgement(fate, credit, amount_ubtt, remainder)
