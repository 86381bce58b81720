"""What an open page of somebody's money shows, as the messages of the live socket."""

from collections.abc import Sequence

from wallet.domain.money import Asset
from wallet.models import Account
from wallet.services import day_sums, statements
from wallet.services.entry_rows import Row, balance_row, day_row, entry_row, hold_row
from wallet.services.install import market_asset, other_asset
from wallet.services.statements import Entry

NEWEST = 20  # entries of one message; a page that missed more of them fetches its list

Message = dict[str, object]


def messages(user_id: int) -> list[Message]:
    """Return balance, holds, newest entries and their days' sums in each asset; none before money has come."""
    return _messages(user_id, market_asset()) + _messages(user_id, other_asset())


def name_of(part: str, asset: Asset) -> str:
    """Return what a part of the page is called: the market's asset and the other one have pages of their own."""
    return part if asset is market_asset() else f"{part}-{asset.unit.lower()}"


def _messages(user_id: int, asset: Asset) -> list[Message]:
    account = statements.account_of(user_id, asset)
    if account is None:
        return []
    holds = [hold_row(hold) for hold in statements.running_holds(account)]
    entries = statements.read(account, limit=NEWEST).entries
    days = _days(account, entries) if entries else []
    newest = [entry_row(entry) for entry in entries]
    money = name_of("money", asset)
    return [
        {"type": "rows", "rows": _by_name([balance_row(statements.balance(account), name=money), *days])},
        {"type": "list", "list": name_of("holds", asset), "rows": _by_name(holds)},
        {"type": "head", "list": name_of("entries", asset), "rows": _by_name(newest)},
    ]


def _days(account: Account, entries: Sequence[Entry]) -> list[Row]:
    """Return all days of these entries: those of several may have come at once, after a gap or by a clock set back."""
    days = sorted({day_sums.day_of(entry.written_at) for entry in entries}, reverse=True)
    sums = day_sums.of_days(account, days, shown=(entries[-1].version, entries[0].version))
    return [day_row(day, sums.get(day), Asset(account.asset)) for day in days]


def _by_name(rows: list[Row]) -> dict[str, Row]:
    return {str(row["row"]): row for row in rows}
