"""The ledger in the words of beancount: names of accounts, numbers, directives.

There a debit is positive. What we owe is below zero (liabilities: users, channels, bounties, earnings of nodes, and
what is on its way), what we hold on the chain is above zero (assets), and the operator's own is income or equity. Each
asset has its own accounts, because in the ledger too nothing leads from one to another.
"""

from datetime import date

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.money import UBTT_PER_BTT, Asset

# The last part of an owned account is the letter and its ref: beancount wants a capital or a digit there.
_PLACES = {
    AccountKind.CHAIN: "Assets:{unit}:Chain",
    AccountKind.USER: "Liabilities:{unit}:Users:U-{ref}",
    AccountKind.CHANNEL: "Liabilities:{unit}:Channels:C-{ref}",
    AccountKind.BOUNTY: "Liabilities:{unit}:Bounties:B-{ref}",
    AccountKind.EARNINGS: "Liabilities:{unit}:Earnings:E-{ref}",
    AccountKind.IN_FLIGHT: "Liabilities:{unit}:In-Flight",
    AccountKind.SUSPENSE: "Liabilities:{unit}:Suspense",
    AccountKind.FEES: "Income:{unit}:Fees",
    AccountKind.NETWORK_FEES: "Equity:{unit}:Network-Fees",
    AccountKind.ROUNDING: "Income:{unit}:Rounding",
    AccountKind.TREASURY: "Equity:{unit}:Treasury",
}
OPENING = "Equity:{unit}:Opening-Balances"  # the other side of what accounts had before an export begins


def place_of(name: AccountName) -> str:
    return _PLACES[name.kind].format(unit=name.asset.unit, ref=name.ref)


def opening_place(asset: Asset) -> str:
    return OPENING.format(unit=asset.unit)


def number(amount_ubtt: int) -> str:
    """Write an amount exactly, always with its six decimals."""
    whole, decimals = divmod(abs(amount_ubtt), UBTT_PER_BTT)
    return f"{'-' if amount_ubtt < 0 else ''}{whole}.{decimals:06d}"


def open_account(place: str, *, at: date, asset: Asset) -> str:
    return f"{at} open {place} {asset.unit}\n"


def transaction(
    *, at: date, payee: str, narration: str, about: dict[str, str], debit: str, credit: str, amount_ubtt: int, unit: str
) -> str:
    """Return an entry; an amount below zero goes the other way."""
    lines = [f"{at} * {_quoted(payee)} {_quoted(narration)}"]
    lines += [f"  {key}: {_quoted(value)}" for key, value in about.items()]
    lines += [f"  {debit}  {number(amount_ubtt)} {unit}", f"  {credit}  {number(-amount_ubtt)} {unit}"]
    return "\n".join(lines) + "\n\n"


def balance(place: str, amount_ubtt: int, *, at: date, asset: Asset) -> str:
    """Return the assertion that an account holds exactly so much when a day begins. Its tolerance is written: none."""
    return f"{at} balance {place}  {number(amount_ubtt)} ~ 0 {asset.unit}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
