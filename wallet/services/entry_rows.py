"""What a page shows of a balance, a hold, an entry: one dict that template and live socket share.

Pure formatting; nothing here asks the database.
"""

from datetime import date, datetime

from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.items import HoldPurpose
from wallet.domain.money import Asset, decimals_in, format_amount, format_btt
from wallet.services.day_sums import DaySum, day_of
from wallet.services.kind_words import kind_in_words
from wallet.services.statements import Balance, Entry, RunningHold

Row = dict[str, str | int]

MINUS = "\N{MINUS SIGN}"
PURPOSES = {
    HoldPurpose.WITHDRAWAL: gettext_noop("A withdrawal"),
    HoldPurpose.BUDGET: gettext_noop("A budget"),
}


def with_decimals(row: Row, *names: str) -> Row:
    """Add with how many decimals these amounts of a row are written: `amount_decimals` for `amount`."""
    return row | {f"{name}_decimals": decimals_in(str(row[name])) for name in names}


def entry_row(entry: Entry) -> Row:
    """Return the cells of an entry; `href` leads from the history to the entry's page."""
    amount = format_amount(abs(entry.amount_ubtt), entry.asset)
    row: Row = {
        "row": f"entry-{entry.version}",
        "href": f"entries/{entry.id}/",
        "kind": kind_in_words(entry.kind, is_credit=entry.is_credit),
        "counterparty_words": (_("from %(who)s") if entry.is_credit else _("to %(who)s")) % {"who": entry.counterparty},
        "counterparty": entry.counterparty,
        "memo": entry.memo,
        "tone": "green" if entry.is_credit else "",
        "amount": f"{'+' if entry.is_credit else MINUS}{format_btt(abs(entry.amount_ubtt))}",
        "amount_words": (_("received %(amount)s") if entry.is_credit else _("paid %(amount)s")) % {"amount": amount},
        "balance": format_btt(entry.balance_ubtt),
        "unit": entry.asset.unit,
        "at": entry.written_at.isoformat(),
        "at_text": minute(entry.written_at),
        "day": day_name(day_of(entry.written_at), entry.asset),
    }
    return with_decimals(row, "amount", "balance")


def day_name(day: date, asset: Asset) -> str:
    """Return what the heading of a day's entries is called: of each asset there is one."""
    return f"day-{day}-{asset.unit.lower()}"


def day_row(day: date, found: DaySum | None, asset: Asset) -> Row:
    """Return the cells of a day's heading; without sums where there are too many entries to add up."""
    row: Row = {
        "row": day_name(day, asset),
        "day": str(day),
        "day_text": format_date(day, "D j F Y"),
        "unit": asset.unit,
        "came": "",
        "went": "",
        "net": "",
        "sums_words": _("Too many entries to add up here"),
    }
    if found is None:
        return row
    sign = "+" if found.net_ubtt > 0 else ""
    return row | {
        "came": f"+{format_btt(found.in_ubtt)}" if found.in_ubtt else "",
        "went": f"{MINUS}{format_btt(found.out_ubtt)}" if found.out_ubtt else "",
        "net": f"{sign}{format_btt(found.net_ubtt)}",
        "sums_words": "",
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
    row: Row = {
        "row": f"hold-{hold.id}",
        "purpose": _(PURPOSES[hold.purpose]),
        "cause": _("to %(who)s") % {"who": hold.receiver} if hold.withdrawal_id else hold.cause,
        "href": f"withdrawals/{hold.withdrawal_id}/" if hold.withdrawal_id else "",
        "amount": format_btt(hold.amount_ubtt),
        "unit": hold.asset.unit,
        "until": hold.expires_at.isoformat() if hold.expires_at else "",
        "until_text": minute(hold.expires_at) if hold.expires_at else _("the withdrawal is done"),
    }
    return with_decimals(row, "amount")


def minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
