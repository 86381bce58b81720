"""What pages show of deposits: one dict that template and live socket share. Pure formatting."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from wallet.domain.deposits import MINIMUM_UBTT, DepositFate, format_units, split
from wallet.domain.money import Asset, format_amount, format_btt
from wallet.domain.networks import BLOCK_MS, SOLID_LAG_BLOCKS
from wallet.models import ChainCursor, Deposit, PendingDeposit
from wallet.services.entry_rows import Row, minute, with_decimals

TONES = {
    DepositFate.CREDITED: "green",
    DepositFate.OPERATOR: "secondary",
    DepositFate.SUSPENSE: "yellow",
    DepositFate.SMALL: "yellow",
    DepositFate.LARGE: "yellow",
    DepositFate.INTERNAL: "yellow",
}
SHORT_CHARS = 8  # of an id, at each end
WOBBLE_BLOCKS = 2  # the newest and the irreversible block are not read in one moment
ANY_MOMENT = timedelta(seconds=4)


def short(tx_id: str) -> str:
    return f"{tx_id[:SHORT_CHARS]}…{tx_id[-SHORT_CHARS:]}"


def pending_row(pending: PendingDeposit, cursor: ChainCursor) -> Row:
    """Return the cells of a deposit on its way; how long it takes is reckoned from when the chain was looked at."""
    asset = Asset(pending.asset)
    lag, behind = blocks_until_solid(), cursor.head_height - cursor.solid_height + 1
    lag = behind if behind > lag + WOBBLE_BLOCKS else lag  # a chain that is late takes longer, and the row says so
    seen = min(max(cursor.head_height - pending.block_number + 1, 1), lag)
    is_enough = asset in MINIMUM_UBTT and split(pending.amount, asset)[0] >= MINIMUM_UBTT[asset]
    too_little = (
        _("below %(minimum)s") % {"minimum": minimum(asset)}
        if asset in MINIMUM_UBTT
        else _("%(unit)s pays for the chain") % {"unit": asset.unit}
    )
    left = pending.solid_at - (cursor.looked_at or pending.seen_at)
    return {
        "row": f"pending-{pending.tx_id[:16]}-{pending.kind}-{pending.index}",
        "amount": format_btt(split(pending.amount, asset)[0]),
        "unit": asset.unit,
        "blocks": _("%(seen)s of about %(lag)s blocks") % {"seen": seen, "lag": lag},
        "percent": seen * 100 // lag,
        "left": _left(left) if is_enough else _("not credited: %(too_little)s") % {"too_little": too_little},
        "tx": short(pending.tx_id),
        "tx_whole": pending.tx_id,
    }


def deposit_row(deposit: Deposit) -> Row:
    """Return the cells of a deposit; `href` leads from the deposit page to its own."""
    asset, fate = Asset(deposit.asset), DepositFate(deposit.fate)
    is_credited = fate is DepositFate.CREDITED
    row: Row = {
        "row": f"deposit-{deposit.pk}",
        "href": f"came/{deposit.pk}/",
        "fate": _(fate.label) if is_credited else _("Not credited: %(label)s") % {"label": _(fate.label).lower()},
        "tone": TONES[fate],
        "amount": ("+" if is_credited else "") + format_btt(split(deposit.amount, asset)[0]),
        "amount_tone": "green" if is_credited else "",
        "unit": asset.unit,
        "tx": short(deposit.tx_id),
        "tx_whole": deposit.tx_id,
        "at": deposit.block_at.isoformat(),
        "at_text": minute(deposit.block_at),
    }
    return with_decimals(row, "amount")


def why(deposit: Deposit) -> str:
    """Say what became of a deposit, and what can be done."""
    asset = Asset(deposit.asset)
    fate = DepositFate(deposit.fate)
    if fate is DepositFate.CREDITED and deposit.remainder:
        rest = format_units(deposit.remainder, asset)
        return _(
            "The books have six decimals; the %(rest)s %(unit)s below that went to the box's account for rounding."
        ) % {"rest": rest, "unit": asset.unit}
    return {
        DepositFate.CREDITED: _("It is in your account, to the last unit."),
        DepositFate.OPERATOR: _("TRX is no money of users here: it pays for the chain."),
        DepositFate.SUSPENSE: _("The account that it belongs to is gone. An admin can assign it."),
        DepositFate.SMALL: _("It is less than the minimum of %(asset)s: moving it would cost more than that.")
        % {"asset": minimum(asset)},
        DepositFate.LARGE: _("It is more than one account of these books can hold. Ask an admin."),
        DepositFate.INTERNAL: _("A contract has paid it while it ran, which no block proves. Ask an admin."),
    }[fate]


def minimum(asset: Asset) -> str:
    return format_amount(MINIMUM_UBTT[asset], asset) if asset in MINIMUM_UBTT else ""


def blocks_until_solid() -> int:
    """Return in how many blocks a new one is irreversible, itself among them: one number wherever it is said."""
    return 1 + (settings.WALLET_DEVNET_SOLID_LAG if settings.WALLET_NETWORK == "devnet" else SOLID_LAG_BLOCKS)


def usual_wait(cursor: ChainCursor | None) -> str:
    """Return how long that takes."""
    return _span(blocks_until_solid() * timedelta(milliseconds=cursor.block_ms if cursor else BLOCK_MS))


def by_name(rows: Sequence[Row]) -> dict[str, Row]:
    return {str(row["row"]): row for row in rows}


def _left(span: timedelta) -> str:
    return _("any moment") if span <= ANY_MOMENT else _("about %(span)s") % {"span": _span(span)}


def _span(span: timedelta) -> str:
    seconds = max(int(span.total_seconds()), 1)
    return f"{seconds}\N{NO-BREAK SPACE}s" if seconds < 100 else f"{-(-seconds // 60)}\N{NO-BREAK SPACE}min"
