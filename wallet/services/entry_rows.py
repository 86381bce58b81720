"""What a page shows of a balance, a hold, an entry: one dict that template and live socket share.

Pure formatting; nothing here asks the database.
"""

from datetime import datetime

from wallet.domain.items import HoldPurpose
from wallet.domain.kinds import TransferKind
from wallet.domain.money import format_amount, format_btt
from wallet.services.statements import Balance, Entry, RunningHold

Row = dict[str, str | int]

MINUS = "\N{MINUS SIGN}"
PURPOSES = {HoldPurpose.WITHDRAWAL: "A withdrawal", HoldPurpose.BUDGET: "A budget"}
# What came in, what went out: in the words of whoever looks at the account.
KINDS = {
    TransferKind.DEPOSIT: ("Deposit", "Deposit taken back"),
    TransferKind.WITHDRAWAL: ("Withdrawal", "Withdrawal"),
    TransferKind.WITHDRAWAL_RETURNED: ("Withdrawal returned", "Withdrawal returned"),
    TransferKind.CHANNEL_OPENED: ("Channel opened", "Channel opened"),
    TransferKind.CHANNEL_TOPPED_UP: ("Channel topped up", "Channel topped up"),
    TransferKind.VOUCHER: ("Voucher redeemed", "Voucher redeemed"),
    TransferKind.CHANNEL_CLOSED: ("Rest of a channel", "Channel closed"),
    TransferKind.CHANNEL_EXPIRED: ("Rest of an expired channel", "Channel expired"),
    TransferKind.TIP: ("Tip received", "Tip sent"),
    TransferKind.GRANT: ("Grant", "Grant"),
    TransferKind.EARNING: ("Share of earnings", "Share of earnings"),
    TransferKind.FOUND_PAYMENT: ("Payment found on the chain", "Payment found on the chain"),
}


def entry_row(entry: Entry) -> Row:
    """Return the cells of an entry; `href` leads from the history to the entry's page."""
    amount = format_amount(abs(entry.amount_ubtt), entry.asset)
    return {
        "row": f"entry-{entry.version}",
        "href": f"entries/{entry.id}/",
        "kind": kind_in_words(entry.kind, is_credit=entry.is_credit),
        "counterparty_words": f"{'from' if entry.is_credit else 'to'} {entry.counterparty}",
        "counterparty": entry.counterparty,
        "memo": entry.memo,
        "tone": "green" if entry.is_credit else "",
        "amount": f"{'+' if entry.is_credit else MINUS}{format_btt(abs(entry.amount_ubtt))}",
        "amount_words": f"{'received' if entry.is_credit else 'paid'} {amount}",
        "balance": format_btt(entry.balance_ubtt),
        "unit": entry.asset.unit,
        "at": entry.written_at.isoformat(),
        "at_text": minute(entry.written_at),
    }


def balance_row(balance: Balance, *, name: str = "money") -> Row:
    return {
        "row": name,
        "available": format_btt(balance.available_ubtt),
        "held": format_btt(balance.held_ubtt),
        "in_channels": format_btt(balance.in_channels_ubtt),
        "all": format_btt(balance.available_ubtt + balance.held_ubtt + balance.in_channels_ubtt),
        "unit": balance.asset.unit,
    }


def hold_row(hold: RunningHold) -> Row:
    """Return the cells of a hold; `href` leads from the page of money to what it is for, if that has a page."""
    return {
        "row": f"hold-{hold.id}",
        "purpose": PURPOSES[hold.purpose],
        "cause": f"to {hold.receiver}" if hold.withdrawal_id else hold.cause,
        "href": f"withdrawals/{hold.withdrawal_id}/" if hold.withdrawal_id else "",
        "amount": format_btt(hold.amount_ubtt),
        "unit": hold.asset.unit,
        "until": hold.expires_at.isoformat() if hold.expires_at else "",
        "until_text": minute(hold.expires_at) if hold.expires_at else "when the withdrawal is done",
    }


def kind_in_words(kind: TransferKind, *, is_credit: bool) -> str:
    came, went = KINDS.get(kind, (kind.label, kind.label))
    return came if is_credit else went


def minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
